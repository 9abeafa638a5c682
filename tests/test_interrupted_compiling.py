"""Ctrl-C and forks while numba is imported, and while something is compiled.

What is interrupted works when it is done again, in the same process, and gives the same bits. Each
attempt is a process of its own, forked from one that has not compiled anything yet.
"""

import os

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

HEAD = """
import os, pickle, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # who starts it may ignore it
import numpy as np
import neuromass as nm
from neuromass.units import ms

def lone():
    return nm.run(nm.QIF(J=15.0), 2 * ms, inputs=3.0).array("v").tobytes()

def step():
    pop = nm.QIF(J=15.0)
    return pop.update(3.0).magnitude, pop.update(1.0).magnitude

def pair(lanes):
    net = nm.Network({"a": nm.QIF(J=15.0, shape=lanes), "b": nm.QIF()})
    net.connect("b", "a", J=3.0, delay=0.3 * ms)
    net.connect("b", "b", J=-1.0, synapse=nm.synapses.Exponential(5 * ms))
    return net

def small():
    return nm.run(pair(None), 2 * ms, inputs={"a": 3.0})["a"].array("v").tobytes()

def again():
    net = AGAIN.setdefault("net", pair(None))
    net.reset()
    return nm.run(net, 2 * ms, inputs={"a": 3.0})["a"].array("v").tobytes()

AGAIN = {}

def tiled():
    return nm.run(pair(20), 2 * ms, inputs={"a": 3.0})["a"].array("v").tobytes()

def spiking():
    net = nm.spiking.QIFNetwork(100, J=15.0, seed=1, dt=0.01 * ms)
    return nm.run(net, 1 * ms, 3.0).array("v").tobytes()

def sweep():
    res = nm.sweep(nm.QIF(), {"eta": [-5.0, -4.0]}, 2 * ms, measure={"r": nm.measures.mean("r")})
    return res["r"].magnitude.tobytes()

def free():
    step = nm.compiled_step(nm.QIF, "heun")
    return step(0.01, -2.0, 3.0, 10.0, -5.0, 1.0, 15.0, 0.05)

def plot():
    axes = nm.run(nm.QIF(), 1 * ms).plot()
    return [ax.get_ylabel() for ax in np.ravel(axes)]

def forked(work):
    def told():
        try:
            return work()
        except BaseException as error:
            return "error", f"{type(error).__name__}: {error}"
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(120)
        os.write(write, pickle.dumps(told()))
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as stream:
        found = pickle.loads(stream.read())
    os.waitpid(child, 0)
    return found

def twice(work, arrange):
    def run():
        arrange()
        try:
            work()
        except KeyboardInterrupt:
            return "interrupted", work()
        return "not interrupted", work()
    return run
"""

WORK = ("lone", "step", "small", "again", "tiled", "spiking", "sweep", "free")


def checked(elsewhere, text, **variables):
    """The output of a program whose last line says how many attempts were interrupted."""
    lines = elsewhere(HEAD + text, flags=("-W", "ignore"), **variables)
    assert lines[-1].startswith("interrupted"), lines
    return int(lines[-1].split()[1])


WHILE_IMPORTED = """
work = {work}
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {libraries}:
            self.left -= 1
            if self.left == 0:
                signal.raise_signal(signal.SIGINT)

def from_number(number):
    finder = Finder()
    finder.left = number
    return lambda: sys.meta_path.insert(0, finder)

expected = forked(work)
count, number = 0, 2
while True:
    how, result = forked(twice(work, from_number(number)))
    assert result == expected, (number, how, result)
    if how != "interrupted":
        break
    count, number = count + 1, number + {apart}
print("interrupted", count)
"""


@pytest.mark.slow
@pytest.mark.parametrize("work", ["lone", "small"])
def test_an_interrupted_import_of_numba(elsewhere, work):
    text = WHILE_IMPORTED.format(work=work, libraries=("numba", "llvmlite"), apart=37)
    assert checked(elsewhere, text) > 4


@pytest.mark.slow
def test_an_interrupted_import_of_matplotlib(elsewhere):
    text = WHILE_IMPORTED.format(work="plot", libraries=("matplotlib",), apart=19)
    assert checked(elsewhere, text) > 3


WHILE_COMPILED = """
work = {work}
import functools
from neuromass.kernels import compiler  # numba is there
from numba import config

def stops(left):
    def arrange():
        from numba.core import codegen, compiler_machinery, dispatcher
        state = [left]
        def stopping(kind, name):
            kept = getattr(kind, name)
            @functools.wraps(kept)
            def run(*given, **named):
                state[0] -= 1
                if state[0] == 0:
                    raise KeyboardInterrupt
                result = kept(*given, **named)
                state[0] -= 1
                if state[0] == 0:
                    raise KeyboardInterrupt
                return result
            setattr(kind, name, run)
        stopping(compiler_machinery.PassManager, "_runPass")
        stopping(codegen.CPUCodeLibrary, "finalize")
        stopping(codegen.CPUCodeLibrary, "add_ir_module")
        stopping(dispatcher.Dispatcher, "add_overload")
        stopping(compiler._Cache, "save_overload")
        stopping(compiler._Cache, "load_overload")
    return arrange

expected = forked(work)
count, number = 0, 1
while True:
    config.CACHE_DIR = os.path.join(os.getcwd(), f"cache-{{number}}")
    how, result = forked(twice(work, stops(number)))
    assert result == expected, (number, how, result)
    if how != "interrupted":
        break
    count, number = count + 1, number + 1 + number * {more}
print("interrupted", count)
"""


LARGE = ("tiled", "spiking", "sweep")
"""What takes long to compile, and is interrupted less often."""


@pytest.mark.slow
@pytest.mark.parametrize("work", WORK)
def test_an_interrupted_first_compile(elsewhere, work):
    """At passes of numba's, before and after; more and more apart."""
    more = 9 if work in LARGE else 1
    assert checked(elsewhere, WHILE_COMPILED.format(work=work, more=more)) > 2


WHILE_FORKED = """
import threading, time
from neuromass.kernels import compiler
begun = threading.Event()
kept = compiler._compile
def compile_(*given):
    begun.set()
    return kept(*given)
compiler._compile = compile_
found = []
thread = threading.Thread(target=lambda: found.append(lone()))
thread.start()
begun.wait()
time.sleep({wait})
in_child = forked({work})
thread.join()
print(found[0] == lone(), in_child == {work}())
"""


@pytest.mark.parametrize("wait", [0.0, pytest.param(0.3, marks=pytest.mark.slow)])
@pytest.mark.parametrize("work", ["lone", pytest.param("small", marks=pytest.mark.slow)])
def test_a_fork_while_another_thread_compiles(elsewhere, work, wait, tmp_path):
    text = HEAD + WHILE_FORKED.format(work=work, wait=wait)
    cache = {"NUMBA_CACHE_DIR": str(tmp_path / "fresh")}
    assert elsewhere(text, flags=("-W", "ignore"), **cache)[-1] == "True True"


HELD_BACK = """
import pytest
from neuromass.imports import undisturbed
done = []
with pytest.raises(KeyboardInterrupt):
    with undisturbed():
        signal.raise_signal(signal.SIGINT)
        done.append("all of it")
assert done and signal.getsignal(signal.SIGINT) is signal.default_int_handler
with pytest.raises(ZeroDivisionError), undisturbed():
    1 / 0
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
for handler in (signal.SIG_IGN, signal.SIG_DFL):
    signal.signal(signal.SIGINT, handler)
    with undisturbed():
        assert signal.getsignal(signal.SIGINT) is handler
print("done")
"""


def test_what_is_held_back_comes_at_the_end(elsewhere):
    assert elsewhere(HEAD + HELD_BACK) == ["done"]
