"""The core of a population: what kernels, networks, recorders and analysis work with.

The population around it has properties with units, `update`, and messages; it gives its core
to the rest of the package by `populations.population.core_of`.
"""

from __future__ import annotations

import math
import weakref
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neuromass import noise as noises
from neuromass import units
from neuromass.declaration import Model, ModelType, with_inputs
from neuromass.dynamics.equilibria import solver
from neuromass.dynamics.field import ModelField
from neuromass.errors import SimulationError, brief, suggestion
from neuromass.expressions import Equations, Factor, Ports, joined
from neuromass.kernels.control import BELOW_BOUND, FIELDS, FINE, Control
from neuromass.kernels.text import Recipe, Source
from neuromass.populations import validation
from neuromass.populations.claim import Claim
from neuromass.populations.snapshot import LATEST, Snapshot, changed
from neuromass.recordings.contents import About
from neuromass.recordings.recording import Recording
from neuromass.recordings.samples import NOTHING, Samples
from neuromass.recordings.spikes import SpikeLog
from neuromass.units import MS, Measure

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Owner(Protocol):
    """The network of a member, as the member sees it."""

    @property
    def clock(self) -> int:
        """Steps since t = 0."""

    def parameters_changed(self, names: Iterable[str]) -> None:
        """A member has changed some parameters."""

    def states_changed(self) -> None:
        """A member has changed its states by hand."""


class Recorder(Protocol):
    """Who records steps taken one by one."""

    @property
    def at_work(self) -> bool:
        """Whether it still records; an interrupted one may be left behind."""

    def step(self, drives: Sequence[Drive]) -> int:
        """Take one step of the system and record it."""


@dataclass(frozen=True, eq=False)
class Drive:
    """An external input over some steps.

    Attributes
    ----------
    node, name : str
        Whose input it is, and which.
    values : ndarray
        In internal units: one number or one for each lane, if it stays the same; else (steps,)
        or (steps, lanes).
    varies : bool
        Whether it changes from step to step.
    """

    node: str
    name: str
    values: Floats
    varies: bool

    @property
    def lanes(self) -> int:
        """How many numbers a step takes: 1, or one for each lane."""
        return self.values.shape[-1] if self.values.ndim > self.varies else 1


class Core:
    """What a population is made of; the `System` of a population by itself.

    Attributes
    ----------
    kind : ModelType
        Its class.
    model : Model
        What that declares.
    method : str
        ``"euler"``, ``"heun"`` or ``"rk4"``.
    dt : float
        The step in ms.
    shape : tuple of int
        Shape of the lanes.
    lanes : int
        How many there are.
    parameters, initial : dict of ndarray
        Parameters, and the states to which `reset` returns, in internal units; each a number or
        an array that goes with the shape.
    noise : dict
        The noise as it was given.
    sources : tuple of Resolved
        The same in internal units.
    seed : int or None
        Seed of the noise.
    seed_is_drawn : bool
        Whether nobody gave it.
    lane : int
        Number of the first lane, for the noise.
    labels : tuple of str or None
        Names of the lanes.
    state : ndarray
        States, and then the values of coloured noise, by lanes.
    constants : ndarray
        What depends on parameters alone, see `Equations.constants`; the last row is dt.
    coefficients : ndarray
        What normals are multiplied with.
    factors : ndarray
        What makes normals of lanes correlated: lower triangular factors, by column.
    control : Control
        The record that loops read and write.
    ports : Ports
        What connections by functions add to its equations.
    claim : Claim
        Who may step or change it.
    recorder : Recorder or None
        Who records the steps that are taken by hand.
    """

    def __init__(
        self,
        kind: ModelType,
        model: Model,
        *,
        method: str,
        dt: float,
        shape: tuple[int, ...],
        parameters: Mapping[str, Floats],
        initial: Mapping[str, Floats],
        noise: Mapping[str, Any],
        sources: tuple[noises.Resolved, ...],
        seed: int | None,
        seed_is_drawn: bool,
        lane: int,
        labels: tuple[str, ...] | None = None,
    ) -> None:
        self.kind = kind
        self.model = model
        self.method = method
        self.dt = dt
        self.shape = shape
        self.lanes = math.prod(shape)
        self.parameters = dict(parameters)
        self.initial = dict(initial)
        self.noise = dict(noise)
        self.sources = sources
        self.seed_is_drawn = seed_is_drawn
        self.lane = lane
        self.labels = labels
        self.control = Control()
        self.control.lane = lane
        self.take_seed(seed)
        self.ports = Ports()
        self.claim = Claim()
        self._recorder: Recorder | None = None
        self._network: weakref.ref[Any] | None = None
        self._row_of = {name: row for row, name in enumerate(model.states)}
        self._allocate()
        self.reset()

    def _allocate(self) -> None:
        """Arrays that kernels work on; they follow from the other attributes."""
        rows = len(self.model.states) + len(self.coloured)
        self.state: Floats = np.full((rows, self.lanes), np.nan)
        scales = [row for each in self.sources for row in each.coefficients(self.dt)]
        self.coefficients: Floats = np.zeros((len(scales), self.lanes))
        for place, row in enumerate(scales):
            self.coefficients[place] = self.spread(row)
        factors = [np.ravel(each.factor.T) for each in self.sources if each.factor is not None]
        self.factors: Floats = np.concatenate([np.zeros(0), *factors])
        self.constants: Floats = self._constants_of(self.parameters)
        self.forget_kernels()

    def forget_kernels(self) -> None:
        """Look for kernels anew before the next step."""
        self.single_step: Any = None
        self.quick_step: Callable[[float], float | None] | None = None
        self._loop: Any = None
        self._bound: tuple[Any, ...] = (None,)

    def follow_class(self) -> bool:
        """Take over the equations of the class where those have changed; whether they had."""
        model = self.kind.current_model()
        if model is self.model:
            return False
        mine, new = self.model, model
        if any(
            [*getattr(mine, group)] != [*getattr(new, group)]
            for group in ("states", "parameters", "inputs", "outputs")
        ):
            raise RuntimeError(
                f"{mine.name} was declared anew with other parameters, states, inputs or outputs; "
                f"make this population anew."
            )
        self.model = model
        self.constants = self._constants_of(self.parameters)
        self.forget_kernels()
        return True

    def vary(self, names: Mapping[str, Sequence[str]]) -> None:
        """Have parameters come in as inputs, until this is called without names.

        Parameters
        ----------
        names : mapping
            Node -> its parameters.
        """
        model, own = self.kind.current_model(), names.get("", ())
        self.model = with_inputs(model, own) if own else model
        self.constants = self._constants_of(self.parameters)
        self.forget_kernels()

    def set_ports(self, ports: Ports) -> None:
        """Have other values to send and to receive in connections by functions."""
        if ports != self.ports:
            before, self.ports = self.ports, ports
            try:
                self.constants = self._constants_of(self.parameters)
            except BaseException:
                self.ports = before
                raise
            self.forget_kernels()

    @property
    def equations(self) -> Equations:
        """The equations of the model, with what connections by functions add to them."""
        equations = self.model.equations
        return joined(equations, self.ports) if self.ports else equations

    def take_seed(self, seed: int | None) -> None:
        """Draw under another seed from the next step on."""
        self.seed = seed
        self.control.key0 = (seed or 0) & 0xFFFFFFFF
        self.control.key1 = (seed or 0) >> 32

    # ------------------------------------------------------------------ reading

    @property
    def name(self) -> str:
        """Name of the model, for messages."""
        return self.model.name

    @property
    def nodes(self) -> dict[str, Core]:
        """Itself, without a name."""
        return {"": self}

    @property
    def clock(self) -> int:
        """Steps since t = 0; those of its network, for a member."""
        network = self.network
        return self.control.clock if network is None else network.clock

    @property
    def time(self) -> float:
        """The time in ms."""
        return float(units.decimals(self.clock * self.dt))

    @property
    def network(self) -> Owner | None:
        """The network of which it is a member, as long as there is one."""
        return None if self._network is None else self._network()

    @property
    def recorder(self) -> Recorder | None:
        """Who records the steps that are taken by hand."""
        recorder = self._recorder
        return recorder if recorder is not None and recorder.at_work else None

    @recorder.setter
    def recorder(self, recorder: Recorder | None) -> None:
        self.single_step, self.quick_step, self._recorder = None, None, recorder

    @property
    def coloured(self) -> tuple[str, ...]:
        """What has noise with a value of its own, in the order of the rows of `state`."""
        return tuple(each.target for each in self.sources if each.coloured)

    def spread(self, value: Any) -> Floats:
        """A value on all lanes, flat."""
        return np.broadcast_to(np.asarray(value, dtype=float), self.shape).reshape(-1)

    def shaped(self, row: Floats) -> Floats:
        """A flat row in the shape of the lanes."""
        return row.reshape(self.shape)

    def row(self, state: str) -> Floats:
        """The lanes of a state, flat; a view."""
        return self.state[self._row_of[state]]

    def rows(self) -> dict[str, Floats]:
        """All states by name, in the shape of the lanes; views."""
        return {name: self.shaped(self.row(name)) for name in self.model.states}

    def number(self, state: str) -> float:
        """The state of a single lane."""
        return float(self.state[self._row_of[state], 0])

    def computed(self, output: str) -> Floats:
        """An output, from the states as they are."""
        equations = self.model.equations
        root = equations.output_roots[equations.outputs.index(output)]
        (value,) = equations.exactly([root], {**self.rows(), **self.parameters})
        return np.broadcast_to(np.asarray(value, dtype=float), self.shape)

    def value(self, name: str) -> Floats:
        """A state, output or parameter in internal units; states are views."""
        if name in self._row_of:
            return self.shaped(self.row(name))
        if name in self.model.outputs:
            return self.computed(name)
        return self.parameters[name]

    def sent(self, what: str | Factor) -> Floats:
        """A state or output, or a function of it that a connection carries."""
        return self.value(what) if isinstance(what, str) else what.of(self.value(what.variable))

    def known_values(self) -> list[str]:
        """Names that `value` takes."""
        return [*self.model.states, *self.model.outputs, *self.model.parameters]

    def recordable(self) -> list[str]:
        """Names of what can be recorded."""
        return [*self.model.states, *self.model.inputs, *self.model.outputs]

    def spike_log(self) -> SpikeLog | None:
        """Where spikes go if they are recorded: nowhere, as a mean field has none."""
        return None

    def recipe(self) -> Recipe:
        """What its kernels are made from; the same for its whole life."""
        model = self.model
        sources = tuple(
            Source(each.target, each.on_input, each.coloured, zlib.crc32(each.target.encode()))
            for each in self.sources
        )
        lowest = tuple(each.floor or each.lower for each in model.states.values())
        return Recipe(model.name, self.equations, self.method, lowest, model.output, sources)

    # ------------------------------------------------------------------ changing

    def set_parameters(self, values: Mapping[str, Any]) -> None:
        """Set parameters, given in internal units and checked."""
        new = {name: np.asarray(value, dtype=float) for name, value in values.items()}
        parameters = {**self.parameters, **new}
        constants = self._constants_of(parameters)
        self.constants[:], self.parameters = constants, parameters
        network = self.network
        if network is not None:
            network.parameters_changed(new)

    def _constants_of(self, parameters: Mapping[str, Floats]) -> Floats:
        equations = self.equations
        rows = equations.exactly(equations.constants(), {**parameters, **self.ports.values})
        result = np.full((len(rows) + 1, self.lanes), self.dt)
        for place, row in enumerate(rows):
            result[place] = self.spread(row)
        return result

    def set_states(self, values: Mapping[str, Any]) -> None:
        """Set states, given in internal units and checked."""
        for name, value in values.items():
            self.row(name)[:] = self.spread(value)
        network = self.network
        if network is not None:
            network.states_changed()

    def reset(self) -> None:
        """Go back to the initial state and to t = 0."""
        self.state[:] = np.nan  # what noise has before its first step
        self.set_states(self.initial)
        self.control.clock = 0

    def begin_like(self, source: Core, parameters: Mapping[str, Floats], fresh: bool) -> None:
        """Take over another core's parameters and, unless `fresh`, its states and time.

        Parameters
        ----------
        source : Core
            Of the same model; lanes, dt and noise may differ.
        parameters : mapping
            The parameters to take, in internal units.
        fresh : bool
            Whether to stay in the initial state, at t = 0.
        """
        validation.check_broadcast("The state", source.shaped(source.state[0]), self.shape)
        for name, value in {**parameters, **source.initial}.items():
            validation.check_broadcast(name, value, self.shape)
        self.set_parameters({name: value.copy() for name, value in parameters.items()})
        if fresh:
            return
        self.initial = {name: value.copy() for name, value in source.initial.items()}
        clock = source.time / self.dt
        if abs(clock - round(clock)) > 1e-6:
            raise ValueError(
                f"dt = {units.shown(self.dt, MS)} does not divide the population's time of "
                f"{units.shown(source.time, MS)}; reset it first."
            )
        if clock >= LATEST:
            raise ValueError(
                f"dt = {units.shown(self.dt, MS)} is too small to count from the population's time "
                f"of {units.shown(source.time, MS)}; reset it first."
            )
        self.control.clock = round(clock)
        self.set_states(source.rows())
        first = len(self.model.states)
        theirs = dict(zip(source.coloured, source.state[first:], strict=True))
        for row, name in zip(self.state[first:], self.coloured, strict=True):
            if name in theirs:
                row[:] = self.spread(source.shaped(theirs[name]))
        validation.check_floors(self.model, self.parameters, self.rows())

    def snapshot(self) -> Snapshot:
        """All that changes, and what has to be the same where it is restored."""
        states = self.state[: len(self.model.states)]
        return Snapshot(
            self.model.name,
            self.model.equations.fingerprint(),
            self.method,
            self.clock,
            self.dt,
            self.shape,
            tuple(each.fingerprint() for each in self.sources),
            units.read_only(self.state.copy()),
            MappingProxyType(
                {name: units.read_only(value.copy()) for name, value in self.parameters.items()}
            ),
            not np.all(np.isfinite(states)),
        )

    def check_snapshot(self, saved: Any) -> None:
        """Refuse what is no snapshot of such a population."""
        if not isinstance(saved, Snapshot):
            raise TypeError(f"restore takes a snapshot, not {type(saved).__name__}.")
        own = self.snapshot()
        if type(saved) is not type(own):
            raise ValueError(f"The snapshot is of neurons, and not of a population, {own.model}.")
        saved.check(own)
        for name, declared in self.model.parameters.items():  # without those that a run changes
            try:
                declared.check(saved.parameters[name], name)
            except ValueError as error:
                raise changed(name, error) from None
        self._check_states(saved)

    def _check_states(self, saved: Snapshot) -> None:
        """Refuse states of a snapshot that no step ends on: out of bounds, or not finite.

        All states of a lane that failed are NaN.
        """
        states = saved.state[: len(self.model.states)]
        lost = np.all(np.isnan(states), axis=0)
        for (name, each), row in zip(self.model.states.items(), states, strict=True):
            low: Any = -np.inf if each.lower is None else each.lower
            if each.floor:
                low = self.spread(saved.parameters[each.floor])
            if not np.all(lost | (np.isfinite(row) & (row >= low))):
                raise changed(name)
        if saved.failed != bool(np.any(lost)):
            raise changed("states")
        if np.any(np.isinf(saved.state)):
            raise changed("noise")

    def restore(self, saved: Snapshot) -> None:
        """Go back to a snapshot that was checked."""
        self.set_parameters(saved.parameters)
        self.state[:] = saved.state
        self.control.clock = saved.clock

    def memento(self) -> tuple[Any, ...]:
        """All that a change may change, for `put_back`."""
        arrays = self.state, self.constants, self.coefficients
        values = self.state.copy(), self.constants.copy(), self.control.words.copy()
        about = self.parameters, self.initial, self.seed, self._network, self.claim, self.ports
        return arrays, values, about

    def put_back(self, before: tuple[Any, ...]) -> None:
        """Be again as when a memento was taken."""
        arrays, values, about = before
        self.move_to(*arrays)
        self.state[:], self.constants[:], self.control.words[:] = values
        self.parameters, self.initial, self.seed, self._network, self.claim, self.ports = about
        self.single_step = self.quick_step = None

    # ------------------------------------------------------------------ networks

    def join(self, network: weakref.ref[Any], claim: Claim) -> None:
        """Become a member, which its network alone steps."""
        self._network = network
        self.claim = claim
        self.single_step = self.quick_step = None

    def is_of(self, network: weakref.ref[Any]) -> bool:
        """Whether it is a member by this reference."""
        return self._network is network

    def leave(self, clock: int) -> None:
        """Be a population by itself again, at a network's time."""
        self._network = None
        self.claim = Claim()
        self.control.clock = clock
        self.move_to(*(each.copy() for each in (self.state, self.constants, self.coefficients)))
        self.set_ports(Ports())

    def move_to(self, state: Floats, constants: Floats, coefficients: Floats) -> None:
        """Live in other arrays, which hold the same numbers."""
        self.state, self.constants, self.coefficients = state, constants, coefficients

    # ------------------------------------------------------------------ stepping

    def room(self) -> int:
        """How many steps can be taken at once: any number."""
        return 1 << 62

    def prepare_single_step(self) -> Any:
        """The kernel of a single step where it serves, which is called faster than a loop."""
        if self.recorder is not None or self.shape != ():
            return None
        if self.sources:
            if self.quick_step is None and self._is_quick():
                self.quick_step = self._quick_noisy()
            return None
        if self.single_step is None:
            from neuromass.kernels.population import step  # noqa: PLC0415

            self.single_step = step(self.recipe())
            self.quick_step = self._quick(self.single_step) if len(self.model.inputs) == 1 else None
        return self.single_step

    def _is_quick(self) -> bool:
        """Whether a step has one number as its input, and a state as its output."""
        return len(self.model.inputs) == 1 and self.model.output in self.model.states

    def _quick_noisy(self) -> Callable[[float], float | None]:
        """The same as `_quick` with noise: a loop of one step, laid out once."""
        if self._loop is None:
            self._loop = self._made_loop()
        claim, lock, name, loop = self.claim, self.claim.lock, self.name, self._loop
        state, words, row = self.state, self.control.words, self._row_of[self.model.output]
        drive, layout = np.zeros(1), np.array([[0, 0, 0]])
        nothing = self._channels(NOTHING)
        given: tuple[Any, ...] = (
            state, self.constants, self.coefficients, drive, layout, words, *nothing,
        )  # fmt: skip
        control = Control()
        control.steps = control.every = 1
        first, last = FIELDS.index("steps"), FIELDS.index("average") + 1
        asking, asked = words[first:last], control.words[first:last]
        given += self.factors, self.dt
        output = state[row]

        def step(value: float) -> float | None:
            drive[0], asking[:] = value, asked
            return output.item() if loop(*given) == FINE else None

        def quick(value: float) -> float | None:
            if lock.locked():
                claim.check_free(name)
            if value - value != 0.0:
                return None
            with lock: return step(value)  # noqa: E701  # fmt: skip

        return quick

    def _quick(self, step: Any) -> Callable[[float], float | None]:
        """A step with one number as its input, and nothing looked up on the way.

        It returns the output, or None where the number is not finite or the step failed.
        """
        claim, lock, control, name = self.claim, self.claim.lock, self.control, self.name
        state, constants, words = self.state, self.constants, self.control.words

        def quick(value: float) -> float | None:
            if lock.locked():
                claim.check_free(name)
            if value - value != 0.0:
                return None
            with lock: raw: float = step(state, constants, words, value)  # noqa: E701  # fmt: skip
            # An output may be NaN by itself; a step that failed says so in the control record.
            return raw if raw - raw == 0.0 or control.bad_state >= 0 else None

        return quick

    def take(
        self, steps: int, drives: Sequence[Drive], samples: Samples = NOTHING, done: int = 0
    ) -> int:
        """Take some steps, all of them or none.

        Parameters
        ----------
        steps : int
            How many.
        drives : sequence of Drive
            All inputs, in their order.
        samples : Samples
            Where to record.
        done : int
            Steps since the first sample.

        Returns
        -------
        int
            ``FINE``, or what went wrong.
        """
        if self._loop is None:
            self._loop = self._made_loop()
        control = self.control
        control.steps, control.every, control.average = steps, samples.every, samples.average
        control.phase, control.sample = done % samples.every, samples.whole(done)
        return int(
            self._loop(
                self.state, self.constants, self.coefficients, *laid_out(drives), control.words,
                *self._channels(samples), self.factors, self.dt,
            )
        )  # fmt: skip

    def _made_loop(self) -> Any:
        from neuromass.kernels.population import loop  # noqa: PLC0415

        correlated = tuple(i for i, each in enumerate(self.sources) if each.factor is not None)
        return loop(self.recipe(), self.lanes, correlated)

    def _channels(self, samples: Samples) -> tuple[Ints, Floats, Floats]:
        """The channel and kind of each slab, the slabs, and the sums."""
        if self._bound[0] is not samples:
            channels = self.recipe().channels
            pairs = [(channels.index(each.name), each.kind) for each in samples.tracks]
            tracks = np.array(pairs, dtype=np.int64).reshape(-1, 2)
            slabs = samples.values.reshape(len(pairs), samples.room, self.lanes)
            sums = samples.sums.reshape(len(pairs), self.lanes)
            self._bound = samples, tracks, slabs, sums
        return self._bound[1:]

    def wired(self) -> tuple[str, ...]:
        """Names of connections: none."""
        return ()

    def settled(self) -> dict[str, Any]:
        """What else decides its steps, by name: nothing."""
        return {}

    def adjustable(self, connection: str) -> dict[str, Measure]:
        """What can be set of a connection: nothing."""
        return {}

    def adjust(self, connection: str, what: str, value: Any) -> None:
        """Set something of a connection, of which there is none."""
        raise KeyError(connection)

    @property
    def reduces(self) -> bool:
        """Whether its loops make means, lowest and highest values of samples on their way."""
        return self.lanes > 1

    def holder(self, node: str, name: str) -> Core:
        """What has a value that can be recorded: itself."""
        return self

    def expect(self, samples: Samples) -> None:
        """Be ready for steps that write on samples: it always is."""

    def let_lanes_fail(self, allowed: bool) -> None:
        """Whether a lane that fails is NaN from then on, instead of stopping the others."""
        self.control.lenient = allowed

    def share(self, threads: int | None) -> None:
        """Let so many threads share the work: a population takes its steps in one."""

    def failure(self, code: int, name: str = "") -> SimulationError:
        """The error for a step that failed.

        Parameters
        ----------
        code : int
            What `take` returned.
        name : str
            What the population is called; its class by default.
        """
        model = self.model
        state = list(model.states)[self.control.bad_state]
        flat = self.control.bad_lane
        lane = tuple(int(i) for i in np.unravel_index(flat, self.shape)) if self.shape else ()
        where = name or model.name
        place = f"[{', '.join(map(str, lane))}]" if lane else ""
        values = ", ".join(
            f"{each} = {units.shown(self.row(each)[flat], model.measure(each))}"
            for each in model.states
        )
        return SimulationError(
            f"{where}{place}: {state} {self._fault(code, state, flat)} in the step from t = "
            f"{units.shown(self.time, MS, 10)} with dt = {units.shown(self.dt, MS)}, where "
            f"{values}. nm.check_dt tells whether a smaller dt would do; if none does, the "
            f"equations run away at these parameters and inputs. The population stands at the "
            f"last good step.",
            where,
            state,
            lane,
            MS.quantity(self.time),
            MS.quantity(self.dt),
        )

    def _fault(self, code: int, state: str, lane: int) -> str:
        """What went wrong with a state, in words."""
        lower, floor = self.model.states[state].lower, self.model.states[state].floor
        if code == BELOW_BOUND and floor:
            lowest = self.spread(self.parameters[floor])[lane]
            return f"falls below {floor} = {units.shown(lowest, self.model.measure(floor))}"
        if code == BELOW_BOUND and lower is not None:
            return f"falls below {units.shown(lower, self.model.measure(state))}"
        return "is no longer finite"

    # ------------------------------------------------------------------ as a system

    def check_free(self, what: str) -> None:
        """Refuse what a member, or a population that is being recorded, cannot do by itself."""
        if self.network is not None:
            raise RuntimeError(f"This {self.name} is a member of a network; {what} the network.")
        if self.recorder is not None:
            raise RuntimeError(
                f"This {self.name} is being recorded by nm.record, step by step; {what} it "
                f"outside of the with block."
            )

    def inputs_by_node(self, inputs: Any) -> dict[str, Mapping[str, Any]]:
        """Inputs as a user gives them: node -> input -> value."""
        declared = self.model.inputs
        if inputs is None:
            return {"": {}}
        if not isinstance(inputs, Mapping):
            if not declared:
                raise ValueError(f"{self.name} has no input.")
            if len(declared) > 1:
                raise ValueError(
                    f"{self.name} has the inputs {', '.join(declared)}; give them by name, "
                    f"inputs={{'{next(iter(declared))}': ...}}."
                )
            return {"": {next(iter(declared)): inputs}}
        for name in inputs:
            if name not in declared:
                raise ValueError(
                    f"{self.name} has no input {brief(name)}{suggestion(name, declared)}"
                )
        return {"": inputs}

    def held_inputs(self, inputs: Mapping[str, Any], with_units: bool) -> dict[str, Any]:
        """Inputs given by name, checked, in internal units; defaults for the others."""
        given = dict(inputs)
        held = {}
        for name, each in self.model.inputs.items():
            if name not in given:
                held[name] = each.default
                continue
            plain = (
                each.convert(given.pop(name))
                if with_units
                else validation.plain_input(given.pop(name), name)
            )
            if not isinstance(plain, float):
                validation.check_broadcast(name, plain, self.shape)
                plain = self.spread(plain)
            held[name] = plain
        if given:
            name = next(iter(given))
            near = suggestion(name, self.model.inputs)
            raise TypeError(f"{self.name} has no input {brief(name)}{near}")
        return held

    def field(self, inputs: Any) -> ModelField:
        """The vector field at constant inputs, given as for a run; of one lane."""
        if self.lanes > 1:
            raise ValueError(
                f"This {self.name} has {self.lanes} lanes; analyse one of them at a time, a "
                f"population of its own."
            )
        held = self.held_inputs(self.inputs_by_node(inputs)[""], with_units=True)
        values = {
            name: float(np.ravel(each)[0]) for name, each in {**self.parameters, **held}.items()
        }
        return ModelField(self.model, values, solver(self.kind, self.model))

    def about(self, node: str, every: int, average: bool) -> About:
        """Where a recording of it comes from."""
        return About(
            model=self.model.name,
            method=self.method,
            dt=self.dt,
            every=every,
            average=average,
            parameters={
                name: (self.parameters[name].copy(), self.model.measure(name))
                for name in self.model.parameters
            },
            seed=self.seed,
            inputs=tuple(self.model.inputs),
            labels=self.labels,
        )

    def gathered(self, recordings: Mapping[str, Recording]) -> Recording:
        """The recording of a run, from those of the nodes."""
        return recordings[""]


def laid_out(drives: Sequence[Drive]) -> tuple[Floats, Ints]:
    """All numbers of some inputs, and for each input where it starts and its strides.

    Strides are from one step to the next, and from one lane to the next.
    """
    layout, start = [], 0
    for each in drives:
        lanes = each.lanes
        layout.append((start, lanes if each.varies else 0, int(lanes > 1)))
        start += each.values.size
    flat = np.concatenate([np.zeros(0), *(each.values.reshape(-1) for each in drives)])
    return flat, np.array(layout, dtype=np.int64).reshape(-1, 3)
