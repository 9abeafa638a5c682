"""Sensitivities: derivatives of the states by parameters along a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass.analysis.problem import field_of, is_delay
from neuromass.analysis.steps import Steps, steps_of
from neuromass.declaration import ModelType
from neuromass.dynamics.field import Field
from neuromass.dynamics.results import Named, Saved
from neuromass.dynamics.tangent import tangent_name, with_tangents
from neuromass.errors import brief, suggestion, whole_number
from neuromass.measures.reduction import trace_of
from neuromass.networks.network import Network
from neuromass.populations.core import Core
from neuromass.populations.population import Population
from neuromass.populations.stepped import core_of
from neuromass.recordings.contents import Contents
from neuromass.recordings.recording import Recording, Recordings, connections_of, contents_of
from neuromass.simulation.runner import run
from neuromass.simulation.system import system_of
from neuromass.units import MS, Measure

__all__ = ["Sensitivity", "sensitivity"]

Floats = NDArray[np.float64]


class Sensitivity(Named, Saved):
    """A run, and the derivatives of its states by parameters.

    ``found["r", "eta"]`` is a Quantity with time first; ``found.r`` is the trace itself, and
    ``found.t`` are the times.

    Attributes
    ----------
    recording : Recording or Recordings
        Traces of the states and of their derivatives, ``"dr_deta"``; of a network those of each
        member, ``recording["exc"]["dr_dexc.eta"]``.
    symbols : tuple of str
        By what was differentiated.
    states : tuple of str
        The states.
    """

    def __init__(self, recording: Any, states: Sequence[str], symbols: Sequence[str]) -> None:
        self.recording = recording
        self.states = tuple(states)
        self.symbols = tuple(symbols)

    @property
    def t(self) -> Any:
        """Times of the samples."""
        return self.recording.t

    @property
    def names(self) -> list[str]:
        """The states."""
        return list(self.states)

    def quantity(self, name: str) -> Any:
        """The trace of a state."""
        return self.recording[name]

    def _unknown(self, name: Any) -> str:
        return (
            f"There is no {brief(name)} but the states {', '.join(self.states)}, and derivatives "
            f"as found['{self.states[0]}', '{self.symbols[0]}']."
        )

    def _trace(self, state: Any, symbol: Any) -> tuple[Contents, str]:
        """What has the derivative of a state by a symbol, and its name there."""
        for what, name, known in (("state", state, self.states), ("by", symbol, self.symbols)):
            if name not in known:
                there = (
                    f"no state {brief(name)}" if what == "state" else f"nothing by {brief(name)}"
                )
                raise KeyError(f"There is {there}{suggestion(name, known)}")
        contents, own = trace_of(self.recording, state)
        return contents, tangent_name(own, symbol)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, tuple) and len(key) == 2:
            contents, name = self._trace(*key)
            return contents.quantity(name)
        return self.recording[key]

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
        columns = [self[state, each].magnitude for each in self.symbols]
        return factor * np.stack(columns, axis=-1)

    def measure(self, state: str) -> Measure:
        """The unit of a state."""
        contents, own = trace_of(self.recording, state)
        return contents.look_up(own)[0]

    def relative(self, state: str, symbol: str) -> Any:
        """What a state changes by for a relative change of a parameter: p dx/dp.

        Parameters
        ----------
        state, symbol : str
            The state, and the parameter.
        """
        contents, name = self._trace(state, symbol)
        _, slopes = contents.look_up(name)
        owner, known, own = "", contents.about.parameters, symbol
        if isinstance(self.recording, Recordings):
            owner, _, own = symbol.rpartition(".")
            member = self.recording.get(owner)
            known = connections_of(self.recording).get(owner, {})
            known = known if member is None else contents_of(member).about.parameters
        if own not in known:
            raise ValueError(f"{symbol} is an input, and a relative change of it means nothing.")
        return self.measure(state).quantity(np.asarray(known[own][0]) * slopes)

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
            f"{len(self.t)} samples from {ends}>"
        )


def sensitivity(
    system: Any, duration: Any, parameters: Any, inputs: Any = None, *, every: int = 1
) -> Sensitivity:
    """Derivatives of the states by parameters along a run, exact for the steps as taken.

    Parameters
    ----------
    system : Population or Network
        A population, with or without lanes, or a network without delays. It is left where it is.
        Where it begins does not depend on the parameters.
    duration : Quantity
        How long.
    parameters : str or sequence of str
        By what: parameters, or inputs, of which a constant is added; in networks
        ``"exc.eta"``, ``"inh->exc.J"``, of all lanes alike.
    inputs : optional
        As for `run`.
    every : int
        Steps between samples.

    Returns
    -------
    Sensitivity
        ``found["r", "eta"]``, the trace ``found.r``, and ``found.jacobian("r", Hz)`` for fits; in
        networks ``found["exc.r", "inh->exc.J"]``.

    Raises
    ------
    ValueError
        If there is no such parameter, the equations could not be read, or a network has delays,
        held coupling, or coloured noise on states.

    Notes
    -----
    The equations are differentiated operation by operation, and the derivatives are further
    states of a model that runs as any: the same steps, the same noise, the same recordings. With
    a fixed seed they are the derivatives of that very path; where noise pushes a state onto its
    lower bound they are not. Along a run of a network the tangents of its steps are multiplied,
    with the derivatives of the rates by a parameter to some ten digits.

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
    if isinstance(system, Network):
        return _of_network(system, duration, parameters, inputs, every)
    if not isinstance(system, Population):
        raise TypeError(
            f"sensitivity takes a population or a network, not {type(system).__name__}."
        )
    core: Core = core_of(system)
    symbols = _checked(
        core.model.name, {"": core}, [*core.model.parameters, *core.model.inputs], parameters
    )
    made = _with_tangents(core, symbols)
    names = tuple(core_of(made).model.states)
    rec = run(made, duration, inputs, record=names, every=every, progress=False)
    return Sensitivity(rec, tuple(core.model.states), symbols)


def _checked(
    owner: str, nodes: Mapping[str, Core], known: Sequence[str], given: Any
) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) else tuple(given)
    floors = {
        f"{node}.{each.floor}" if node else each.floor
        for node, core in nodes.items()
        for each in core.model.states.values()
    }
    if not names:
        raise ValueError("parameters: there is nothing to differentiate by.")
    for name in names:
        if name not in known:
            raise ValueError(
                f"parameters: {owner} has no parameter or input {brief(name)}"
                f"{suggestion(name, known)}"
            )
        if name in floors:
            raise ValueError(f"parameters: {name} bounds a state of {owner}.")
    if len(set(names)) < len(names):
        raise ValueError(f"parameters: {', '.join(names)} has a name twice.")
    return names


def _of_network(
    system: Network, duration: Any, parameters: Any, inputs: Any, every: int
) -> Sensitivity:
    """The same for a network, by the tangents of its steps."""
    field = field_of(system, None, "sensitivity")
    nodes = system_of(system, "sensitivity").nodes
    known = [each for each in field.symbols if not is_delay(each)]
    symbols = _checked("the network", nodes, known, parameters)
    steps = steps_of(system, duration, inputs, "sensitivity")
    count, spacing = len(steps.states) - 1, whole_number(every, "every")
    if spacing < 1 or count % spacing:
        raise ValueError(f"every = {spacing} does not divide the {count} steps of the run.")
    slopes = _slopes_along(steps, symbols)[::spacing]
    members, states = {}, []
    for node, core in nodes.items():
        contents = contents_of(steps.recording[node])
        data = {name: contents.data[name][::spacing] for name in core.model.states}
        measures = {name: contents.measures[name] for name in core.model.states}
        for name in core.model.states:
            states.append(f"{node}.{name}")
            begin = field.columns[states[-1]].begin
            for i, symbol in enumerate(symbols):
                own = tangent_name(name, symbol)
                part = slopes[:, begin : begin + core.lanes, i]
                data[own] = part.reshape(len(slopes), *core.shape)
                measures[own] = measures[name].combined(field.symbols[symbol], -1)
        about = replace(contents.about, every=spacing, inputs=())
        members[node] = Recording(contents.made_times()[::spacing], data, measures, about)
    found = Recordings(members, connections_of(steps.recording))
    return Sensitivity(found, states, symbols)


def _slopes_along(steps: Steps, symbols: Sequence[str]) -> Floats:
    """Derivatives of all numbers by symbols before and after each step, (steps + 1, ., .)."""
    size, more = steps.states.shape[1], len(symbols)

    def slopes(field: Field, at: Floats) -> Floats:
        """Derivatives of the rates; the symbols are numbers more, which stay as they are."""
        whole = np.zeros((len(at), size + more, size + more))
        whole[:, :size, :size] = field.slopes(at)
        for i, symbol in enumerate(symbols, size):
            whole[:, :size, i] = field.slopes_by(symbol, at)
        return whole

    at = np.eye(size + more)[:, size:]
    found = np.empty((len(steps.states), size, more))
    found[0] = at[:size]
    for step, matrix in enumerate(steps.tangents(slopes), 1):
        at = matrix @ at
        found[step] = at[:size]
    return found


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
