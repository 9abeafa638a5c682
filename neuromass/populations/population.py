"""A population: parameters, states, and the step that moves them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from neuromass import noise as noises
from neuromass import units
from neuromass.declaration import Declaration, ModelType
from neuromass.declaration.declarations import Input, Removed
from neuromass.dynamics.equilibria import find_equilibria
from neuromass.errors import brief, suggestion
from neuromass.hints import POPULATION, instead, public
from neuromass.kernels.control import FINE
from neuromass.populations import validation
from neuromass.populations.core import Core, Drive
from neuromass.populations.snapshot import Snapshot
from neuromass.units import MS

__all__ = ["Population", "core_of"]

Floats = NDArray[np.float64]
_MISSING: Any = object()


class _Raw:
    """A population's numbers in internal units: ms, 1/ms (a thousandth of Hz), mV, pA, nS."""

    __slots__ = ("_population",)

    def __init__(self, population: Population) -> None:
        self._population = population

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._population._plain(name)

    def __dir__(self) -> list[str]:
        return [*core_of(self._population).known_values(), "t", "dt"]

    def __repr__(self) -> str:
        names = core_of(self._population).model.states
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"<raw {type(self._population).__name__}: {values}>"


class Population(metaclass=ModelType):
    """A population of neurons, described by a model; the base class of all models.

    A subclass declares `Parameter`, `State` and `Input` attributes and has a static method
    ``derivatives``, whose arguments are matched to them by name and which returns the
    derivative of every state, in the order of the states. See `QIF` for one.

    Parameters
    ----------
    shape : int or tuple of int, optional
        Lanes: independent populations side by side. Inferred from the values if left out.
    initial : mapping or "rest", optional
        Initial value of states by name, to which `reset` returns; the declared defaults
        otherwise. ``"rest"`` is the stable equilibrium of lowest output at the default inputs.
    noise : mapping, optional
        ``nm.noise.White`` or ``nm.noise.OrnsteinUhlenbeck`` by name of input or state.
    seed : int, optional
        Seed of the noise; drawn, and shown, if left out. A seed that was drawn stays, too: copies
        and `reset` repeat the same noise, and ``copy(seed=None)`` draws another.
    lane : int
        Number of the first lane, for the noise: the twin of lane 3 of a larger population
        has ``lane=3``. Lanes have noise of their own under one seed: trials are lanes.
    dt : Quantity, optional
        The step, fixed for the population's life; the model's default otherwise.
    method : {"heun", "euler"}
        How a step is taken, with order 2 or 1.
    labels : sequence of str, optional
        Names of the lanes, such as regions of a brain: recordings, tables and pictures show them,
        and ``set(at="V1", ...)`` takes them.
    **parameters : number, Quantity or array
        The model's parameters.

    Raises
    ------
    UnitError
        For a value of the wrong unit (a ``TypeError``).
    TypeError
        For an unknown keyword.
    ValueError
        For a value out of range, not finite, or of the wrong shape.
    """

    default_dt: ClassVar[Any] = MS.quantity(0.05)
    output: ClassVar[str | None] = None
    exact_for: ClassVar[str] = ""

    _core: Core

    def __init__(
        self,
        *,
        shape: int | tuple[int, ...] | None = None,
        initial: Mapping[str, Any] | str | None = None,
        noise: Mapping[str, Any] | None = None,
        seed: int | None = None,
        lane: int = 0,
        dt: Any = None,
        method: str = "heun",
        labels: Sequence[str] | None = None,
        **parameters: Any,
    ) -> None:
        if type(self).model is None:
            raise TypeError("Population is the base of models; make one of those, such as QIF.")
        model = type(self).current_model()
        validation.check_known(parameters, model)
        sources = noises.resolve(model, noise)
        values = {
            name: np.asarray(each.convert(parameters[name]) if name in parameters else each.default)
            for name, each in model.parameters.items()
        }
        at_rest = isinstance(initial, str) and initial == "rest"
        initial_values = validation.initial_of(model, None if at_rest else initial)
        names = validation.labels_of(labels)
        lanes = validation.shape_of(shape, {**values, **initial_values}, sources)
        lanes = validation.labelled_shape(lanes, names, shape is not None)
        validation.check_floors(model, values, initial_values)
        core = Core(
            type(self),
            model,
            method=validation.method_of(method),
            dt=validation.step_of(dt, model),
            shape=lanes,
            parameters=values,
            initial=initial_values,
            noise=noise or {},
            sources=sources,
            seed=noises.take_seed(seed) if sources or seed is not None else None,
            seed_is_drawn=seed is None,
            lane=validation.lane_of(lane),
            labels=names,
        )
        self._take_core(core)
        if at_rest:
            self._rest()

    def _take_core(self, core: Core) -> None:
        inputs = core.model.inputs.values()
        self._core = core
        self._raw = _Raw(self)
        self._output_measure = core.model.measure(core.model.output)
        self._takes_numbers = all(each.measure.is_dimensionless for each in inputs)

    def __system__(self) -> Core:
        """What ``nm.run`` and ``nm.record`` work with."""
        return self._core

    def _readable(self) -> Core:
        """The core, for whoever may look at it at the moment."""
        core = self._core
        if core.claim.closed_to is not None:
            core.claim.check_open(core.name)
        return core

    def _change(self, work: Callable[..., Any], *given: Any) -> None:
        """Change the population, wholly or not at all."""
        self._core.claim.change(self._core, work, *given)

    # ------------------------------------------------------------------- reading

    @property
    def t(self) -> Any:
        """The population's time, dt times the number of steps taken, as a Quantity."""
        return MS.quantity(self._readable().time)

    @property
    def dt(self) -> Any:
        """The step, as a Quantity."""
        return MS.quantity(self._core.dt)

    @property
    def method(self) -> str:
        """How a step is taken: ``"heun"`` or ``"euler"``."""
        return self._core.method

    @property
    def labels(self) -> tuple[str, ...] | None:
        """Names of the lanes; None if they have none."""
        return self._readable().labels

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the lanes; ``()`` for a single population."""
        return self._core.shape

    @property
    def seed(self) -> int | None:
        """Seed of the noise; None where there is none."""
        return self._core.seed

    @property
    def lane(self) -> int:
        """Number of the first lane, for the noise."""
        return self._core.lane

    @property
    def noise(self) -> Mapping[str, Any]:
        """The noise by name of input or state."""
        return MappingProxyType(self._core.noise)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The parameters as Quantities, by name."""
        return MappingProxyType({n: self._parameter(n) for n in self._core.model.parameters})

    @property
    def state(self) -> Mapping[str, Any]:
        """The states as Quantities, by name."""
        return MappingProxyType({name: self._state_of(name) for name in self._core.model.states})

    @property
    def initial(self) -> Mapping[str, Any]:
        """The states to which `reset` returns, as Quantities, by name."""
        core = self._readable()
        return MappingProxyType(
            {
                name: units.to_quantity(core.model.measure(name), value)
                for name, value in core.initial.items()
            }
        )

    @property
    def raw(self) -> Any:
        """The same in internal units, without Quantities: ``pop.raw.r`` is in 1/ms.

        Rates are in 1/ms, a thousandth of their value in Hz; times in ms; voltages in mV,
        currents in pA, conductances in nS.
        """
        return self._raw

    def _parameter(self, name: str) -> Any:
        core = self._readable()
        return units.to_quantity(core.model.parameters[name].measure, core.parameters[name])

    def _state_of(self, name: str) -> Any:
        core = self._readable()
        measure = core.model.states[name].measure
        if core.shape == ():
            return measure.quantity(core.number(name))
        return units.to_quantity(measure, core.value(name))

    def _output_of(self, name: str) -> Any:
        core = self._readable()
        return units.to_quantity(core.model.outputs[name].measure, core.computed(name))

    def _plain(self, name: str) -> Any:
        """A value in internal units: a float, or a read-only array of its own."""
        core = self._readable()
        if name in ("t", "dt"):
            return core.time if name == "t" else core.dt
        if core.shape == () and name in core.model.states:
            return core.number(name)
        known = core.known_values()
        if name not in known:
            near = suggestion(name, [*known, "t", "dt"])
            raise AttributeError(f"{core.name} has no {brief(name)}{near}")
        value = core.value(name)
        return float(value) if value.ndim == 0 else units.read_only(value.copy())

    # ------------------------------------------------------------------- setting

    def __setattr__(self, name: str, value: Any) -> None:
        slot = getattr(type(self), name, None)
        can_be_set = isinstance(slot, Declaration) or getattr(slot, "fset", None) is not None
        if not name.startswith("_") and not can_be_set:
            raise self._not_settable(name)
        object.__setattr__(self, name, value)

    def _not_settable(self, name: str) -> AttributeError:
        own = type(self).__name__
        if not hasattr(type(self), name):
            known = [*self._core.model.parameters, *self._core.model.states]
            return AttributeError(
                f"{own} has no state or parameter {brief(name)}{suggestion(name, known)}"
            )
        fixed = name in validation.KEYWORDS
        advice = f"; make a copy that has another, copy({name}=...)" if fixed else ""
        return AttributeError(f"{name} of a {own} cannot be set{advice}.")

    def __getattr__(self, name: str) -> Any:
        model = type(self).model
        if name.startswith("_") or model is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {brief(name)}")
        if name in model.inputs:  # whose own message got lost on the way here
            raise AttributeError(
                f"{name} is an input, which has a value only during a step: feed it with "
                f"update({name}=...), see it with record=({name!r},)."
            )
        hint = instead(name, POPULATION)
        known = [*model.states, *model.parameters, *model.outputs]
        raise AttributeError(
            f"{type(self).__name__} has no attribute {brief(name)}{hint or suggestion(name, known)}"
        )

    def __dir__(self) -> list[str]:
        """Public names that have a value: all but inputs, and what the model does without."""
        without = (Input, Removed)
        return [
            each
            for each in public(super().__dir__())
            if not isinstance(inspect.getattr_static(self, each, None), without)
        ]

    def _set_parameters(self, given: Mapping[str, Any]) -> None:
        self._set(given, {}, None)

    def _set_states(self, given: Mapping[str, Any]) -> None:
        self._set({}, given, None)

    def _set(self, parameters: Mapping[str, Any], states: Mapping[str, Any], at: Any) -> None:
        """Set all of these, or none."""
        self._change(self._set_checked, parameters, states, at)

    def _set_checked(
        self, parameters: Mapping[str, Any], states: Mapping[str, Any], at: Any
    ) -> None:
        core = self._core
        declared = {**core.model.parameters, **core.model.states}
        new = {
            name: validation.placed(
                name,
                np.asarray(declared[name].convert(value)),
                core.value(name),
                core.shape,
                at,
            )
            for name, value in (*parameters.items(), *states.items())
        }
        new_parameters = {name: new[name] for name in parameters}
        new_states = {name: new[name] for name in states}
        validation.check_floors(
            core.model, {**core.parameters, **new_parameters}, {**core.rows(), **new_states}
        )
        if new_parameters:
            core.set_parameters(new_parameters)
        core.set_states(new_states)

    def set(self, at: Any = None, **values: Any) -> None:
        """Set several states and parameters at once, all of them or none.

        Parameters
        ----------
        at : index, str or list of str, optional
            Lanes to set, as an index into the population's shape, or by their labels; all if
            left out.
        **values : number, Quantity or array
            States and parameters by name.

        Examples
        --------
        >>> import numpy as np, neuromass as nm
        >>> from neuromass.units import Hz
        >>> many = nm.QIF(eta=np.linspace(-10, 5, 4))
        >>> many.set(at=0, r=100 * Hz)
        >>> many.r.magnitude[:2]
        array([100.,   0.])
        """
        model = self._core.model
        validation.check_known(values, model, states=True)
        states = {n: v for n, v in values.items() if n in model.states}
        at = validation.lanes_at(at, self._core.labels)
        self._set({n: v for n, v in values.items() if n not in states}, states, at)

    # -------------------------------------------------------------------- stepping

    def update(self, value: Any = _MISSING, /, **inputs: Any) -> Any:
        """Take one step with the input held, and return the output.

        Parameters
        ----------
        value : number, Quantity or array, optional
            The first input; its default (usually 0) if left out.
        **inputs : number, Quantity or array
            Inputs by name.

        Returns
        -------
        Quantity
            The model's output after the step: the firing rate for QIF models.

        Raises
        ------
        SimulationError
            If a state stops being finite; the population then stands where it was.

        Examples
        --------
        >>> import neuromass as nm
        >>> pop = nm.QIF(eta=-5.0, J=15.0)
        >>> rate = pop.update(3.0)
        >>> print(f"{rate:.2f~P}")
        0.16 Hz
        """
        quick = self._core.quick_step
        if quick is not None and type(value) in _NUMBERS and not inputs and self._takes_numbers:
            raw = quick(value if type(value) is float else _float(value))
            if raw is not None:
                return self._output_measure.quantity(raw)
        self._step(self._held(value, inputs, with_units=True))
        core = self._core
        result = core.value(core.model.output)
        if core.shape == ():
            return self._output_measure.quantity(float(result))
        return units.to_quantity(self._output_measure, result)

    def advance(self, value: Any = _MISSING, /, **inputs: Any) -> Any:
        """Take one step like `update`, with plain numbers in internal units.

        Internal units are ms, 1/ms, mV, pA, nS, pF, mm: a rate of 1 is 1000 Hz.

        Parameters
        ----------
        value : float or array, optional
            The first input, in internal units.
        **inputs : float or array
            Inputs by name, in internal units.

        Returns
        -------
        float or ndarray
            The output after the step, in internal units.

        Examples
        --------
        >>> import neuromass as nm
        >>> pop = nm.QIF(eta=-5.0, J=15.0)
        >>> pop.advance(3.0) == pop.raw.r
        True
        """
        quick = self._core.quick_step
        if quick is not None and type(value) in _NUMBERS and not inputs:
            raw = quick(value if type(value) is float else _float(value))
            if raw is not None:
                return raw
        self._step(self._held(value, inputs, with_units=False))
        return self._plain(self._core.model.output)

    def _held(self, value: Any, inputs: dict[str, Any], with_units: bool) -> dict[str, Any]:
        """Inputs of one step, in internal units and of a shape that fits."""
        model = self._core.model
        given = dict(inputs)
        if value is not _MISSING:
            if not model.inputs:
                raise TypeError(f"{model.name} has no input.")
            first = next(iter(model.inputs))
            if first in given:
                raise TypeError(f"{first} is given twice.")
            given[first] = value
        return self._core.held_inputs(given, with_units)

    def _step(self, held: Mapping[str, Any]) -> None:
        core = self._core
        if core.network is not None:
            raise RuntimeError(
                f"This {core.name} is a member of a network, which alone can step it; step or run "
                f"the network."
            )
        code = core.claim.under(core.name, self._stepped, held)
        if code != FINE:
            raise core.failure(code)

    def _stepped(self, held: Mapping[str, Any]) -> int:
        core = self._core
        step = core.prepare_single_step()
        if step is not None:
            raw = step(core.state, core.constants, core.control.words, *held.values())
            if raw - raw == 0.0 or core.control.bad_state >= 0:
                return FINE
        drives = [
            Drive("", name, np.atleast_1d(np.asarray(value, dtype=float)), varies=False)
            for name, value in held.items()
        ]
        recorder = core.recorder
        return core.take(1, drives) if recorder is None else recorder.step(drives)

    # -------------------------------------------------------------- going back, copying

    def reset(self) -> None:
        """Return to the initial state and to t = 0; parameters stay, and noise repeats itself.

        It does so under a seed that was drawn, too. Trials with other noise are lanes
        (``shape=10``), or copies that draw a seed of their own, ``copy(seed=None)``.
        """
        self._core.check_free("reset")
        self._change(self._core.reset)

    def equilibria(
        self, value: Any = _MISSING, /, *, within: Mapping[str, Any] | None = None, **inputs: Any
    ) -> Any:
        """Equilibria at constant inputs, with their stability.

        Models that can say where all of their equilibria are do so, and the result is
        ``complete``; for others, and for models of one's own, they are looked for by Newton's
        method from 200 points of a box. Either way they are polished on the declared equations,
        and the stability is that of the exact Jacobian.

        Parameters
        ----------
        value : number, Quantity or array, optional
            The first input; its default if left out.
        within : mapping, optional
            State -> its lowest and highest value, between which the search begins. By default
            ten times its default value, or its unit, to both sides of that, rates up to 1000 Hz,
            and nothing below the bound of a state.
        **inputs : number, Quantity or array
            Inputs by name.

        Returns
        -------
        Equilibria or ndarray of Equilibria
            In ascending order of the first state. With lanes an array of their shape, with the
            equilibria of each lane.

        Examples
        --------
        >>> import neuromass as nm
        >>> from neuromass.units import ms
        >>> found = nm.QIF(tau=10 * ms, eta=-5.0, delta=1.0, J=15.0).equilibria()
        >>> [each.kind for each in found], found.complete
        (['node', 'saddle', 'focus'], True)
        >>> found.r.magnitude.round(4)
        array([  8.1134,  47.298 , 103.0597])
        """
        core = self._readable()
        held = self._held(value, inputs, with_units=True)
        columns = {name: core.spread(each) for name, each in core.parameters.items()}
        columns |= {
            name: np.broadcast_to(np.asarray(x, float), core.lanes) for name, x in held.items()
        }
        return find_equilibria(type(self), columns, core.shape, within)

    def _rest(self) -> None:
        """Begin in the stable equilibrium of lowest output, or in the first one."""
        core = self._core
        found = np.empty(core.lanes, dtype=object)
        found[:] = [self.equilibria()] if core.shape == () else self.equilibria().ravel().tolist()
        if not all(map(len, found)):
            raise ValueError(f"initial='rest': no equilibrium of this {core.name} was found.")
        chosen = [next((each for each in lane if each.stable), lane[0]) for lane in found]
        core.initial = {
            name: np.reshape(
                [float(declared.convert(each.state[name])) for each in chosen], core.shape
            )
            for name, declared in core.model.states.items()
        }
        core.reset()

    def snapshot(self) -> Snapshot:
        """All that changes, exactly: states, noise, clock and parameters.

        Returns
        -------
        Snapshot
            For `restore`, on this population or on another of the same model, shape and dt.
        """
        return self._readable().snapshot()

    def restore(self, saved: Snapshot) -> None:
        """Return to a snapshot; what follows is bitwise what followed it.

        Parameters
        ----------
        saved : Snapshot
            Taken by `snapshot`.

        Raises
        ------
        ValueError
            If it is of another model, shape, noise or dt.
        """
        core = self._core
        core.check_free("restore")
        core.check_snapshot(saved)
        self._change(core.restore, saved)

    def copy(self, **changes: Any) -> Self:
        """A population of its own, at the same state and time, with some things changed.

        Parameters
        ----------
        **changes
            Parameters, or any keyword of the constructor. With `initial` the copy stands
            there, at t = 0; noise that the original does not have begins where the copy stands.

        Returns
        -------
        Population
            With the seed of the original, also if that was drawn, and so the same noise;
            ``copy(seed=None)`` draws another for a trial of its own.

        Examples
        --------
        >>> import neuromass as nm
        >>> pop = nm.QIF(noise={"I_ext": nm.noise.White(0.1 * nm.units.ms**0.5)})
        >>> pop.copy().seed == pop.seed, pop.copy(seed=None).seed == pop.seed
        (True, False)
        """
        core = self._readable()
        validation.check_known(changes, core.model, keywords=True)
        options: dict[str, Any] = {
            "shape": None if core.shape == () else core.shape,
            "noise": core.noise,
            "seed": core.seed,
            "lane": core.lane,
            "dt": self.dt,
            "method": core.method,
            "labels": None if "shape" in changes else core.labels,
        }
        if any(each.floor for each in core.model.states.values()):
            options["initial"] = self.initial
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)  # what a subclass keeps beside
        Population.__init__(other, **{**options, **changes})
        parameters = {name: v for name, v in core.parameters.items() if name not in changes}
        other._core.begin_like(core, parameters, "initial" in changes)
        return other

    def __point__(self, number: int) -> Self:
        """A copy for one point of a sweep, with noise of its own: lanes after those before it."""
        core = self._readable()
        return self.copy(lane=core.lane + number * core.lanes)

    def __points__(self, first: int, count: int) -> Self | None:
        """A copy with some points as its first axis; None where their noise goes together."""
        core = self._readable()
        if any(each.factor is not None for each in core.sources):
            return None
        return self.copy(shape=(count, *core.shape), lane=core.lane + first * core.lanes)

    def __copy__(self) -> Self:
        return self.copy()

    def __getstate__(self) -> dict[str, Any]:
        core = self._core
        own = {n: v for n, v in self.__dict__.items() if n not in _REBUILT}
        kept = {name: getattr(core, name) for name in _KEPT}
        return {"own": own, "core": kept, "state": core.state.copy(), "clock": core.clock}

    def __setstate__(self, state: dict[str, Any]) -> None:
        model = type(self).model
        if model is None:
            raise TypeError(f"{type(self).__name__} declares no model.")
        core = Core(type(self), type(self).current_model(), **state["core"])
        core.state[:] = state["state"]
        core.control.clock = state["clock"]
        self.__dict__.update(state["own"])
        self._take_core(core)

    def __repr__(self) -> str:
        core = self._readable()
        model = core.model
        pairs = [
            f"{name}={units.shown(value, model.measure(name))}"
            for name, value in core.parameters.items()
        ]
        shape = [f"shape={core.shape}"] if core.shape else []
        noise = [f"noise={core.noise!r}", f"seed={core.seed}"] if core.sources else []
        states = ", ".join(
            f"{name} = {units.shown(core.row(name), model.measure(name))}" for name in model.states
        )
        return (
            f"{type(self).__name__}({', '.join([*pairs, *shape, *noise])})\n"
            f"  at t = {units.shown(core.time, MS)}: {states}\n"
            f"  {core.method}, dt = {units.shown(core.dt, MS)}"
        )


_NUMBERS: Final = frozenset({float, int, np.float64, np.float32, np.int64, np.int32})
"""Types of numbers that a step takes at once."""


def _float(value: Any) -> float:
    """A number as a float, which is not finite if there is none."""
    try:
        return float(value)
    except OverflowError:
        return float("inf")


_REBUILT = ("_core", "_raw", "_output_measure", "_takes_numbers")
"""What a population makes anew when it is read from a pickle; the rest is a subclass's own."""

_KEPT = (
    "method", "dt", "shape", "parameters", "initial", "noise", "sources", "seed", "seed_is_drawn",
    "lane", "labels",
)  # fmt: skip
"""What its core is made of."""


def core_of(population: Population) -> Core:
    """The core of a population, for the rest of the package."""
    return population._core
