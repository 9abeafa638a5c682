"""Sensitivities: derivatives of the states by parameters along a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass.declaration import Model, ModelType
from neuromass.dynamics.results import Saved
from neuromass.dynamics.tangent import tangent_name, with_tangents
from neuromass.errors import brief, suggestion
from neuromass.populations.core import Core
from neuromass.populations.population import Population
from neuromass.populations.stepped import core_of
from neuromass.recordings.recording import Recording, contents_of
from neuromass.simulation.runner import run
from neuromass.units import MS, Measure

__all__ = ["Sensitivity", "sensitivity"]

Floats = NDArray[np.float64]


class Sensitivity(Saved):
    """A run, and the derivatives of its states by parameters.

    ``found["r", "eta"]`` is a Quantity with time first; ``found.r`` is the trace itself, and
    ``found.t`` are the times.

    Attributes
    ----------
    recording : Recording
        Traces of the states and of their derivatives, ``"dr_deta"``.
    symbols : tuple of str
        By what was differentiated.
    states : tuple of str
        The states.
    """

    def __init__(self, recording: Recording, states: Sequence[str], symbols: Sequence[str]) -> None:
        self.recording = recording
        self.states = tuple(states)
        self.symbols = tuple(symbols)

    @property
    def t(self) -> Any:
        """Times of the samples."""
        return self.recording.t

    def _key(self, state: Any, symbol: Any) -> str:
        for what, name, known in (("state", state, self.states), ("by", symbol, self.symbols)):
            if name not in known:
                there = (
                    f"no state {brief(name)}" if what == "state" else f"nothing by {brief(name)}"
                )
                raise KeyError(f"There is {there}{suggestion(name, known)}")
        return tangent_name(state, symbol)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, tuple) and len(key) == 2:
            return self.recording[self._key(*key)]
        return self.recording[key]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self.states:
            raise AttributeError(
                name
                if name[:1] == "_"
                else f"There is no {brief(name)} but the states "
                f"{', '.join(self.states)}, and derivatives as found['{self.states[0]}', "
                f"'{self.symbols[0]}']."
            )
        return self.recording[name]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.states]

    def jacobian(self, state: str, unit: Any = None) -> Floats:
        """Derivatives of a state by all parameters, as `scipy.optimize.least_squares` takes them.

        Parameters
        ----------
        state : str
            The state.
        unit : Unit, optional
            The unit of the state; its declared one if left out. Parameters count in theirs.

        Returns
        -------
        ndarray
            (samples, *lanes, parameters).
        """
        own = self.recording[state]
        factor = 1.0 if unit is None else float((1.0 * own.units).to(unit).magnitude)
        columns = [self.recording[self._key(state, each)].magnitude for each in self.symbols]
        return factor * np.stack(columns, axis=-1)

    def measure(self, state: str) -> Measure:
        """The unit of a state."""
        return contents_of(self.recording).look_up(state)[0]

    def relative(self, state: str, symbol: str) -> Any:
        """What a state changes by for a relative change of a parameter: p dx/dp.

        Parameters
        ----------
        state, symbol : str
            The state, and the parameter.
        """
        contents = contents_of(self.recording)
        _, slopes = contents.look_up(self._key(state, symbol))
        if symbol not in contents.about.parameters:
            raise ValueError(f"{symbol} is an input, and a relative change of it means nothing.")
        value, _ = contents.about.parameters[symbol]
        return self.measure(state).quantity(np.asarray(value) * slopes)

    def plot(self, state: str | None = None, *, ax: Any = None, figsize: Any = None) -> Any:
        """Draw the derivatives of a state over time, each times the value of its parameter.

        Parameters
        ----------
        state : str, optional
            The state; the first one if left out.
        ax : Axes, optional
            Where to draw; a new figure otherwise.
        figsize : tuple of float, optional
            Width and height of a new figure, in inches.

        Returns
        -------
        Axes
        """
        from neuromass.plotting import diagrams  # noqa: PLC0415

        shown = self.states[0] if state is None else state
        return diagrams.plot_sensitivity(self, shown, ax, figsize)

    def to_dataframe(self) -> Any:
        """Times, states and derivatives as a pandas DataFrame; see `Recording.to_dataframe`.

        Returns
        -------
        pandas.DataFrame
        """
        return self.recording.to_dataframe()

    def stored(self) -> tuple[Any, ...]:
        """See `Saved`."""
        return self.recording, self.states, self.symbols

    def __repr__(self) -> str:
        ends = f"{self.t[0]:g~P} to {self.t[-1]:g~P}"
        return (
            f"<sensitivity of {', '.join(self.states)} to {', '.join(self.symbols)}, "
            f"{len(self.recording)} samples from {ends}>"
        )


def sensitivity(
    system: Any, duration: Any, parameters: Any, inputs: Any = None, *, every: int = 1
) -> Sensitivity:
    """Derivatives of the states by parameters along a run, exact for the steps as taken.

    Parameters
    ----------
    system : Population
        With or without lanes. It is left where it is. Where it begins does not depend on the
        parameters.
    duration : Quantity
        How long.
    parameters : str or sequence of str
        By what: parameters, or inputs, of which a constant is added.
    inputs : optional
        As for `run`.
    every : int
        Steps between samples.

    Returns
    -------
    Sensitivity
        ``found["r", "eta"]``, the trace ``found.r``, and ``found.jacobian("r", Hz)`` for fits.

    Raises
    ------
    ValueError
        If there is no such parameter, or the equations could not be read.

    Notes
    -----
    The equations are differentiated operation by operation, and the derivatives are further
    states of a model that runs as any: the same steps, the same noise, the same recordings. With
    a fixed seed they are the derivatives of that very path; where noise pushes a state onto its
    lower bound they are not.

    Examples
    --------
    How the rate after a step depends on excitability and coupling:

    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> pop = nm.QIF(tau=10 * ms, eta=-5.0, delta=1.0, J=15.0, initial="rest")
    >>> found = nm.analysis.sensitivity(pop, 100 * ms, ("eta", "J"), inputs=3.0)
    >>> print(f"{found['r', 'eta'][-1]:.4f~P}, {found['r', 'J'][-1]:.4f~P}")
    -246.4746 Hz, -86.4927 Hz
    """
    if not isinstance(system, Population):
        raise TypeError(f"sensitivity takes a population, not {type(system).__name__}.")
    core: Core = core_of(system)
    symbols = _checked(core.model, parameters)
    made = _with_tangents(core, symbols)
    names = tuple(core_of(made).model.states)
    rec = run(made, duration, inputs, record=names, every=every, progress=False)
    return Sensitivity(rec, tuple(core.model.states), symbols)


def _checked(model: Model, given: Any) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) else tuple(given)
    known = [*model.parameters, *model.inputs]
    if not names:
        raise ValueError("parameters: there is nothing to differentiate by.")
    for name in names:
        if name not in known:
            raise ValueError(
                f"parameters: {model.name} has no parameter or input {brief(name)}"
                f"{suggestion(name, known)}"
            )
        if any(each.floor == name for each in model.states.values()):
            raise ValueError(f"parameters: {name} bounds a state of {model.name}.")
    if len(set(names)) < len(names):
        raise ValueError(f"parameters: {', '.join(names)} has a name twice.")
    return names


def _with_tangents(core: Core, symbols: Sequence[str]) -> Population:
    """A population at the same state that carries its derivatives along."""
    model = with_tangents(core.model, symbols)
    equations = model.equations
    function = equations.function(equations.derivatives, equations.order)
    body: dict[str, Any] = {**model.declarations, "derivatives": staticmethod(function)}
    body |= {"output": model.output, "__doc__": f"{model.name} with its sensitivities."}
    kind: Any = ModelType(model.name, (Population,), body, model=model)
    made: Population = kind(
        shape=core.shape or None,
        noise=core.noise,
        seed=core.seed,
        lane=core.lane,
        dt=MS.quantity(core.dt),
        method=core.method,
        labels=core.labels,
    )
    own = core_of(made)
    own.set_parameters({name: value.copy() for name, value in core.parameters.items()})
    own.set_states(core.rows())
    own.state[len(model.states) :] = core.state[len(core.model.states) :]
    own.control.clock = core.clock
    return made
