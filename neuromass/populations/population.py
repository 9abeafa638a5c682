"""A population: parameters, states, and the step that moves them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from neuromass import noise as noises
from neuromass import units
from neuromass.declaration import Declaration, ModelType
from neuromass.declaration.declarations import Input, Removed
from neuromass.dynamics.equilibria import find_equilibria
from neuromass.errors import brief, suggestion
from neuromass.hints import POPULATION, instead, own_attribute, public
from neuromass.populations import validation
from neuromass.populations.core import Core
from neuromass.populations.stepped import MISSING, Stepped, core_of
from neuromass.units import MS

__all__ = ["Population", "core_of"]


class Population(Stepped, metaclass=ModelType):
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
    method : {"heun", "euler", "rk4"}
        How a step is taken, with order 2, 1 or 4. The order of ``"rk4"`` is 4 while inputs are
        constant within each step, and coupling is instantaneous; it is 2 where signals vary,
        which enter as their means over a step, and where connections have delays, whose past is
        interpolated linearly.
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
    family: ClassVar[str] = ""

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

    # ------------------------------------------------------------------- reading

    @property
    def method(self) -> str:
        """How a step is taken: ``"heun"``, ``"euler"`` or ``"rk4"``."""
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
    def lane(self) -> int:
        """Number of the first lane, for the noise."""
        return self._core.lane

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
            mine = own_attribute(name) if type(self).__init__ is not Population.__init__ else ""
            return AttributeError(
                f"{own} has no state or parameter {brief(name)}{suggestion(name, known)}{mine}"
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

    def equilibria(
        self, value: Any = MISSING, /, *, within: Mapping[str, Any] | None = None, **inputs: Any
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
        core_of(other).begin_like(core, parameters, "initial" in changes)
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


_REBUILT = ("_core", "_output_measure", "_takes_numbers")
"""What a population makes anew when it is read from a pickle; the rest is a subclass's own."""

_KEPT = (
    "method", "dt", "shape", "parameters", "initial", "noise", "sources", "seed", "seed_is_drawn",
    "lane", "labels",
)  # fmt: skip
"""What its core is made of."""
