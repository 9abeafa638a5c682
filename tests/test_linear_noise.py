"""Linear noise: closed forms, the reference, and long stochastic runs."""

import numpy as np
import pytest

import neuromass as nm
from neuromass.units import Hz, ms, mV, pA, second

pytest.importorskip("scipy")
TAU = 10 * ms


def node(**noise):
    return nm.QIF(tau=TAU, delta=1.0, J=15.0, eta=-5.0, noise=noise, seed=1, dt=0.05 * ms)


def test_the_covariance_at_the_node_of_the_reference():
    """sigma is 1 per square root of tau."""
    found = nm.analysis.linear_noise(node(v=nm.noise.White(1.0 / (10 * ms) ** 0.5)))
    assert found.equilibrium.kind == "node"
    rr = found.covariance("r") * TAU**2
    assert rr.m_as("") == pytest.approx(1.26943700e-4, rel=1e-7)
    assert (found.covariance("r", "v") * TAU).m_as("") == pytest.approx(3.06916882e-3, rel=1e-7)
    assert found.covariance("v").m_as("") == pytest.approx(0.137927369, rel=1e-7)
    assert found.std("v").magnitude == pytest.approx(0.137927369**0.5, rel=1e-7)


@pytest.mark.parametrize(
    "noise",
    [
        {"v": nm.noise.White(0.1 / ms**0.5)},
        {"I_ext": nm.noise.White(0.5 * ms**0.5)},
        {"I_ext": nm.noise.OrnsteinUhlenbeck(sigma=0.5, tau=5 * ms)},
        {"r": nm.noise.OrnsteinUhlenbeck(sigma=0.05 * Hz / ms, tau=20 * ms)},
    ],
)
def test_the_spectrum_sums_up_to_the_variance(noise):
    found = nm.analysis.linear_noise(node(**noise))
    at = np.concatenate([np.linspace(0, 200, 40_001), np.geomspace(200.01, 2e5, 20_000)])
    spectrum = found.spectrum("r", at * Hz)
    total = np.trapezoid(spectrum.power.m_as(Hz**2 / Hz), at)
    assert total == pytest.approx(found.covariance("r").m_as(Hz**2), rel=1e-3)


def test_white_noise_is_coloured_noise_of_short_memory():
    white = nm.analysis.linear_noise(node(I_ext=nm.noise.White(0.5 * ms**0.5)))
    tau = 1e-3 * ms
    short = nm.noise.OrnsteinUhlenbeck(sigma=0.5 / np.sqrt(2 * 1e-3), tau=tau)
    found = nm.analysis.linear_noise(node(I_ext=short))
    assert found.std("r").m_as(Hz) == pytest.approx(white.std("r").m_as(Hz), rel=1e-3)


def test_the_transfer_is_what_a_weak_wave_does():
    pop = nm.QIF(tau=TAU, J=15.0, eta=-5.0, noise={"v": nm.noise.White(0.1 / ms**0.5)})
    found = nm.analysis.linear_noise(pop).transfer("I_ext", "r", [20.0] * Hz)
    quiet = nm.QIF(tau=TAU, J=15.0, eta=-5.0, initial="rest", dt=0.01 * ms)
    wave = nm.signals.Sine(1e-3, frequency=20 * Hz)
    rec = nm.run(quiet, 1 * second, inputs=wave)[500 * ms :]
    t, r = rec.array("t", second), rec.array("r", Hz)
    fit = np.stack([np.sin(40 * np.pi * t), np.cos(40 * np.pi * t), np.ones_like(t)], axis=1)
    (a, b, _), *_ = np.linalg.lstsq(fit, r, rcond=None)
    assert np.hypot(a, b) / 1e-3 == pytest.approx(found.gain[0].m_as(Hz), rel=2e-3)
    assert np.arctan2(b, a) == pytest.approx(found.phase[0], abs=5e-3)
    slow = nm.analysis.linear_noise(pop).transfer("I_ext", "r", [0.0] * Hz).gain[0]
    rates = [pop.equilibria(x)[0].r.m_as(Hz) for x in (-1e-4, 1e-4)]
    assert slow.m_as(Hz) == pytest.approx((rates[1] - rates[0]) / 2e-4, rel=1e-5)


@pytest.mark.slow
def test_a_long_run_fluctuates_as_linear_theory_says():
    pop = node(
        v=nm.noise.White(0.02 / ms**0.5), r=nm.noise.OrnsteinUhlenbeck(0.01 * Hz / ms, 5 * ms)
    )
    found = nm.analysis.linear_noise(pop)
    rec = nm.run(pop, 600 * second, every=10)[1 * second :]
    for name in ("r", "v"):
        measured = nm.measures.std(name)(rec).magnitude
        assert measured == pytest.approx(found.std(name).magnitude, rel=0.03)
    measured = rec.spectrum("r", segment=2 * second)
    expected = found.spectrum("r", measured.frequency[5:60]).power.magnitude
    assert np.mean(measured.power.magnitude[5:60] / expected) == pytest.approx(1.0, abs=0.03)


def test_models_with_units_and_chosen_equilibria():
    noise = {"I_ext": nm.noise.OrnsteinUhlenbeck(sigma=2 * pA, tau=5 * ms)}
    model = nm.IzhikevichMeanField(noise=noise)
    found = nm.analysis.linear_noise(model, 60 * pA)
    assert found.covariance("r", "v").check("[length]**2 * [mass] / [time]**4 / [current]")
    assert found.std("v").units == mV
    active = node(v=nm.noise.White(0.1 / ms**0.5))
    focus = active.equilibria()[2]
    about = nm.analysis.linear_noise(active, at=focus)
    assert about.spectrum("r").peak.m_as(Hz) == pytest.approx(focus.frequency.m_as(Hz), rel=0.05)
    assert "focus" in repr(about)


def test_what_does_not_fluctuate_is_refused():
    with pytest.raises(ValueError, match="has no noise"):
        nm.analysis.linear_noise(nm.QIF())
    pop = node(v=nm.noise.White(0.1 / ms**0.5))
    with pytest.raises(ValueError, match="saddle is not stable"):
        nm.analysis.linear_noise(pop, at=pop.equilibria()[1])
    with pytest.raises(ValueError, match="Network has no noise"):
        nm.analysis.linear_noise(nm.Network({"a": nm.QIF()}))
    late = nm.Network({"a": nm.QIF(noise={"v": nm.noise.White(0.1 / ms**0.5)})})
    late.connect("a", "a", J=1.0, delay=1 * ms)
    with pytest.raises(ValueError, match="delay"):
        nm.analysis.linear_noise(late)
    with pytest.raises(ValueError, match="no state or output 'q'"):
        nm.analysis.linear_noise(pop).std("q")
    with pytest.raises(ValueError, match="no input 'q'"):
        nm.analysis.linear_noise(pop).transfer("q", "r")


# --------------------------------------------------------------------------- plots


def test_a_spectrum_is_drawn_over_the_logarithm_of_the_frequency():
    plt = pytest.importorskip("matplotlib.pyplot")
    found = nm.analysis.linear_noise(node(v=nm.noise.White(0.1 / ms**0.5)))
    ax = found.plot("v")
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("frequency (Hz)", "power of v (1/Hz)")
    x, y = ax.lines[0].get_data()
    np.testing.assert_allclose(y, found.spectrum("v", x * Hz).power.m_as(1 / Hz), rtol=1e-9)
    slowest, fastest = 159.15 * np.sort(np.abs(found.equilibrium.eigenvalues.magnitude))
    np.testing.assert_allclose(x[[0, -1]], [0.01 * slowest, 5 * fastest], rtol=1e-4)
    assert found.plot().get_ylabel() == "power of r (Hz)"
    _, own = plt.subplots()
    assert found.plot("r", [0.0, 5.0, 10.0] * Hz, ax=own) is own
    np.testing.assert_array_equal(own.lines[0].get_xdata(), [5.0, 10.0])
    with pytest.raises(ValueError, match="no state or output 'q'"):
        found.plot("q")
    plt.close("all")


def test_a_transfer_is_drawn_as_gain_and_phase():
    plt = pytest.importorskip("matplotlib.pyplot")
    found = nm.analysis.linear_noise(node(v=nm.noise.White(0.1 / ms**0.5)))
    transfer = found.transfer("I_ext", "r", [0.0, 5.0, 10.0, 20.0] * Hz)
    gain, phase = transfer.plot()
    assert (gain.get_xscale(), gain.get_yscale()) == ("log", "log")
    assert (phase.get_xscale(), phase.get_yscale()) == ("log", "linear")
    assert gain.get_ylabel() == "gain of r to I_ext (Hz)"
    assert phase.get_ylabel() == "phase of r to I_ext (rad)"
    assert phase.get_xlabel() == "frequency (Hz)"
    np.testing.assert_array_equal(gain.lines[0].get_xdata(), [5.0, 10.0, 20.0])
    np.testing.assert_array_equal(gain.lines[0].get_ydata(), transfer.gain.m_as(Hz)[1:])
    np.testing.assert_array_equal(phase.lines[0].get_ydata(), transfer.phase[1:])
    _, axes = plt.subplots(2)
    assert transfer.plot(ax=axes)[1] is axes[1]
    with pytest.raises(ValueError, match="needs 2 Axes"):
        transfer.plot(ax=axes[0])
    plt.close("all")


# ------------------------------------------------------------------------- networks


def pair(**noise):
    exc = nm.QIF(tau=20 * ms, eta=-5.0, J=8.0, noise=noise.get("exc"), seed=1)
    inh = nm.QIF(tau=10 * ms, eta=[-5.0, -4.0], noise=noise.get("inh"), seed=2)
    net = nm.Network({"exc": exc, "inh": inh})
    synapse = nm.synapses.Alpha(3 * ms)
    net.connect("exc", "inh", J=np.array([[10.0], [9.0]]), synapse=synapse)
    net.connect("inh", "exc", J=np.array([[-6.0, -4.0]]))
    return net


def test_a_member_by_itself_is_the_population():
    noise = {"v": nm.noise.White(0.1 / ms**0.5), "I_ext": nm.noise.OrnsteinUhlenbeck(0.5, 5 * ms)}
    own = nm.analysis.linear_noise(node(**noise))
    found = nm.analysis.linear_noise(nm.Network({"a": node(**noise), "b": nm.QIF()}))
    at = [0.0, 10.0, 30.0] * Hz
    assert found.covariance("a.r", "a.v") == own.covariance("r", "v")
    assert found.std("b.r").magnitude == 0.0
    np.testing.assert_allclose(
        found.spectrum("a.r", at).power.magnitude, own.spectrum("r", at).power.magnitude, rtol=1e-9
    )
    np.testing.assert_allclose(
        found.transfer("a.I_ext", "a.v", at).values, own.transfer("I_ext", "v", at).values
    )


def test_a_synapse_is_the_model_with_one():
    noise = {
        "I_ext": nm.noise.OrnsteinUhlenbeck(0.5, 5 * ms),
        "r": nm.noise.White(1 * Hz / ms**0.5),
    }
    given = {"eta": 4.0, "noise": noise, "seed": 1}
    own = nm.analysis.linear_noise(nm.QIFSynaptic(J=-21.0, tau_s=7 * ms, **given))
    net = nm.Network({"pop": nm.QIF(**given)})
    net.connect("pop", "pop", J=-21.0, synapse=nm.synapses.Exponential(7 * ms))
    found = nm.analysis.linear_noise(net)
    for one, other in (("r", "r"), ("r", "v"), ("v", "v")):
        expected = own.covariance(one, other).magnitude
        assert found.covariance(f"pop.{one}", f"pop.{other}").magnitude == pytest.approx(
            expected, rel=1e-8
        )
    smoothed = own.covariance("v", "s").magnitude
    assert found.covariance("pop.v", "pop->pop.s").m_as("1/ms") * 10 == pytest.approx(smoothed)


def test_lanes_go_together_as_their_noise_does():
    correlation = np.array([[1.0, 0.6, 0.0], [0.6, 1.0, -0.3], [0.0, -0.3, 1.0]])
    for source in (
        nm.noise.White(0.1 / ms**0.5, correlation=correlation),
        nm.noise.White(0.1 / ms**0.5),
    ):
        pop = nm.QIF(eta=-5.0, J=15.0, shape=3, noise={"v": source}, seed=1)
        found = nm.analysis.linear_noise(nm.Network({"a": pop}))
        alone = nm.analysis.linear_noise(node(v=nm.noise.White(0.1 / ms**0.5)))
        expected = np.eye(3) if source.correlation is None else correlation
        whole = found.covariance("a.r").magnitude
        np.testing.assert_allclose(
            whole, expected * alone.covariance("r").magnitude, atol=1e-12, rtol=1e-9
        )
        np.testing.assert_allclose(found.std("a.r").magnitude, alone.std("r").magnitude)
        assert found.spectrum("a.r").power.shape == (1001, 3)


def test_the_slow_transfer_of_a_network_is_the_slope_of_its_equilibria():
    net = pair(exc={"v": nm.noise.White(0.1 / ms**0.5)})
    slow = nm.analysis.linear_noise(net, {"exc": 3.0}).transfer("exc.I_ext", "inh.r", [0.0] * Hz)
    ends = []
    for drive in (3.0 - 1e-4, 3.0 + 1e-4):
        (at,) = (each for each in net.equilibria({"exc": drive}) if each.stable)
        ends.append(at["inh.r"].m_as(Hz))
    np.testing.assert_allclose(slow.gain[0].m_as(Hz), (ends[1] - ends[0]) / 2e-4, rtol=1e-5)


@pytest.mark.slow
def test_a_long_run_of_a_network_fluctuates_as_linear_theory_says():
    noise = {
        "exc": {"v": nm.noise.White(0.02 / ms**0.5)},
        "inh": {"I_ext": nm.noise.OrnsteinUhlenbeck([0.1, 0.2], 5 * ms)},
    }
    net = pair(**noise)
    found = nm.analysis.linear_noise(net, {"exc": 3.0})
    rec = nm.run(net, 600 * second, inputs={"exc": 3.0}, every=10)[1 * second :]
    for name in ("exc.r", "exc.v", "inh.r", "inh.v", "exc->inh.s"):
        member, _, state = name.rpartition(".")
        measured = nm.measures.std(state)(rec[member]).magnitude
        np.testing.assert_allclose(measured, found.std(name).magnitude, rtol=0.03)
    both = np.cov(rec["exc"].r.magnitude, rec["inh"].r.magnitude[:, 1])[0, 1]
    assert both == pytest.approx(found.covariance("exc.r", "inh.r").magnitude[1], rel=0.1)
    measured = rec["inh"].spectrum("r", segment=2 * second)
    expected = found.spectrum("inh.r", measured.frequency[5:60]).power.magnitude
    ratio = np.mean(measured.power.magnitude[5:60] / expected, axis=0)
    np.testing.assert_allclose(ratio, 1.0, atol=0.03)


def test_phases_of_lanes_go_on_over_the_frequency():
    noise = {"v": nm.noise.White(0.1 / ms**0.5)}
    found = nm.analysis.linear_noise(nm.Network({"a": nm.QIF(eta=[-5.0, -8.0], noise=noise)}))
    transfer = found.transfer("a.I_ext", "a.r")
    assert transfer.phase.shape == transfer.values.shape == (1001, 2)
    assert np.max(np.abs(np.diff(transfer.phase, axis=0))) < 0.1
    np.testing.assert_allclose(np.exp(1j * transfer.phase), transfer.values / abs(transfer.values))
    table = transfer.to_dataframe()
    assert list(table.columns) == [
        "frequency (Hz)", "gain[0] (Hz)", "gain[1] (Hz)", "phase[0]", "phase[1]",
    ]  # fmt: skip
    np.testing.assert_array_equal(table["phase[1]"], transfer.phase[:, 1])
    pytest.importorskip("matplotlib")
    assert [len(each.lines) for each in transfer.plot()] == [2, 2]


def test_outputs_fluctuate_as_the_states_that_they_are_made_of(tmp_path):
    noise = {"p": nm.noise.OrnsteinUhlenbeck(sigma=1 / second, tau=5 * ms)}
    pop = nm.JansenRit(noise=noise)
    found = nm.analysis.linear_noise(pop, 30 / second)
    variance = found.covariance("y1") + found.covariance("y2") - 2 * found.covariance("y1", "y2")
    assert found.covariance("eeg").m_as("mV^2") == pytest.approx(variance.m_as("mV^2"), rel=1e-11)
    assert found.std("eeg").m_as("mV") == pytest.approx(np.sqrt(variance.m_as("mV^2")), rel=1e-11)
    at = np.linspace(1.0, 30.0, 7) * Hz
    one, other = found.transfer("p", "y1", at), found.transfer("p", "y2", at)
    both = found.transfer("p", "eeg", at)
    np.testing.assert_allclose(both.values, one.values - other.values, rtol=1e-10)
    # the spectrum of the source, 4 sigma^2 tau / (1 + w^2 tau^2), passed on
    turning = 2 * np.pi * at.magnitude * 0.005
    source = 4.0 * 0.005 / (1 + turning**2)
    expected = both.gain.m_as("mV s") ** 2 * source
    np.testing.assert_allclose(
        found.spectrum("eeg", at).power.m_as("mV^2/Hz"), expected, rtol=1e-10
    )
    again = nm.load(found.save(tmp_path / "noise"))
    assert again.std("eeg") == found.std("eeg")
    assert again.equilibrium.eeg == found.equilibrium.eeg
    net = nm.analysis.linear_noise(nm.Network({"col": pop.copy()}), {"col": 30 / second})
    assert net.std("col.eeg").m_as("mV") == pytest.approx(found.std("eeg").m_as("mV"), rel=1e-9)
