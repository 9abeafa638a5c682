r"""Networks of quadratic integrate-and-fire neurons, and the way to and from mean fields."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from neuromass import noise as noises
from neuromass import units
from neuromass.declaration import ModelType
from neuromass.errors import brief, one_of, suggestion, warn, whole_number
from neuromass.hints import POPULATION, instead, public
from neuromass.models.qif import QIF
from neuromass.populations import validation
from neuromass.populations.population import Population
from neuromass.populations.stepped import Stepped, core_of
from neuromass.spiking.connectivity import connectivity_of
from neuromass.spiking.core import Layout, NeuronsCore, rounded_down
from neuromass.spiking.excitability import DISTRIBUTIONS, DRAWS, deviates
from neuromass.spiking.neurons import neurons_of
from neuromass.threads import checked_threads, cores_at_hand
from neuromass.units import DIMENSIONLESS, MS

__all__ = ["QIFNetwork", "from_mean_field"]

Floats = NDArray[np.float64]

DEFAULT_DT: Final = 0.01
"""The step in ms where none is given."""

DEFAULT_WINDOW: Final = 0.4
"""The window of the rate in ms where none is given."""

_NEURONS_OF_A_THREAD: Final = 4096
"""Fewer neurons are not worth a thread of their own."""

KEYWORDS: Final = (
    "N", "model", "connectivity", "distribution", "draw", "excitabilities", "initial", "noise",
    "neuron_noise", "threshold", "window", "spikes_of", "threads", "seed", "dt",
)  # fmt: skip
"""What a network takes besides parameters."""


class QIFNetwork(Stepped):
    r"""A network of quadratic integrate-and-fire neurons, coupled all to all or sparsely.

    .. math:: \tau \dot V_j = V_j^2 + \eta_j + J \tau r(t) + I_\mathrm{ext}(t)

    A neuron fires when its potential reaches infinity, and comes back from minus infinity. r is
    the rate at which all of them fire. `QIF` is what becomes of it for infinitely many neurons.
    With ``model=nm.QIFSynaptic`` and other mean fields of that family the neurons get what makes
    that mean field exact: a synapse, adaptation or plasticity that the rate of all drives, gap
    junctions. It is read off the equations of the model, so that models of one's own have
    networks, too.

    It is stepped, run, recorded, copied and pickled as a population is: parameters and inputs
    are those of the model. The states are measured, see Notes.

    Parameters
    ----------
    N : int
        How many neurons.
    model : type
        The mean field behind which it stands; `QIF` if left out.
    connectivity : int, array or sparse matrix, optional
        Whose spikes a neuron gets: those of so many others, drawn for each; or a matrix [target,
        source] of the shares that they have in the rate that takes the place of r in the
        neuron's input. All to all is a matrix of 1/N; rows that sum up to one give neurons the
        input of the mean field on average. Where r drives neurons by a linear synapse, as in
        `QIFSynaptic` and `QIFConductance`, each has one of its own, and its states are means over
        those of all neurons. Adaptation and plasticity stay common to all.
    distribution : {"lorentzian", "gaussian", "uniform"}
        Of the excitabilities around eta. delta is the Lorentzian's half-width, the Gaussian's
        standard deviation, half of the uniform distribution's range. The mean field is that of
        the Lorentzian.
    draw : {"quantiles", "random"}
        Whether excitabilities and initial potentials are the midpoint quantiles of their
        distributions, or drawn from them. Quantiles come much closer to infinitely many neurons.
        Neurons are numbered by excitability in both cases.
    excitabilities : array, optional
        One for each neuron, instead of eta, delta and a distribution; eta is then their median,
        and moving it moves all.
    initial : mapping or "rest", optional
        States to which `reset` returns, as for the model. Potentials are then on the Lorentzian
        that r and v describe, independently of the excitabilities: where the mean field is.
        ``"rest"`` puts each neuron where it would be in the mean field's stable equilibrium.
    noise : mapping, optional
        Noise on inputs, common to all neurons.
    neuron_noise : White or OrnsteinUhlenbeck, optional
        Noise that each neuron has of its own, independent of that of others, with the units of
        noise on a dimensionless input. No mean field with a few states has it.
    threshold : number
        Potential from which on inputs no longer act: the neuron takes ``tau / threshold`` from
        there to its spike, and as long again to ``-threshold``. Infinite if left out, see Notes.
    window : Quantity, optional
        r is the mean rate over so long a time before now, a multiple of dt: 0.4 ms if left out.
    spikes_of : int or array of int, optional
        Neurons whose spikes ``record="spikes"`` keeps: some, or so many evenly over all; all if
        left out.
    threads : int, optional
        How many share the work, of which the results do not depend; all cores if there are
        many neurons.
    seed : int, optional
        Seed of random draws, of where quantiles begin, and of noise; drawn if left out.
    dt : Quantity, optional
        The step; 0.01 ms if left out.
    **parameters : number or Quantity
        The model's parameters.

    Raises
    ------
    UnitError, TypeError, ValueError
        As for a population; a ValueError, too, for a dt in which a neuron could fire twice.

    Notes
    -----
    **r** is the number of spikes in the window, over N and the window. It lags behind by half of
    the window, and what is faster than the window is smoothed away; rates and pulses are those
    of the neurons in any case, since they drive each other by the spikes of each step. With a
    window of two steps, ``nm.run(..., every=40, average=True)`` records means over 40 steps around
    their times, which lag by one step.

    **v** is the mean of the potentials. A plain mean does not exist where neurons pass through
    infinity; this one belongs to the Kuramoto order parameter Z of the phases
    :math:`2 \arctan V_j`, ``v = Im((1 - conj Z)/(1 + conj Z))``, which is the centre of the
    Lorentzian that potentials follow if excitabilities do, and a robust estimate otherwise. It is
    what gap junctions feel.
    **R** and **Psi**, the modulus and argument of Z, can be recorded, too.

    Setting r or v puts all neurons on the Lorentzian that they describe. All else that is common
    to the neurons (s, a, x, u of the models) is a state as in the mean field.

    **Threshold and step.** The threshold is at infinity: potentials move in closed form through it,
    with the input held over the step, and there is neither a reset nor a refractory time to choose.
    A finite `threshold`, as other programs have it, with a reset to its negative after the
    refractory time ``2 tau / threshold``, is there for comparison: with an input I it makes the
    time between spikes longer by ``2 tau I / (3 threshold^3)``. It takes steps of at most ``tau /
    (5 threshold)``: what it adds to that time is off by 3 % at half of that step, and by a quarter
    to a half at ``tau / (2 threshold)``. Longer steps than the first are warned of.

    What remains is an error of the second order in dt, of inputs that change and of coupling
    (spikes act in the next step, extrapolated from two); ``nm.check_dt`` tells what halving dt
    changes. A neuron must take more than two steps from spike to spike: otherwise an error says
    which dt is short enough. Without coupling and with constant inputs rates are exact.

    **With mean fields.** A network of neurons is a member of ``nm.Network`` like a population, with
    the same ``connect``, delays and synapses; all members share its short step. What reaches
    neurons, and what they send, is held over each step at what it will be in its middle,
    extrapolated from two steps: of second order. r is sent as the spikes of each step and not as
    the mean over the window, so that none is lost or late; a function of r needs a synapse in
    between. Outputs, such as R, are sent as they are at the beginning of a step. With
    ``coupling="held"`` all is as it was then, r as it is recorded: bitwise a loop of ``update``.
    Each step is a call of its own, beside which the work on fewer than some 10 000 neurons counts
    little.

    The error of finite size falls as one over the square root of N, or faster.

    References
    ----------
    Montbrió, Pazó and Roxin, Phys. Rev. X 5, 021028 (2015), doi:10.1103/PhysRevX.5.021028

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import Hz, ms
    >>> net = nm.spiking.QIFNetwork(2000, eta=-5.0, J=15.0, initial="rest", seed=1)
    >>> step = nm.signals.Step(3.0, stop=300 * ms)
    >>> rec = nm.run(net, 200 * ms, inputs=step, record=("r", "v", "spikes"))
    >>> bool(120 < rec[150 * ms:].array("r", Hz).mean() < 150)
    True

    Excitatory neurons with the mean field of inhibitory ones:

    >>> exc = nm.spiking.QIFNetwork(2000, tau=20 * ms, eta=-5.0, J=8.0, seed=1, dt=0.02 * ms)
    >>> both = nm.Network({"exc": exc, "inh": nm.QIF(eta=-5.0, dt=0.02 * ms)})
    >>> both.connect("exc", "inh", J=10.0)
    <exc->inh: exc.r -> inh.I_ext, J = 10>
    >>> both.connect("inh", "exc", J=-10.0, delay=1 * ms)
    <inh->exc: inh.r -> exc.I_ext, J = -10, delay 1 ms>
    >>> rec = nm.run(both, 50 * ms, inputs={"exc": 10.0}, record=("r", "exc.spikes"))
    >>> len(rec["exc"].spikes) > 1000
    True
    """

    _core: NeuronsCore

    def __init__(
        self,
        N: int,
        *,
        model: Any = QIF,
        connectivity: Any = None,
        distribution: str = "lorentzian",
        draw: str = "quantiles",
        excitabilities: Any = None,
        initial: Mapping[str, Any] | str | None = None,
        noise: Mapping[str, Any] | None = None,
        neuron_noise: Any = None,
        threshold: float = math.inf,
        window: Any = None,
        spikes_of: Any = None,
        threads: int | None = None,
        seed: int | None = None,
        dt: Any = None,
        **parameters: Any,
    ) -> None:
        count = _count(N)
        behind = neurons_of(model)
        declared = behind.model
        if connectivity is not None and not (behind.rate or behind.synapse):
            raise TypeError(
                f"connectivity: r drives neurons of {declared.name} neither linearly nor by one "
                f"linear synapse, and they have in common what it does; give a model in which it "
                f"does, such as nm.QIF or nm.QIFSynaptic."
            )
        _check_parameters(parameters, declared)
        step = DEFAULT_DT if dt is None else validation.step_of(dt, declared)
        one_of(distribution, "distribution", DISTRIBUTIONS)
        one_of(draw, "draw", DRAWS)
        given = None if excitabilities is None else _given(excitabilities, count, parameters)
        whole = parameters if given is None else {**parameters, "eta": given[0], "delta": 1.0}
        values = {
            name: np.asarray(each.convert(whole[name]) if name in whole else each.default)
            for name, each in declared.parameters.items()
        }
        at_rest = isinstance(initial, str)
        if at_rest:
            one_of(initial, "initial", ("rest",))
            if distribution != "lorentzian" or given is not None:
                raise ValueError(
                    "initial='rest' is the equilibrium of the mean field, which takes a Lorentzian "
                    "of excitabilities; run other networks until they are at rest."
                )
        start = _rest_of(model, whole) if at_rest else validation.initial_of(declared, initial)
        _check_single({**values, **start})
        number = noises.take_seed(seed)
        layout = Layout(
            neurons=count,
            deviates=deviates(distribution, draw, count, number) if given is None else given[1],
            draw=draw,
            window=_window(window, step),
            recorded=_recorded(spikes_of, count),
            threads=_threads(threads, count),
            rest={n: float(x) for n, x in start.items()} if at_rest else None,
            threshold=_threshold(threshold),
            connectivity=connectivity_of(connectivity, count, number),
            own_noise=noises.on_dimensionless_input(neuron_noise, "neuron_noise"),
        )
        core = NeuronsCore(
            model,
            layout,
            method="heun",
            dt=step,
            parameters=values,
            initial=start,
            noise=noise or {},
            sources=_common_noise(declared, noise),
            seed=number,
            seed_is_drawn=seed is None,
            lane=0,
        )
        core.check_step()
        _warn_of_threshold(core)
        self._options = {
            "model": model,
            "distribution": distribution,
            "draw": draw,
            "excitabilities": excitabilities,
            "neuron_noise": neuron_noise,
            "threshold": threshold,
            "connectivity": connectivity,
            "spikes_of": spikes_of,
            "threads": threads,
        }
        self._take_core(core)

    # ------------------------------------------------------------------- reading

    @property
    def N(self) -> int:  # noqa: N802
        """How many neurons there are."""
        return self._core.layout.neurons

    @property
    def model(self) -> ModelType:
        """The mean field behind which the network stands."""
        return self._core.kind

    @property
    def window(self) -> Any:
        """The time over which r is taken, as a Quantity."""
        return MS.quantity(self._core.layout.window * self._core.dt)

    @property
    def threads(self) -> int:
        """How many threads share the work."""
        return self._core.layout.threads

    @property
    def excitabilities(self) -> Floats:
        """The excitability of each neuron; a copy."""
        return self._readable_core().excitabilities

    @property
    def potentials(self) -> Floats:
        """The potential of each neuron; a copy."""
        return self._readable_core().potentials.copy()

    def kuramoto(self) -> complex:
        r"""Complex Kuramoto order parameter: the mean of :math:`e^{i \theta_j}`.

        Returns
        -------
        complex

        Examples
        --------
        >>> import neuromass as nm
        >>> net = nm.spiking.QIFNetwork(1000, eta=-5.0, J=15.0, initial="rest", seed=1)
        >>> print(f"{abs(net.kuramoto()):.1f}")
        0.9
        """
        return self._readable_core().order_parameter()

    def _readable_core(self) -> NeuronsCore:
        self._readable()
        return self._core

    def __getattr__(self, name: str) -> Any:
        core = self.__dict__.get("_core")
        if name.startswith("_") or core is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {brief(name)}")
        model = core.model
        if name in model.parameters:
            return self._parameter(name)
        if name in model.states:
            return self._state_of(name)
        if name in model.outputs:
            return self._output_of(name)
        if name in model.inputs:
            raise AttributeError(
                f"{name} is an input, which has a value only during a step: feed it with "
                f"update({name}=...), see it with record=({name!r},)."
            )
        hint = instead(name, POPULATION)
        raise AttributeError(
            f"{core.name} has no attribute {brief(name)}{hint or self._near(name)}"
        )

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            object.__setattr__(self, name, value)
        elif name in self._core.model.parameters:
            self._set_parameters({name: value})
        elif name in self._core.model.states:
            self._set_states({name: value})
        elif hasattr(type(self), name) or name in KEYWORDS:
            advice = f"; make a copy that has another, copy({name}=...)" if name in KEYWORDS else ""
            raise AttributeError(f"{name} of a {self._core.name} cannot be set{advice}.")
        else:
            raise AttributeError(
                f"{self._core.name} has no state or parameter {brief(name)}{self._near(name)}"
            )

    def _near(self, name: str) -> str:
        model = self._core.model
        return suggestion(name, [*model.states, *model.parameters, *model.outputs])

    def __dir__(self) -> list[str]:
        model = self._core.model
        return [*public(super().__dir__()), *model.parameters, *model.states, *model.outputs]

    # ------------------------------------------------------------------- setting

    def _set_checked(
        self, parameters: Mapping[str, Any], states: Mapping[str, Any], at: Any
    ) -> None:
        if at is not None:
            raise TypeError(f"A {self._core.name} has no lanes, and set() of it takes no at=.")
        if self._options["excitabilities"] is not None and "delta" in parameters:
            raise ValueError("delta cannot be set: the excitabilities were given one by one.")
        declared = self._core.model.declarations
        _check_single({n: np.asarray(x) for n, x in {**parameters, **states}.items()
                       if declared[n].measure.is_dimensionless})  # fmt: skip
        super()._set_checked(parameters, states, at)

    # -------------------------------------------------------------- mean field, copying

    def mean_field(self) -> Any:
        """The mean field of infinitely many such neurons, where this network stands.

        Returns
        -------
        Population
            With the same parameters, common noise, states, time and step. Of a network that is
            not coupled all to all, it is the mean field of one that is.

        Raises
        ------
        ValueError
            If the excitabilities are not on a Lorentzian, or neurons have noise of their own.

        Examples
        --------
        >>> import neuromass as nm
        >>> nm.spiking.QIFNetwork(100, J=15.0).mean_field().J
        <Quantity(15.0, 'dimensionless')>
        """
        core = self._readable_core()
        if self._options["excitabilities"] is not None or (
            self._options["distribution"] != "lorentzian"
        ):
            raise ValueError(
                "There is no mean field of r and v alone for these excitabilities: it takes a "
                "Lorentzian distribution of them."
            )
        if core.layout.own_noise is not None:
            raise ValueError("There is no mean field of r and v alone with noise of each neuron.")
        pop = core.kind(
            noise=core.noise or None,
            seed=core.seed if core.sources else None,
            lane=core.lane,
            dt=self.dt,
            initial={**self.initial},
        )
        core_of(pop).begin_like(core, core.parameters, fresh=False)
        return pop

    def copy(self, **changes: Any) -> Self:
        """A network of its own, at the same state and time, with some things changed.

        Parameters
        ----------
        **changes
            Parameters, or any keyword of the constructor. With another N, or with `initial`,
            neurons are put where r and v have them, or stand at the beginning.

        Returns
        -------
        QIFNetwork

        Examples
        --------
        >>> import neuromass as nm
        >>> nm.spiking.QIFNetwork(100, J=15.0).copy(N=200).N
        200
        """
        core = self._readable_core()
        for name in changes:
            if name not in KEYWORDS:
                _check_parameters({name: None}, core.behind.model)
        layout = core.layout
        kept = {name: self._parameter(name) for name in core.parameters}
        options: dict[str, Any] = {
            "N": layout.neurons,
            "initial": self.initial,
            "noise": core.noise,
            "seed": core.seed,
            "dt": self.dt,
            "window": self.window,
            **self._options,
        }
        if "model" in changes:
            raise TypeError("A copy has the same model; make another network.")
        if "dt" in changes and not self._window_fits(changes["dt"]):
            options["window"] = None
        if options["excitabilities"] is not None or changes.get("excitabilities") is not None:
            kept = {n: x for n, x in kept.items() if n not in ("eta", "delta")}
        other = object.__new__(type(self))
        QIFNetwork.__init__(other, **{**options, **kept, **changes})
        parameters = {name: v for name, v in core.parameters.items() if name not in changes}
        if other._options["excitabilities"] is not None:
            parameters.pop("delta", None)
            if "excitabilities" in changes:
                parameters.pop("eta", None)
        if "initial" not in changes:
            other._core.layout = replace(other._core.layout, rest=layout.rest)
        other._core.begin_like(core, parameters, "initial" in changes)
        other._core.take_lane(core.lane)
        return other

    def __point__(self, number: int) -> Self:
        """A copy for one point of a sweep, with noise of its own."""
        other = self.copy()
        other._core.take_lane(self._core.lane + number)
        return other

    def __points__(self, first: int, count: int) -> Self | None:
        """None: networks do not stand side by side as lanes."""
        return None

    def _window_fits(self, dt: Any) -> bool:
        """Whether the window is some steps of another length."""
        core = self._core
        try:
            return _window(self.window, validation.step_of(dt, core.behind.model)) > 0
        except ValueError:
            return False

    def __copy__(self) -> Self:
        return self.copy()

    def __getstate__(self) -> dict[str, Any]:
        core = self._core
        kept = {name: getattr(core, name) for name in _KEPT}
        return {
            "options": self._options,
            "core": kept,
            "state": core.state.copy(),
            "clock": core.clock,
            "arrays": core.kept_arrays(),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._options = state["options"]
        core = NeuronsCore(self._options["model"], **state["core"])
        core.state[:] = state["state"]
        core.take_arrays(state["arrays"])
        core.control.clock = state["clock"]
        self._take_core(core)

    def __repr__(self) -> str:
        core = self._readable_core()
        model = core.model
        pairs = [
            f"{name}={units.shown(value, model.measure(name))}"
            for name, value in core.parameters.items()
            if name != "delta" or self._options["excitabilities"] is None
        ]
        if core.kind is not QIF:
            pairs.insert(0, f"model={core.kind.__name__}")
        noise = [f"noise={core.noise!r}"] if core.sources else []
        if core.layout.own_noise is not None:
            noise.append(f"neuron_noise={self._options['neuron_noise']!r}")
        states = ", ".join(
            f"{name} = {units.shown(core.row(name), model.measure(name))}" for name in model.states
        )
        values = ", ".join([str(self.N), *pairs, *noise, f"seed={core.seed}"])
        spread = f"{self._options['distribution']} {core.layout.draw}"
        if self._options["excitabilities"] is not None:
            spread = "given excitabilities"
        return (
            f"{type(self).__name__}({values})\n"
            f"  at t = {units.shown(core.time, MS)}: {states}\n"
            f"  dt = {units.shown(core.dt, MS)}, {spread}"
        )


_KEPT = (
    "layout", "method", "dt", "parameters", "initial", "noise", "sources", "seed",
    "seed_is_drawn", "lane",
)  # fmt: skip
"""What its core is made of."""


def from_mean_field(population: Any, N: int, **options: Any) -> QIFNetwork:
    """The network of neurons behind a mean field, with its parameters, where it stands.

    Parameters
    ----------
    population : Population
        A single population of the QIF family, or of a model of one's own whose equations have
        the same form.
    N : int
        How many neurons.
    **options
        Further keywords of `QIFNetwork`.

    Returns
    -------
    QIFNetwork
        At the population's time, with its common noise and seed.

    Raises
    ------
    TypeError
        If there are no such neurons behind the model, with the reason.

    Examples
    --------
    >>> import neuromass as nm
    >>> net = nm.spiking.from_mean_field(nm.QIF.montbrio2015(), 1000)
    >>> net.N, float(net.eta)
    (1000, -5.0)
    """
    if not isinstance(population, Population):
        raise TypeError(f"from_mean_field takes a population, not {brief(population)}.")
    core = core_of(population)
    neurons_of(core.kind)
    if core.shape != ():
        raise ValueError(
            f"from_mean_field takes a single population, and this {core.name} has "
            f"{core.lanes} lanes."
        )
    if core.seed is not None:
        options.setdefault("seed", core.seed)
    if "dt" not in options:
        options["dt"] = MS.quantity(core.dt / math.ceil(core.dt / DEFAULT_DT - 1e-9))
    plain = {
        "model": core.kind,
        "noise": core.noise or None,
        "initial": {**population.initial},
        **population.parameters,
    }
    net = QIFNetwork(N, **{**plain, **options})
    net._core.take_lane(core.lane)
    if "initial" not in options:
        core_of(net).begin_like(core, core.parameters, fresh=False)
    return net


# --------------------------------------------------------------------------- checks


def _threshold(threshold: Any) -> float:
    plain = units.to_internal(threshold, DIMENSIONLESS, "threshold", 100.0)
    if not isinstance(plain, float) or not plain > 0.0:
        raise ValueError(f"threshold must be a positive number, not {brief(threshold)}.")
    return plain


def _warn_of_threshold(core: NeuronsCore) -> None:
    longest = core.longest_step()
    if core.dt > longest * (1.0 + 1e-9):
        warn(
            f"threshold = {core.layout.threshold:g}: dt = {units.shown(core.dt, MS)} is too long "
            f"for what it does, as neurons take tau / threshold from there to their spikes; dt = "
            f"{units.shown(rounded_down(longest), MS)} is short enough, and without a threshold "
            f"any is."
        )


def _count(N: Any) -> int:
    count = whole_number(N, "N")
    if not 1 <= count < 1 << 31:
        raise ValueError(f"N must be at least 1 and below 2**31, and {count} is not.")
    return count


def _check_parameters(given: Mapping[str, Any], model: Any) -> None:
    for name in given:
        if name in model.states:
            raise TypeError(f"{name} is a state; give its start as initial={{'{name}': ...}}.")
        if name in model.inputs:
            raise TypeError(
                f"{name} is an input; feed it with update({name}=...) or run(..., inputs=...)."
            )
        if name not in model.parameters:
            near = suggestion(name, [*model.parameters, *KEYWORDS])
            raise TypeError(f"A network of {model.name} has no parameter {brief(name)}{near}")


def _check_single(values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if np.shape(value) != ():
            raise ValueError(
                f"{name} is one value for a network, not an array; give one excitability to each "
                f"neuron by excitabilities=..., and run several networks one by one."
            )


def _given(values: Any, count: int, parameters: Mapping[str, Any]) -> tuple[float, Floats]:
    """Median of given excitabilities, and how far each is from it."""
    for name in ("eta", "delta"):
        if name in parameters:
            raise TypeError(f"Give either excitabilities or {name}.")
    plain = np.asarray(units.to_internal(values, DIMENSIONLESS, "excitabilities"), dtype=float)
    units.require_finite(plain, "excitabilities")
    if plain.shape != (count,):
        raise ValueError(
            f"excitabilities has the shape {plain.shape}, and the network has {count} neurons."
        )
    middle = float(np.median(plain))
    return middle, plain - middle


def _window(window: Any, dt: float) -> int:
    if window is None:
        return max(2, round(DEFAULT_WINDOW / dt))
    plain = units.to_internal(window, MS, "window", DEFAULT_WINDOW)
    units.require_finite(plain, "window")
    if not isinstance(plain, float):
        raise ValueError("window is one time, not an array.")
    count = plain / dt
    if round(count) < 2 or abs(count - round(count)) > 1e-6:
        raise ValueError(
            f"window must be a multiple of dt = {units.shown(dt, MS)}, and at least two of it; "
            f"{units.shown(plain, MS)} is not."
        )
    return round(count)


def _recorded(given: Any, count: int) -> NDArray[np.int32]:
    if given is None:
        return np.arange(count, dtype=np.int32)
    if np.ndim(given) == 0:
        number = whole_number(given, "spikes_of")
        if not 1 <= number <= count:
            raise ValueError(f"spikes_of must lie between 1 and {count}, and {number} does not.")
        places = (np.arange(number) + 0.5) * count / number
        return places.astype(np.int32)
    chosen = np.asarray(given)
    if chosen.ndim != 1 or chosen.dtype.kind not in "iu" or not chosen.size:
        raise TypeError(f"spikes_of takes numbers of neurons, not {brief(given)}.")
    if chosen.min() < 0 or chosen.max() >= count:
        raise ValueError(f"spikes_of takes numbers of neurons from 0 to {count - 1}.")
    return np.unique(chosen).astype(np.int32)


def _threads(threads: Any, count: int) -> int:
    given = checked_threads(threads)
    return given or max(1, min(cores_at_hand(), count // _NEURONS_OF_A_THREAD))


def _common_noise(model: Any, noise: Any) -> tuple[noises.Resolved, ...]:
    found = noises.resolve(model, noise)
    for each in found:
        if not each.on_input:
            raise ValueError(
                f"noise[{each.target!r}]: the states of a network are measured, and noise acts on "
                f"its inputs; for noise of each neuron give neuron_noise=..."
            )
        _check_single({f"noise[{each.target!r}]": each.sigma})
    return found


def _rest_of(model: Any, parameters: Mapping[str, Any]) -> dict[str, Floats]:
    """The stable equilibrium of lowest rate of the mean field."""
    pop = model(**parameters, initial="rest")
    return {name: np.asarray(value) for name, value in core_of(pop).initial.items()}
