"""Outputs of models along branches, curves and cycles."""

import numpy as np
import pytest

import neuromass as nm
from neuromass.units import Hz, mV, second

analysis = nm.analysis
SPAN = (-50 / second, 400 / second)


class Seen(nm.QIFGapJunction):
    """Gap junctions, with outputs of which the extrema are not those of the states."""

    excess = nm.Output(lambda v, eta: (1 + eta) * v, doc="moves with what is varied")
    twist = nm.Output(lambda r, v, tau: v - 3 * tau * r, doc="of two states that are out of step")


def seen(**options):
    return Seen(g=2.0, **options)


@pytest.fixture(scope="module")
def branch():
    diagram = analysis.continuation(seen(), "eta", (-1, 3))
    return analysis.cycles(diagram.hopfs[0], (-1, 3))


def test_outputs_are_columns_of_branches():
    diagram = analysis.continuation(nm.JansenRit(), "p", SPAN)
    (branch,) = diagram.branches
    np.testing.assert_array_equal(branch.eeg.m_as(mV), (branch.y1 - branch.y2).m_as(mV))
    table = diagram.to_dataframe()
    np.testing.assert_array_equal(table["eeg (mV)"], table["y1 (mV)"] - table["y2 (mV)"])
    hopf = diagram.hopfs[0]
    assert hopf.eeg.m_as(mV) == pytest.approx((hopf.y1 - hopf.y2).m_as(mV), rel=1e-14)
    assert "eeg" not in hopf.state, "which starts populations"
    curve = analysis.curve(hopf, "C", (100, 150))
    np.testing.assert_array_equal(curve.eeg.m_as(mV), (curve.y1 - curve.y2).m_as(mV))
    assert "eeg (mV)" in curve.to_dataframe().columns


def test_outputs_follow_what_is_varied():
    (branch,) = analysis.continuation(seen(), "eta", (-1, 3)).branches
    expected = (1 + branch.eta.magnitude) * branch.v.magnitude
    np.testing.assert_allclose(branch.excess.magnitude, expected, rtol=1e-15)


def test_extrema_and_means_are_those_of_the_output(branch):
    (cycle,) = branch.at(2.0)
    for summary in ("minimum", "maximum", "mean"):
        found, own = (getattr(cycle, summary)(name).magnitude for name in ("excess", "v"))
        assert found == pytest.approx(3.0 * own, rel=1e-14)
    assert cycle.mean("twist").magnitude == pytest.approx(
        cycle.mean("v").magnitude - 3 * (10 * cycle.mean("r").m_as("1/ms")), rel=1e-13
    )
    pop = seen(eta=2.0, dt=0.01 * nm.units.ms)
    nm.run(pop, 500 * nm.units.ms, record=())
    twist = nm.run(pop, 50 * nm.units.ms, record="twist").twist.magnitude
    assert cycle.maximum("twist").magnitude == pytest.approx(twist.max(), rel=1e-4)
    assert cycle.minimum("twist").magnitude == pytest.approx(twist.min(), rel=1e-4)
    of_states = cycle.maximum("v").magnitude - 30 * cycle.minimum("r").m_as("1/ms")
    assert of_states - twist.max() > 0.1, "which the extrema of the states are not"
    np.testing.assert_allclose(
        cycle.twist.magnitude, cycle.v.magnitude - 30 * cycle.r.m_as("1/ms"), rtol=1e-13
    )


def test_outputs_of_cycles_are_in_tables(branch):
    assert {"min twist", "max twist"} <= set(branch.to_dataframe().columns)
    assert list(branch[5].to_dataframe().columns) == ["t (ms)", "r (Hz)", "v", "excess", "twist"]
    assert "twist" in dir(branch[5])
    with pytest.raises(KeyError, match="no 'twits'"):
        branch.maximum("twits")


def test_outputs_of_members_are_named_as_their_states():
    net = nm.Network({"pop": seen(shape=2), "other": nm.QIF()})
    net.connect("other", "pop", J=1.0, synapse=nm.synapses.Depression())
    diagram = analysis.continuation(net, "pop.eta", (1, 2))
    branch = diagram.branches[0]
    expected = (1 + branch["pop.eta"].magnitude[:, None]) * branch["pop.v"].magnitude
    np.testing.assert_allclose(branch["pop.excess"].magnitude, expected, rtol=1e-15)
    assert {"pop.excess[1]", "pop.twist[0]"} <= set(diagram.to_dataframe().columns)


def test_outputs_are_drawn(branch):
    import matplotlib.pyplot as plt

    diagram = analysis.continuation(seen(), "eta", (-1, 3))
    ax = diagram.plot("twist", cycles=branch)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("eta", "twist")
    drawn = [line.get_ydata() for line in ax.get_lines() if line.get_label() == "stable cycles"]
    np.testing.assert_array_equal(drawn[0], branch.maximum("twist").magnitude)
    np.testing.assert_array_equal(drawn[1], branch.minimum("twist").magnitude)
    assert branch[5].plot("twist").get_ylabel() == "twist"
    jansen_rit = analysis.continuation(nm.JansenRit(), "p", SPAN).plot("eeg")
    assert jansen_rit.get_ylabel() == "eeg (mV)"
    with pytest.raises(ValueError, match="no 'egg'; did you mean eeg"):
        analysis.continuation(nm.JansenRit(), "p", SPAN).plot("egg")
    plt.close("all")


def test_outputs_are_kept_in_files(branch, tmp_path):
    again = nm.load(branch.save(tmp_path / "branch"))
    for summary in ("minimum", "maximum", "mean"):
        one, other = (getattr(each, summary)("twist").magnitude for each in (branch, again))
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(again[7].twist.magnitude, branch[7].twist.magnitude)
    rates = analysis.continuation(seen(), "eta", (-1, 3)).branches[0]
    np.testing.assert_array_equal(
        nm.load(rates.save(tmp_path / "rates")).twist.magnitude, rates.twist.magnitude
    )
    assert rates.r.units == Hz


def test_equilibria_have_outputs(tmp_path):
    exact = lambda each: (each.y1 - each.y2).m_as("mV")
    found = nm.JansenRit().equilibria(p=60 / second)
    assert len(found) == 3
    np.testing.assert_allclose(found.eeg.m_as("mV"), exact(found), rtol=1e-13)
    assert found[1].eeg == found.eeg[1] == found[1].outputs["eeg"]
    assert found[1].state.keys() == nm.JansenRit().state.keys(), "fit for initial="
    assert list(found.to_dataframe().columns)[-2:] == ["eeg (mV)", "frequency (Hz)"]
    lanes = nm.JansenRit(shape=2).equilibria(p=np.array([60.0, 200.0]) / second)
    assert lanes[0].eeg.m_as("mV").tolist() == found.eeg.m_as("mV").tolist()
    again = nm.load(found.save(tmp_path / "rest"))
    assert again.eeg.m_as("mV").tolist() == found.eeg.m_as("mV").tolist()
    with pytest.raises(AttributeError, match="did you mean eeg"):
        _ = found.eegs


def test_equilibria_of_networks_have_outputs():
    net = nm.Network({"col": nm.JansenRit(shape=2)})
    found = net.equilibria({"col": 60 / second})
    assert found["col.eeg"].shape == (len(found), 2)
    exact = (found["col.y1"] - found["col.y2"]).m_as("mV")
    np.testing.assert_allclose(found["col.eeg"].m_as("mV"), exact, rtol=1e-13)
    assert "col.eeg[1] (mV)" in found.to_dataframe()
    assert (found[0]["col.eeg"] == found["col.eeg"][0]).all()
