"""Classes and kernels that nobody uses any more are freed."""

import gc
import weakref
from collections import OrderedDict

import pytest

import neuromass as nm
from neuromass.kernels import compiler
from neuromass.units import ms


def redefined(number):
    """A class as a notebook's cell makes it anew, with other equations each time."""

    class Cell(nm.Population):
        tau = nm.Parameter(10 * ms, positive=True)
        x = nm.State(1.0)

        @staticmethod
        def derivatives(x, tau):
            return (-(1.0 + 0.01 * number) * x / tau,)

    return Cell


def stepped(number):
    """A redefined class after all ways of taking steps, and the kernel of its single step."""
    cls = redefined(number)
    pop, lanes = cls(), cls(shape=3)
    pop.update()
    for system in (pop, lanes, nm.Network({"a": cls()})):
        nm.run(system, 1 * ms)
    pop.equilibria()
    pop.update()
    step = pop.__system__().prepare_single_step()
    return weakref.ref(cls), weakref.ref(step)


@pytest.mark.slow
def test_classes_and_kernels_of_a_cell_that_is_run_again_go(monkeypatch):
    monkeypatch.setattr(compiler, "MOST_RECENT", 4)
    monkeypatch.setattr(compiler, "recent_kernels", OrderedDict())
    before = len(compiler.cache_statistics())
    classes, kernels = zip(*map(stepped, range(10)), strict=True)
    gc.collect()
    assert not any(each() for each in classes)
    assert sum(each() is not None for each in kernels) <= 4
    assert len(compiler.cache_statistics()) - before <= 4 + 32  # and those of networks


def test_a_kernel_in_use_is_made_once(monkeypatch):
    cls = redefined(100)
    first = cls()
    first.update()
    monkeypatch.setattr(compiler, "recent_kernels", OrderedDict())
    gc.collect()
    second = cls()
    second.update()
    assert second.__system__().single_step is first.__system__().single_step
