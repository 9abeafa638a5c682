"""Names of lanes: in populations, recordings, tables, files and pictures."""

import copy
import pickle

import matplotlib.pyplot as plt
import pytest

import neuromass as nm
from neuromass.units import Hz, ms

NAMES = ("V1", "V2", "MT")


def regions(**options):
    return nm.QIF(J=15.0, eta=[-5.0, -4.0, -2.0], labels=NAMES, **options)


def test_labels_are_kept():
    pop = regions()
    assert pop.labels == NAMES
    assert nm.QIF(labels=NAMES).shape == (3,)
    assert nm.QIF().labels is None
    for other in (pop.copy(eta=-1.0), copy.deepcopy(pop), pickle.loads(pickle.dumps(pop))):
        assert other.labels == NAMES
    assert nm.QIF(labels=NAMES).copy(shape=(2, 3)).labels is None
    net = nm.Network({"brain": pop})
    assert net.copy()["brain"].labels == NAMES
    with pytest.raises(AttributeError, match="labels"):
        pop.labels = NAMES


def test_lanes_are_set_by_their_names():
    pop = regions()
    pop.set(at="V2", r=10 * Hz)
    pop.set(at=["MT", "V1"], eta=[1.0, 2.0])
    assert pop.r.to(Hz).magnitude.tolist() == [0.0, 10.0, 0.0]
    assert pop.eta.magnitude.tolist() == [2.0, -4.0, 1.0]
    with pytest.raises(IndexError, match=r"no lane 'V3'; did you mean V[12]\?"):
        pop.set(at="V3", r=10 * Hz)
    with pytest.raises(IndexError, match="the lanes have no labels"):
        nm.QIF(shape=3).set(at="V1", r=10 * Hz)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"labels": "V1"}, TypeError, "names of the lanes"),
        ({"labels": [1, 2]}, TypeError, "text, one for each lane"),
        ({"labels": []}, TypeError, "text, one for each lane"),
        ({"labels": ["a", ""]}, TypeError, "text, one for each lane"),
        ({"labels": ["a", "a"]}, ValueError, "'a' twice"),
        ({"labels": NAMES, "shape": 4}, ValueError, r"3 names, but the population has \(4,\)"),
        ({"labels": NAMES, "eta": [1.0, 2.0]}, ValueError, r"3 names, but .* \(2,\)"),
        ({"labels": NAMES, "shape": (1, 3)}, ValueError, "3 names"),
    ],
)
def test_labels_fit_the_lanes(options, error, text):
    with pytest.raises(error, match=text):
        nm.QIF(**options)


def test_recordings_tables_and_files_have_them(tmp_path):
    pytest.importorskip("xarray")
    rec = nm.run(regions(), 2 * ms)
    assert rec.labels == rec[1 * ms :].labels == NAMES
    data = rec.to_xarray()
    assert data["r"].sel(lane="V2").values.tolist() == rec.array("r", Hz)[:, 1].tolist()
    assert data["eta"].sel(lane="MT") == -2.0
    assert list(rec.to_dataframe()["r"].columns) == list(NAMES)
    found = nm.load(rec.save(tmp_path / "labelled"))
    assert found == rec
    assert found.labels == NAMES
    net = nm.Network({"brain": regions()})
    assert nm.run(net, 1 * ms).to_xarray()["brain_lane"].values.tolist() == list(NAMES)
    with nm.record(regions()) as live:
        pass
    assert live.labels == NAMES


def test_pictures_show_them():
    ax = nm.run(regions(), 20 * ms).plot("r")
    assert [line.get_label() for line in ax.lines] == list(NAMES)
    many = nm.QIF(labels=[f"region {i}" for i in range(120)])
    ax = nm.run(many, 20 * ms).plot("r")
    told = [each.get_text() for each in ax.get_yticklabels()]
    assert told[:2] == ["region 0", "region 5"]
    plt.close("all")


def test_noise_and_numbers_do_not_depend_on_them():
    noise = {"v": nm.noise.White(0.1 / ms**0.5)}
    named = nm.QIF(labels=NAMES, noise=noise, seed=1)
    plain = nm.QIF(shape=3, noise=noise, seed=1)
    assert (
        nm.run(named, 5 * ms).r.magnitude.tobytes() == nm.run(plain, 5 * ms).r.magnitude.tobytes()
    )
