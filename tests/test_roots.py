"""Characteristic roots of networks with delays, and Hopf points that delays make."""

import itertools

import numpy as np
import pytest
from test_continuation import e_i_pair

import neuromass as nm
from neuromass.analysis.delayed import DelayedEquilibrate
from neuromass.units import Hz, ms

analysis = nm.analysis
TAU = 10.0


def delayed(J=-6.0, delay=10 * ms, eta=5.0, delta=1.0, synapse=None):
    """A population whose recurrent input is late (Pazó and Montbrió 2016)."""
    net = nm.Network({"pop": nm.QIF(tau=TAU * ms, eta=eta, delta=delta)})
    net.connect("pop", "pop", J=J, delay=delay, synapse=synapse)
    return net


def equation(z, r, v, J, d, tau_s=0.0, order=1):
    """The characteristic equation by hand, times in units of tau."""
    late = J * np.exp(-z * d) / (1.0 + z * tau_s) ** order
    return (z - 2 * v) ** 2 + 4 * np.pi**2 * r**2 - 2 * r * late


def rest(equilibrium):
    return equilibrium["pop.r"].m_as(1 / ms) * TAU, float(equilibrium["pop.v"].magnitude)


SYNAPSES = {
    "none": (None, 0.0, 1),
    "exponential": (nm.synapses.Exponential(5 * ms), 0.5, 1),
    "alpha": (nm.synapses.Alpha(3 * ms), 0.3, 2),
}


@pytest.mark.parametrize("delay", [0.2, 1.0, 7.0])
@pytest.mark.parametrize("name", SYNAPSES)
def test_roots_solve_the_equation_and_none_to_the_right_is_missed(name, delay):
    synapse, tau_s, order = SYNAPSES[name]
    (found,) = analysis.roots(delayed(delay=delay * TAU * ms, synapse=synapse), count=12)
    z = found.eigenvalues.m_as(1 / ms) * TAU
    r, v = rest(found)
    values = equation(z, r, v, -6.0, delay, tau_s, order)
    size = np.abs(z - 2 * v) ** 2 + 4 * np.pi**2 * r**2
    np.testing.assert_allclose(np.abs(values) / size, 0.0, atol=1e-11)
    assert len(z) >= 12
    assert np.all(np.diff(z.real) < 1e-9)
    # the argument principle, on a rectangle whose left side lies between two roots
    left = 0.5 * (z.real[z.real > -0.9 / tau_s if tau_s else z.real > -np.inf][-1] + z.real[0])
    while np.min(np.abs(z.real - left)) < 1e-3:
        left += 2e-3
    corners = [left - 60j, 40 - 60j, 40 + 60j, left + 60j, left - 60j]
    line = np.concatenate([np.linspace(a, b, 60_001) for a, b in itertools.pairwise(corners)])
    turns = np.unwrap(np.angle(equation(line, r, v, -6.0, delay, tau_s, order)))
    assert round((turns[-1] - turns[0]) / (2 * np.pi)) == np.sum(z.real > left)


def test_the_hopf_point_of_the_reference():
    diagram = analysis.continuation(delayed(), "pop->pop.J", (-20, 0))
    (hopf,) = diagram.hopfs
    assert hopf["pop->pop.J"].magnitude == pytest.approx(-5.194629011165391, rel=1e-10)
    omega = 2 * np.pi * hopf.frequency.m_as(1 / ms) * TAU
    assert omega == pytest.approx(2.49179665934619, rel=1e-10)


@pytest.mark.parametrize("n", [1, *(pytest.param(n, marks=pytest.mark.slow) for n in (2, 3))])
def test_identical_neurons_begin_to_oscillate_where_pazo_and_montbrio_say(n):
    """For delta -> 0, eta = 1 and W = n pi/d, from their paper's equation; delta^2 is felt."""
    d, gaps = 2.0, []
    W = n * np.pi / d
    J = np.pi * (W**2 - 4) / np.sqrt(6 * W**2 + 12 if n % 2 else 2 * W**2 - 4)
    for delta in (1e-3, 5e-4):
        net = delayed(J=J, delay=d * TAU * ms, eta=1.0, delta=delta)
        hopfs = analysis.continuation(net, "pop->pop.J", (J - 0.5, J + 0.5)).hopfs
        found = np.array([each["pop->pop.J"].magnitude for each in hopfs])
        gaps.append(np.min(np.abs(found - J)))
    assert gaps[0] < 0.02
    assert gaps[1] < 0.7 * gaps[0]


def test_a_diagram_over_the_delay():
    net = delayed()
    diagram = analysis.continuation(net, "pop->pop.delay", (0 * ms, 50 * ms))
    (branch,) = diagram.branches
    assert not diagram.folds
    for hopf in diagram.hopfs:
        r, v = hopf["pop.r"].m_as(1 / ms) * TAU, hopf["pop.v"].magnitude
        z = 2j * np.pi * hopf.frequency.m_as(1 / ms) * TAU
        d = hopf["pop->pop.delay"].m_as(ms) / TAU
        assert abs(equation(z, r, v, -6.0, d)) < 1e-9
    first = diagram.hopfs[0]
    (found,) = branch.at(first["pop->pop.delay"] - 0.2 * ms)
    net["pop->pop"].delay = first["pop->pop.delay"] - 0.2 * ms
    (same,) = analysis.roots(net)
    assert same.stable
    np.testing.assert_allclose(
        found.eigenvalues.magnitude[:4], same.eigenvalues.magnitude[:4], atol=1e-9
    )


@pytest.mark.slow
def test_the_curve_over_strength_and_delay_is_the_closed_form():
    diagram = analysis.continuation(delayed(), "pop->pop.J", (-20, 0))
    curve = analysis.curve(
        diagram.hopfs[0], "pop->pop.delay", (5 * ms, 20 * ms), within=(-20, 0), step=0.05
    )
    assert len(curve) > 20
    r, v = curve["pop.r"].m_as(1 / ms) * TAU, curve["pop.v"].magnitude
    J, d = curve["pop->pop.J"].magnitude, curve["pop->pop.delay"].m_as(ms) / TAU
    z = 2j * np.pi * curve.frequency.m_as(1 / ms) * TAU
    np.testing.assert_allclose(v, -1 / (2 * np.pi * r), rtol=1e-9)
    np.testing.assert_allclose(v**2 + 5 + J * r, (np.pi * r) ** 2, rtol=1e-9)
    np.testing.assert_allclose(np.abs(equation(z, r, v, J, d)) / np.abs(z) ** 2, 0.0, atol=1e-9)


def test_stability_is_that_of_runs():
    grows = {}
    for J in (-5.0, -5.4):
        net = delayed(J=J)
        (found,) = analysis.roots(net)
        rate = found.eigenvalues.magnitude.real[0]
        net["pop"].set(r=found["pop.r"] * 1.0001, v=found["pop.v"])
        rec = nm.run(net, 1500 * ms)["pop"]
        r = np.abs(rec.array("r", Hz) - found["pop.r"].m_as(Hz))
        early, late = r[6_000:8_000].max(), r[26_000:28_000].max()
        assert np.log(late / early) / 1000 == pytest.approx(rate, rel=0.05)
        grows[J] = found.stable, late < early
    assert grows == {-5.0: (True, True), -5.4: (False, False)}


def test_without_delays_they_are_the_eigenvalues():
    net = e_i_pair()
    (found,), (plain,) = analysis.roots(net, {"exc": 10.0}), net.equilibria({"exc": 10.0})
    np.testing.assert_allclose(found.eigenvalues.magnitude, plain.eigenvalues.magnitude)
    for synapse in (nm.synapses.Depression(), nm.synapses.TsodyksMarkram()):
        nets = []
        for delay in (0.0, 0.05):
            net = e_i_pair()
            net.connect("inh", "inh", J=-2.0, synapse=synapse, delay=delay * ms)
            nets.append(net)
        (late,) = analysis.roots(nets[1], {"exc": 3.0}, count=4)
        (now,) = nets[0].equilibria({"exc": 3.0})
        np.testing.assert_allclose(
            late.eigenvalues.magnitude[:2], now.eigenvalues.magnitude[:2], rtol=0.1
        )
        assert late["exc.r"].magnitude == pytest.approx(now["exc.r"].magnitude, rel=1e-9)


@pytest.mark.slow
def test_a_network_oscillates_for_late_inhibition():
    """The curve of Hopf points of an E-I network begins at its instantaneous one."""
    net = e_i_pair()
    (hopf,) = analysis.continuation(net, "exc.I_ext", (0, 15)).hopfs
    curve = analysis.curve(hopf, "inh->exc.delay", (0 * ms, 5 * ms), within=(-5, 15), step=0.05)
    order = np.argsort(curve["inh->exc.delay"].magnitude)
    drive = curve["exc.I_ext"].magnitude[order]
    assert drive[0] == pytest.approx(6.483710214266496, abs=0.3)
    assert drive[-1] < drive[0]
    net["inh->exc"].delay = 3 * ms
    (again,) = analysis.continuation(net, "exc.I_ext", (0, 15)).hopfs
    delays = curve["inh->exc.delay"].m_as(ms)[order]
    assert np.interp(3.0, delays, drive) == pytest.approx(again["exc.I_ext"].magnitude, abs=5e-3)


def test_the_lyapunov_coefficient_is_that_without_delays():
    net = e_i_pair()
    (hopf,) = analysis.continuation(net, "exc.I_ext", (0, 15)).hopfs
    problem = hopf.problem
    late = DelayedEquilibrate(problem.field, problem.name, problem.ends, problem.scale)
    found = late.lyapunov_coefficient(hopf.point.at)
    assert found == pytest.approx(hopf.lyapunov_coefficient, rel=1e-5)


def test_a_supercritical_point_is_one_in_runs():
    """Amplitudes grow as the root of the distance."""
    (hopf,) = analysis.continuation(delayed(), "pop->pop.J", (-20, 0)).hopfs
    assert hopf.supercritical
    extents = []
    for beyond in (0.05, 0.2):
        net = delayed(J=float(hopf["pop->pop.J"].magnitude) - beyond)
        net["pop"].set(r=55 * Hz, v=-0.3)
        nm.run(net, 8000 * ms, record=())
        extents.append(np.ptp(nm.run(net, 200 * ms)["pop"].array("r", Hz)))
    assert extents[1] / extents[0] == pytest.approx(2.0, rel=0.1)


def test_identical_lanes_and_matrices_of_delays():
    """A ring of equal nodes with one delay has, among others, the roots of a single one."""
    one = delayed()
    net = nm.Network({"pop": nm.QIF(tau=TAU * ms, eta=5.0, shape=3)})
    net.connect("pop", "pop", J=-6.0 / 3 * np.ones((3, 3)), delay=10 * np.ones((3, 3)) * ms)
    (single,), found = analysis.roots(one, count=4), analysis.roots(net, count=12)
    (together,) = [
        each for each in found if np.ptp(each["pop.r"].magnitude) < 1e-6
    ]  # where all are alike
    for root in single.eigenvalues.magnitude:
        assert np.min(np.abs(together.eigenvalues.magnitude - root)) < 1e-10


def test_what_is_refused():
    net = delayed()
    for call in (
        lambda: analysis.cycle(net),
        lambda: analysis.linear_noise(net),
        lambda: analysis.cycles(
            analysis.continuation(net, "pop->pop.J", (-8, 0)).hopfs[0], (-8, 0)
        ),
    ):
        with pytest.raises(ValueError, match=r"has delays, up to 10 ms.*roots"):
            call()
    with pytest.raises(TypeError, match=r"a population has equilibria"):
        analysis.roots(nm.QIF())
    with pytest.raises(ValueError, match="count must be at least 1"):
        analysis.roots(net, count=0)
    with pytest.raises(ValueError, match="a delay cannot"):
        analysis.continuation(net, "pop->pop.delay", (-1 * ms, 5 * ms))
    with pytest.raises(nm.UnitError, match="delay"):
        analysis.continuation(net, "pop->pop.delay", (0, 5))
