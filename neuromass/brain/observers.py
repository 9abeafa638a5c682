"""What instruments see of populations: traces on times of their own, made while a system runs.

An observer is called with a recording, or given to a run, ``nm.run(..., observe={"bold": ...})``,
and then needs no more memory than its result. One of your own derives from `Observer`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.brain.hemodynamics import PER_S2, BalloonWindkessel
from neuromass.errors import brief, name_of
from neuromass.measures.reduction import Reduction, Running, trace_of
from neuromass.populations.core import Core, Drive
from neuromass.populations.population import core_of
from neuromass.recordings.contents import About
from neuromass.recordings.recording import Recording
from neuromass.recordings.samples import Samples, Track
from neuromass.units import MS, Measure, measure

Floats = NDArray[np.float64]

__all__ = ["Observer", "average", "bold", "lead_field", "low_pass"]


@dataclass(frozen=True)
class Observer(Reduction, ABC):
    """What an instrument sees of one trace.

    A class of one's own says how often it has a value (`spacing`), and makes with `begin` what
    takes blocks of samples, ``add(samples)`` of the shape (samples, lanes), and gives in the end
    ``result()`` of the shape (lanes, values), all in internal units. The first sample that it is
    given is the state in which it begins; its values are those of the time after. Blocks have any
    length. For runs with a checkpoint it gives all that it holds as plain arrays by name,
    ``kept_arrays()``, and takes them back, ``take_arrays(kept)``.

    Attributes
    ----------
    name : str
        What it looks at, ``"r"`` or ``"brain.r"``.
    shown_as : str
        What its trace is called.
    """

    shown_as: str = "value"

    @abstractmethod
    def spacing(self, dt: float) -> int:
        """Samples from one value to the next, for samples every `dt` ms."""

    def centre(self, dt: float) -> float:
        """How much earlier than at its last sample a value is, in ms."""
        return 0.0

    def labels(self, given: tuple[str, ...] | None) -> tuple[str, ...] | None:
        """Names of its lanes, from those of the lanes it looks at."""
        return given

    def shape(self, lanes: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of its lanes, from that of the lanes it looks at."""
        return lanes

    def shaped(self, result: Floats, lanes: tuple[int, ...]) -> Floats:
        """See `Reduction`; time comes first."""
        return result.T.reshape(-1, *self.shape(lanes))

    def recording(
        self, values: Floats, start: float, lanes: tuple[int, ...], measured: Measure, about: About
    ) -> Recording:
        """The recording of a result.

        Parameters
        ----------
        values : ndarray
            The result, (lanes, values).
        start : float
            When it began, in ms.
        lanes : tuple of int
            Shape of the lanes it looked at.
        measured : Measure
            Unit of what it looked at.
        about : About
            Where that comes from; `dt` and `every` tell the spacing of samples.
        """
        spacing = about.dt * about.every
        every = self.spacing(spacing)
        count = values.shape[1]
        times = start + (1 + np.arange(count)) * every * spacing - self.centre(spacing)
        data = {self.shown_as: self.shaped(values, lanes)}
        own = replace(
            about,
            every=every * about.every,
            average=False,
            inputs=(),
            labels=self.labels(about.labels),
        )
        return Recording(units.decimals(times), data, {self.shown_as: self.unit(measured)}, own)

    def __call__(self, recording: Any) -> Recording:
        """What the instrument sees of a recording, as another recording."""
        contents, own = trace_of(recording, self.name)
        measured, values = contents.look_up(own)
        about = contents.about
        if about.average:
            raise ValueError(f"{self} needs samples, and the recording has averages.")
        made = self.begin(about.dt * about.every)
        made.add(np.ascontiguousarray(values.reshape(len(values), -1)))
        start = float(contents.made_times()[0])
        return self.recording(made.result(), start, values.shape[1:], measured, about)


class Windows(ABC):
    """A result that is made from means over windows of so many samples each.

    However samples come, a window is summed up at once: the result is the same to the last bit.
    """

    def __init__(self, length: int) -> None:
        self._length = length
        self._rest: Floats | None = None
        self._begun = False

    def add(self, samples: Floats) -> None:
        """See `Running`."""
        if not self._begun:
            self._begun, self._lanes = True, samples.shape[1]
            samples = samples[1:]  # the state in which it begins
        if self._rest is not None:
            samples = np.concatenate([self._rest, samples])
        whole = len(samples) // self._length
        end = whole * self._length
        self._rest = samples[end:].copy() if end < len(samples) else None
        if whole:
            windows = samples[:end].reshape(whole, self._length, -1)
            self._take(windows.sum(axis=1) / self._length)

    def kept_arrays(self) -> dict[str, Floats]:
        """See `Observer`."""
        rest = np.zeros((0, self._lanes)) if self._rest is None else self._rest
        return {"rest": rest}

    def take_arrays(self, kept: Mapping[str, Floats]) -> None:
        """See `Observer`."""
        rest = kept["rest"]
        self._begun, self._lanes = True, rest.shape[1]
        self._rest = rest if len(rest) else None

    @abstractmethod
    def _take(self, means: Floats) -> None:
        """Take the means over the next windows, (windows, lanes)."""


class _Averages(Windows):
    """The means themselves."""

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self._means: list[Floats] = []

    def _take(self, means: Floats) -> None:
        self._means.append(means)

    def kept_arrays(self) -> dict[str, Floats]:
        return {**super().kept_arrays(), "means": self.result().T}

    def take_arrays(self, kept: Mapping[str, Floats]) -> None:
        super().take_arrays(kept)
        self._means = [kept["means"]]

    def result(self) -> Floats:
        return _joined(self._means, self._lanes)


def _joined(parts: list[Floats], lanes: int) -> Floats:
    """Parts of a trace, (values, lanes) each, as (lanes, values)."""
    return np.concatenate([np.zeros((0, lanes)), *parts]).T


def _multiple(length: float, dt: float, name: str) -> int:
    """How many steps a length of time has, of which it is a multiple."""
    count = round(length / dt)
    if count < 1 or abs(count * dt - length) > 1e-6 * dt:
        raise ValueError(
            f"{name} = {units.shown(length, MS)} is no multiple of the {units.shown(dt, MS)} "
            f"between samples."
        )
    return count


def _time(value: Any, name: str, example: float) -> float:
    plain = units.to_internal(value, MS, name, example)
    if not isinstance(plain, float) or not np.isfinite(plain) or plain <= 0.0:
        raise ValueError(f"{name} is one positive time, and {brief(value)} is none.")
    return plain


# --------------------------------------------------------------------- temporal averages


@dataclass(frozen=True)
class Average(Observer):
    """Means over periods that follow each other."""

    period: float = 1.0

    def spacing(self, dt: float) -> int:
        """See `Observer`."""
        return _multiple(self.period, dt, "period")

    def centre(self, dt: float) -> float:
        """The middle of the samples of a period."""
        return 0.5 * (self.spacing(dt) - 1) * dt

    def begin(self, spacing: float) -> Running:
        """See `Reduction`."""
        return _Averages(self.spacing(spacing))


def average(name: str, period: Any) -> Average:
    """Means of a trace over periods that follow each other.

    Parameters
    ----------
    name : str
        A state, input or output; ``"brain.r"`` for one of a member.
    period : Quantity
        How long each is.

    Returns
    -------
    Observer

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> rec = nm.run(nm.QIF(), 100 * ms)
    >>> nm.brain.average("r", 10 * ms)(rec)
    <Recording of QIF: 10 samples from 5.025 ms to 95.025 ms; r [Hz]>
    """
    own = name_of(name, "What is averaged")
    return Average(own, own.rpartition(".")[2], _time(period, "period", 10.0))


# -------------------------------------------------------------------------- low-pass


@dataclass(frozen=True)
class LowPass(Observer):
    """An exponential filter, sampled."""

    tau: float = 10.0
    period: float = 1.0

    def spacing(self, dt: float) -> int:
        """See `Observer`."""
        return _multiple(self.period, dt, "period")

    def begin(self, spacing: float) -> Running:
        """See `Reduction`."""
        return _Filtered(self, spacing)


class _Filtered:
    """The state of an exponential filter, and its samples."""

    def __init__(self, observer: LowPass, spacing: float) -> None:
        self._decay = float(np.exp(-spacing / observer.tau))
        self._every = observer.spacing(spacing)
        self._value: Floats | None = None
        self._step = 0
        self._kept: list[Floats] = []

    def add(self, samples: Floats) -> None:
        rows = iter(samples)
        if self._value is None:
            self._value = next(rows).copy()
        for row in rows:
            self._value = row + self._decay * (self._value - row)
            self._step += 1
            if self._step % self._every == 0:
                self._kept.append(self._value)

    def kept_arrays(self) -> dict[str, Floats]:
        assert self._value is not None
        return {"value": self._value, "kept": self.result().T, "step": np.array(float(self._step))}

    def take_arrays(self, kept: Mapping[str, Floats]) -> None:
        self._value, self._kept = kept["value"], list(kept["kept"])
        self._step = int(kept["step"])

    def result(self) -> Floats:
        assert self._value is not None
        return np.array(self._kept).reshape(-1, len(self._value)).T


def low_pass(name: str, tau: Any, period: Any) -> LowPass:
    """A trace behind an exponential (first-order) low-pass, sampled at a period.

    Parameters
    ----------
    name : str
        A state, input or output; ``"brain.r"`` for one of a member.
    tau : Quantity
        Its time constant: the frequency at which the power is halved is ``1 / (2 pi tau)``.
    period : Quantity
        Time from one value to the next.

    Returns
    -------
    Observer

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> rec = nm.run(nm.QIF(), 100 * ms)
    >>> nm.brain.low_pass("r", tau=20 * ms, period=1 * ms)(rec)
    <Recording of QIF: 100 samples from 1 ms to 100 ms; r [Hz]>
    """
    own = name_of(name, "What is filtered")
    times = _time(tau, "tau", 20.0), _time(period, "period", 1.0)
    return LowPass(own, own.rpartition(".")[2], *times)


# ------------------------------------------------------------------------ lead fields


@dataclass(frozen=True, eq=False)
class LeadField(Observer):
    """What sensors see: sums over regions, averaged over a period."""

    matrix: Floats = field(default_factory=lambda: np.zeros((1, 1)))
    gain: Measure = MS
    period: float = 1.0
    sensors: tuple[str, ...] | None = None

    def spacing(self, dt: float) -> int:
        """See `Observer`."""
        return _multiple(self.period, dt, "period")

    def centre(self, dt: float) -> float:
        """The middle of the samples of a period."""
        return 0.5 * (self.spacing(dt) - 1) * dt

    def unit(self, measured: Measure) -> Measure:
        """Unit of the matrix times that of the trace."""
        return measured.combined(self.gain) if self.gain.text else measured

    def labels(self, given: tuple[str, ...] | None) -> tuple[str, ...] | None:
        """Names of the sensors."""
        return self.sensors

    def shape(self, lanes: tuple[int, ...]) -> tuple[int, ...]:
        """One for each sensor."""
        return (len(self.matrix),)

    def begin(self, spacing: float) -> Running:
        """See `Reduction`."""
        return _Projected(self.matrix, self.spacing(spacing))


class _Projected(_Averages):
    """Averages, projected onto sensors."""

    def __init__(self, matrix: Floats, length: int) -> None:
        super().__init__(length)
        self._matrix = matrix

    def _take(self, means: Floats) -> None:
        if means.shape[1] != self._matrix.shape[1]:
            raise ValueError(
                f"matrix is of {self._matrix.shape[1]} regions, and there are {means.shape[1]}."
            )
        for row in means:  # one by one: products of matrices sum up in an order of their own
            super()._take((self._matrix * row).sum(axis=1)[np.newaxis])

    def result(self) -> Floats:
        return _joined(self._means, len(self._matrix))


def lead_field(
    name: str, matrix: Any, period: Any, labels: Sequence[str] | None = None
) -> LeadField:
    """What the sensors of an EEG or MEG see: a lead field times the activity of all regions.

    Parameters
    ----------
    name : str
        What makes the field, such as ``"brain.v"`` or ``"brain.eeg"``.
    matrix : array or Quantity
        The lead field, [sensor, region]; its unit times that of the trace is the result's.
    period : Quantity
        Time from one value to the next, over which activity is averaged.
    labels : sequence of str, optional
        Names of the sensors.

    Returns
    -------
    Observer

    Examples
    --------
    >>> import numpy as np, neuromass as nm
    >>> from neuromass.units import ms
    >>> rec = nm.run(nm.QIF(shape=3), 100 * ms)
    >>> nm.brain.lead_field("v", np.ones((2, 3)), 10 * ms, ["Fz", "Cz"])(rec)
    <Recording of QIF: 10 samples from 5.025 ms to 95.025 ms, lanes (2,); eeg>
    """
    gain = units.measure_of(matrix, "matrix")
    table = np.asarray(units.to_internal(matrix, gain, "matrix"), dtype=float)
    if table.ndim != 2:
        raise ValueError(f"matrix is [sensor, region], not of the shape {table.shape}.")
    units.require_finite(table, "matrix")
    sensors = None if labels is None else tuple(map(str, labels))
    if sensors is not None and len(sensors) != len(table):
        raise ValueError(f"labels has {len(sensors)} names for {len(table)} sensors.")
    own = name_of(name, "What makes the field")
    return LeadField(own, "eeg", table, gain, _time(period, "period", 1.0), sensors)


# ---------------------------------------------------------------------------- BOLD

_STEP: Final = 10.0
"""Step of the hemodynamics in ms."""

PER_KHZ: Final = measure("1/second**2/kHz")


@dataclass(frozen=True, eq=False)
class Bold(Observer):
    """The BOLD signal."""

    repetition_time: float = 2000.0
    vessel: BalloonWindkessel | None = None
    efficacy: float = 1e-6
    efficacy_measure: Measure = PER_KHZ

    def spacing(self, dt: float) -> int:
        """See `Observer`."""
        return self._window(dt) * _multiple(self.repetition_time, self._step(dt), "repetition_time")

    def _step(self, dt: float) -> float:
        return self._window(dt) * dt

    def _window(self, dt: float) -> int:
        """Samples in a step of the hemodynamics: as many as fit that and the repetition time."""
        whole = _multiple(self.repetition_time, dt, "repetition_time")
        most = max(1, round(_STEP / dt))
        return next(n for n in range(min(most, whole), 0, -1) if whole % n == 0)

    def unit(self, measured: Measure) -> Measure:
        """A fraction; refuses what the efficacy does not fit."""
        drive = self.efficacy_measure.combined(measured) if measured.text else self.efficacy_measure
        if drive.dimension != PER_S2.dimension:
            raise units.UnitError(
                f"efficacy times {self.name} must be in 1/second**2; give efficacy in 1/second**2 "
                f"per {measured.symbol or 'one'}."
            )
        return units.DIMENSIONLESS

    def begin(self, spacing: float) -> Running:
        """See `Reduction`."""
        return _Blood(self, spacing)


class _Blood(Windows):
    """Blood flow that follows activity, and the signal at every repetition time."""

    def __init__(self, observer: Bold, spacing: float) -> None:
        window = observer._window(spacing)
        super().__init__(window)
        self._observer = observer
        self._step = window * spacing
        self._every = observer.spacing(spacing) // window
        self._waiting: list[Floats] = []
        self._kept: list[Floats] = []
        self._vessel: BalloonWindkessel | None = None

    def _take(self, means: Floats) -> None:
        self._waiting.append(means)
        rows = np.concatenate(self._waiting)
        whole = len(rows) // self._every * self._every
        self._waiting = [rows[whole:]]
        for first in range(0, whole, self._every):
            self._kept.append(self._scan(rows[first : first + self._every]))

    def _scan(self, activity: Floats) -> Floats:
        """Let blood flow for a repetition time, and look at it."""
        core = self._vessels()
        drive = Drive("", "z", np.ascontiguousarray(self._observer.efficacy * activity), True)
        track = Track("", "bold", self._lanes, 0)
        room = np.empty(2 * self._lanes)
        samples = Samples((track,), 2, self._every, False, room, np.zeros(self._lanes))
        code = core.take(len(activity), [drive], samples, 0)
        if code:
            raise core.failure(code)
        return samples.slab(track)[1].copy()

    def _vessels(self) -> Core:
        if self._vessel is None:
            given = self._observer.vessel or BalloonWindkessel()
            self._vessel = given.copy(shape=self._lanes, dt=MS.quantity(self._step))
        return core_of(self._vessel)

    def kept_arrays(self) -> dict[str, Floats]:
        waiting = np.concatenate([np.zeros((0, self._lanes)), *self._waiting])
        own = {"waiting": waiting, "kept": self.result().T, "vessels": self._vessels().state}
        return {**super().kept_arrays(), **own}

    def take_arrays(self, kept: Mapping[str, Floats]) -> None:
        super().take_arrays(kept)
        self._waiting, self._kept = [kept["waiting"]], list(kept["kept"])
        core = self._vessels()
        saved = core.snapshot()
        clock = saved.clock + len(self._kept) * self._every
        core.restore(saved.moved(clock, {**saved.kept(), ("state",): kept["vessels"]}))

    def result(self) -> Floats:
        return np.array(self._kept).reshape(-1, self._lanes).T


def bold(
    name: str = "r",
    *,
    repetition_time: Any,
    parameters: str | BalloonWindkessel = "friston2003",
    efficacy: Any = None,
) -> Bold:
    """The BOLD signal that a scanner sees, by the Balloon-Windkessel model.

    Blood flow follows means of the activity over steps of about 10 ms, from its rest at the
    beginning. The first value is that at the first repetition time.

    Parameters
    ----------
    name : str
        What drives the blood flow: ``"r"``, or ``"brain.r"`` where several members have it.
    repetition_time : Quantity
        Time from one scan to the next.
    parameters : {"friston2003", "stephan2007", "tvb"} or BalloonWindkessel
        The parameters of the hemodynamics, see `BalloonWindkessel`.
    efficacy : Quantity, optional
        The drive z in 1/second**2 for one unit of activity; 1/second**2 for each kHz if left out,
        so that a rate of 1 / (1 ms) counts as 1.

    Returns
    -------
    Observer

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms, second
    >>> pop = nm.QIF(eta=[-5.0, 2.0])
    >>> scanner = nm.bold(repetition_time=1 * second)
    >>> rec = nm.run(pop, 10 * second, record=(), observe={"bold": scanner})
    >>> rec["bold"].bold.shape
    (10, 2)
    """
    own = name_of(name, "What drives the blood flow")
    every = _time(repetition_time, "repetition_time", 2000.0)
    if isinstance(parameters, BalloonWindkessel):
        vessel = parameters.copy()
    elif parameters in ("friston2003", "stephan2007", "tvb"):
        vessel = getattr(BalloonWindkessel, parameters)()
    else:
        raise ValueError(
            f"parameters is 'friston2003', 'stephan2007', 'tvb' or a BalloonWindkessel, not "
            f"{brief(parameters)}."
        )
    if core_of(vessel).shape:
        raise ValueError("parameters is one BalloonWindkessel for all regions, without lanes.")
    if efficacy is None:
        return Bold(own, "bold", every, vessel)
    unit = units.measure_of(efficacy, "efficacy")
    plain = units.to_internal(efficacy, unit, "efficacy")
    if not isinstance(plain, float) or not np.isfinite(plain):
        raise ValueError(f"efficacy is one finite value, and {brief(efficacy)} is none.")
    return Bold(own, "bold", every, vessel, plain, unit)
