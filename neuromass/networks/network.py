"""Networks: named populations and what connects them."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.dynamics.equilibria import Equilibria
from neuromass.errors import brief, one_of, suggestion, warn
from neuromass.hints import NETWORK, instead, own_attribute, public
from neuromass.kernels.control import FINE
from neuromass.networks import history as past
from neuromass.networks import members as membership
from neuromass.networks.connection import Connection, Wire, wire_between
from neuromass.networks.core import Addition, NetworkCore
from neuromass.networks.snapshot import NetworkSnapshot
from neuromass.noise import take_seed
from neuromass.populations.core import Drive
from neuromass.populations.stepped import Stepped, core_of
from neuromass.synapses import Synapse
from neuromass.units import DIMENSIONLESS, MS

__all__ = ["Connection", "Network", "NetworkSnapshot"]

Floats = NDArray[np.float64]
COUPLINGS = ("full", "held")
KEYWORDS = ("coupling", "dt", "method", "noise", "seed", "short_delays", "history")
"""What a copy may have otherwise."""


class Network:
    """Populations that are stepped together, with second order.

    Parameters
    ----------
    members : mapping of Population or QIFNetwork
        Populations by name, of any models and shapes, all with the same dt, method and time; and
        networks of neurons, see ``nm.spiking.QIFNetwork`` for what connections are to those.
        They belong to the network from then on: it alone steps them.
    coupling : {"full", "held"}
        ``"full"``: both stages of a step see the coupling of their own stage, which makes
        Heun's method second order for the whole network. ``"held"``: coupling is computed at
        the start of a step and held, as in a hand-written loop of ``update``; first order.
    seed : int, optional
        Fills in the seed of members with noise that were given none, from their names. Seeds
        that were drawn stay: copies and `reset` repeat the same noise. Networks of neurons need
        one of their own.
    short_delays : {"dt"}, optional
        Lift delays between 0 and dt to dt, instead of refusing them.
    history : mapping, optional
        What delayed connections carry before the network's first step, as a value or a function of
        t: by member what it sends (``"exc"`` for its output, ``"exc.v"`` for anything else of
        it), and by connection (``"exc->inh"``) what a synapse that stands on it lets through.
        Otherwise it is the initial state. The first step refuses the history of a connection that
        is not there, and warns of one that nothing carries.

    Raises
    ------
    ValueError
        For members with different dt, method or time, or that are in a network already.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms, Hz
    >>> exc, inh = nm.QIF(tau=20 * ms, J=8.0), nm.QIF(tau=10 * ms)
    >>> net = nm.Network({"exc": exc, "inh": inh})
    >>> net.connect("exc", "inh", J=10.0)
    <exc->inh: exc.r -> inh.I_ext, J = 10>
    >>> net.connect("inh", "exc", J=-10.0, delay=1 * ms)
    <inh->exc: inh.r -> exc.I_ext, J = -10, delay 1 ms>
    >>> rec = nm.run(net, 500 * ms, inputs={"exc": 10.0})
    >>> rec["exc"].r.shape
    (10001,)
    """

    _core: NetworkCore

    def __init__(
        self,
        members: Mapping[str, Stepped],
        *,
        coupling: str = "full",
        seed: int | None = None,
        short_delays: str | None = None,
        history: Mapping[str, Any] | None = None,
    ) -> None:
        found = membership.checked(members)
        cores = {name: core_of(each) for name, each in found.items()}
        one_of(coupling, "coupling", COUPLINGS)
        one_of(short_delays, "short_delays", (None, "dt"))
        first = next(iter(cores.values()))
        given_past = past.checked_history(history, cores, first.time - first.dt)
        number = None if seed is None else take_seed(seed)
        seeds = membership.spread_seed(number, cores)
        membership.warn_of_twins(cores, seeds)
        self._given = found
        self._seed = number
        self._seeded = frozenset(name for name, each in cores.items() if not each.seed_is_drawn)
        before = [(each, each.memento()) for each in cores.values()]
        try:
            for name, own in seeds.items():
                cores[name].take_seed(own)
            self._core = NetworkCore(cores, coupling, short_delays == "dt", given_past)
        except BaseException:
            for each, own_memento in before:
                each.put_back(own_memento)
            raise

    def __system__(self) -> NetworkCore:
        """What ``nm.run`` and ``nm.record`` work with."""
        return self._core

    def release(self) -> None:
        """Give the members back: they go on by themselves, at the network's time.

        A network that is no longer referenced lets go of its members by itself.

        Examples
        --------
        >>> import neuromass as nm
        >>> pop = nm.QIF()
        >>> net = nm.Network({"exc": pop})
        >>> net.release()
        >>> rate = pop.update(3.0)
        """
        self._core.check_free("step")
        self._change(self._core.release)

    @property
    def _populations(self) -> dict[str, Any]:
        """The populations by name; none once they were released."""
        return self._given if self._core.members else {}

    def _change(self, work: Callable[..., Any], *given: Any) -> None:
        """Change the network, wholly or not at all."""
        self._core.claim.change(self._core, work, *given)

    def _readable(self) -> NetworkCore:
        """The core, for whoever may look at it at the moment."""
        core = self._core
        if core.claim.closed_to is not None:
            core.claim.check_open(core.name)
        return core

    # ------------------------------------------------------------------ reading

    @property
    def t(self) -> Any:
        """The network's time, as a Quantity."""
        return MS.quantity(self._readable().time)

    @property
    def dt(self) -> Any:
        """The step, as a Quantity."""
        return MS.quantity(self._core.dt)

    @property
    def method(self) -> str:
        """How a step is taken: ``"heun"``, ``"euler"`` or ``"rk4"``."""
        return self._core.method

    @property
    def coupling(self) -> str:
        """Whether coupling is ``"full"`` or ``"held"``."""
        return self._core.coupling

    @property
    def seed(self) -> int | None:
        """The seed that was given for members that have none of their own; None if none was."""
        return self._seed

    @property
    def members(self) -> Mapping[str, Stepped]:
        """The populations by name."""
        return MappingProxyType(self._populations)

    @property
    def connections(self) -> Mapping[str, Connection]:
        """The connections by name."""
        core = self._readable()
        return MappingProxyType({name: Connection(core, name) for name in core.wires})

    def __getitem__(self, name: str) -> Any:
        core, is_text = self._core, isinstance(name, str)  # a list has no hash
        if is_text and name in self._populations:
            return self._populations[name]
        if is_text and name in core.wires:
            return Connection(core, name)
        names = [*self._populations, *core.wires]
        raise KeyError(
            f"The network has no member or connection {brief(name)}{suggestion(name, names)}"
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._populations)

    def __len__(self) -> int:
        return len(self._populations)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (name in self._populations or name in self._core.wires)

    def __setattr__(self, name: str, value: Any) -> None:
        slot = getattr(type(self), name, None)
        if not name.startswith("_") and getattr(slot, "fset", None) is None:
            raise AttributeError(self._why_not_set(name))
        object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {brief(name)}")
        hint = instead(name, NETWORK)
        if name in self._core.members:
            hint = f"; it is a member: net[{name!r}]."
        raise AttributeError(f"A network has no attribute {brief(name)}{hint or self._near(name)}")

    def _near(self, name: str) -> str:
        """The end of a sentence about an unknown name: a method or property that is near."""
        near = difflib.get_close_matches(name, public(dir(type(self))), n=1)
        return f"; did you mean {near[0]}?" if near else "; help(nm.Network) lists what it has."

    def __dir__(self) -> list[str]:
        return public(super().__dir__())

    def _ipython_key_completions_(self) -> list[str]:
        """What Tab shows after ``net["``."""
        return [*self._populations, *self._core.wires]

    def _why_not_set(self, name: str) -> str:
        if name in KEYWORDS:
            return (
                f"{name} of a network cannot be set; make a copy that has another, "
                f"copy({name}=...)."
            )
        if name in self._core.members:
            return f"{name} is a member, which stays; set its parameters and states, net[{name!r}]."
        if hasattr(type(self), name):
            return f"{name} of a network cannot be set."
        own = "" if type(self) is Network else own_attribute(name)
        return f"A network has no {brief(name)} to set{suggestion(name, KEYWORDS)}{own}"

    # --------------------------------------------------------------- connecting

    def connect(
        self,
        source: str,
        target: str,
        J: Any = None,
        weight: Any = None,
        delay: Any = None,
        distances: Any = None,
        speed: Any = None,
        connectome: Any = None,
        synapse: Synapse | None = None,
        variable: str | None = None,
        input: str | None = None,  # noqa: A002
        name: str | None = None,
        function: Callable[..., Any] | None = None,
    ) -> Connection:
        """Connect two members; several connections onto one input add up.

        Parameters
        ----------
        source, target : str
            Names of members; they may be the same.
        J : float, array or sparse matrix, optional
            Strength as in the papers: adds J tau_target r_source to the target's input, and
            follows tau. For sources whose variable is a rate and targets with a ``tau`` and a
            dimensionless input.
        weight : Quantity, array of them or sparse matrix, optional
            Strength otherwise, with the unit that turns the source's variable into the
            target's input. Exactly one of J and weight is given: one value or one for each
            lane goes from lane to lane, a matrix [target, source] from all to all.
        delay : Quantity, optional
            One value, one for each target, or a matrix [target, source], which needs one of
            strengths, too; it counts where the weight is not zero. Pairs that a sparse matrix
            leaves out are not delayed.
        distances, speed : Quantity, optional
            Instead of `delay`: distances [target, source] and the conduction speed, which is one
            value or one for each distance. Both can be changed on the connection.
        connectome : Connectome, optional
            Weights, by which the one value of J or `weight` is multiplied, and with `speed` the
            delays, for members with a lane for each region. Those without labels take its.
        synapse : Synapse, optional
            One of ``nm.synapses``.
        variable : str, optional
            The state or output of the source that is sent; the model's output if left out.
        input : str, optional
            The input of the target; its first if left out.
        name : str, optional
            Its name, ``"source->target"`` if left out; needed for a second connection between
            the same two ports. Without one, the same call again (a cell run twice) adds nothing
            and is warned of, and another one is refused.
        function : callable, optional
            What is applied to the value that is sent, after delay and synapse, before the
            strength: one of ``nm.couplings``, or a function of one's own in plain arithmetic, of
            the source's value or of the source's and the target's. The second argument is the
            target's state or output of that name; if there is none, the one that is called as
            what is sent. Further arguments have defaults, which may be Quantities. It is a sum of
            products of a function of the one and a function of the other; sin and cos of sums are
            taken apart. It is read once, here: a global in it that changes later does not count.

        Returns
        -------
        Connection
            Also found as ``net["source->target"]``, or by its name.

        Raises
        ------
        UnitError
            For a weight of the wrong unit.
        ValueError
            For unknown names, a second connection without a name, both or neither of J and
            weight, a wrong shape, a value that is not finite, a negative delay, one shorter than
            dt or too long to remember, or a synapse with a time constant of dt / 2 or less, which
            is unstable; up to dt it is warned of.

        Notes
        -----
        What is delayed is what the synapse lets through, not what goes into it. Of a function of
        both values the source's is delayed, and the target's is that of the present.

        A connection made, or a delay made longer, after the first step begins with the past
        that is known: what delayed connections have kept of the source, and before that the
        earliest value known; that is the present one if nothing was kept. The same holds for
        the past of a member whose state is set.
        """
        core = self._core
        self._check_end(source, "source")
        self._check_end(target, "target")
        made = self._new_name(source, target, name)
        pattern = None
        if connectome is not None:
            pattern, distances = membership.connected_by(
                connectome, (distances, speed), made,
                [core.members[each] for each in (source, target)],
            )  # fmt: skip
        way = None if distances is None and speed is None else (distances, speed)
        wire = wire_between(
            core.members,
            made,
            source,
            target,
            (J, weight),
            delay,
            way,
            synapse,
            variable,
            input,
            pattern,
            function,
        )
        again = self._made_before(wire, made) if name is None else None
        if again is not None:
            return again
        route = core.route(made, wire, {})
        if wire.synapse is not None:
            wire.synapse.check_step(core.dt, made)
        core.check_history(made, wire)
        own = core.members[source].parameters.get("J")
        if source == target and own is not None and route.joins_lanes_to_themselves(own):
            warn(
                f"{made}: {source} has a recurrent coupling of its own, "
                f"J = {units.shown(own, DIMENSIONLESS)}, to which this connection adds."
            )
        core.claim.change(Addition(core, made), core.add, made, wire)
        if connectome is not None:
            for each in (source, target):
                core.members[each].labels = core.members[each].labels or connectome.labels
        return Connection(core, made)

    def _new_name(self, source: str, target: str, name: Any) -> str:
        taken = self._core.wires
        if name is None:
            made, count = f"{source}->{target}", 1
            while made in taken:
                count += 1
                made = f"{source}->{target}#{count}"
            return made
        if not isinstance(name, str) or not name or any(c in name for c in "./ "):
            raise ValueError(f"name is text without dots, spaces and slashes, not {brief(name)}.")
        if name in taken or name in self._populations:
            raise ValueError(f"The network has a {brief(name)} already; give another name.")
        return name

    def _made_before(self, wire: Wire, name: str) -> Connection | None:
        """The same connection, if it was made before; another one between the ports is refused.

        The usual cause of a second call is a cell of a notebook that is run again.
        """
        for other in self._core.between(wire.ports):
            each = self._core.wires[other]
            if each.is_like(wire):
                warn(
                    f"{other} is there already as it is written here, and stays as it is. For a "
                    f"second connection of the same kind give a name, connect(..., name='second')."
                )
                return Connection(self._core, other)
            raise ValueError(
                f"{name}: {wire.source}.{wire.variable} and {wire.target}.{wire.input} are "
                f"connected already, by {other!r}. Change that one, net[{other!r}]."
                f"{each.strength_name} = ..., or give this one a name, connect(..., "
                f"name='second')."
            )
        return None

    def disconnect(self, connection: str | Connection) -> None:
        """Take a connection away; what the others remember stays, a past given for it does not.

        Parameters
        ----------
        connection : str or Connection
            Its name, ``"exc->inh"``, or what `connect` returned.

        Raises
        ------
        ValueError
            If there is no such connection.

        Examples
        --------
        >>> import neuromass as nm
        >>> net = nm.Network({"exc": nm.QIF()})
        >>> made = net.connect("exc", "exc", J=5.0)
        >>> net.disconnect(made)
        >>> len(net.connections)
        0
        """
        core = self._core
        core.check_free("disconnect")
        name = connection
        if isinstance(connection, Connection) and connection.belongs_to(core):
            name = connection.checked_name()
        if not isinstance(name, str) or name not in core.wires:
            shown = f"{brief(name)}{suggestion(name, core.wires)}"
            raise ValueError(f"The network has no connection {shown}")
        self._change(core.remove, name)

    def _check_end(self, given: Any, what: str) -> None:
        """Refuse what is not the name of a member."""
        if not isinstance(given, str):
            own = [name for name, each in self._populations.items() if each is given]
            example = own[0] if own else next(iter(self._core.members))
            raise TypeError(
                f"{what} is the name of a member, not a {type(given).__name__}; write {example!r}."
            )
        if given not in self._core.members:
            raise ValueError(
                f"The network has no member {brief(given)}{suggestion(given, self._core.members)}"
            )

    # ------------------------------------------------------------------ stepping

    def update(self, inputs: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Take one step with the inputs held.

        Parameters
        ----------
        inputs : mapping, optional
            ``{"exc": 10.0}`` for members with one input, ``{"exc.I_ext": 10.0}`` for any.

        Returns
        -------
        dict
            The output of every member, as a Quantity.

        Raises
        ------
        SimulationError
            If a state stops being finite; the network then stands where it was.
        """
        quick = self._core.quick_step
        if quick is not None and self._taken(quick.take(inputs, with_units=True)):
            return quick.outputs()
        self._step(self._core.drives(inputs, with_units=True))
        return {
            name: getattr(each, core_of(each).model.output)
            for name, each in self._populations.items()
        }

    def advance(self, inputs: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Take one step like `update`, with plain numbers in internal units.

        Parameters
        ----------
        inputs : mapping, optional
            As for `update`, in internal units.

        Returns
        -------
        dict
            The output of every member, in internal units.
        """
        quick = self._core.quick_step
        if quick is not None and self._taken(quick.take(inputs, with_units=False)):
            return quick.raw_outputs()
        self._step(self._core.drives(inputs, with_units=False))
        return {
            name: getattr(each.raw, core_of(each).model.output)
            for name, each in self._populations.items()
        }

    def _step(self, drives: list[Drive]) -> None:
        core = self._core
        if not core.members:
            core.check_free("step")
        self._taken(core.claim.under(core.name, core.take_single_step, drives))

    def _taken(self, code: int | None) -> bool:
        """Whether a step was taken; raises if it failed."""
        if code is None:
            return False
        if code != FINE:
            raise self._core.failure(code)
        return True

    def equilibria(
        self, inputs: Any = None, *, within: Mapping[str, Mapping[str, Any]] | None = None
    ) -> Equilibria:
        """Equilibria of a network without delays, with their stability.

        They are looked for by Newton's method from 200 points of a box and from the present
        state, so that some may be missed in large networks.

        Parameters
        ----------
        inputs : mapping, optional
            Constant inputs, as for `update`.
        within : mapping, optional
            Member -> state -> lowest and highest value, between which the search begins;
            otherwise as in `Population.equilibria`.

        Returns
        -------
        Equilibria
            States are named ``"exc.r"``: ``found["exc.r"]``, ``found[0]["exc.r"]``; those of
            a synapse ``"exc->inh.s"``.

        Raises
        ------
        ValueError
            If a connection has a delay: its stability is another one.

        Examples
        --------
        >>> import neuromass as nm
        >>> from neuromass.units import ms
        >>> net = nm.Network({"exc": nm.QIF(tau=20 * ms, J=8.0), "inh": nm.QIF(tau=10 * ms)})
        >>> made = net.connect("exc", "inh", J=10.0), net.connect("inh", "exc", J=-10.0)
        >>> [each.kind for each in net.equilibria({"exc": 3.0}) if each.stable]
        ['focus']
        """
        from neuromass.networks.equilibria import find_in_network  # noqa: PLC0415

        core = self._readable()
        return find_in_network(core, core.drives(inputs, with_units=True), within or {})

    # ------------------------------------------------------- going back, copying

    def snapshot(self) -> NetworkSnapshot:
        """All that changes, exactly: members, synapses, connections, histories, clock.

        Returns
        -------
        NetworkSnapshot
            For `restore`.
        """
        return self._readable().snapshot()

    def restore(self, saved: NetworkSnapshot) -> None:
        """Return to a snapshot; what follows is bitwise what followed it.

        Parameters
        ----------
        saved : NetworkSnapshot
            Taken of this network, or of a copy of it.

        Raises
        ------
        ValueError
            If it is of another network, or of one with delays that this one does not allow.
        """
        core = self._core
        core.check_free("restore")
        if not isinstance(saved, NetworkSnapshot):
            raise TypeError(f"restore takes a snapshot of a network, not {type(saved).__name__}.")
        core.check_snapshot(saved)
        self._change(core.restore, saved)

    def reset(self) -> None:
        """Return to the initial states and to t = 0; parameters stay, and noise repeats itself.

        It does so under seeds that were drawn, too; ``copy(seed=None)`` draws others.
        """
        self._core.check_free("reset")
        self._change(self._core.reset)

    def copy(self, **changes: Any) -> Self:
        """A network of its own, at the same state and time.

        Parameters
        ----------
        **changes
            Keywords of the constructor, or ``dt``, ``method``, ``noise`` for all members;
            ``noise=None`` takes the noise of each of their neurons away, too.

        Returns
        -------
        Network
            With the seeds of the original, also those that were drawn, and so the same noise;
            ``copy(seed=None)`` draws others for members that were given none.
        """
        for unknown in set(changes) - set(KEYWORDS):
            raise TypeError(f"copy takes no {brief(unknown)}{suggestion(unknown, KEYWORDS)}")
        self._readable()
        names = ("dt", "method", "noise")
        shared: dict[str, Any] = {n: changes.pop(n) for n in names if n in changes}
        members = {
            name: each.copy(**(self._of_neurons(shared) if name in self._core.neurons else shared))
            for name, each in self._populations.items()
        }
        if "seed" in changes or ("noise" in shared and self._seed is not None):
            changes.setdefault("seed", self._seed)
            for name in set(members) - self._seeded:
                members[name] = members[name].copy(seed=None)
        return self._copied(members, changes)

    def _of_neurons(self, shared: Mapping[str, Any]) -> dict[str, Any]:
        """What copies of all members share, for those that are networks of neurons."""
        own = {name: value for name, value in shared.items() if name != "method"}
        if shared.get("method", self.method) != self.method:
            raise ValueError(
                f"method: networks of neurons go with {self.method}, and this network has some."
            )
        return {**own, "neuron_noise": None} if shared.get("noise", own) is None else own

    def _copied(self, members: Mapping[str, Stepped], changes: Mapping[str, Any]) -> Self:
        """A network of copies of the members, with the same connections."""
        core = self._core
        options = {
            "coupling": core.coupling,
            "short_delays": "dt" if core.lift else None,
            **changes,
        }
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)  # what a subclass keeps beside
        Network.__init__(other, members, **options)
        other._seeded = self._seeded
        if "seed" not in changes:
            other._seed = self._seed
        other._connect_like(core, changes)
        return other

    def __point__(self, number: int) -> Self:
        """A copy for one point of a sweep; see `Population`."""
        self._readable()
        members = {name: each.__point__(number) for name, each in self._populations.items()}
        return self._copied(members, {})

    def __points__(self, first: int, count: int) -> Self | None:
        """A copy with some points as lanes, if all of it is from lane to lane; else None."""
        core = self._readable()
        lone = all(each.shape == () for each in core.members.values())
        if not (lone and all(each.is_one_to_one for each in core.wires.values())):
            return None
        made = {name: each.__points__(first, count) for name, each in self._populations.items()}
        members = {name: each for name, each in made.items() if each is not None}
        return self._copied(members, {}) if len(members) == len(made) else None

    def _connect_like(self, source: NetworkCore, changes: Mapping[str, Any]) -> None:
        """Take over the connections of another network, and what they remember."""
        core = self._core
        if "history" not in changes:
            core.given_past = dict(source.given_past)
        core.began = round(source.began * source.dt / core.dt)
        if changes.get("history") and source.clock != source.began:
            warn(
                f"history counts before the first step, and {source.clock - source.began} were "
                f"taken: the copy goes on with what it remembers, and begins with this history "
                f"after reset()."
            )
        for name, wire in source.wires.items():
            if wire.synapse is not None and core.dt != source.dt:
                wire.synapse.check_step(core.dt, name)
            if "history" in changes:
                core.check_history(name, wire)
            core.route(name, wire, {})
            core.add(name, wire)
            for key, each in core.stages_of(name).items():
                each.state[:] = source.stages[name][key].state
        nodes = core.all_nodes()
        known = past.resampled(source.known_past(), source.dt, core.dt)
        core.kept_past = {
            sender: np.repeat(rows, nodes[sender[0]].lanes // len(rows), axis=0)
            for sender, rows in known.items()
        }

    def __copy__(self) -> Self:
        return self.copy()

    def __getstate__(self) -> dict[str, Any]:
        core = self._core
        return {
            "own": {name: value for name, value in self.__dict__.items() if name != "_core"},
            "core": (core.coupling, core.lift, core.given_past),
            "wires": core.wires,
            "stages": {name: each.state.copy() for name, each in core.synaptic_nodes().items()},
            "past": (core.known_past(), core.began, core.clock),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state["own"])
        members = {name: core_of(each) for name, each in self._given.items()}
        core = NetworkCore(members, *state["core"])
        self._core = core
        for name, wire in state["wires"].items():
            core.add(name, wire)
        for name, each in core.synaptic_nodes().items():
            each.state[:] = state["stages"][name]
        core.begin_again(*state["past"])

    # --------------------------------------------------------------- describing

    def describe(self) -> str:
        """Members with their own coupling, and connections, as text."""
        core = self._core
        how = f"{core.method}, dt = {units.shown(core.dt, MS)}, coupling {core.coupling}"
        lines = [f"Network at t = {units.shown(core.time, MS)}, {how}", "members"]
        for name, each in self._core.members.items():
            lanes = f", lanes {each.shape}" if each.shape else ""
            own = each.parameters.get("J")
            recurrent = f", own J = {units.shown(own, DIMENSIONLESS)}" if own is not None else ""
            noise = f", noise on {', '.join(each.noise)}" if each.noise else ""
            lines.append(f"  {name}: {each.model.name}{lanes}{recurrent}{noise}")
        lines.append("connections" if self._core.wires else "no connections")
        lines += [f"  {str(Connection(self._core, name))[1:-1]}" for name in self._core.wires]
        return "\n".join(lines)

    def plot(self, ax: Any = None, *, figsize: tuple[float, float] | None = None) -> Any:
        """Draw the populations and connections with their strengths and delays.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure otherwise.
        figsize : tuple of float, optional
            Width and height of a new figure in inches; made to fit if left out.

        Returns
        -------
        Axes
        """
        from neuromass.plotting import networks as circuit  # noqa: PLC0415

        return circuit.plot_network(self, ax, figsize)

    def __repr__(self) -> str:
        return self.describe()
