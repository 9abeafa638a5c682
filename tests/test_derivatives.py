"""What is compiled is what `derivatives` returns for plain numbers, at random points.

A step of Euler's method moves each state by dt times its derivative; where dt is large, that is
the derivative to rounding. Sums may be taken in another order than they are written, so that the
bound is some rounding errors of the terms, which are estimated by moving each argument a little.
"""

import functools
import math

import numpy as np
import pytest
from models_registry import IDS, MODELS

import neuromass as nm
from neuromass.units import ms

POINTS = 40
LONG = 2.0**40
"""A step in ms against which the states vanish."""


class Folded(nm.Population):
    """It branches, and is therefore used as written."""

    tau = nm.Parameter(10 * ms, positive=True)
    gain = nm.Parameter(1.5)
    x = nm.State(0.3)
    y = nm.State(-0.2)
    drive = nm.Input()

    @staticmethod
    def derivatives(x, y, drive, tau, gain):
        if x > y:
            return (gain * drive - x) / tau, (x * x - y) / tau
        return (drive - gain * x + y) / tau, (x - gain * y * y) / tau


def drawn(rng, value):
    """A number of the size of another one and of its sign, or about zero."""
    return float(value * rng.uniform(0.5, 2.0)) if value else float(rng.normal())


def random_points(case, seed):
    """States, inputs and parameters by name, in internal units."""
    rng = np.random.default_rng(seed)
    raw = case.make().raw
    states = {name: getattr(raw, name) for name in case.cls.model.states}
    return [
        {name: drawn(rng, value) for name, value in {**states, **case.values}.items()}
        for _ in range(POINTS)
    ]


def written(cls, point):
    """The derivatives that the function returns for plain numbers."""
    return np.array(cls.derivatives(**point), dtype=float)


def size_of_terms(cls, point):
    """About the sum of the moduli of the terms of each derivative."""
    here, moved = written(cls, point), 1e-6
    total = np.abs(here)
    for name, value in point.items():
        total += np.abs(written(cls, {**point, name: value * (1 + moved)}) - here) / moved
    return total


@functools.cache
def euler_step(cls):
    return nm.compiled_step(cls, "euler")


def compiled(cls, point):
    """The derivatives from one long step of the compiled kernel."""
    start = np.array([point[name] for name in cls.model.states])
    return (np.array(euler_step(cls)(**point, dt=LONG)) - start) / LONG


def traced(cls, point):
    """The derivatives from the graph of the equations."""
    return np.array(cls.equations.evaluate(point)[: len(cls.model.states)], dtype=float)


@pytest.mark.parametrize("way", [compiled, traced])
@pytest.mark.parametrize("case", MODELS, ids=IDS)
def test_every_model_computes_its_function(case, way):
    for point in random_points(case, seed=7):
        bound = 2e-14 * size_of_terms(case.cls, point) + 1e-300
        assert np.all(np.abs(way(case.cls, point) - written(case.cls, point)) <= bound), point


def test_the_points_are_general():
    """No derivative is zero at them, and no argument is without effect at all of them."""
    for case in MODELS:
        points = random_points(case, seed=7)
        assert all(np.all(written(case.cls, point) != 0) for point in points)
        for name in points[0]:
            changed = [{**point, name: point[name] * 1.5} for point in points]
            assert any(
                np.any(compiled(case.cls, one) != compiled(case.cls, other))
                for one, other in zip(points, changed, strict=True)
            )


def test_a_model_used_as_written_computes_its_function_to_the_last_bit():
    assert not Folded.equations.derivatives
    rng = np.random.default_rng(3)
    branches = set()
    for _ in range(200):
        point = dict(zip(("x", "y", "drive", "gain"), map(float, rng.normal(size=4)), strict=True))
        point["tau"] = float(rng.uniform(1, 20))
        found = euler_step(Folded)(**point, dt=0.25)
        slopes = Folded.derivatives(**point)
        assert found == (point["x"] + 0.25 * slopes[0], point["y"] + 0.25 * slopes[1])
        branches.add(point["x"] > point["y"])
    assert branches == {True, False}


@pytest.mark.parametrize("case", MODELS, ids=IDS)
def test_a_population_moves_by_its_function(case):
    """The same for the population itself, whose parameters are converted and prepared."""
    pop = case.make(method="euler", dt=case.dt)
    start = {name: getattr(pop.raw, name) for name in case.cls.model.states}
    point = {**case.values, **start}
    pop.update(**case.inputs)
    moved = np.array([getattr(pop.raw, name) - start[name] for name in start]) / pop.dt.m_as(ms)
    rounding = 1e-15 * np.abs(list(start.values())) / pop.dt.m_as(ms)
    bound = 2e-14 * size_of_terms(case.cls, point) + rounding
    assert np.all(np.abs(moved - written(case.cls, point)) <= bound)


def test_the_bound_sees_a_term_that_is_off_by_a_millionth():
    (case,) = (each for each in MODELS if each.name == "QIF")
    (point, *_) = random_points(case, seed=7)
    off = compiled(case.cls, {**point, "eta": point["eta"] * (1 + 1e-6)})
    gap = abs(off - written(case.cls, point))[1]
    assert gap > 1e4 * 2e-14 * size_of_terms(case.cls, point)[1]
    assert math.isfinite(gap)
