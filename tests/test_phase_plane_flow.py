"""Separatrices, unstable manifolds and limit cycles in the phase plane."""

import numpy as np
import pytest

plt = pytest.importorskip("matplotlib.pyplot")

import neuromass as nm  # noqa: E402
from neuromass.units import Hz, ms  # noqa: E402

LIMITS = {"r": (0 * Hz, 200 * Hz), "v": (-4, 3)}


class Duffing(nm.Population):
    """A particle in a double well, without friction."""

    tau = nm.Parameter(10 * ms, positive=True, doc="time constant")
    x = nm.State(0.1, doc="first state")
    y = nm.State(0.0, doc="second state")

    @staticmethod
    def derivatives(x, y, tau):
        return y / tau, (x - x**3) / tau


class Circles(nm.Population):
    """Circles are cycles: growth of their radius is low + s - s^2, with s its square."""

    tau = nm.Parameter(10 * ms, positive=True, doc="time constant")
    x = nm.State(0.1, doc="first state")
    y = nm.State(0.0, doc="second state")
    low = nm.Parameter(-0.1, doc="growth of small circles")

    @staticmethod
    def derivatives(x, y, tau, low):
        s = x * x + y * y
        return ((low + s - s * s) * x - y) / tau, ((low + s - s * s) * y + x) / tau


def drawn(*arguments, **options):
    """Lines of each label, (points, 2) each, in the order of the axes."""
    ax = nm.phase_plane(*arguments, field=False, **options)
    ax.figure.canvas.draw()
    lines = [each for each in ax.collections if each.get_label()[:1] != "_"]
    found = {each.get_label(): [path.vertices for path in each.get_paths()] for each in lines}
    plt.close("all")
    return found


def qif(v=-2.0, r=1 * Hz, **options):
    return nm.QIF(J=15.0, initial={"r": r, "v": v}, dt=0.01 * ms, **options)


@pytest.fixture(scope="module")
def separatrix():
    halves = drawn(qif(), limits=LIMITS)["separatrix"]
    assert len(halves) == 2
    return halves


def closest_to_the_saddle(v, r):
    """How close a run comes to the saddle, in parts of what is shown; and where it ends."""
    rec = nm.run(qif(v, r * Hz), 400 * ms)
    saddle = qif().equilibria()[1]
    gaps = rec.array("v") - saddle.v.magnitude, (rec.array("r", Hz) - saddle.r.m_as(Hz)) / 30
    return np.min(np.hypot(*gaps)), rec.array("r", Hz)[-1]


@pytest.mark.parametrize("half", [0, 1])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_states_on_the_separatrix_go_to_the_saddle_and_others_to_either_side(
    separatrix, half, part
):
    line = separatrix[half]
    v, r = line[int(part * len(line))]
    on_it, _ = closest_to_the_saddle(v, r)
    assert on_it < 0.01
    ends = []
    for shift in (-0.1, 0.1):
        beside, end = closest_to_the_saddle(v + shift, r)
        assert beside > 5 * on_it
        ends.append(end)
    node, _, focus = (each.r.m_as(Hz) for each in qif().equilibria())
    np.testing.assert_allclose(sorted(ends), [node, focus], rtol=1e-3)


def test_the_unstable_manifold_goes_to_both_attractors():
    found = drawn(qif(), limits=LIMITS, manifolds="unstable")
    assert set(found) == {"unstable manifold"}
    ends = sorted(line[-1, 1] for line in found["unstable manifold"])
    node, _, focus = (each.r.m_as(Hz) for each in qif().equilibria())
    np.testing.assert_allclose(ends, [node, focus], rtol=0.01)


def test_manifolds_are_the_homoclinic_orbits_of_a_double_well():
    limits = {"x": (-2, 2), "y": (-1, 1)}
    found = drawn(Duffing(), limits=limits, axes=("x", "y"), manifolds="both")
    for label in ("separatrix", "unstable manifold"):
        for x, y in (line.T for line in found[label]):
            np.testing.assert_allclose(y**2, x**2 - x**4 / 2, atol=1e-6)
            assert np.max(np.abs(x)) == pytest.approx(2**0.5, rel=1e-4)


def test_none_are_drawn_where_none_are_asked_for_or_there_is_no_saddle():
    assert drawn(qif(), manifolds=None) == {}
    assert drawn(qif(), 3.0) == {}
    assert set(drawn(qif(), manifolds="both")) == {"separatrix", "unstable manifold"}
    with pytest.raises(ValueError, match="manifolds must be one of 'stable', 'unstable', 'both'"):
        nm.phase_plane(qif(), manifolds="stabel")


def test_lines_are_in_the_unit_of_the_axes(separatrix):
    _, ax = plt.subplots()
    ax.set_ylabel("rate (kHz)")
    (halves,) = drawn(qif(), limits=LIMITS, ax=ax).values()
    for one, other in zip(halves, separatrix, strict=True):
        np.testing.assert_allclose(one, other * [1.0, 1e-3], rtol=1e-6)


def test_a_stable_cycle_is_that_of_a_run():
    pop = nm.QIFGapJunction(g=2.0, eta=1.5)
    (orbit,) = drawn(pop)["stable cycle"]
    np.testing.assert_array_equal(orbit[0], orbit[-1])
    cycle = nm.analysis.cycle(pop)
    for values, name in zip(orbit.T, ("v", "r"), strict=True):
        extent = (cycle.maximum(name) - cycle.minimum(name)).magnitude
        assert values.max() == pytest.approx(cycle.maximum(name).magnitude, abs=0.01 * extent)
        assert values.min() == pytest.approx(cycle.minimum(name).magnitude, abs=0.01 * extent)


def test_a_new_figure_shows_the_whole_cycle():
    ax = nm.phase_plane(nm.QIFGapJunction(g=2.0, eta=1.5), field=False)
    (orbit,) = (each.get_paths()[0].vertices for each in ax.collections
                if each.get_label() == "stable cycle")  # fmt: skip
    assert ax.get_xlim()[0] < orbit[:, 0].min() < orbit[:, 0].max() < ax.get_xlim()[1]
    assert orbit[:, 1].max() < ax.get_ylim()[1]
    plt.close("all")


@pytest.mark.parametrize(
    ("low", "label", "square"),
    [
        (-0.1, "unstable cycle", (1 - 0.6**0.5) / 2),
        (0.3, "stable cycle", (1 + 2.2**0.5) / 2),
    ],
)
def test_cycles_that_are_circles(low, label, square):
    limits = {"x": (-2, 2), "y": (-2, 2)}
    found = drawn(Circles(low=low), limits=limits)
    assert set(found) == {label}
    (orbit,) = found[label]
    np.testing.assert_allclose(np.sum(orbit**2, axis=1), square, rtol=5e-3)


def test_where_there_is_no_cycle_none_is_drawn():
    assert drawn(Circles(low=-0.3), limits={"x": (-2, 2), "y": (-2, 2)}) == {}
