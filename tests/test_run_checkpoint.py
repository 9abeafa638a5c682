"""Runs with a checkpoint: killed in one process, they go on in another, to the same bits."""

import os
import random
import signal
import subprocess
import sys
import threading
import tracemalloc
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from checkpoint_cases import CASES, NOISE, circuit, instruments, neurons, population, run, slow
from conftest import environment
from samples import interrupted

import neuromass as nm
from neuromass.populations.core import Core
from neuromass.recordings import archive
from neuromass.simulation import checkpoint
from neuromass.simulation.digest import digests, of_standing
from neuromass.simulation.system import system_of
from neuromass.units import Hz, ms, second

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is killed there")

FAILING = pytest.mark.filterwarnings("ignore:.* failed in the run")


def stands(system):
    """Where a system stands, to the last bit."""
    return digests(of_standing(system_of(system)))


@pytest.fixture
def often(monkeypatch):
    """A checkpoint after each block."""
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)
    monkeypatch.setattr(checkpoint, "PATIENCE", 0.0)


@pytest.fixture
def stopping(monkeypatch, often):
    """Have the run end in the midst, when the file was written so many times."""
    write, left = archive.write_whole, [0]

    def stop(*given):
        write(*given)
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt

    monkeypatch.setattr(archive, "write_whole", stop)

    def stopped(number, name, path, system=None):
        left[0] = number
        with pytest.raises(KeyboardInterrupt) as caught:
            run(name, path, system)
        return caught.value

    return stopped


# ------------------------------------------------------------------------------- going on


QUICK = ("noise", "averages", "network", "observed", "neurons")
"""Cases that are killed together, and those for all tests."""


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """Gives the file of a case that SIGKILL ended in the midst of a write, in another process."""
    folder = tmp_path_factory.mktemp("killed")
    ends = {}

    def file_of(name):
        if name not in ends:
            together = [each for each in CASES if (each in QUICK) == (name in QUICK)]
            ends.update(zip(together, all_killed(folder, together), strict=True))
        assert ends[name] == signal.SIGKILL
        return folder / f"{name}.npz"

    return file_of


def all_killed(folder, names):
    """By which signal another process has ended each of some cases."""
    text = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from checkpoint_cases import kill_all
kill_all({names!r}, Path({str(folder)!r}))
"""
    variables = environment(folder, NUMBA_CACHE_DIR=os.environ.get("NUMBA_CACHE_DIR", ""))
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, check=False, env=variables
    )
    assert done.returncode == 0, done.stderr
    return [int(line) for line in done.stdout.splitlines()]


@FAILING
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in CASES],
)
def test_a_run_that_was_killed_goes_on_to_the_same_bits(killed, name, monkeypatch):
    path = killed(name)
    folder = path.parent
    assert len(list(folder.glob(f".{path.name}.*"))) == 1, "it was not killed in a write"
    taken = []
    take = checkpoint.Keeper.take
    monkeypatch.setattr(
        checkpoint.Keeper,
        "take",
        lambda self, *given: taken.append(self.steps) or take(self, *given),
    )
    whole_system, whole = run(name, None)
    system, rec = run(name, path)
    assert taken[0] > 0, "it began anew"
    assert rec == whole
    assert stands(system) == stands(whole_system)
    further = {"duration": 20 * ms, "on_failure": CASES[name][1].get("on_failure", "raise")}
    after = nm.run(whole_system, **further)
    assert nm.run(system, **further) == after
    assert list(folder.glob(f".{path.name}.*")) == []

    def refuse(*given):
        raise AssertionError("a finished run takes no step")

    monkeypatch.setattr(checkpoint.Keeper, "take", refuse)
    written = path.stat().st_mtime_ns
    system, rec = run(name, path)
    assert rec == whole
    assert path.stat().st_mtime_ns == written
    monkeypatch.undo()
    assert nm.run(system, **further) == after


@pytest.mark.parametrize("name", ["noise", "synapses", "neurons"])
def test_after_ctrl_c_the_same_system_goes_on(tmp_path, stopping, name):
    whole_system, whole = run(name, None)
    system = CASES[name][0]()
    part = stopping(3, name, tmp_path / "run.npz", system).recording
    assert 1 < len(part.t) < len(whole.t)
    _, rec = run(name, tmp_path / "run.npz", system)
    assert rec == whole
    assert stands(system) == stands(whole_system)
    with pytest.raises(ValueError, match="of another run: system: clock"):
        run(name, tmp_path / "run.npz", system)  # it stands at the end of that run


def warm(name):
    """The system of a case that stands somewhere, with its loops at hand."""
    system = CASES[name][0]()
    nm.run(system, 10 * ms)
    return system


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options", "lines"),
    [
        ("noise", {"duration": 15 * second, "every": 1000}, 7000),
        (
            "observed",
            {
                "duration": 3 * second,
                "every": 60,
                "observe": {name: instruments[name] for name in ("bold", "means")},
            },
            25_000,
        ),
    ],
)
def test_ctrl_c_at_any_line(tmp_path, often, name, options, lines):
    options = {**options, "inputs": None}
    _, whole = run(name, None, warm(name), **options)
    numbers, ends, took = random.Random(5), 0, set()
    for trial in range(300):
        if trial >= 60 and "simulation/checkpoint.py" in took:
            break
        path = tmp_path / str(trial) / "run.npz"
        path.parent.mkdir()
        system = warm(name)
        with interrupted(numbers.randrange(1, lines)) as places:
            try:
                run(name, path, system, **options)
                ends += 1
            except KeyboardInterrupt:
                took.update(place.split(":")[0] for place in places)
        _, rec = run(name, path, warm(name), **options)
        assert rec == whole, places
        assert [each.name for each in path.parent.iterdir()] == ["run.npz"]
    assert ends < trial / 2
    assert "simulation/checkpoint.py" in took


def test_a_second_run_has_a_file_of_its_own(tmp_path, often):
    one, other = population(), population()
    for number in range(2):
        rec = nm.run(one, 50 * ms, checkpoint=tmp_path / f"{number}.npz")
        assert rec == nm.run(other, 50 * ms)
    with pytest.raises(ValueError, match="another run: system: clock, system: state differ"):
        nm.run(one, 50 * ms, checkpoint=tmp_path / "1.npz")


def test_threads_and_progress_may_differ(tmp_path, stopping, capsys):
    stopping(3, "many delays", tmp_path / "run.npz")
    whole = run("many delays", None)[1]
    _, rec = run("many delays", tmp_path / "run.npz", threads=1, progress=True)
    assert rec == whole
    assert "100%" in capsys.readouterr().err


# -------------------------------------------------------------------------- what differs


SMALL = {"duration": 10 * ms, "inputs": nm.signals.Step(3.0)}


@pytest.mark.parametrize(
    ("system", "change", "what"),
    [
        ({}, {"duration": 11 * ms}, "duration"),
        ({}, {"inputs": nm.signals.Step(3.5)}, "inputs I_ext"),
        ({}, {"inputs": lambda t: 3.0}, "inputs I_ext"),
        ({}, {"record": "r"}, "record"),
        ({}, {"every": 2}, "every"),
        ({}, {"average": True}, "average"),
        ({}, {"on_failure": "nan"}, "on_failure"),
        ({}, {"parameters": {"J": nm.signals.Ramp(10, 20, 0 * ms, 9 * ms)}}, "parameters J"),
        ({}, {"observe": {"a": nm.brain.average("r", 1 * ms)}}, "observe a"),
        ({"J": 14.0}, {}, "system: J"),
        ({"seed": 4}, {}, "system: seed"),
        ({"dt": 0.1 * ms}, {}, "system: dt"),
        ({"method": "euler"}, {}, "system: model"),
        ({"shape": 1}, {}, "system: shape"),
        ({"noise": {"I_ext": NOISE["I_ext"]}}, {}, "system: noise"),
        ({"initial": {"v": -1.0}}, {}, "system: state"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(tmp_path, system, change, what):
    path = tmp_path / "run.npz"
    nm.run(population(), **SMALL, checkpoint=path)
    before = path.read_bytes()
    pop = population(**system)
    where = stands(pop)
    with pytest.raises(ValueError, match=f"'.*run.npz' is of another run: .*{what}.* differ"):
        nm.run(pop, **{**SMALL, **change}, checkpoint=path)
    assert stands(pop) == where
    assert path.read_bytes() == before


def changed(net, place, name, value):
    setattr(net[place], name, value)
    return net


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (lambda: changed(circuit(), "exc->inh", "J", 11.0), "system: exc->inh"),
        (lambda: changed(circuit(), "exc->inh", "delay", 2 * ms), "system: exc->inh"),
        (lambda: changed(circuit(), "inh->exc", "tau", 4 * ms), "system: inh->exc"),
        (lambda: changed(circuit(), "inh", "eta", 4.0), "system: inh.eta"),
        (lambda: changed(circuit(), "inh", "v", 4.0), "system: inh.state"),
        (lambda: circuit(history={"exc": 6 * Hz}), "system: history"),
        (lambda: circuit(coupling="held"), "system: coupling"),
        (lambda: circuit(short_delays="dt"), "system: short_delays"),
        (population, "system: model"),
    ],
)
def test_another_network_is_refused(tmp_path, other, what):
    nm.run(circuit(), 10 * ms, checkpoint=tmp_path / "run.npz")
    with pytest.raises(ValueError, match=f"is of another run: .*{what}"):
        nm.run(other(), 10 * ms, checkpoint=tmp_path / "run.npz")


def test_what_is_behind_a_connection_is_compared(tmp_path):
    def net(source):
        made = nm.Network({"a": nm.QIF(), "b": nm.QIF(), "c": nm.QIF(eta=-4.0)})
        made.connect(source, "c", J=1.0, name="one")
        return made

    nm.run(net("a"), 1 * ms, checkpoint=tmp_path / "run.npz")
    with pytest.raises(ValueError, match="another run: system: ends of one differ"):
        nm.run(net("b"), 1 * ms, checkpoint=tmp_path / "run.npz")


@pytest.mark.parametrize(
    "other",
    [
        {"window": 1 * ms},
        {"threshold": 100.0},
        {"draw": "random"},
        {"distribution": "gaussian"},
        {"connectivity": 10},
        {"spikes_of": 3},
        {"neuron_noise": nm.noise.White(0.5 * ms**0.5)},
    ],
)
def test_other_neurons_are_refused(tmp_path, other):
    nm.run(neurons(), 1 * ms, record="spikes", checkpoint=tmp_path / "run.npz")
    with pytest.raises(ValueError, match="is of another run: system: "):
        nm.run(neurons(**other), 1 * ms, record="spikes", checkpoint=tmp_path / "run.npz")


# ----------------------------------------------------------------------- what cannot go on


class Meter:
    """What gives another value each time, as a file or a device may."""

    value = 0.0

    def read(self):
        self.value += 1e-9
        return self.value


meter = Meter()


def drive(t):
    return slow(t) + meter.read()


def test_a_function_of_more_than_time_is_refused(tmp_path, stopping, monkeypatch):
    """No digest sees the meter; what the function gave before does not come again."""
    path, case = tmp_path / "run.npz", CASES["a function of t"]
    monkeypatch.setitem(CASES, "metered", (case[0], {**case[1], "inputs": drive}))
    stopping(3, "metered", path)
    before, system = path.read_bytes(), population()
    with pytest.raises(ValueError, match="given as I_ext gives other values than before"):
        run("metered", path, system)
    assert stands(system) == stands(population())
    assert path.read_bytes() == before


def held(lock, t):
    return float(lock.locked())


def test_what_cannot_be_compared_is_refused(tmp_path):
    lock = threading.Lock()
    with pytest.raises(TypeError, match=r"checkpoint: inputs I_ext = .* cannot be compared"):
        nm.run(population(), 5 * ms, inputs=partial(held, lock), checkpoint=tmp_path / "run.npz")
    assert list(tmp_path.iterdir()) == []


def test_feedback_is_refused(tmp_path):
    pop = population()
    control = nm.signals.Feedback(lambda pop: 0.0)
    with pytest.raises(ValueError, match="I_ext is a Feedback, whose function may remember"):
        nm.run(pop, 1 * ms, inputs=control, checkpoint=tmp_path / "run.npz")
    with pytest.raises(ValueError, match="J is a Feedback"):
        nm.run(pop, 1 * ms, parameters={"J": control}, checkpoint=tmp_path / "run.npz")
    assert pop.t.magnitude == 0.0
    assert list(tmp_path.iterdir()) == []


def test_seeds_that_were_drawn_are_refused(tmp_path):
    path = tmp_path / "run.npz"
    pop = population(seed=None)
    with pytest.raises(ValueError, match="QIF has a seed that was drawn"):
        nm.run(pop, 1 * ms, checkpoint=path)
    with pytest.raises(ValueError, match="QIFNetwork has a seed that was drawn"):
        nm.run(neurons(seed=None), 1 * ms, checkpoint=path)
    nets = [nm.Network({"exc": population(seed=None)}, **seed) for seed in ({}, {"seed": 1})]
    with pytest.raises(ValueError, match="exc has a seed that was drawn"):
        nm.run(nets[0], 1 * ms, checkpoint=path)
    nm.run(nets[1], 1 * ms, checkpoint=path)


@dataclass(frozen=True)
class Peak(nm.brain.Observer):
    """The largest sample of each ms."""

    keeps: bool = True

    def spacing(self, dt):
        return round(1.0 / dt)

    def begin(self, spacing):
        return KeptPeaks(self.spacing(spacing)) if self.keeps else Peaks(self.spacing(spacing))


class Peaks:
    def __init__(self, every):
        self.every = every
        self.rows = None

    def add(self, samples):
        samples = samples[1:] if self.rows is None else samples
        self.rows = samples if self.rows is None else np.concatenate([self.rows, samples])

    def result(self):
        whole = len(self.rows) // self.every
        used = self.rows[: whole * self.every].reshape(whole, self.every, -1)
        return used.max(axis=1).T


class KeptPeaks(Peaks):
    def kept_arrays(self):
        return {"rows": self.rows}

    def take_arrays(self, kept):
        self.rows = kept["rows"]


def test_observers_of_ones_own(tmp_path, often):
    path = tmp_path / "run.npz"
    pop = population()
    with pytest.raises(TypeError, match=r"observe\['peak'\] cannot go on from a checkpoint"):
        nm.run(pop, 10 * ms, observe={"peak": Peak("r", keeps=False)}, checkpoint=path)
    assert (pop.t.magnitude, list(tmp_path.iterdir())) == (0.0, [])
    options = {"duration": 2 * second, "observe": {"peak": Peak("r")}, "record": ()}
    whole = nm.run(population(), **options)
    with pytest.MonkeyPatch.context() as patch:
        write, left = archive.write_whole, [3]

        def stop(*given):
            write(*given)
            left[0] -= 1
            if not left[0]:
                raise KeyboardInterrupt

        patch.setattr(archive, "write_whole", stop)
        with pytest.raises(KeyboardInterrupt):
            nm.run(population(), **options, checkpoint=path)
    assert nm.run(population(), **options, checkpoint=path) == whole


# ---------------------------------------------------------------------------------- files


def test_files_that_are_none(tmp_path):
    path = tmp_path / "run.npz"
    rec = nm.run(population(), 5 * ms)
    rec.save(path)
    with pytest.raises(ValueError, match="is there already, and no checkpoint of a run"):
        nm.run(population(), 5 * ms, checkpoint=path)
    assert nm.load(path) == rec
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        nm.run(population(), 5 * ms, checkpoint=tmp_path / "no" / "run.npz")
    with pytest.raises(TypeError, match="path is the name of a file"):
        nm.run(population(), 5 * ms, checkpoint=3)


def test_a_checkpoint_is_no_recording(tmp_path):
    nm.run(population(), 5 * ms, checkpoint=tmp_path / "run")
    with pytest.raises(ValueError, match=r"checkpoint of a run, not a recording; the same nm\.run"):
        nm.load(tmp_path / "run.npz")


@pytest.mark.parametrize("number", [-1.0, np.nan, np.inf])
def test_states_that_no_run_leads_to_are_refused(tmp_path, monkeypatch, number):
    path, write = tmp_path / "run.npz", archive.write_whole

    def forge(place, header, arrays):
        where = str(header["names"].index(["system", "state"]))
        write(place, header, {**arrays, where: arrays[where] * 0.0 + number})

    with monkeypatch.context() as patch:
        patch.setattr(archive, "write_whole", forge)
        nm.run(population(), 5 * ms, checkpoint=path)
    pop = population()
    with pytest.raises(ValueError, match=r"is damaged, or none .*its (r|states) is not what"):
        nm.run(pop, 5 * ms, checkpoint=path)
    assert pop.t.magnitude == 0.0


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.999])
def test_a_damaged_file_is_told(tmp_path, part):
    path = tmp_path / "run.npz"
    nm.run(population(), 5 * ms, checkpoint=path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])
    pop = population()
    with pytest.raises(ValueError, match=r"run.npz' is damaged, or none .*delete it to begin anew"):
        nm.run(pop, 5 * ms, checkpoint=path)
    assert pop.t.magnitude == 0.0
    flipped = bytearray(whole)
    place = whole.index(np.asarray(nm.run(population(), 5 * ms).array("r", Hz)[-1] / 1e3).tobytes())
    flipped[place] ^= 1
    path.write_bytes(bytes(flipped))
    with pytest.raises(ValueError, match="is damaged"):
        nm.run(pop, 5 * ms, checkpoint=path)
    assert pop.t.magnitude == 0.0
    path.unlink()
    assert nm.run(pop, 5 * ms, checkpoint=path) == nm.run(population(), 5 * ms)


def test_nothing_is_lost_when_the_disk_is_full(tmp_path, often, monkeypatch):
    path = tmp_path / "run.npz"
    whole_system, whole = run("noise", None)
    save, count = np.savez, [0]

    def full(file, **arrays):
        count[0] += 1
        if count[0] > 2:
            file.write(b"some")
            raise OSError(28, "No space left on device")
        save(file, **arrays)

    monkeypatch.setattr(archive.np, "savez", full)
    with pytest.warns(UserWarning, match="could not be written .*No space left.* go on from t = "):
        system, rec = run("noise", path)
    assert count[0] > 4
    assert rec == whole
    assert stands(system) == stands(whole_system)
    assert list(tmp_path.iterdir()) == [path]
    monkeypatch.undo()
    assert run("noise", path)[1] == whole  # the former file went on


def test_a_disk_that_is_full_from_the_beginning_is_told_at_once(tmp_path, monkeypatch):
    def full(file, **arrays):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive.np, "savez", full)
    pop = population()
    with pytest.raises(OSError, match="No space left"):
        nm.run(pop, 5 * ms, checkpoint=tmp_path / "run.npz")
    assert (pop.t.magnitude, list(tmp_path.iterdir())) == (0.0, [])


# ---------------------------------------------------------------------------------- costs


@pytest.mark.parametrize(("cost", "pause"), [(0.01, 10.0), (3.0, 150.0)])
def test_how_often_a_file_is_written(tmp_path, monkeypatch, cost, pause):
    """Every 10 s at most, and in 2 % of the time at most, by a clock that blocks move."""
    now, at, block = [0.0], [], 1 << 16
    write, take = checkpoint.Checkpoint.write, Core.take

    def written(*given):
        at.append(now[0])
        now[0] += cost
        return write(*given)

    def taken(*given):
        now[0] += 1.0
        return take(*given)

    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(checkpoint.Checkpoint, "write", written)
    monkeypatch.setattr(Core, "take", taken)
    pop = nm.QIF(dt=0.1 * ms)
    nm.run(pop, 500 * block * 0.1 * ms, every=block, checkpoint=tmp_path / "run.npz")
    gaps = np.diff(at)[:-1]
    assert len(gaps) > 2
    assert gaps.min() >= pause
    assert gaps.max() <= pause + cost + 2.0


def test_memory_is_that_of_the_result(tmp_path, often):
    options = {"record": (), "observe": {"a": nm.brain.average("r", 100 * ms)}}
    nm.run(population(), 1 * second, **options)
    peaks = []
    for place, duration in enumerate((2, 20)):
        tracemalloc.start()
        nm.run(population(), duration * second, **options, checkpoint=tmp_path / f"{place}.npz")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]
    assert (tmp_path / "1.npz").stat().st_size < 20_000
