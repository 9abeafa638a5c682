"""What populations and networks of neurons have in common: values with units, steps, going back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from neuromass import units
from neuromass.errors import brief, suggestion
from neuromass.kernels.control import FINE
from neuromass.populations import validation
from neuromass.populations.core import Core, Drive
from neuromass.populations.snapshot import Snapshot
from neuromass.units import MS

__all__ = ["Stepped", "core_of"]

MISSING: Any = object()


_NUMBERS: Final = frozenset({float, int, np.float64, np.float32, np.int64, np.int32})
"""Types of numbers that a step takes at once."""


def _float(value: Any) -> float:
    """A number as a float, which is not finite if there is none."""
    try:
        return float(value)
    except OverflowError:
        return float("inf")


class _Raw:
    """A system's numbers in internal units: ms, 1/ms (a thousandth of Hz), mV, pA, nS."""

    __slots__ = ("_stepped",)

    def __init__(self, stepped: Stepped) -> None:
        self._stepped = stepped

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._stepped._plain(name)

    def __dir__(self) -> list[str]:
        return [*core_of(self._stepped).known_values(), "t", "dt"]

    def __repr__(self) -> str:
        names = core_of(self._stepped).model.states
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"<raw {type(self._stepped).__name__}: {values}>"


class Stepped:
    """A system with a core, whose parameters and states are Quantities and which takes steps."""

    _core: Core

    def _take_core(self, core: Core) -> None:
        inputs = core.model.inputs.values()
        self._core = core
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
    def seed(self) -> int | None:
        """Seed of the noise; None where there is none."""
        return self._core.seed

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
        return _Raw(self)

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

    def update(self, value: Any = MISSING, /, **inputs: Any) -> Any:
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

    def advance(self, value: Any = MISSING, /, **inputs: Any) -> Any:
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
        if value is not MISSING:
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


def core_of(stepped: Stepped) -> Core:
    """The core of a population or of a network of neurons, for the rest of the package."""
    return stepped._core
