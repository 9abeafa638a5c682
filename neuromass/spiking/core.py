"""The core of a network of neurons: its `System`, with all neurons and what they have in common."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from neuromass import noise as noises
from neuromass import units
from neuromass.declaration import Model, ModelType, Output, with_inputs
from neuromass.dynamics.field import ModelField
from neuromass.errors import SimulationError
from neuromass.kernels.control import CALLED_OFF, FINE, PHASES, TOO_COARSE
from neuromass.populations.core import Core, Drive, laid_out
from neuromass.populations.snapshot import Kept, Snapshot, changed, check_array
from neuromass.recordings.contents import About
from neuromass.recordings.samples import NOTHING, Samples
from neuromass.recordings.spikes import SPIKES, SpikeLog
from neuromass.spiking import excitability
from neuromass.spiking.connectivity import Connectivity
from neuromass.spiking.neurons import Neurons, neurons_of
from neuromass.threads import divided, run_together
from neuromass.units import DIMENSIONLESS, MS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NAME: Final = "QIFNetwork"

_STEPS_AT_ONCE: Final = 1 << 23
"""Steps times neurons in one call of a loop: some milliseconds, between which Ctrl-C works."""

_UNKNOWN_AT_FIRST: Final = ("values", "before")
"""Arrays that begin with NaN: values of noise, and what was there a step ago."""

_FRACTION: Final = 2.0**30
"""Counts of spikes before the first step are multiples of one over this, so that sums are exact."""


@dataclass(frozen=True, eq=False)
class Layout:
    """What a network of neurons is made of, beside its parameters.

    Attributes
    ----------
    neurons : int
        How many.
    deviates : ndarray
        Excitabilities for eta = 0, delta = 1.
    draw : str
        ``"quantiles"`` or ``"random"``.
    window : int
        Steps over which the rate is taken.
    recorded : ndarray of int
        Neurons whose spikes are recorded when spikes are.
    threads : int
        How many run the loop.
    rest : mapping or None
        Initial states with which `reset` puts each neuron where it would be after a long time.
    threshold : float
        Potential beyond which inputs do not act; infinite in the closed form.
    connectivity : Connectivity or None
        Who gets whose spikes; None for all to all.
    own_noise : Resolved or None
        Noise that each neuron has of its own.
    """

    neurons: int
    deviates: Floats
    draw: str
    window: int
    recorded: NDArray[np.int32]
    threads: int
    rest: Mapping[str, float] | None
    threshold: float
    connectivity: Connectivity | None
    own_noise: noises.Resolved | None


@dataclass(frozen=True, eq=False)
class NeuronsSnapshot(Snapshot):
    """All that changes in a network of neurons.

    Attributes
    ----------
    arrays : mapping
        Potentials, counts of the last steps and values of noise, by name.
    fixed : tuple
        Number of neurons, and what else must be the same.
    """

    arrays: Mapping[str, Floats]
    fixed: tuple[Any, ...]

    def differences(self, other: Snapshot) -> list[str]:
        """What keeps one from being restored where the other was taken, in words."""
        found = super().differences(other)
        theirs = getattr(other, "fixed", ())
        if self.fixed[:1] != theirs[:1]:
            counts = [each[0] if each else "no" for each in (self.fixed, theirs)]
            found.append(f"of {counts[0]} neurons, not {counts[1]}")
        elif self.fixed != theirs:
            found.append("of neurons of other excitabilities, or with another window or noise")
        return found

    def kept(self) -> Kept:
        """See `Snapshot`."""
        return {**super().kept(), **{("neurons", n): each for n, each in self.arrays.items()}}

    def moved(self, clock: int, kept: Kept) -> Self:
        """See `Snapshot`."""
        arrays = {name: kept["neurons", name] for name in self.arrays}
        return replace(super().moved(clock, kept), arrays=arrays)

    def check(self, own: Snapshot) -> None:
        """See `Snapshot`."""
        super().check(own)
        theirs: Mapping[str, Floats] = getattr(own, "arrays", {})
        if set(self.arrays) != set(theirs):
            raise changed("arrays")
        for name, value in self.arrays.items():
            check_array(value, name, theirs[name].shape)
            unknown = np.isnan(value) & (name in _UNKNOWN_AT_FIRST)
            if not np.all(np.isfinite(value) | unknown):
                raise changed(name)


class NeuronsCore(Core):
    """Neurons behind a mean field; see `Core` for what they share with it.

    The states are those of the mean field: r is measured over a window, v is the mean potential.

    Parameters
    ----------
    kind : ModelType
        The mean field.
    layout : Layout
        What the network is made of.
    **options
        As for `Core`.
    """

    def __init__(self, kind: ModelType, layout: Layout, **options: Any) -> None:
        self._behind = neurons_of(kind)
        self._threads: int | None = None
        self.layout = layout
        super().__init__(kind, _with_phases(self._behind.model), shape=(), **options)

    # ------------------------------------------------------------------ arrays

    def _allocate(self) -> None:
        layout = self.layout
        count = layout.neurons
        noisy = layout.own_noise is not None
        coloured = layout.own_noise is not None and layout.own_noise.coloured
        self._arrays: dict[str, Floats] = {
            "potentials": np.zeros(count),
            "ring": np.zeros(layout.window),
            "earlier": np.zeros(1),
            "values": np.full(count if coloured else 0, np.nan),
            "arrived": np.zeros((3, 0 if layout.connectivity is None else count)),
            "synapses": np.full((self._own_states, count if self._own_states else 0), np.nan),
            "before": np.full(len(self.model.states) + len(self.model.inputs), np.nan),
        }
        self._normals = np.empty((2, count if noisy else 0))
        self._felt = np.empty(count if noisy or layout.connectivity is not None else 0)
        self._scales = np.zeros(0)
        if layout.own_noise is not None:
            self._scales = np.array(layout.own_noise.coefficients(self.dt), dtype=float)
        self._shifts = np.zeros(count if self._own_states else 0)
        self._chosen = np.zeros(count, dtype=np.uint8)
        self._chosen[layout.recorded] = 1
        self._marks = np.empty(0)
        super()._allocate()
        self._apply_parameters()

    def _apply_parameters(self) -> None:
        """What depends on parameters, beside the constants of the equations."""
        values = [float(self.parameters[name]) for name in ("tau", "delta")]
        about = [*values, self.dt, float(self.layout.neurons), 0.0, self.layout.threshold]
        self._about = np.array(about)
        self._own = values[1] * self.layout.deviates

    @property
    def _own_states(self) -> int:
        """How many states beside r and v each neuron has of its own."""
        sparse = self.layout.connectivity is not None
        return len(self.model.states) - 2 if sparse and self._behind.synapse else 0

    @property
    def potentials(self) -> Floats:
        """Potentials of all neurons; a view."""
        return self._arrays["potentials"]

    @property
    def excitabilities(self) -> Floats:
        """Excitabilities of all neurons."""
        return float(self.parameters["eta"]) + self._own

    @property
    def behind(self) -> Neurons:
        """How the neurons follow from the mean field."""
        return self._behind

    # ------------------------------------------------------------------ reading

    def recordable(self) -> list[str]:
        """Names of what can be recorded."""
        return [*super().recordable(), SPIKES]

    def computed(self, output: str) -> Floats:
        """An output, from the states as they are."""
        if output not in PHASES:
            return super().computed(output)
        order = self.order_parameter()
        return np.asarray(abs(order) if output == "R" else np.angle(order))

    def order_parameter(self) -> complex:
        """Mean of exp(i theta) over the neurons, whose phases are theta = 2 arctan V."""
        weights = 2.0 / (1.0 + self.potentials**2)
        return complex(np.mean(weights) - 1.0, np.mean(weights * self.potentials))

    @property
    def before(self) -> Floats:
        """States, and what came to each input from others, a step ago; NaN where it is not known.

        For networks of which the neurons are a member; a view.
        """
        return self._arrays["before"]

    @property
    def pulses(self) -> float:
        """The rate by which spikes drive others in the next step, extrapolated from two steps.

        It goes by single steps, and not by the window of r: no spike is counted twice or left out.
        """
        ring, now = self._arrays["ring"], self.clock
        last, older = ring[(now - 1) % len(ring)], ring[(now - 2) % len(ring)]
        return float((2.0 * last - older) / (self.layout.neurons * self.dt))

    def spike_log(self) -> SpikeLog:
        """Where spikes go if they are recorded."""
        recorded = self.layout.recorded
        return SpikeLog(recorded, self.excitabilities[recorded])

    def about(self, node: str, every: int, average: bool) -> About:
        """Where a recording of it comes from."""
        found = super().about(node, every, average)
        window = self.layout.window * self.dt
        more = {"N": (float(self.layout.neurons), DIMENSIONLESS), "window": (window, MS)}
        return replace(found, parameters={**found.parameters, **more})

    def field(self, inputs: Any) -> ModelField:
        """There is none."""
        raise TypeError(
            f"A {NAME} has no vector field of a few states; analyse its mean field, "
            f"net.mean_field()."
        )

    # ------------------------------------------------------------------ changing

    def follow_class(self) -> bool:
        """Take over the equations of the mean field's class where those have changed."""
        if self.kind.current_model() is self._behind.model:
            return False
        self._behind = neurons_of(self.kind)
        self.model = _with_phases(self._behind.model)
        self.constants = self._constants_of(self.parameters)
        self.forget_kernels()
        return True

    def vary(self, names: Mapping[str, Sequence[str]]) -> None:
        """Have parameters come in as inputs, until this is called without names."""
        own = names.get("", ())
        for name in ("tau", "delta"):
            if name in own:
                raise ValueError(
                    f"parameters: {name} of a {NAME} cannot follow a signal, since each neuron "
                    f"has its own part in it; set it between runs."
                )
        model = self.kind.current_model()
        self._behind = replace(self._behind, model=with_inputs(model, own) if own else model)
        self.model = _with_phases(self._behind.model)
        self.constants = self._constants_of(self.parameters)
        self.forget_kernels()

    def share(self, threads: int | None) -> None:
        """Let so many threads share the work of steps; None: as many as it was made with."""
        self._threads = threads

    def let_lanes_fail(self, allowed: bool) -> None:
        """Refused: there are no lanes, and a network fails as a whole."""
        if allowed:
            raise ValueError(f"on_failure: a {NAME} has no lanes that could fail by themselves.")

    def take_lane(self, lane: int) -> None:
        """Draw the noise of another of many copies under one seed."""
        self.lane = self.control.lane = lane

    def set_parameters(self, values: Mapping[str, Any]) -> None:
        """Set parameters, given in internal units and checked."""
        super().set_parameters(values)
        self._apply_parameters()

    def set_states(self, values: Mapping[str, Any]) -> None:
        """Set states; a rate or mean potential puts all neurons where these have it."""
        super().set_states(values)
        self._arrays["before"][:] = np.nan
        others = [name for name in self.model.states if name not in ("r", "v")]
        for name, row in zip(others, self._arrays["synapses"], strict=False):
            if name in values:
                row[:] = self.number(name)
        if "r" in values or "v" in values:
            self._place()

    def _place(self) -> None:
        angles = excitability.phases(self.layout.draw, self.layout.neurons, self.seed or 0)
        r, v = self.number("r"), self.number("v")
        tau = float(self.parameters["tau"])
        self.potentials[:] = excitability.lorentzian_potentials(r, v, tau, angles)
        self._begin_from(r)

    def _begin_from(self, rate: float) -> None:
        """Count the spikes of a rate before the first step, and measure the mean potential."""
        expected = self.layout.neurons * rate * self.dt
        self._arrays["ring"][:] = round(expected * _FRACTION) / _FRACTION
        if self.layout.connectivity is not None:
            self._arrays["arrived"][:] = rate * self.dt * self.layout.connectivity.totals
        order = self.order_parameter()
        v = 2.0 * order.imag / ((1.0 + order.real) ** 2 + order.imag**2)
        self.row("v")[:] = self._arrays["earlier"][:] = v

    def reset(self) -> None:
        """Go back to the initial state and to t = 0."""
        self._arrays["values"][:] = np.nan
        super().reset()
        rest = self.layout.rest
        if rest is not None and all(self.initial[n] == x for n, x in rest.items()):
            self._place_at_rest()

    def _place_at_rest(self) -> None:
        values = {name: float(x) for name, x in {**self.parameters, **self.initial}.items()}
        values |= {name: each.default for name, each in self.model.inputs.items()}
        leak, common = self._behind.common(values)
        angles = excitability.phases(self.layout.draw, self.layout.neurons, self.seed or 0)
        self.potentials[:] = excitability.resting_potentials(leak, common + self._own, angles)
        self._begin_from(values["r"])

    def begin_like(self, source: Core, parameters: Mapping[str, Floats], fresh: bool) -> None:
        """Take over another core's parameters and, unless `fresh`, its states and time."""
        super().begin_like(source, parameters, fresh)
        if fresh:
            self.reset()
            return
        if isinstance(source, NeuronsCore) and source.layout.neurons == self.layout.neurons:
            self._take_neurons_of(source)

    def _take_neurons_of(self, source: NeuronsCore) -> None:
        """Have the potentials of another network, and its last steps where they are as long."""
        self.potentials[:] = source.potentials
        self._begin_from(source.number("r"))
        steps = ("ring", "arrived", "earlier", "before") if source.dt == self.dt else ()
        for name in (*steps, "values", "synapses"):
            values = source._arrays[name]
            if values.shape == self._arrays[name].shape:
                self._arrays[name][:] = values
        self.state[:2] = source.state[:2]

    # ------------------------------------------------------------------ snapshots

    def snapshot(self) -> NeuronsSnapshot:
        """All that changes, and what has to be the same where it is restored."""
        plain = super().snapshot()
        arrays = {n: units.read_only(each.copy()) for n, each in self._arrays.items()}
        return NeuronsSnapshot(**plain.__dict__, arrays=arrays, fixed=self._fixed())

    def _fixed(self) -> tuple[Any, ...]:
        layout = self.layout
        own = layout.own_noise
        wires = layout.connectivity
        return (
            layout.neurons, layout.window, layout.threshold,
            None if own is None else own.fingerprint(), layout.deviates.tobytes(),
            None if wires is None else wires.fingerprint(),
        )  # fmt: skip

    def settled(self) -> dict[str, Any]:
        """What else decides its steps, and what of them is recorded, by name."""
        found = {"neurons": self._fixed(), "spikes_of": self.layout.recorded}
        return found if self.layout.own_noise is None else {**found, "seed": (self.seed, self.lane)}

    def check_snapshot(self, saved: Any) -> None:
        """Refuse what is no snapshot of such a network."""
        if isinstance(saved, Snapshot) and not isinstance(saved, NeuronsSnapshot):
            raise ValueError(f"The snapshot is of a population, and not of a {NAME}.")
        super().check_snapshot(saved)
        if np.any(saved.arrays["ring"] < 0.0):  # counts of spikes
            raise changed("ring")
        if np.any(np.isinf(saved.arrays["values"])):
            raise changed("values")

    def restore(self, saved: Any) -> None:
        """Go back to a snapshot that was checked."""
        super().restore(saved)
        for name, values in saved.arrays.items():
            self._arrays[name][:] = values

    def memento(self) -> tuple[Any, ...]:
        """All that a change may change, for `put_back`."""
        return super().memento(), self.kept_arrays()

    def put_back(self, before: tuple[Any, ...]) -> None:
        """Be again as when a memento was taken."""
        super().put_back(before[0])
        self.take_arrays(before[1])
        self._apply_parameters()

    def stepped_arrays(self) -> list[Any]:
        """All arrays that steps change."""
        return [self.state, *self.control.where(), *self._arrays.values()]

    def kept_arrays(self) -> dict[str, Floats]:
        """Copies of what neurons have of their own."""
        return {name: each.copy() for name, each in self._arrays.items()}

    def take_arrays(self, kept: Mapping[str, Floats]) -> None:
        """Give neurons back what they had."""
        for name, values in kept.items():
            self._arrays[name][:] = values

    # ------------------------------------------------------------------ stepping

    def room(self) -> int:
        """How many steps can be taken at once."""
        return max(64, _STEPS_AT_ONCE // self.layout.neurons)

    def prepare_single_step(self) -> Any:
        """A single step is a loop of one."""
        return None

    def take(
        self, steps: int, drives: Sequence[Drive], samples: Samples = NOTHING, done: int = 0
    ) -> int:
        """Take some steps, all of them or none; see `Core.take`."""
        log = samples.spikes.get("")
        kept, control = self.kept_arrays(), self.control
        before = control.clock
        control.steps, control.every, control.average = steps, samples.every, samples.average
        control.phase, control.sample = done % samples.every, samples.whole(done)
        parts = _parts(self.layout.neurons, self._threads or self.layout.threads, steps)
        shared = self._shared(drives, samples, parts)
        own = [self._own_of(part, steps, log is not None) for part in parts]
        try:
            return _together(self._compiled(log is not None), parts, shared, own)
        finally:  # the loop moves the clock when all is done, which an interruption may follow
            if control.clock == before:
                self.take_arrays(kept)
            elif log is not None:
                _write(log, own, shared["counts"])

    def single_steps(self, samples: Samples) -> Callable[[Floats, int], int]:
        """Steps that are taken one by one, with as little as possible worked out in each.

        Parameters
        ----------
        samples : Samples
            Where to record.

        Returns
        -------
        callable
            Takes a step: given all inputs and the steps since the first sample, it returns what
            `take` does. A step that failed is not taken back. It serves until something else
            changes the network.
        """
        marked, drives = "" in samples.spikes, [Drive("", n, np.zeros(1), False) for n in self._fed]
        parts = _parts(self.layout.neurons, self._threads or self.layout.threads, 1)
        if len(parts) > 1:
            return lambda values, done: self.take(1, _drives(self._fed, values), samples, done)
        shared, own = self._shared(drives, samples, parts), self._own_of(parts[0], 1, marked)
        loop = self._compiled(marked)
        given, held = _arguments(0, parts, shared, own), shared["drive"]
        control, every = self.control, samples.every

        def step(values: Floats, done: int) -> int:
            held[:] = values
            control.steps, control.every, control.average = 1, every, samples.average
            control.phase, control.sample = done % every, samples.whole(done)
            code = int(loop(*given))
            if marked and code == FINE:
                _write(samples.spikes[""], [own], shared["counts"])
            return code

        return step

    @property
    def _fed(self) -> list[str]:
        return list(self.model.inputs)

    def _compiled(self, marked: bool) -> Any:
        from neuromass.kernels.neurons_text import Members, loop  # noqa: PLC0415

        found = self._loops.get(marked)
        if found is None:
            noisy = self.layout.own_noise is not None
            behind = self._behind
            recipe = replace(self.recipe(), model=self.kind.__name__)
            sparse = self.layout.connectivity is not None
            synaptic = self._own_states > 0
            found = loop(Members(recipe, behind.leak, behind.mean, noisy, marked, sparse, synaptic))
            self._loops[marked] = found
        return found

    def forget_kernels(self) -> None:
        """Look for kernels anew before the next step."""
        super().forget_kernels()
        self._loops: dict[bool, Any] = {}

    def _shared(
        self, drives: Sequence[Drive], samples: Samples, parts: Sequence[tuple[int, int]]
    ) -> dict[str, Any]:
        """Arguments of a loop that are the same for all threads."""
        from neuromass.kernels.neurons import CHUNK  # noqa: PLC0415

        threads = len(parts)
        drive, layout = laid_out(drives)
        slots, slabs, sums = self._network_channels(samples)
        wires = self.layout.connectivity or _ALL_TO_ALL
        count = self._arrays["arrived"].shape[1]
        return {
            "state": self.state,
            "potentials": self.potentials,
            "own": self._own,
            "inputs": self._felt if self._felt.size else self._own,
            "values": self._arrays["values"],
            "normals": self._normals,
            "scales": self._scales,
            "number": noises.number_of(f"{_OWN_NOISE} {self.lane}"),
            "ring": self._arrays["ring"],
            "rings": np.empty((threads, self.layout.window)),
            "earlier": self._arrays["earlier"],
            "about": self._about,
            "constants": self.constants,
            "coefficients": self.coefficients,
            "drive": drive,
            "layout": layout,
            "control": self.control.words,
            "slots": slots,
            "samples": slabs,
            "sums": sums,
            "table": np.empty((4, -(-self.layout.neurons // CHUNK))),
            "tally": np.zeros((2, 2 * threads), dtype=np.int64),
            "sync": np.zeros(1, dtype=np.int64),
            "chosen": self._chosen,
            "counts": np.zeros(threads, dtype=np.int64),
            "arrived": self._arrays["arrived"],
            "firing": np.empty((2, count), dtype=np.int32),
            "bounds": np.array([begin for begin, _ in parts]),
            "starts": wires.starts,
            "targets": wires.targets,
            "weights": wires.weights,
            "shares": wires.shares,
            "synapses": self._arrays["synapses"],
            "shifts": self._shifts,
        }

    def _own_of(self, part: tuple[int, int], steps: int, marked: bool) -> dict[str, Any]:
        """Arguments of a loop that each thread has of its own."""
        if (marked or self.layout.connectivity is not None) and not self._marks.size:
            self._marks = np.empty(self.layout.neurons)
        most = int(np.sum(self._chosen[slice(*part)])) * (steps // 2 + 1) if marked else 0
        neurons = np.empty(most, dtype=np.int32)
        return {"marks": self._marks, "neurons": neurons, "times": np.empty(most)}

    def _network_channels(self, samples: Samples) -> tuple[Ints, Floats, Floats]:
        """Which channel goes to which slab, the slabs, and the sums."""
        if self._bound[0] is not samples:
            names = [track.name for track in samples.tracks]
            channels = [*self.recipe().channels, *PHASES]
            slots = [names.index(each) if each in names else -1 for each in channels]
            slabs = samples.values.reshape(len(names), samples.room, 1)
            sums = samples.sums.reshape(len(names), 1)
            self._bound = samples, np.array(slots, dtype=np.int64), slabs, sums
        return self._bound[1:]

    def recipe(self) -> Any:
        """What its loops are made from: the mean field's equations and the common noise."""
        found = super().recipe()
        equations = self._behind.model.equations
        return replace(found, equations=equations)

    # ------------------------------------------------------------------ failing

    def check_step(self) -> None:
        """Refuse a step that is too long for the fastest neuron where the network stands."""
        values = {name: float(x[()]) for name, x in {**self.parameters, **self.rows()}.items()}
        values |= {name: each.default for name, each in self.model.inputs.items()}
        leak, common = self._behind.common(values)
        left = common - 0.25 * leak * leak
        if self._too_fast(left):
            raise ValueError(f"{self._coarse(left)}.")

    def longest_step(self) -> float:
        """The longest dt in ms that resolves a finite threshold; infinite if there is none.

        Beyond the threshold a neuron takes tau / threshold to its spike. In fewer than five steps
        its effect on the rate is off by a quarter and more.
        """
        if math.isinf(self.layout.threshold):
            return math.inf
        return 0.2 * float(self.parameters["tau"]) / self.layout.threshold

    def fluctuation(self, rate: float) -> float:
        """How far r fluctuates if so many neurons fire independently at a rate, in its window."""
        return math.sqrt(rate / (self.layout.neurons * self.layout.window * self.dt))

    def _too_fast(self, common: float) -> bool:
        from neuromass.kernels.neurons import LARGEST  # noqa: PLC0415

        h = self.dt / float(self.parameters["tau"])
        return bool((common + np.max(self._own)) * h * h > LARGEST)

    def _coarse(self, common: float) -> str:
        """What to say of a step that is too long."""
        tau = float(self.parameters["tau"])
        fastest = max(common + float(np.max(self._own)), 1e-300)
        period = math.pi * tau / math.sqrt(fastest)
        advice = rounded_down(0.4 * period)
        return (
            f"dt = {units.shown(self.dt, MS)} is too long: the fastest of the "
            f"{self.layout.neurons} neurons fires every {units.shown(period, MS, 3)}, and spikes "
            f"would be lost; dt = {units.shown(advice, MS)} is short enough"
        )

    def failure(self, code: int, name: str = "") -> SimulationError:
        """The error for a step that failed."""
        if code != TOO_COARSE:
            return super().failure(code, name)
        noise = "" if self.layout.own_noise is None else " without its noise"
        return SimulationError(
            f"{name or NAME}: {self._coarse(float(self._about[4]))}{noise}. This is so in the "
            f"step from t = {units.shown(self.time, MS, 10)}; the network stands at its beginning.",
            name or NAME,
            "v",
            (),
            MS.quantity(self.time),
            MS.quantity(self.dt),
        )


_ALL_TO_ALL: Final = Connectivity(
    np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0), np.zeros(0), np.zeros(0)
)
_OWN_NOISE: Final = "noise of each neuron"


def _with_phases(model: Model) -> Model:
    """The mean field's declarations, and the order parameter as two outputs."""
    docs = ("modulus of the Kuramoto order parameter", "argument of the Kuramoto order parameter")
    outputs = dict(model.outputs)
    for name, doc in zip(PHASES, docs, strict=True):
        if name in model.declarations:
            raise TypeError(f"{model.name} declares {name}, which is an output of a {NAME}.")
        outputs[name] = Output(lambda r: r, doc=doc)
        outputs[name].name = name
    return replace(model, name=NAME, outputs=outputs)


def rounded_down(value: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is not above a value."""
    power = 10.0 ** math.floor(math.log10(value))
    return float(units.decimals(power * max(x for x in (1, 2, 5) if x * power <= value)))


def _write(log: SpikeLog, own: Sequence[Mapping[str, Any]], counts: Ints) -> None:
    """Add the spikes of all threads, in the order of their steps."""
    neurons = np.concatenate([o["neurons"][:n] for o, n in zip(own, counts, strict=True)])
    times = np.concatenate([o["times"][:n] for o, n in zip(own, counts, strict=True)])
    order = np.lexsort((neurons, times))
    log.add(neurons[order], times[order])


def _drives(names: Iterable[str], values: Floats) -> list[Drive]:
    """Inputs that are held."""
    pairs = zip(names, values[:, None], strict=True)
    return [Drive("", name, value, varies=False) for name, value in pairs]


# ---------------------------------------------------------------------------- threads


_WORTH_THREADS: Final = 1 << 18
"""Steps times neurons for which it pays to start threads."""


def _parts(count: int, threads: int, steps: int) -> list[tuple[int, int]]:
    """First and last of the neurons of each thread: whole chunks."""
    from neuromass.kernels.compiler import JIT_IS_OFF  # noqa: PLC0415
    from neuromass.kernels.neurons import CHUNK  # noqa: PLC0415

    alone = JIT_IS_OFF or count * steps < _WORTH_THREADS
    return divided(count, 1 if alone else threads, CHUNK)


def _arguments(
    me: int, parts: Sequence[tuple[int, int]], shared: Mapping[str, Any], own: Mapping[str, Any]
) -> list[Any]:
    """What the loop of a thread is given."""
    from neuromass.kernels.neurons_text import ARGUMENTS  # noqa: PLC0415

    begin, end = parts[me]
    given = {"me": me, "threads": len(parts), "begin": begin, "end": end, **shared, **own}
    return [given[name] for name in ARGUMENTS]


def _together(
    loop: Any,
    parts: Sequence[tuple[int, int]],
    shared: Mapping[str, Any],
    own: Sequence[Mapping[str, Any]],
) -> int:
    """Run a loop in as many threads as there are parts; what it returns.

    They wait for each other in every step: if one is missing, it is called off.
    """
    codes: list[int | None] = [None] * len(parts)

    def run(me: int) -> None:
        codes[me] = int(loop(*_arguments(me, parts, shared, own[me])))

    def call_off() -> None:
        if codes[0] is None:
            shared["sync"][0] = CALLED_OFF

    run_together([partial(run, me) for me in range(len(parts))], call_off)
    return codes[0] or FINE
