"""What users type next: numpy, scipy, text files, and pint arithmetic of their own."""

import numpy as np
import pint
import pytest
from samples import Charge
from scipy import signal

import neuromass as nm
from neuromass.units import Hz, kHz, magnitudes, ms, nA, pA, second


def limit_cycle():
    """A pair of populations that oscillates, by hand."""
    exc, inh = nm.QIF(tau=20 * ms, J=8.0), nm.QIF(tau=10 * ms)
    rates = []
    with nm.record(exc=exc, inh=inh) as rec:
        for _ in range(8000):
            r_exc, r_inh = exc.r, inh.r
            rates.append(exc.update(10.0 - 10 * exc.tau * r_inh))
            inh.update(10 * inh.tau * r_exc)
    return rec, rates


@pytest.fixture(scope="module")
def cycle():
    return limit_cycle()


def test_returned_rates_become_an_array(cycle):
    rec, rates = cycle
    plain = magnitudes(rates, Hz)
    assert type(plain) is np.ndarray
    assert plain.dtype == float
    np.testing.assert_array_equal(plain, rec["exc"].array("r", Hz)[1:])
    np.testing.assert_allclose(magnitudes(rates[:5], kHz) * 1000, plain[:5])
    np.testing.assert_array_equal(np.array([each.m_as(Hz) for each in rates]), plain)
    with pytest.raises(TypeError, match="values needs a current"):
        magnitudes(rates, pA)


def test_returned_rates_of_lanes_become_an_array():
    pop = nm.QIF(J=15.0, shape=(2, 3))
    rates = [pop.update(3.0) for _ in range(4)]
    assert magnitudes(rates, Hz).shape == (4, 2, 3)
    np.testing.assert_array_equal(magnitudes(rates, Hz)[-1], pop.r.magnitude)


def test_text_files(cycle, tmp_path):
    rec, _ = cycle
    columns = np.column_stack([rec["exc"].array("t", ms), rec["exc"].array("r", Hz)])
    np.savetxt(tmp_path / "trace.txt", columns, header="t/ms r/Hz")
    np.testing.assert_array_equal(np.loadtxt(tmp_path / "trace.txt"), columns)


def test_peaks_give_the_frequency_of_the_reference(cycle):
    """Two QIF populations at I_e = 10: 31.80001 Hz; stepped by hand this is first order in dt."""
    rec, _ = cycle
    part = rec["exc"][100 * ms :]
    peaks, _ = signal.find_peaks(part.array("r", Hz), height=10)
    distances = np.diff(part.array("t", second)[peaks])
    assert len(distances) > 5
    assert 1 / distances.mean() == pytest.approx(31.80001, rel=0.01)
    frequency, power = signal.periodogram(part.array("r", Hz), part.fs.m_as(Hz), detrend="constant")
    strongest = frequency[power.argmax()] / 31.80001  # a harmonic
    assert strongest == pytest.approx(round(strongest), abs=frequency[1] / 31.80001)


def test_correlations(cycle):
    rec, _ = cycle
    exc, inh = rec["exc"].array("r", Hz), rec["inh"].array("r", Hz)
    table = np.corrcoef(exc, inh)
    assert table.shape == (2, 2)
    assert 0.01 < abs(table[0, 1]) < 0.99
    lanes = nm.QIF(eta=[-5.0, -4.0, -3.0], J=15.0)
    traces = nm.run(lanes, 20 * ms, inputs=3.0).array("r", Hz)
    assert np.corrcoef(traces.T).shape == (3, 3)


def test_traces_are_quantities_one_can_compute_with(cycle):
    rec, _ = cycle
    r = rec["exc"].r
    assert (r * (20 * ms)).to("").magnitude.max() == pytest.approx(r.magnitude.max() * 0.02)
    assert r.mean().units == Hz
    assert (np.diff(rec.t) / ms).magnitude.mean() == pytest.approx(0.05)
    spikes = np.trapezoid(r, rec.t).to("") if hasattr(np, "trapezoid") else (r * 0.05 * ms).sum()
    assert spikes.magnitude > 1
    assert r.max() > 20 * Hz
    copied = np.array(r.magnitude)
    copied[0] = 5.0


def test_quantities_of_states_take_part_in_arithmetic():
    pop = nm.QIF(J=15.0, initial={"r": 8 * Hz})
    scaled = pop.tau * pop.r
    assert scaled.to("").magnitude == pytest.approx(0.08)
    pop.update(10.0 - 10 * scaled)  # hertz millisecond is a plain number
    other = nm.QIF(J=15.0, initial={"r": 8 * Hz})
    other.update(10.0 - 10 * 0.08)
    assert pop.raw.v == pytest.approx(other.raw.v, rel=1e-14)
    assert (pop.t + 3 * ms).m_as(ms) == pytest.approx(3.05)
    assert pop.v + 1 == pop.v.magnitude + 1
    assert float(pop.v) == pop.raw.v


def test_units_of_another_registry_mix_after_it_became_the_applications():
    before = pint.get_application_registry().get()
    mine = pint.UnitRegistry()
    pop = nm.QIF(J=15.0)
    try:
        pint.set_application_registry(mine)
        pop.update(3.0)
        assert (pop.r * (10 * mine.ms)).to("").magnitude >= 0
        rec = nm.run(pop, 1 * mine.ms)
        assert (rec.r + 1 * mine.hertz).units == mine.hertz
    finally:
        pint.set_application_registry(before)
    assert (pop.r + 1 * Hz).units == Hz


def test_numpy_scalars_and_arrays_are_inputs():
    results = set()
    for value in (3, 3.0, np.float64(3), np.float32(3), np.int8(3), np.array(3.0), 3 * ms / ms):
        pop = nm.QIF(J=15.0)
        pop.update(0.0)
        pop.update(value)
        results.add(pop.raw.v)
    assert len(results) == 1
    charge = Charge(shape=2)
    charge.update(np.array([1, 2]) * nA)
    charge.update([1 * pA, 0.002 * nA])
    np.testing.assert_allclose(charge.v.magnitude, [1001 / 100 * 0.05, 2002 / 100 * 0.05])
