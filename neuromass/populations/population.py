"""A population: parameters, states, and the step that moves them."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from neuromass import noise as noises
from neuromass import units
from neuromass.declaration import Declaration, Model, ModelType, suggestion
from neuromass.errors import SimulationError
from neuromass.kernels import text as kernel_text
from neuromass.populations import validation
from neuromass.populations.snapshot import Snapshot
from neuromass.units import MS

__all__ = ["Population"]

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
        return self._population._internal(name)

    def __dir__(self) -> list[str]:
        model = self._population._model
        return [*model.states, *model.outputs, *model.parameters, "t", "dt"]

    def __repr__(self) -> str:
        names = self._population._model.states
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
    initial : mapping, optional
        Initial value of states by name, to which `reset` returns; the declared defaults
        otherwise.
    noise : mapping, optional
        ``nm.noise.White`` or ``nm.noise.OrnsteinUhlenbeck`` by name of input or state.
    seed : int, optional
        Seed of the noise; drawn, and shown, if left out.
    lane : int
        Number of the first lane, for the noise: the twin of lane 3 of a larger population
        has ``lane=3``.
    dt : Quantity, optional
        The step, fixed for the population's life; the model's default otherwise.
    method : {"heun", "euler"}
        How a step is taken, with order 2 or 1.
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

    _model: Model

    def __init__(
        self,
        *,
        shape: int | tuple[int, ...] | None = None,
        initial: Mapping[str, Any] | None = None,
        noise: Mapping[str, Any] | None = None,
        seed: int | None = None,
        lane: int = 0,
        dt: Any = None,
        method: str = "heun",
        **parameters: Any,
    ) -> None:
        model = type(self).model
        if model is None:
            raise TypeError("Population is the base of models; make one of those, such as QIF.")
        validation.check_known(parameters, model)
        self._model = model
        self._method = validation.method_of(method)
        self._dt = validation.step_of(dt, model)
        self._sources = noises.resolve(model, noise)
        self._noise = dict(noise or {})
        self._seed = noises.take_seed(seed) if self._sources or seed is not None else None
        self._seed_was_drawn = seed is None
        self._lane = validation.lane_of(lane)
        values = {
            name: np.asarray(each.convert(parameters[name]) if name in parameters else each.default)
            for name, each in model.parameters.items()
        }
        initial_values = validation.initial_of(model, initial)
        self._shape = validation.shape_of(shape, {**values, **initial_values}, self._sources)
        self._lanes = math.prod(self._shape)
        validation.check_floors(model, values, initial_values)
        self._parameters: dict[str, Floats] = values
        self._initial: dict[str, Floats] = initial_values
        self._allocate()
        self._fill_constants()
        self.reset()

    # ------------------------------------------------------------------ storage

    def _allocate(self) -> None:
        """Arrays that kernels work on; everything in them follows from the other attributes."""
        model = self._model
        rows = len(model.states) + len(self._coloured)
        self._state: Floats = np.zeros((rows, self._lanes))
        self._constants: Floats = np.zeros((len(model.equations.constants()) + 1, self._lanes))
        self._plan = np.zeros(kernel_text.PLAN_LENGTH, dtype=np.int64)
        self._take_seed(self._seed)
        self._plan[kernel_text.LANE] = self._lane
        scales = [row for each in self._sources for row in each.coefficients(self._dt)]
        self._coefficients: Floats = np.zeros((len(scales), self._lanes))
        for place, row in enumerate(scales):
            self._coefficients[place] = self._spread(row)
        self._raw = _Raw(self)
        self._observer: Any = None
        self._owner: Any = None
        self._output_measure = model.measure(model.output)
        self._row_of = {name: row for row, name in enumerate(model.states)}
        self._fast_step: Any = None
        self._compiled_loop: Any = None
        self._one_input = len(model.inputs) == 1
        self._takes_numbers = all(each.measure.is_dimensionless for each in model.inputs.values())

    def _take_seed(self, seed: int | None) -> None:
        self._seed = seed
        self._plan[kernel_text.KEY0] = (seed or 0) & 0xFFFFFFFF
        self._plan[kernel_text.KEY1] = (seed or 0) >> 32

    @property
    def _coloured(self) -> tuple[str, ...]:
        """What has noise with a value of its own, in the order of the rows of `_state`."""
        return tuple(each.target for each in self._sources if each.coloured)

    def _spread(self, value: Any) -> Floats:
        """A value on all lanes, flat."""
        return np.broadcast_to(np.asarray(value, dtype=float), self._shape).reshape(-1)

    def _fill_constants(self) -> None:
        self._constants[:] = self._constants_of(self._parameters)

    def _constants_of(self, parameters: Mapping[str, Floats]) -> Floats:
        equations = self._model.equations
        rows = equations.exactly(equations.constants(), parameters)
        result = np.full_like(self._constants, self._dt)
        for place, row in enumerate(rows):
            result[place] = self._spread(row)
        return result

    def _recipe(self) -> kernel_text.Recipe:
        """What the population's kernels are made from; the same for its whole life."""
        model = self._model
        sources = tuple(
            kernel_text.Source(
                each.target, each.on_input, each.coloured, zlib.crc32(each.target.encode())
            )
            for each in self._sources
        )
        lowest = tuple(each.floor or each.lower for each in model.states.values())
        return kernel_text.Recipe(
            model.name, model.equations, self._method, lowest, model.output, sources
        )

    # ------------------------------------------------------------------- reading

    @property
    def t(self) -> Any:
        """The population's time, dt times the number of steps taken, as a Quantity."""
        return MS.quantity(self._time)

    @property
    def _time(self) -> float:
        return self._clock * self._dt

    @property
    def _clock(self) -> int:
        """Steps since the start."""
        if self._owner is not None:
            return int(self._owner._clock)
        return int(self._plan[kernel_text.CLOCK])

    @property
    def dt(self) -> Any:
        """The step, as a Quantity."""
        return MS.quantity(self._dt)

    @property
    def method(self) -> str:
        """How a step is taken: ``"heun"`` or ``"euler"``."""
        return self._method

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the lanes; ``()`` for a single population."""
        return self._shape

    @property
    def seed(self) -> int | None:
        """Seed of the noise; None where there is none."""
        return self._seed

    @property
    def lane(self) -> int:
        """Number of the first lane, for the noise."""
        return self._lane

    @property
    def noise(self) -> Mapping[str, Any]:
        """The noise by name of input or state."""
        return MappingProxyType(self._noise)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The parameters as Quantities, by name."""
        return MappingProxyType({name: self._parameter(name) for name in self._model.parameters})

    @property
    def state(self) -> Mapping[str, Any]:
        """The states as Quantities, by name."""
        return MappingProxyType({name: self._state_of(name) for name in self._model.states})

    @property
    def initial(self) -> Mapping[str, Any]:
        """The states to which `reset` returns, as Quantities, by name."""
        return MappingProxyType(
            {
                name: units.handed_out(self._model.measure(name), value)
                for name, value in self._initial.items()
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
        return units.handed_out(self._model.parameters[name].measure, self._parameters[name])

    def _row(self, name: str) -> Floats:
        return self._state[self._row_of[name]]

    def _state_of(self, name: str) -> Any:
        measure = self._model.states[name].measure
        if self._shape == ():
            return measure.quantity(float(self._state[self._row_of[name], 0]))
        return units.handed_out(measure, self._shaped(self._row(name)))

    def _output_of(self, name: str) -> Any:
        return units.handed_out(self._model.outputs[name].measure, self._computed(name))

    def _computed(self, name: str) -> Any:
        """An output in internal units, from the states as they are."""
        equations = self._model.equations
        root = equations.output_roots[equations.outputs.index(name)]
        rows = {each: self._shaped(self._row(each)) for each in self._model.states}
        (value,) = equations.exactly([root], {**rows, **self._parameters})
        return np.broadcast_to(np.asarray(value, dtype=float), self._shape)

    def _internal(self, name: str) -> Any:
        row = self._row_of.get(name)
        if row is not None and self._shape == ():
            return float(self._state[row, 0])
        model = self._model
        if row is not None:
            value: Any = self._shaped(self._state[row])
        elif name in model.outputs:
            value = self._computed(name)
        elif name in model.parameters:
            value = self._parameters[name]
        elif name in ("t", "dt"):
            return self._time if name == "t" else self._dt
        else:
            known = [*model.states, *model.outputs, *model.parameters, "t", "dt"]
            raise AttributeError(f"{model.name} has no {name!r}{suggestion(name, known)}")
        return float(value) if value.ndim == 0 else units.read_only(value.copy())

    def _shaped(self, row: Floats) -> Floats:
        return row.reshape(self._shape)

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
            known = [*self._model.parameters, *self._model.states]
            return AttributeError(
                f"{own} has no state or parameter {name!r}{suggestion(name, known)}"
            )
        fixed = name in validation.KEYWORDS
        advice = f"; make a copy that has another, copy({name}=...)" if fixed else ""
        return AttributeError(f"{name} of a {own} cannot be set{advice}.")

    def __getattr__(self, name: str) -> Any:
        model = type(self).model
        if name.startswith("_") or model is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if name in model.inputs:  # whose own message got lost on the way here
            raise AttributeError(
                f"{name} is an input, which has a value only during a step: feed it with "
                f"update({name}=...), see it with record=({name!r},)."
            )
        raise AttributeError(
            f"{type(self).__name__} has no attribute {name!r}"
            f"{suggestion(name, [*model.states, *model.parameters, *model.outputs])}"
        )

    def _set_parameters(
        self, given: Mapping[str, Any], at: Any = None, states_follow: bool = False
    ) -> None:
        values = {}
        for name, value in given.items():
            plain = np.asarray(self._model.parameters[name].convert(value))
            values[name] = self._placed(name, plain, self._parameters[name], at)
        if not states_follow:
            validation.check_floors(self._model, {**self._parameters, **values}, self._rows())
        self._set_internal(values)

    def _set_internal(self, values: Mapping[str, Any]) -> None:
        """Set parameters, given in internal units and checked."""
        new = {name: np.asarray(value, dtype=float) for name, value in values.items()}
        parameters = {**self._parameters, **new}
        self._constants[:] = self._constants_of(parameters)
        self._parameters = parameters
        if self._owner is not None:
            self._owner._parameters_changed(new)

    def _set_states(self, given: Mapping[str, Any], at: Any = None) -> None:
        rows = {}
        for name, value in given.items():
            plain = np.asarray(self._model.states[name].convert(value))
            rows[name] = self._placed(name, plain, self._shaped(self._row(name)), at)
        validation.check_floors(self._model, self._parameters, {**self._rows(), **rows})
        for name, row in rows.items():
            self._row(name)[:] = self._spread(row)

    def _rows(self) -> dict[str, Floats]:
        return {name: self._shaped(self._row(name)) for name in self._model.states}

    def _placed(self, name: str, value: Floats, old: Floats, at: Any) -> Floats:
        """The new array of a state or parameter: all of it, or the old with some lanes changed."""
        if at is None:
            if value.shape not in ((), self._shape):
                validation.check_broadcast(name, value, self._shape)
                return np.broadcast_to(value, self._shape).copy()
            return value
        changed = np.broadcast_to(old, self._shape).copy()
        try:
            changed[at] = value
        except IndexError as error:
            raise IndexError(
                f"at={at!r} is no index into the shape {self._shape}: {error}."
            ) from None
        except ValueError:
            needed = changed[at].shape
            raise ValueError(
                f"{name} has the shape {value.shape}, which does not fit at={at!r}; "
                f"{needed or 'a single number'} does."
            ) from None
        return changed

    def set(self, at: Any = None, **values: Any) -> None:
        """Set several states and parameters at once, all of them or none.

        Parameters
        ----------
        at : index, optional
            Lanes to set, as an index into the population's shape; all if left out.
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
        model = self._model
        validation.check_known(values, model, states=True)
        before = self._parameters, self._constants.copy()
        states = {n: v for n, v in values.items() if n in model.states}
        parameters = {n: v for n, v in values.items() if n in model.parameters}
        self._set_parameters(parameters, at, states_follow=bool(states))
        try:
            self._set_states(states, at)
        except BaseException:
            self._parameters, self._constants[:] = before[0], before[1]
            raise

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
        step = self._fast_step
        if (
            step is not None
            and self._one_input
            and self._takes_numbers
            and type(value) is float
            and not inputs
            and value - value == 0.0
        ):
            raw = step(self._state, self._constants, self._plan, value)
            if raw - raw == 0.0 or self._has_stepped():
                return self._output_measure.quantity(raw)
        self._one_step(self._held(value, inputs, with_units=True))
        if self._shape == ():
            return self._output_measure.quantity(float(self._output_array()))
        return units.handed_out(self._output_measure, self._output_array())

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
        step = self._fast_step
        if (
            step is not None
            and self._one_input
            and type(value) is float
            and not inputs
            and value - value == 0.0
        ):
            raw = step(self._state, self._constants, self._plan, value)
            if raw - raw == 0.0 or self._has_stepped():
                return raw
        self._one_step(self._held(value, inputs, with_units=False))
        return self._internal(self._model.output)

    def _has_stepped(self) -> bool:
        """Whether a fast step was taken although its output is not finite."""
        return int(self._plan[kernel_text.BAD_STATE]) >= 0

    def _output_array(self) -> Any:
        name = self._model.output
        if name in self._model.states:
            return self._shaped(self._row(name))
        return self._computed(name)

    def _held(self, value: Any, inputs: dict[str, Any], with_units: bool) -> dict[str, Any]:
        """Inputs of one step, in internal units and of a shape that fits."""
        model = self._model
        given = dict(inputs)
        if value is not _MISSING:
            if not model.inputs:
                raise TypeError(f"{model.name} has no input.")
            first = next(iter(model.inputs))
            if first in given:
                raise TypeError(f"{first} is given twice.")
            given[first] = value
        return self._held_inputs(given, with_units)

    def _held_inputs(self, inputs: Mapping[str, Any], with_units: bool) -> dict[str, Any]:
        """Inputs given by name, checked, in internal units; defaults for the others."""
        model = self._model
        given = dict(inputs)
        held = {}
        for name, each in model.inputs.items():
            if name not in given:
                held[name] = each.default
                continue
            plain = (
                each.convert(given.pop(name))
                if with_units
                else validation.plain_input(given.pop(name), name)
            )
            if not isinstance(plain, float):
                validation.check_broadcast(name, plain, self._shape)
                plain = self._spread(plain)
            held[name] = plain
        if given:
            name = next(iter(given))
            raise TypeError(f"{model.name} has no input {name!r}{suggestion(name, model.inputs)}")
        return held

    def _one_step(self, held: dict[str, Any]) -> None:
        if self._owner is not None:
            raise RuntimeError(
                f"This {type(self).__name__} is a member of a network, which alone can step it; "
                f"step or run the network."
            )
        step = self._single_step()
        if step is not None:
            raw = step(self._state, self._constants, self._plan, *held.values())
            if raw - raw == 0.0 or self._has_stepped():
                return
        drive, layout = self._drive(held)
        if self._observer is None:
            code = self._loop(1, drive, layout, *self._nothing_recorded())
        else:
            code = self._observer.take(drive, layout)
        if code != kernel_text.FINE:
            raise self._failure(code)

    def _single_step(self) -> Any:
        """The kernel of a single step where it serves: it is called far faster than a loop."""
        if self._observer is not None or self._sources or self._shape != ():
            return None
        if self._fast_step is None:
            from neuromass.kernels.population import step  # noqa: PLC0415

            self._fast_step = step(self._recipe())
        return self._fast_step

    def _drive(self, held: Mapping[str, Any]) -> tuple[Floats, NDArray[np.int64]]:
        """Held inputs as the flat array and the layout that a loop takes."""
        parts, layout, start = [], [], 0
        for value in held.values():
            part = np.atleast_1d(np.asarray(value, dtype=float))
            layout.append((start, 0, int(part.size > 1)))
            parts.append(part)
            start += part.size
        drive = np.concatenate(parts) if parts else np.zeros(0)
        return drive, np.array(layout, dtype=np.int64).reshape(-1, 3)

    def _nothing_recorded(self) -> tuple[NDArray[np.int64], Floats, Floats]:
        model = self._model
        channels = len(model.states) + len(model.inputs) + len(model.outputs)
        slots = np.full(channels, -1, dtype=np.int64)
        return slots, np.empty((0, 0, self._lanes)), np.empty((0, self._lanes))

    def _loop(
        self,
        steps: int,
        drive: Floats,
        layout: NDArray[np.int64],
        slots: NDArray[np.int64],
        samples: Floats,
        sums: Floats,
        every: int = 1,
        average: bool = False,
    ) -> int:
        """Take some steps, all or none of them; returns FINE or what went wrong."""
        if self._compiled_loop is None:
            self._compiled_loop = self._make_loop()
        plan = self._plan
        plan[kernel_text.STEPS] = steps
        plan[kernel_text.EVERY] = every
        plan[kernel_text.AVERAGE] = average
        return int(
            self._compiled_loop(
                self._state, self._constants, self._coefficients, drive, layout, plan,
                slots, samples, sums, self._dt,
            )
        )  # fmt: skip

    def _make_loop(self) -> Any:
        if any(each.factor is not None for each in self._sources):
            from neuromass.networks.correlated import CorrelatedLoop  # noqa: PLC0415

            return CorrelatedLoop(self)
        from neuromass.kernels.population import loop  # noqa: PLC0415

        return loop(self._recipe(), self._lanes)

    def _failure(self, code: int, name: str = "") -> SimulationError:
        model = self._model
        state = list(model.states)[int(self._plan[kernel_text.BAD_STATE])]
        flat = int(self._plan[kernel_text.BAD_LANE])
        lane = tuple(int(i) for i in np.unravel_index(flat, self._shape)) if self._shape else ()
        where = name or model.name
        place = f"[{', '.join(map(str, lane))}]" if lane else ""
        values = ", ".join(
            f"{each} = {units.shown(self._row(each)[flat], model.measure(each))}"
            for each in model.states
        )
        lower, floor = model.states[state].lower, model.states[state].floor
        what = "is no longer finite"
        if code == kernel_text.BELOW_BOUND and floor:
            lowest = self._spread(self._parameters[floor])[flat]
            what = f"falls below {floor} = {units.shown(lowest, model.measure(floor))}"
        elif code == kernel_text.BELOW_BOUND and lower is not None:
            what = f"falls below {units.shown(lower, model.measure(state))}"
        return SimulationError(
            f"{where}{place}: {state} {what} in the step from t = "
            f"{units.shown(self._time, MS, 10)} with dt = {units.shown(self._dt, MS)}, where "
            f"{values}. Take a smaller dt (nm.check_dt shows what it changes) or look at the "
            f"input; the population stands at the last good step.",
            where,
            state,
            lane,
            self.t,
            self.dt,
        )

    # -------------------------------------------------------------- going back, copying

    def reset(self) -> None:
        """Return to the initial state and to t = 0; parameters stay, and noise repeats itself."""
        self._check_free("reset")
        self._reset()

    def _reset(self) -> None:
        self._state[:] = np.nan  # what noise has before its first step
        for name, value in self._initial.items():
            self._row(name)[:] = self._spread(value)
        self._plan[kernel_text.CLOCK] = 0

    def _check_free(self, what: str) -> None:
        own = type(self).__name__
        if self._owner is not None:
            raise RuntimeError(f"This {own} is a member of a network; {what} the network.")
        if self._observer is not None:
            raise RuntimeError(
                f"This {own} is being recorded by nm.record, step by step; {what} it outside of "
                f"the with block."
            )

    def snapshot(self) -> Snapshot:
        """All that changes, exactly: states, noise, clock and parameters.

        Returns
        -------
        Snapshot
            For `restore`, on this population or on another of the same model, shape and dt.
        """
        return Snapshot(
            self._model.name,
            self._clock,
            self._dt,
            self._shape,
            self._coloured,
            units.read_only(self._state.copy()),
            MappingProxyType({n: units.read_only(v.copy()) for n, v in self._parameters.items()}),
        )

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
        self._check_free("restore")
        self._check_snapshot(saved)
        self._restore(saved)

    def _check_snapshot(self, saved: Any) -> None:
        if not isinstance(saved, Snapshot):
            raise TypeError(f"restore takes a snapshot, not {type(saved).__name__}.")
        mine = self.snapshot()
        if saved.kind != mine.kind or saved.state.shape != mine.state.shape:
            raise ValueError(f"The snapshot is of {saved.described}, not of {mine.described}.")

    def _restore(self, saved: Snapshot) -> None:
        self._set_internal(saved.parameters)
        self._state[:] = saved.state
        self._plan[kernel_text.CLOCK] = saved.clock

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
        """
        validation.check_known(changes, self._model, keywords=True)
        options: dict[str, Any] = {
            "shape": None if self._shape == () else self._shape,
            "noise": self._noise,
            "seed": self._seed,
            "lane": self._lane,
            "dt": self.dt,
            "method": self._method,
        }
        if any(each.floor for each in self._model.states.values()):
            options["initial"] = self.initial
        internal = {name: value for name, value in self._parameters.items() if name not in changes}
        other = type(self)(**{**options, **changes})
        other._take_over(self, internal, "initial" in changes)
        return other

    def _take_over(self, source: Population, parameters: dict[str, Floats], fresh: bool) -> None:
        """State, time and parameters of another population, to the last bit."""
        validation.check_broadcast("The state", source._shaped(source._state[0]), self._shape)
        for name, value in {**parameters, **source._initial}.items():
            validation.check_broadcast(name, value, self._shape)
        self._parameters = {**self._parameters, **{n: v.copy() for n, v in parameters.items()}}
        self._fill_constants()
        if fresh:
            return
        self._initial = {name: value.copy() for name, value in source._initial.items()}
        clock = source._time / self._dt
        if abs(clock - round(clock)) > 1e-6:
            raise ValueError(
                f"dt = {units.shown(self._dt, MS)} does not divide the population's time of "
                f"{units.shown(source._time, MS)}; reset it first."
            )
        self._plan[kernel_text.CLOCK] = round(clock)
        for name in self._model.states:
            self._row(name)[:] = self._spread(source._shaped(source._row(name)))
        first = len(self._model.states)
        theirs = dict(zip(source._coloured, source._state[first:], strict=True))
        for row, name in zip(self._state[first:], self._coloured, strict=True):
            if name in theirs:
                row[:] = self._spread(source._shaped(theirs[name]))
        validation.check_floors(self._model, self._parameters, self._rows())

    def __copy__(self) -> Self:
        return self.copy()

    def __getstate__(self) -> dict[str, Any]:
        kept: tuple[str, ...] = ("_method", "_dt", "_noise", "_sources", "_seed", "_lane")
        kept += ("_seed_was_drawn", "_shape", "_lanes")
        state = {name: getattr(self, name) for name in kept}
        state["_parameters"] = {n: v.copy() for n, v in self._parameters.items()}
        state["_initial"] = {n: v.copy() for n, v in self._initial.items()}
        return {**state, "state": self._state.copy(), "clock": self._clock}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        saved, clock = state.pop("state"), state.pop("clock")
        model = type(self).model
        if model is None:
            raise TypeError(f"{type(self).__name__} declares no model.")
        self._model = model
        for name, value in state.items():
            object.__setattr__(self, name, value)
        self._allocate()
        self._fill_constants()
        self._state[:] = saved
        self._plan[kernel_text.CLOCK] = clock

    def __repr__(self) -> str:
        model = self._model
        pairs = [
            f"{name}={units.shown(value, model.measure(name))}"
            for name, value in self._parameters.items()
        ]
        shape = [f"shape={self._shape}"] if self._shape else []
        noise = [f"noise={self._noise!r}", f"seed={self._seed}"] if self._sources else []
        states = ", ".join(
            f"{name} = {units.shown(self._row(name), model.measure(name))}" for name in model.states
        )
        return (
            f"{type(self).__name__}({', '.join([*pairs, *shape, *noise])})\n"
            f"  at t = {units.shown(self._time, MS)}: {states}\n"
            f"  {self._method}, dt = {units.shown(self._dt, MS)}"
        )
