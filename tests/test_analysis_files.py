"""Results of analyses as files and tables."""

import functools
import pickle
import zipfile

import numpy as np
import pytest

import neuromass as nm
from neuromass.units import Hz, ms, second

analysis = nm.analysis


def gap_junctions():
    return nm.QIFGapJunction(g=2.0)


@functools.cache
def diagram():
    return analysis.continuation(nm.JansenRit(), "p", (-50 / second, 400 / second))


@functools.cache
def curve():
    found = analysis.continuation(gap_junctions(), "eta", (-1, 3))
    return analysis.curve(found.hopfs[0], "g", (0.5, 6), within=(-5, 10))


@functools.cache
def branch():
    found = analysis.continuation(gap_junctions(), "eta", (-1, 3))
    return analysis.cycles(found.hopfs[0], (-1, 3))


def with_delay():
    net = nm.Network({"pop": nm.QIF(eta=5.0)})
    net.connect("pop", "pop", J=-6.0, delay=10 * ms)
    return net


@functools.cache
def delayed():
    return analysis.continuation(with_delay(), "pop->pop.delay", (0 * ms, 15 * ms))


@functools.cache
def noisy():
    noise = {"I_ext": nm.noise.OrnsteinUhlenbeck(sigma=0.1, tau=5 * ms)}
    return analysis.linear_noise(nm.QIF(J=15.0, noise=noise))


def network():
    noise = {"v": nm.noise.White(0.1 / ms**0.5)}
    net = nm.Network({"exc": nm.QIF(J=5.0), "inh": nm.QIF(eta=[-5.0, -4.0], noise=noise, seed=1)})
    net.connect("inh", "exc", J=np.array([[-6.0, -4.0]]), synapse=nm.synapses.Alpha(3 * ms))
    return analysis.linear_noise(net)


def pair():
    net = nm.Network({"pop": nm.QIF(eta=[-5.0, -4.0])})
    net.connect("pop", "pop", J=1.0, synapse=nm.synapses.Exponential(5 * ms))
    return net


RESULTS = {
    "equilibria": lambda: nm.QIF(J=15.0).equilibria(),
    "equilibria of a network": lambda: pair().equilibria(),
    "roots": lambda: analysis.roots(with_delay()),
    "diagram": diagram,
    "diagram with delays": delayed,
    "branch": lambda: diagram().branches[0],
    "special point": lambda: diagram().hopfs[0],
    "fold": lambda: diagram().folds[0],
    "curve": curve,
    "branch of cycles": branch,
    "cycle": lambda: analysis.cycle(nm.QIFGapJunction(g=2.0, eta=2.0)),
    "phase response": lambda: analysis.phase_response(branch().at(2.0)[0]),
    "noise": noisy,
    "noise of a network": network,
    "transfer": lambda: noisy().transfer("I_ext", "r"),
    "sensitivity": lambda: analysis.sensitivity(
        nm.QIF(eta=[-5.0, -4.0], labels=["a", "b"]), 10 * ms, ("eta", "tau")
    ),
}


@pytest.mark.parametrize("name", RESULTS)
def test_what_is_read_is_what_was_written(name, tmp_path):
    result = RESULTS[name]()
    again = nm.load(result.save(tmp_path / "result"))
    assert type(again) is type(result)
    assert repr(again) == repr(result)
    one, other = result.to_dataframe(), again.to_dataframe()
    assert list(one.columns) == list(other.columns)
    assert one.equals(other), "to the last bit"
    twice = nm.load(again.save(tmp_path / "again"))
    assert twice.to_dataframe().equals(one)
    assert repr(pickle.loads(pickle.dumps(again))) == repr(result)


def test_a_diagram_has_all_that_it_had(tmp_path):
    import matplotlib.pyplot as plt

    found = diagram()
    again = nm.load(found.save(tmp_path / "diagram"))
    for one, other in zip(found.hopfs, again.hopfs, strict=True):
        assert other.frequency == one.frequency
        assert other.lyapunov_coefficient == one.lyapunov_coefficient
        assert other.p == one.p
        np.testing.assert_array_equal(other.eigenvalues.magnitude, one.eigenvalues.magnitude)
    np.testing.assert_array_equal(again.branches[0].stable, found.branches[0].stable)
    lines = [[line.get_xydata() for line in each.plot("y1").get_lines()] for each in (found, again)]
    for one, other in zip(*lines, strict=True):
        np.testing.assert_array_equal(one, other)
    plt.close("all")


def test_cycles_keep_their_orbits_and_multipliers(tmp_path):
    found = branch()
    again = nm.load(found.save(tmp_path / "cycles"))
    np.testing.assert_array_equal(again.period.magnitude, found.period.magnitude)
    np.testing.assert_array_equal(again.maximum("r").magnitude, found.maximum("r").magnitude)
    np.testing.assert_array_equal(again[20].r.magnitude, found[20].r.magnitude)
    np.testing.assert_array_equal(again[20].multipliers, found[20].multipliers)
    assert again[20].mean("v") == found[20].mean("v")


def test_noise_keeps_its_spectra(tmp_path):
    found = noisy()
    again = nm.load(found.save(tmp_path / "noise"))
    assert again.std("r") == found.std("r")
    np.testing.assert_array_equal(again.spectrum("r").values, found.spectrum("r").values)
    np.testing.assert_array_equal(
        again.transfer("I_ext", "r").values, found.transfer("I_ext", "r").values
    )
    assert again.equilibrium.r.m_as(Hz) == pytest.approx(found.equilibrium.r.m_as(Hz), rel=1e-15)


def test_equilibria_are_as_good_as_new(tmp_path):
    found = nm.QIF(J=15.0).equilibria()
    again = nm.load(found.save(tmp_path / "rest"))
    np.testing.assert_array_equal(again.r.magnitude, found.r.magnitude)
    np.testing.assert_array_equal(again.stable, found.stable)
    assert again.complete
    assert not nm.load(pair().equilibria().save(tmp_path / "other")).complete
    for one, other in zip(found, again, strict=True):
        assert (one.kind, one.stability, one.frequency) == (
            other.kind,
            other.stability,
            other.frequency,
        )
        np.testing.assert_array_equal(one.eigenvalues.magnitude, other.eigenvalues.magnitude)
    pop = nm.QIF(J=15.0, initial=dict(again[2].state))
    assert pop.r == found[2].r
    (branch,) = analysis.continuation(pop, "eta", (-10, 5), start=again[0]).branches
    assert [each.kind for each in branch.special] == ["fold", "fold"]


def test_new_computations_begin_at_the_system(tmp_path):
    again = nm.load(diagram().save(tmp_path / "diagram"))
    cycles = nm.load(branch().save(tmp_path / "cycles"))
    for call in (
        lambda: analysis.cycles(again.hopfs[0], (-50 / second, 100 / second)),
        lambda: analysis.curve(again.folds[0], "C", (50, 300)),
        lambda: again.branches[0].at(100 / second),
        lambda: analysis.phase_response(cycles[3]),
        lambda: cycles.at(2.0),
    ):
        with pytest.raises(ValueError, match="keeps no equations: begin anew at the system"):
            call()


def test_bad_files_are_refused(tmp_path):
    path = diagram().save(tmp_path / "diagram")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="truncated, or was not written by save"):
        nm.load(path)
    path.write_bytes(whole)
    other = tmp_path / "other.npz"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(other, "w") as target:
        for name in source.namelist():
            if name != "1.npy":
                target.writestr(name, source.read(name))
    with pytest.raises(ValueError, match="is damaged"):
        nm.load(other)
    with pytest.raises(FileNotFoundError, match="make it first"):
        diagram().save(tmp_path / "missing" / "diagram")
    with pytest.raises(ValueError, match="csv"):
        diagram().save(tmp_path / "diagram.csv")


def test_equilibria_have_a_table():
    table = nm.QIF(J=15.0).equilibria().to_dataframe()
    assert list(table.columns) == ["kind", "stability", "r (Hz)", "v", "frequency (Hz)"]
    assert table["stability"].tolist() == ["stable", "unstable", "stable"]
    np.testing.assert_allclose(table["r (Hz)"], [8.11344420, 47.2980341, 103.059680], rtol=1e-8)
    net = nm.Network({"pop": nm.QIF(eta=[-5.0, -4.0])})
    assert "pop.r[1] (Hz)" in net.equilibria().to_dataframe().columns


def test_tables_have_units():
    assert list(diagram().hopfs[0].to_dataframe().columns)[:3] == ["kind", "p (1/s)", "y0 (mV)"]
    table = curve().to_dataframe()
    assert list(table.columns) == ["eta", "g", "r (Hz)", "v", "frequency (Hz)"]
    orbit = branch()[5]
    assert orbit.to_dataframe()["r (Hz)"].max() == pytest.approx(
        orbit.maximum("r").m_as(Hz), rel=1e-3
    )
    response = orbit.phase_response()
    assert list(response.to_dataframe().columns) == ["t", "r", "v"]
    matrix = noisy().to_dataframe()
    assert matrix.loc["r", "v"] == pytest.approx(matrix.loc["v", "r"], rel=1e-12)
