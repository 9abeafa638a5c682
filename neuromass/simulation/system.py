"""What can be run: the protocol that populations and networks implement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self

from neuromass.dynamics.field import Field
from neuromass.errors import SimulationError
from neuromass.populations.claim import Changeable, Claim
from neuromass.populations.core import Core, Drive
from neuromass.populations.core import Recorder as StepRecorder
from neuromass.populations.snapshot import Kept
from neuromass.recordings.contents import About
from neuromass.recordings.recording import Recording, Recordings
from neuromass.recordings.samples import Samples
from neuromass.units import Measure

__all__ = ["System", "system_of"]


class Standing(Protocol):
    """Where a system stands."""

    def kept(self) -> Kept:
        """What steps change beside the clock, by names of one or more parts."""

    def moved(self, clock: int, kept: Kept) -> Self:
        """The same at another time, with what steps have changed until then."""


class Holder(Protocol):
    """What has values that can be recorded."""

    @property
    def lanes(self) -> int:
        """How many numbers each is."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Their shape."""

    @property
    def model(self) -> Any:
        """Declares ``states``, ``inputs`` and ``outputs``, and tells the ``measure`` of each."""


class System(Changeable, Protocol):
    """A system that takes steps; `system_of` gives that of a population or network.

    Attributes
    ----------
    name : str
        What it is called in messages.
    dt : float
        The step in ms.
    clock : int
        Steps since t = 0.
    lanes : int
        Lanes of all nodes, which decide how many steps go into one call.
    nodes : mapping of Core
        What has states, by name; a population by itself is one node without a name.
    claim : Claim
        Who may step or change it.
    recorder : object or None
        Who records the steps that are taken by hand.
    """

    recorder: StepRecorder | None

    @property
    def name(self) -> str:
        """See above."""

    @property
    def dt(self) -> float:
        """See above."""

    @property
    def clock(self) -> int:
        """See above."""

    @property
    def lanes(self) -> int:
        """See above."""

    @property
    def claim(self) -> Claim:
        """See above."""

    @property
    def nodes(self) -> Mapping[str, Core]:
        """See above."""

    def check_free(self, what: str) -> None:
        """Refuse what cannot be done with it now, because it is recorded or a member."""

    def follow_class(self) -> bool:
        """Take over equations of classes that have changed; whether there were any."""

    def vary(self, names: Mapping[str, Sequence[str]]) -> None:
        """Have parameters of nodes come in as inputs, until this is called without names."""

    def inputs_by_node(self, inputs: Any) -> Mapping[str, Mapping[str, Any]]:
        """Inputs as a user gives them: node -> input -> value, with all nodes that have inputs."""

    def field(self, inputs: Any) -> Field:
        """The vector field at constant inputs."""

    def room(self) -> int:
        """How many steps can be taken at once."""

    def take(self, steps: int, drives: Sequence[Drive], samples: Samples, done: int) -> int:
        """Take some steps, all of them or none; see `Core.take`."""

    def snapshot(self) -> Standing:
        """All that changes, exactly."""

    def check_snapshot(self, saved: Any) -> None:
        """Refuse what is no snapshot of such a system, or was changed since it was taken."""

    def restore(self, saved: Any) -> None:
        """Go back to a snapshot of its own, or one that was moved, which was checked."""

    def wired(self) -> Sequence[str]:
        """Names of its connections."""

    def settled(self) -> Mapping[str, Any]:
        """What decides its steps, beside its nodes and the values of its connections, by name."""

    def adjustable(self, connection: str) -> Mapping[str, Measure]:
        """What can be set of a connection, with units; nothing if there is no such connection."""

    def adjust(self, connection: str, what: str, value: Any) -> None:
        """Set something of a connection, to one value or one for each lane."""

    @property
    def reduces(self) -> bool:
        """Whether its loops make means, lowest and highest values of samples on their way."""

    def holder(self, node: str, name: str) -> Holder:
        """What has a value that can be recorded: a node, or a connection itself."""

    def expect(self, samples: Samples) -> None:
        """Be ready for steps that write on samples."""

    def let_lanes_fail(self, allowed: bool) -> None:
        """Whether a lane that fails is NaN from then on, instead of stopping the others."""

    def share(self, threads: int | None) -> None:
        """Let so many threads share the work of steps, as many as it likes for None."""

    def failure(self, code: int) -> SimulationError:
        """The error for a step that failed."""

    def about(self, node: str, every: int, average: bool) -> About:
        """Where the recording of a node comes from."""

    def gathered(self, recordings: Mapping[str, Recording]) -> Recording | Recordings:
        """The recording of a run, from those of the nodes."""


def system_of(given: Any, what: str = "run") -> Any:
    """The `System` of a population or network.

    Parameters
    ----------
    given : Population or Network
        What a user hands over.
    what : str
        Who asks, for the message.
    """
    found = getattr(type(given), "__system__", None)
    if found is None:
        hint = f"; make one, {given.__name__}()" if isinstance(given, type) else ""
        raise TypeError(f"{what} takes a population or a network, not {_kind(given)}{hint}.")
    return found(given)


def _kind(given: Any) -> str:
    return f"the class {given.__name__}" if isinstance(given, type) else type(given).__name__
