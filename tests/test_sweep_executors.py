"""Sweeps by processes, by a cluster, from a checkpoint, and through what kills them."""

import os
import pickle
import signal
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from samples import QIFu

import neuromass as nm
from neuromass.units import Hz, ms, second

m = nm.measures
NOISE = {"I_ext": nm.noise.OrnsteinUhlenbeck(sigma=0.5, tau=10 * ms)}
MEASURES = {"rate": m.mean("r"), "end": m.custom(lambda rec: rec.array("r", Hz)[-1], unit=Hz)}


def asked(**changes):
    return {
        "system": QIFu(J=15.0, noise=NOISE, seed=2),
        "values": {"eta": np.linspace(-8, -2, 24), "b": [0.1, 0.3]},
        "duration": 50 * ms,
        "measure": MEASURES,
        "inputs": lambda point: nm.signals.Step(1.0 + point["b"], start=10 * ms),
        **changes,
    }


@pytest.fixture(scope="module")
def whole():
    return nm.sweep(**asked())


def same(found, expected):
    return all(np.array_equal(found[name].magnitude, expected[name].magnitude) for name in expected)


def processes(count=2):
    return ProcessPoolExecutor(count, mp_context=get_context("spawn"))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_make_no_difference(whole, threads):
    assert same(nm.sweep(**asked(threads=threads)), whole)


def test_executors_make_no_difference(whole):
    with ThreadPoolExecutor(2) as pool:
        assert same(nm.sweep(**asked(executor=pool)), whole)
        assert pool.submit(int).result() == 0  # it is left open


class Backwards(Executor):
    """An executor that begins with what it was given last."""

    def __init__(self):
        self.waiting, self.done = [], []
        self.pool = ThreadPoolExecutor(1)

    def submit(self, function, /, *arguments, **options):
        future = Future()
        self.waiting.append((len(self.waiting), future, function, arguments, options))
        self.pool.submit(self.take)
        return future

    def take(self):
        if not self.done:
            time.sleep(0.3)  # until all is there
        number, future, function, arguments, options = self.waiting.pop()
        self.done.append(number)
        future.set_result(function(*arguments, **options))


def test_the_order_of_the_points_makes_no_difference(whole):
    last_first = Backwards()
    assert same(nm.sweep(**asked(executor=last_first)), whole)
    assert last_first.done[0] > last_first.done[-1]


class Weighing(ThreadPoolExecutor):
    """Threads that weigh what another process would be sent."""

    def submit(self, function, /, *arguments, **options):
        self.most = max(getattr(self, "most", 0), len(pickle.dumps(arguments)))
        return super().submit(function, *arguments, **options)


def test_a_worker_is_sent_no_points_but_its_own():
    etas = np.linspace(-8.0, -2.0, 50_000)
    with Weighing(2) as pool:
        found = nm.sweep(nm.QIF(J=15.0), {"eta": etas}, 1 * ms, m.final("r"), executor=pool)
    assert pool.most < etas.nbytes / 4
    assert np.array_equal(found.coords["eta"].magnitude, etas)


@pytest.mark.slow
def test_processes_make_no_difference(whole):
    with processes() as pool:
        assert same(nm.sweep(**asked(executor=pool)), whole)
    assert same(nm.sweep(**asked(executor=processes)), whole)


@pytest.mark.slow
def test_a_model_of_a_script_goes_to_processes(elsewhere):
    out = elsewhere(SCRIPT, script="study.py")
    assert out == ["ok"]


SCRIPT = """
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
import numpy as np
import neuromass as nm
from neuromass.units import ms

class Own(nm.QIF):
    "A model of a script."
    gain = nm.Parameter(1.0, doc="gain")

    @staticmethod
    def derivatives(r, v, I_ext, tau, eta, delta, J, gain):
        return nm.QIF.derivatives(r, v, gain * I_ext, tau, eta, delta, J)

if __name__ == "__main__":
    asked = (Own(J=15.0), {"gain": [0.5, 1.0, 2.0]}, 50 * ms, nm.measures.mean("r"), 3.0)
    one = nm.sweep(*asked)
    for method in ("spawn", "forkserver"):
        with ProcessPoolExecutor(2, mp_context=get_context(method)) as pool:
            other = nm.sweep(*asked, executor=pool)
        assert np.array_equal(one["mean('r')"].magnitude, other["mean('r')"].magnitude)
    print("ok")
"""


@pytest.mark.slow
def test_a_cluster_makes_no_difference(whole):
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with cluster, distributed.Client(cluster) as client:
        assert same(nm.sweep(**asked(executor=client.get_executor())), whole)


# ------------------------------------------------------------------------- what goes wrong


class Killer:
    """Measures the last rate; the first process that sees a high one is killed."""

    def __init__(self, mark):
        self.mark = mark

    def __call__(self, rec):
        last = rec.array("r", Hz)[-1]
        if last > 20.0 and not os.path.exists(self.mark):
            open(self.mark, "x").close()
            os.kill(os.getpid(), signal.SIGKILL)
        return last


@pytest.mark.slow
def test_a_killed_worker_loses_nothing(tmp_path, whole):
    deadly = {"rate": m.mean("r"), "end": m.custom(Killer(tmp_path / "mark"), unit=Hz)}
    assert same(nm.sweep(**asked(measure=deadly, executor=processes)), whole)
    assert (tmp_path / "mark").exists()


@pytest.mark.slow
def test_an_executor_that_breaks_says_how_to_go_on(tmp_path, whole):
    deadly = {"rate": m.mean("r"), "end": m.custom(Killer(tmp_path / "mark"), unit=Hz)}
    options = asked(measure=deadly, checkpoint=tmp_path / "kept")
    with processes(1) as pool, pytest.raises(RuntimeError, match="Give a callable") as caught:
        nm.sweep(**options, executor=pool)
    part = caught.value.result
    there = ~np.isnan(part["rate"].magnitude)
    assert np.array_equal(part["rate"].magnitude[there], whole["rate"].magnitude[there])
    before = len(list((tmp_path / "kept").glob("part_*")))
    assert before > 0
    assert same(nm.sweep(**options), whole)


def test_what_always_breaks_ends():
    class Broken(ThreadPoolExecutor):
        def submit(self, *given):
            from concurrent.futures import BrokenExecutor

            raise BrokenExecutor("gone")

    with pytest.raises(RuntimeError, match="three times"):
        nm.sweep(**asked(executor=lambda: Broken(1)))
    with pytest.raises(TypeError, match="gives an executor"):
        nm.sweep(**asked(executor=lambda: 3))


def test_an_error_of_the_users_comes_through(whole):
    def fails(rec):
        if rec.array("r", Hz)[-1] > 20.0:
            raise ZeroDivisionError("mine")
        return 0.0

    with pytest.raises(ZeroDivisionError, match="mine") as caught:
        nm.sweep(**asked(measure={"x": m.custom(fails), "rate": m.mean("r")}, threads=1))
    part = caught.value.result["rate"].magnitude
    there = ~np.isnan(part)
    assert np.array_equal(part[there], whole["rate"].magnitude[there])


def test_what_cannot_be_sent_is_refused():
    lock = threading.Lock()
    measure = {"x": m.custom(lambda rec: lock.locked())}
    with ThreadPoolExecutor(1) as pool, pytest.raises(TypeError, match="cannot be sent"):
        nm.sweep(**asked(measure=measure, executor=pool))


# ------------------------------------------------------------------------------ checkpoints


def parts(folder):
    return sorted(folder.glob("part_*"))


def test_a_checkpoint_goes_on_where_it_stopped(tmp_path, whole, monkeypatch):
    folder = tmp_path / "kept"
    assert same(nm.sweep(**asked(checkpoint=folder)), whole)
    written = parts(folder)
    assert len(written) > 3
    times = {each: each.stat().st_mtime_ns for each in written}
    written[1].unlink()
    written[2].write_bytes(written[2].read_bytes()[:100])  # cut off in the middle of a write
    assert same(nm.sweep(**asked(checkpoint=str(folder), threads=1)), whole)
    changed = [each for each in written if each.stat().st_mtime_ns != times[each]]
    assert changed == written[1:3]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"duration": 60 * ms}, "duration"),
        ({"transient": 10 * ms}, "transient"),
        ({"system": QIFu(J=14.0, noise=NOISE, seed=2)}, "system: J"),
        ({"system": QIFu(J=15.0, noise=NOISE, seed=3)}, "seed"),
        ({"system": QIFu(J=15.0, noise=NOISE, seed=2, method="euler")}, "model"),
        ({"system": QIFu(J=15.0, noise=NOISE, seed=2, initial={"v": -1.0})}, "state"),
        ({"values": {"eta": np.linspace(-8, -1, 24), "b": [0.1, 0.3]}}, "eta"),
        ({"values": {"b": [0.1, 0.3], "eta": np.linspace(-8, -2, 24)}}, "order"),
        ({"measure": {**MEASURES, "rate": m.std("r")}}, "measure rate"),
        ({"measure": {**MEASURES, "end": m.custom(lambda rec: 1.0, unit=Hz)}}, "measure end"),
        ({"inputs": lambda point: nm.signals.Step(2.0 + point["b"], start=10 * ms)}, "inputs"),
        ({"follow": "eta"}, "follow"),
    ],
)
def test_a_checkpoint_of_something_else_is_refused(tmp_path, change, what):
    small = {"eta": np.linspace(-8, -2, 24), "b": [0.1, 0.3]}
    nm.sweep(**asked(values=small, checkpoint=tmp_path / "kept"))
    with pytest.raises(ValueError, match=f"another sweep: .*{what}"):
        nm.sweep(**asked(checkpoint=tmp_path / "kept", **change))


def test_signals_and_networks_of_neurons_are_told_apart(tmp_path):
    def done(system, folder, height=1.0):
        drive = nm.signals.Step(height)
        nm.sweep(system, {"eta": [-5.0]}, 1 * ms, m.mean("r"), drive, checkpoint=tmp_path / folder)

    done(nm.QIF(), "step")
    with pytest.raises(ValueError, match="another sweep: inputs differ"):
        done(nm.QIF(), "step", height=2.0)
    done(nm.spiking.QIFNetwork(20, seed=1), "neurons")
    with pytest.raises(ValueError, match="another sweep: system: neurons"):
        done(nm.spiking.QIFNetwork(20, seed=1, window=1 * ms), "neurons")


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="a folder of its own"):
        nm.sweep(**asked(checkpoint=tmp_path))
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "sweep.json").write_text("{")
    with pytest.raises(ValueError, match="damaged"):
        nm.sweep(**asked(checkpoint=tmp_path / "kept"))


def test_the_same_question_is_recognised_in_another_process(tmp_path, elsewhere):
    text = f"""
import numpy as np, neuromass as nm
from neuromass.units import Hz, ms
half = 0.5
pop = nm.QIF(J=15.0)
def drive(point):
    assert "h" in {{"e", "f", "g", "h"}}  # a set of another order in each process
    return nm.signals.Step(half * point["h"], start=2 * ms)
net = nm.Network({{"a": pop, "b": nm.QIF()}})
net.connect("a", "b", J=3.0, synapse=nm.synapses.Exponential(5 * ms))
made = nm.measures.custom(lambda rec: rec["a"].array("r", Hz).max(), unit=Hz)
res = nm.sweep(net, {{"h": [1.0, 2.0]}}, 10 * ms, {{"x": made}},
               lambda point: {{"a": drive(point)}}, checkpoint={str(tmp_path / "kept")!r})
print(len(res))
"""
    assert elsewhere(text) == ["1"]
    assert elsewhere(text) == ["1"]
    with pytest.raises(AssertionError, match="another sweep: inputs"):
        elsewhere(text.replace("half = 0.5", "half = 0.6"))


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_finished(tmp_path):
    options = asked(duration=30 * second, checkpoint=tmp_path / "kept")
    result = {}

    def stop():
        while len(parts(tmp_path / "kept")) < 2:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # it may be ignored
    thread = threading.Thread(target=stop)
    thread.start()
    try:
        nm.sweep(**options)
    except KeyboardInterrupt as error:
        result["part"] = error.result
    thread.join()
    signal.signal(signal.SIGINT, before)
    finished = int(np.sum(~np.isnan(result["part"]["rate"].magnitude)))
    assert 0 < finished < 48
    kept = len(parts(tmp_path / "kept"))
    assert kept >= 2


def test_nothing_is_lost_when_the_disk_is_full(tmp_path, monkeypatch, whole):
    from neuromass.recordings import archive

    write = archive.write_whole
    count = [0]

    def full(path, header, arrays):
        count[0] += 1
        if count[0] > 3:
            raise OSError(28, "No space left on device")
        write(path, header, arrays)

    monkeypatch.setattr(archive, "write_whole", full)
    with pytest.raises(OSError, match="No space") as caught:
        nm.sweep(**asked(checkpoint=tmp_path / "kept", threads=1))
    assert np.sum(~np.isnan(caught.value.result["rate"].magnitude)) > 0
    monkeypatch.undo()
    assert same(nm.sweep(**asked(checkpoint=tmp_path / "kept")), whole)


def test_a_progress_bar_counts_points(capsys):
    nm.sweep(nm.QIF(), {"eta": np.linspace(-8, -2, 24)}, 10 * ms, m.mean("r"), progress=True)
    assert "24/24 points" in capsys.readouterr().err
    nm.sweep(nm.QIF(), {"eta": np.linspace(-8, -2, 24)}, 10 * ms, m.mean("r"), progress=False)
    assert capsys.readouterr().err == ""
