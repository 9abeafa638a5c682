"""Connectomes: checks, scaling, files, and networks that are wired by them."""

import bz2
import copy
import gzip
import importlib.util
import pickle
import warnings
import zipfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

import neuromass as nm
from neuromass.units import metre, mm, ms, mV, second

W = np.array([[0.0, 2.0, 0.5], [1.0, 0.0, 0.0], [0.5, 4.0, 0.0]])
D = np.array([[0.0, 30.0, 12.0], [30.0, 0.0, 60.0], [12.0, 60.0, 0.0]])
PLACES = np.array([[-30.0, 0.0, 5.0], [30.0, 0.0, 5.0], [0.0, 50.0, 20.0]])
NAMES = ("left", "right", "front")


def three(**options):
    return nm.Connectome(W, D * mm, NAMES, PLACES * mm, **options)


def test_what_goes_in_comes_out():
    c = three()
    assert len(c) == 3
    assert np.array_equal(c.weights, W)
    assert np.array_equal(c.distances.m_as(mm), D)
    assert c.labels == NAMES
    assert np.array_equal(c.centres.m_as(mm), PLACES)
    assert not c.is_symmetric
    assert repr(c) == (
        "<Connectome of 3 regions: 5 tracts of 12 .. 60 mm, weights 0.5 .. 4, not symmetric>"
    )
    assert c == copy.deepcopy(c) == pickle.loads(pickle.dumps(c))
    assert c != c.subset([0, 1])
    with pytest.raises(ValueError, match="read-only"):
        c.weights[0, 1] = 3.0


def test_delays_are_lengths_over_the_speed():
    delays = three().delays(3 * metre / second)
    np.testing.assert_allclose(delays.m_as(ms), D / 3.0, rtol=1e-15)
    for bad, error in (
        (3.0, nm.UnitError),
        (0 * metre / second, ValueError),
        (3 * ms, nm.UnitError),
    ):
        with pytest.raises(error, match="speed"):
            three().delays(bad)


def test_weights_are_scaled():
    c = three()
    np.testing.assert_allclose(c.normalised("row").weights.sum(axis=1), 1.0, rtol=1e-15)
    assert c.normalised("max").weights.max() == 1.0
    spectral = np.linalg.eigvals(c.normalised("spectral").weights)
    assert np.max(abs(spectral)) == pytest.approx(1.0, rel=1e-12)
    assert np.array_equal(c.weights, W)
    with pytest.raises(ValueError, match="how"):
        c.normalised("rows")
    with (
        pytest.warns(UserWarning, match="Nothing connects"),
        pytest.raises(ValueError, match="zero"),
    ):
        nm.Connectome(np.zeros((2, 2)), np.zeros((2, 2)) * mm).normalised()


def test_regions_are_chosen_by_name_or_number():
    part = three().subset(["front", 0])
    assert part.labels == ("front", "left")
    assert part.weights.tolist() == [[0.0, 0.5], [0.5, 0.0]]
    assert part.centres.m_as(mm).tolist() == PLACES[[2, 0]].tolist()
    with pytest.raises(KeyError, match="did you mean left"):
        three().subset(["lift"])
    for bad in ([], [0, 0], [7]):
        with pytest.raises(ValueError, match=r"subset|no number"):
            three().subset(bad)


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"weights": W[:2]}, ValueError, "weights is a square matrix"),
        ({"weights": W * mV}, nm.UnitError, "weights"),
        ({"weights": -W}, ValueError, r"weights must not be negative, and \[2, 1\] is"),
        ({"weights": np.where(W > 3, np.nan, W)}, ValueError, "weights"),
        ({"distances": D}, nm.UnitError, "distances needs a length"),
        ({"distances": D[:2, :2] * mm}, ValueError, "of 3 regions, and distances of 2"),
        ({"labels": ["a", "b"]}, ValueError, "2 names for 3 regions"),
        ({"labels": ["a", "b", "a"]}, ValueError, "'a' twice"),
        ({"centres": PLACES[:2] * mm}, ValueError, "centres has the shape"),
        ({"centres": PLACES}, nm.UnitError, "centres"),
    ],
)
def test_bad_tables_are_refused(change, error, text):
    with pytest.raises(error, match=text):
        nm.Connectome(**{"weights": W, "distances": D * mm, **change})


def test_isolated_regions_are_named():
    alone = W.copy()
    alone[1] = alone[:, 1] = 0.0
    with pytest.warns(UserWarning, match="Nothing connects right to other regions"):
        nm.Connectome(alone, D * mm, NAMES)


def test_the_rule_for_a_synthetic_one():
    c = nm.Connectome.synthetic(84, seed=1)
    assert c == nm.Connectome.synthetic(84, seed=1)
    assert c != nm.Connectome.synthetic(84, seed=2)
    assert c.is_symmetric
    assert np.all(np.diag(c.weights) == 0.0)
    assert len(set(c.labels)) == 84
    assert c.distances.m_as(mm).max() < 300.0
    mirror = c.weights[np.arange(42), np.arange(42) + 42]
    assert np.all(mirror > 0.0)
    straight = np.linalg.norm(c.centres.m_as(mm)[0] - c.centres.m_as(mm)[5])
    assert c.distances[0, 5].m_as(mm) == pytest.approx(1.3 * straight, rel=1e-12)
    for bad in (1, 3, 0, 2.5):
        with pytest.raises((ValueError, TypeError), match="count"):
            nm.Connectome.synthetic(bad, seed=1)


# ------------------------------------------------------------------------------- files


def table(values):
    return "\n".join(" ".join(f"{x:.6f}" for x in row) for row in values).encode()


def regions():
    rows = zip(NAMES, PLACES, strict=True)
    return "\n".join(f"{name} {x:.3f} {y:.3f} {z:.3f}" for name, (x, y, z) in rows).encode()


USED = {
    "plain": {"weights.txt": table(W), "tract_lengths.txt": table(D), "centres.txt": regions()},
    "folder": {
        "c/weights.txt": table(W),
        "c/tract_lengths.txt": table(D),
        "c/centers.txt": regions(),
    },
    "packed": {
        "weights.txt.bz2": bz2.compress(table(W)),
        "tract_lengths.txt.gz": gzip.compress(table(D)),
        "centres.txt.bz2": bz2.compress(regions()),
    },
    "commas": {
        "Weights.txt": table(W).replace(b" ", b","),
        "tracts.csv": table(D).replace(b" ", b", "),
        "centres.txt": regions().replace(b" ", b","),
    },
    "further": {
        "weights.txt": table(W),
        "lengths.txt": table(D),
        "centres.txt": regions().replace(b"\n", b" None\n "),
        "__MACOSX/weights.txt": b"junk",
        "info.txt": b"by nobody",
        "hemisphere.txt": b"0 1 1",
    },
}


@pytest.mark.parametrize("kind", USED)
def test_a_connectivity_of_the_virtual_brain_is_read(tmp_path, kind):
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        for name, data in USED[kind].items():
            archive.writestr(name, data)
    assert nm.Connectome.from_tvb(tmp_path / "c.zip") == three()


@pytest.mark.parametrize("count", [66, 68, 76, 96, 192])
def test_real_ones_are_read(count):
    """Those of the package tvb-data, where it is installed."""
    found = importlib.util.find_spec("tvb_data")
    if found is None:
        pytest.skip("looks into the package tvb-data, which is not installed")
    folder = Path(found.submodule_search_locations[0]) / "connectivity"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two of them have regions without tracts
        c = nm.Connectome.from_tvb(folder / f"connectivity_{count}.zip")
    assert len(c) == len(set(c.labels)) == count
    assert c.centres.shape == (count, 3)
    assert 100 * mm < c.distances.max() < 300 * mm
    assert c.weights.max() > 0.0


def test_a_folder_is_read_too(tmp_path):
    for name, data in USED["plain"].items():
        (tmp_path / name).write_bytes(data)
    assert nm.Connectome.from_tvb(str(tmp_path)) == three()
    (tmp_path / "centres.txt").unlink()
    plain = nm.Connectome.from_tvb(tmp_path)
    assert plain.centres is None
    assert plain.labels[0] == "region 0"
    (tmp_path / "region_labels.txt").write_text("\n".join(NAMES))
    assert nm.Connectome.from_tvb(tmp_path).labels == NAMES
    (tmp_path / "weights.txt").write_text("1 2\n3 x")
    with pytest.raises(ValueError, match="weights is no table of numbers"):
        nm.Connectome.from_tvb(tmp_path)
    (tmp_path / "weights.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"has no weights\.txt; there is region_labels"):
        nm.Connectome.from_tvb(tmp_path)


def test_what_is_no_archive_is_refused(tmp_path):
    (tmp_path / "c.zip").write_text("no zip")
    with pytest.raises(ValueError, match="no zip"):
        nm.Connectome.from_tvb(tmp_path / "c.zip")
    with pytest.raises(FileNotFoundError):
        nm.Connectome.from_tvb(tmp_path / "missing.zip")
    with pytest.raises(TypeError, match="name of a zip"):
        nm.Connectome.from_tvb(3)


# ---------------------------------------------------------------------------- networks


def test_a_network_is_wired_by_it():
    c = three()
    nets = [nm.Network({"brain": nm.QIF(shape=3, dt=0.1 * ms)}) for _ in range(2)]
    nets[0].connect("brain", "brain", J=0.5, connectome=c, speed=3 * metre / second)
    nets[1].connect("brain", "brain", J=0.5 * W, distances=D * mm, speed=3 * metre / second)
    recs = [nm.run(net, 50 * ms, {"brain": [1.0, 3.0, 5.0]}) for net in nets]
    assert np.array_equal(recs[0]["brain"].r.magnitude, recs[1]["brain"].r.magnitude)
    assert nets[0]["brain"].labels == recs[0]["brain"].labels == NAMES
    assert nets[0].copy()["brain"].labels == NAMES
    made = nets[0]["brain->brain"]
    assert made.J == 0.5
    assert "J = 0.5 by a connectome of 3 regions" in repr(made)
    made.J = 1.0  # the global coupling
    nets[1]["brain->brain"].J = 1.0 * W
    recs = [nm.run(net, 20 * ms, {"brain": [1.0, 3.0, 5.0]}) for net in (nets[0].copy(), nets[1])]
    assert np.array_equal(recs[0]["brain"].r.magnitude, recs[1]["brain"].r.magnitude)
    with pytest.raises(ValueError, match="one value, the global coupling"):
        made.J = W
    nets[0]["brain->brain"].speed = 6 * metre / second
    assert nets[0]["brain->brain"].delay[0, 1].m_as(ms) == pytest.approx(5.0)


def test_without_a_speed_there_are_no_delays():
    net = nm.Network({"brain": nm.QIF(shape=3)})
    made = net.connect("brain", "brain", J=0.5, connectome=three())
    assert made.delay.m_as(ms) == 0.0


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"J": W}, ValueError, "J is one value, the global"),
        ({"J": 0.5, "distances": D * mm}, ValueError, "leave them out"),
        ({"J": 0.5, "connectome": W}, TypeError, "connectome is a Connectome"),
        ({"weight": 3 * mV}, nm.UnitError, "weight"),
        ({}, ValueError, "exactly one of J and weight"),
    ],
)
def test_what_does_not_go_together_is_refused(options, error, text):
    net = nm.Network({"brain": nm.QIF(shape=3)})
    with pytest.raises(error, match=text):
        net.connect("brain", "brain", **{"connectome": three(), **options})
    assert not net.connections
    assert net["brain"].labels is None


def test_regions_must_fit():
    net = nm.Network({"brain": nm.QIF(shape=4), "named": nm.QIF(labels=["a", "b", "c"])})
    with pytest.raises(ValueError, match=r"make it with shape=3"):
        net.connect("brain", "brain", J=0.5, connectome=three())
    with pytest.raises(ValueError, match="other labels"):
        net.connect("named", "named", J=0.5, connectome=three())


def test_the_homogeneous_network_has_the_eigenvalues_of_its_weights():
    """lambda tau = 2 v +- sqrt(2 tau r (J + G w - 2 pi^2 tau r)) for each eigenvalue w."""
    c = nm.Connectome.synthetic(10, seed=3).normalised("row")
    tau, J, G = 10 * ms, 10.0, 3.0
    one = nm.QIF(tau=tau, J=J + G, eta=-5.0)
    rest = one.equilibria()[0]
    net = nm.Network({"brain": nm.QIF(tau=tau, J=J, eta=-5.0, shape=10,
                                      initial={"r": rest.r, "v": rest.v})})  # fmt: skip
    net.connect("brain", "brain", J=G, connectome=c)
    found = min(net.equilibria(), key=lambda e: abs(e["brain.r"] - rest.r).max().magnitude)
    r, v = (rest.r * tau).m_as(""), rest.v.magnitude
    w = np.linalg.eigvals(c.weights).astype(complex)
    root = np.sqrt(2 * r * (J + G * w - 2 * np.pi**2 * r))
    expected = np.concatenate([2 * v + root, 2 * v - root])
    measured = (found.eigenvalues * tau).to("").magnitude
    order = lambda x: x[np.lexsort((x.imag.round(8), x.real.round(8)))]
    np.testing.assert_allclose(order(measured), order(expected), rtol=1e-6, atol=1e-8)


def test_it_is_drawn():
    axes = three().plot()
    assert len(axes) == 4
    assert axes[0].get_ylabel() == "target"
    assert axes[2].get_xlabel() == "to the right (mm)"
    _, own = plt.subplots(1, 2)
    plain = nm.Connectome(W, D * mm)
    assert plain.plot(own)[0] is own[0]
    with pytest.raises(ValueError, match="needs 2 Axes"):
        plain.plot(own[:1])


def test_the_global_coupling_is_swept_and_continued():
    c = nm.Connectome.synthetic(6, seed=1).normalised("row")
    net = nm.Network({"brain": nm.QIF(shape=6, eta=-5.0)})
    net.connect("brain", "brain", J=0.0, connectome=c)
    rate = {"rate": nm.measures.final("brain.r")}
    res = nm.sweep(net, {"brain->brain.J": [0.0, 2.0, 4.0]}, 200 * ms, rate)
    alone = net.copy()
    alone["brain->brain"].J = 4.0
    nm.run(alone, 200 * ms, record=())
    assert np.array_equal(res["rate"][2].magnitude, alone["brain"].r.magnitude)
    assert np.all(np.diff(res["rate"].magnitude, axis=0) > 0.0)
