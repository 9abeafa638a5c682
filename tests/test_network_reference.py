"""Networks against values that were computed independently of this package, and against theory."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq

import neuromass as nm
from neuromass.units import Hz, ms

EI = {"tau_e": 20.0, "tau_i": 10.0, "eta": -5.0, "delta": 1.0, "J_ee": 8.0, "J_ei": -10.0,
      "J_ie": 10.0, "hopf": 6.483710214266496, "hopf_Hz": 24.4582421088328, "I": 10.0,
      "Hz": 31.8000125694261}  # fmt: skip


def circuit(dt=0.05, start=None, own=True, **options):
    """The E-I pair; the excitation of E by itself is its own J or a connection."""
    r_e, v_e, r_i, v_i = (0.01, -2.0, 0.01, -2.0) if start is None else start
    exc = nm.QIF(tau=EI["tau_e"] * ms, eta=EI["eta"], J=EI["J_ee"] if own else 0.0, dt=dt * ms,
                 initial={"r": r_e / ms, "v": v_e})  # fmt: skip
    inh = nm.QIF(tau=EI["tau_i"] * ms, eta=EI["eta"], dt=dt * ms, initial={"r": r_i / ms, "v": v_i})
    net = nm.Network({"exc": exc, "inh": inh}, **options)
    net.connect("exc", "inh", J=EI["J_ie"])
    net.connect("inh", "exc", J=EI["J_ei"])
    if not own:
        net.connect("exc", "exc", J=EI["J_ee"])
    return net


def rates(y, drive):
    """The declared equations, joined as the issue says."""
    r_e, v_e, r_i, v_i = y
    into_exc = drive + EI["tau_e"] * EI["J_ei"] * r_i
    into_inh = EI["tau_i"] * EI["J_ie"] * r_e
    return np.array([
        *nm.QIF.derivatives(r_e, v_e, into_exc, EI["tau_e"], EI["eta"], 1.0, EI["J_ee"]),
        *nm.QIF.derivatives(r_i, v_i, into_inh, EI["tau_i"], EI["eta"], 1.0, 0.0),
    ])  # fmt: skip


def jacobian(y, drive):
    """By complex steps, which are exact for polynomials."""
    return np.array([rates(y + 1e-200j * unit, drive).imag / 1e-200 for unit in np.eye(4)]).T


def leading(drive):
    """Equilibrium, by Newton's method, and leading eigenvalue."""
    y = np.array([0.01, -0.5, 0.02, -0.5])
    for _ in range(50):
        y = y - np.linalg.solve(jacobian(y, drive), rates(y, drive))
    assert np.max(np.abs(rates(y, drive))) < 1e-15
    eigenvalues = np.linalg.eigvals(jacobian(y, drive))
    return y, eigenvalues[np.argmax(eigenvalues.real)]


def test_the_hopf_bifurcation_of_the_declared_equations():
    hopf = brentq(lambda drive: leading(drive)[1].real, 5.0, 8.0, xtol=1e-14)
    assert hopf == pytest.approx(EI["hopf"], rel=1e-10)
    frequency = abs(leading(hopf)[1].imag) / (2 * math.pi) * 1000
    assert frequency == pytest.approx(EI["hopf_Hz"], rel=1e-9)


def growth(trace, times, period):
    """Growth rate of the amplitude of an oscillation, from its maxima per period."""
    size = round(period / (times[1] - times[0]))
    parts = trace[: len(trace) // size * size].reshape(-1, size)
    amplitudes = np.ptp(parts, axis=1)
    return np.polyfit(times[::size][: len(parts)], np.log(amplitudes), 1)[0]


@pytest.mark.parametrize("own", [True, False], ids=["own J", "self-connection"])
def test_oscillations_decay_before_the_hopf_bifurcation_and_grow_beyond(own):
    found = []
    drives = EI["hopf"] - 0.05, EI["hopf"] + 0.05
    for drive in drives:
        y, eigenvalue = leading(drive)
        net = circuit(start=y + np.array([1e-7, 0, 0, 0]), own=own)
        nm.run(net, 100 * ms, inputs={"exc": drive}, record={"exc": "r"}, every=20)
        rec = nm.run(net, 1000 * ms, inputs={"exc": drive}, record={"exc": "r"})["exc"]
        trace = rec.r.magnitude
        found.append(growth(trace, rec.t.magnitude, 2 * math.pi / abs(eigenvalue.imag)))
        assert found[-1] == pytest.approx(eigenvalue.real, rel=0.05)
    assert found[0] < 0 < found[1]
    crossing = drives[0] - found[0] * (drives[1] - drives[0]) / (found[1] - found[0])
    assert crossing == pytest.approx(EI["hopf"], abs=2e-3)


def frequency(dt, **options):
    """Frequency of the limit cycle in Hz, from crossings of v by interpolation of order 3."""
    net = circuit(dt, **options)
    nm.run(net, 500 * ms, inputs={"exc": EI["I"]}, record={"exc": "v"}, every=100)
    v = nm.run(net, 1000 * ms, inputs={"exc": EI["I"]}, record={"exc": "v"})["exc"].v.magnitude
    level = 0.5 * (v.min() + v.max())
    places = np.flatnonzero((v[1:-2] < level) & (v[2:-1] >= level)) + 1
    crossings = []
    for k in places:
        cubic = np.polynomial.Polynomial.fit(np.arange(-1, 3), v[k - 1 : k + 3] - level, 3)
        crossings.append(k + brentq(cubic, 0, 1, xtol=1e-15))
    return 1000 * (len(crossings) - 1) / ((crossings[-1] - crossings[0]) * dt)


def test_the_gamma_cycle():
    """Second order: two steps give the frequency to six digits, and the slope is 2."""
    coarse, fine, finest = (frequency(dt) for dt in (0.1, 0.05, 0.025))
    assert (4 * finest - fine) / 3 == pytest.approx(EI["Hz"], rel=1e-6)
    errors = [abs(each - EI["Hz"]) for each in (coarse, fine, finest)]
    assert math.log2(errors[0] / errors[2]) / 2 == pytest.approx(2, abs=0.1)


def test_held_coupling_has_the_same_cycle_with_first_order():
    fine, finest = (frequency(dt, coupling="held") for dt in (0.025, 0.0125))
    errors = abs(fine - EI["Hz"]), abs(finest - EI["Hz"])
    assert math.log2(errors[0] / errors[1]) == pytest.approx(1, abs=0.1)


# ------------------------------------------------------------------------- delays


def delayed(J, d, eta, delta, start, dt):
    """One population whose recurrent input is J tau r(t - d), times in units of tau."""
    tau = 10.0
    pop = nm.QIF(tau=tau * ms, eta=eta, delta=delta, dt=dt * ms,
                 initial={"r": start[0] / tau / ms, "v": start[1]})  # fmt: skip
    net = nm.Network({"pop": pop})
    net.connect("pop", "pop", J=J, delay=d * tau * ms)
    return net


def fixed_point(J, eta, delta):
    """Equilibrium in units of tau."""
    x = max(np.roots([1, -J / math.pi, -eta, 0, -(delta**2) / 4]).real)
    return x / math.pi, -delta / (2 * x)


def test_the_hopf_bifurcation_of_delayed_inhibition():
    reference, omega = -5.194629011165391, 2.49179665934619
    strengths, rates_found = (-5.1, -5.3), []
    for J in strengths:
        r, v = fixed_point(J, 5.0, 1.0)
        net = delayed(J, 1.0, 5.0, 1.0, (r * (1 + 1e-6), v), dt=0.1)
        nm.run(net, 500 * ms, record={"pop": "r"}, every=100)
        rec = nm.run(net, 2000 * ms, record={"pop": "r"})["pop"]
        rates_found.append(growth(rec.r.magnitude, rec.t.magnitude, 2 * math.pi / omega * 10))
    assert rates_found[0] < 0 < rates_found[1]
    slope = (rates_found[1] - rates_found[0]) / (strengths[1] - strengths[0])
    assert strengths[0] - rates_found[0] / slope == pytest.approx(reference, abs=5e-3)


def test_the_hopf_bifurcation_without_heterogeneity():
    """delta = 0: the equilibrium is neutral for J = 0, so that the loop alone decides."""
    d, eta, n = 2.0, 1.0, 1
    omega = n * math.pi / d
    reference = math.pi * (omega**2 - 4) / math.sqrt(6 * omega**2 + 12)
    assert reference == pytest.approx(-0.929983586211, rel=1e-11)
    found = []
    strengths = reference * 0.95, reference * 1.05
    for J in strengths:
        r, v = fixed_point(J, eta, 0.0)
        net = delayed(J, d, eta, 0.0, (r * (1 + 1e-5), v), dt=0.05)
        nm.run(net, 1000 * ms, record={"pop": "r"}, every=100)
        rec = nm.run(net, 2000 * ms, record={"pop": "r"})["pop"]
        found.append(growth(rec.r.magnitude, rec.t.magnitude, 2 * math.pi / omega * 10))
    assert found[0] * found[1] < 0


# ------------------------------------------------------ models that are networks, too


def final(system, duration=200.0, **options):
    nm.run(system, duration * ms, record=(), **options)
    return system


TWINS = {
    "QIFSynaptic": (
        lambda o: nm.QIFSynaptic(J=-8.0, tau_s=6 * ms, **o), nm.synapses.Exponential(6 * ms), -8.0,
        {"s": ("s", 10.0)},
    ),
    "QIFDepression": (
        lambda o: nm.QIFDepression(J=15.0, alpha=0.02, tau_a=50 * ms, **o),
        nm.synapses.Depression(alpha=0.02, tau_a=50 * ms), 15.0, {"a": ("a", 1.0), "x": ("x", 1.0)},
    ),
    "QIFTsodyksMarkram": (
        lambda o: nm.QIFTsodyksMarkram(J=15.0, tau_d=50 * ms, tau_f=100 * ms, U0=0.3, **o),
        nm.synapses.TsodyksMarkram(tau_d=50 * ms, tau_f=100 * ms, U0=0.3), 15.0,
        {"x": ("x", 1.0), "u": ("u", 1.0)},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("model", "synapse", "J", "states"), TWINS.values(), ids=TWINS)
def test_a_model_with_a_synapse_is_a_self_connection_through_it(model, synapse, J, states):
    options = {"eta": 2.0, "initial": {"r": 8 * Hz, "v": -2.0}}
    start = dict(options["initial"])
    if "U0" in synapse.declared():
        start |= {"x": 1.0, "u": 0.3}
    lone = final(model({**options, "initial": start}), inputs=1.0)
    net = nm.Network({"pop": nm.QIF(**options)})
    net.connect("pop", "pop", J=J, synapse=synapse)
    nm.run(net, 200 * ms, inputs={"pop": 1.0})
    assert net["pop"].raw.r == pytest.approx(lone.raw.r, rel=1e-9)
    assert net["pop"].raw.v == pytest.approx(lone.raw.v, rel=1e-9)
    for name, (in_model, scale) in states.items():
        value = getattr(net["pop->pop"], name)
        plain = value.to("1/ms").magnitude if name == "s" else value.magnitude
        assert plain * scale == pytest.approx(getattr(lone.raw, in_model), rel=1e-9)


def test_a_self_connection_is_the_recurrent_coupling():
    own, wired = nm.QIF(J=15.0, eta=-4.0), nm.Network({"pop": nm.QIF(J=0.0, eta=-4.0)})
    wired.connect("pop", "pop", J=15.0)
    nm.run(own, 200 * ms, inputs=3.0)
    nm.run(wired, 200 * ms, inputs={"pop": 3.0})
    assert wired["pop"].raw.r == pytest.approx(own.raw.r, rel=1e-11)
