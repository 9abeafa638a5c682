"""Recordings of networks: what is recorded, times without traces, joining."""

import numpy as np
import pytest
from samples import bits

import neuromass as nm
from neuromass.units import Hz, ms, mV


def network(**options):
    """Two populations and a synapse, and a model that has other names."""
    exc, inh = nm.QIF(J=5.0, shape=2), nm.QIF()
    net = nm.Network({"exc": exc, "inh": inh, "eeg": nm.JansenRit(dt=0.05 * ms)}, **options)
    net.connect("exc", "inh", J=[[1.0, 2.0]], synapse=nm.synapses.Exponential(2 * ms))
    net.connect("inh", "exc", J=-3.0, delay=1 * ms)
    return net


def names(rec):
    return {label: each.names for label, each in rec.items()}


# ------------------------------------------------------------------------ what is recorded


@pytest.mark.parametrize(
    ("record", "found"),
    [
        ("r", {"exc": ("r",), "inh": ("r",)}),
        (("I_ext", "eeg.p"), {"exc": ("I_ext",), "inh": ("I_ext",), "eeg": ("p",)}),
        (("r", "exc.v"), {"exc": ("r", "v"), "inh": ("r",)}),
        ("s", {"exc->inh": ("s",)}),
        ("y0", {"eeg": ("y0",)}),
        ({"exc": "r", "inh": ("r", "v")}, {"exc": ("r",), "inh": ("r", "v")}),
    ],
)  # fmt: skip
def test_a_name_alone_is_that_of_all_who_have_it(record, found):
    assert names(nm.run(network(), 0.1 * ms, record=record)) == found


def test_the_name_of_a_member_comes_before_that_of_a_value():
    net = nm.Network({"r": nm.QIF(), "other": nm.QIF()})
    assert names(nm.run(net, 0.1 * ms, record="r")) == {"r": ("r", "v")}


@pytest.mark.parametrize("record", [(), {}, []], ids=repr)
def test_nothing_recorded_still_has_times(record, tmp_path):
    rec = nm.run(network(), 1 * ms, record=record)
    assert names(rec) == {"exc": (), "inh": (), "eeg": ()}
    assert rec.t.m_as(ms).tolist() == pytest.approx(np.arange(21) * 0.05)
    assert rec.fs.m_as(Hz) == pytest.approx(20_000)
    assert len(rec[0.5 * ms :].t) == 11
    assert rec.to_dataframe().shape == (21, 0)
    assert not rec.to_xarray().data_vars
    assert len(nm.load(rec.save(tmp_path / "times.npz")).t) == 21


def test_a_member_may_be_without_traces():
    rec = nm.run(network(), 1 * ms, record={"exc": (), "inh": "r"})
    assert names(rec) == {"exc": (), "inh": ("r",)}
    assert repr(rec["exc"]) == "<Recording of QIF: 21 samples from 0 ms to 1 ms, without traces>"
    assert repr(nm.run(nm.QIF(shape=2), 1 * ms, record=())).endswith("1 ms, without traces>")


def test_no_recordings_at_all():
    empty = nm.Recordings({})
    assert repr(empty) == "<Recordings of nothing>"
    for attempt in (lambda: empty.t, lambda: empty.fs):
        with pytest.raises(ValueError, match="no recordings here"):
            attempt()


# --------------------------------------------------------------------------------- joining


def test_runs_of_a_network_are_joined():
    net = network()
    parts = [nm.run(net, 1 * ms, inputs={"exc": 5.0}) for _ in range(3)]
    joined = nm.concatenate(parts)
    whole = nm.run(network(), 3 * ms, inputs={"exc": 5.0})
    assert isinstance(joined, nm.Recordings)
    assert {name: bits(each) for name, each in joined.items()} == {
        name: bits(each) for name, each in whole.items()
    }
    assert joined.t.m_as(ms).tolist() == whole.t.m_as(ms).tolist()


def test_a_network_stepped_by_hand_is_joined_to_its_run():
    net = network()
    first = nm.run(net, 1 * ms)
    with nm.record(net) as rec:
        for _ in range(20):
            net.update()
        joined = nm.concatenate([first, rec])
    assert len(joined.t) == 41
    assert (
        len(nm.concatenate([nm.run(net, 1 * ms, record=()), nm.run(net, 1 * ms, record=())]).t)
        == 41
    )


def test_runs_that_do_not_fit_are_not_joined():
    net = network()
    first, second = nm.run(net, 1 * ms), nm.run(net, 1 * ms)
    alone = nm.run(nm.QIF(), 1 * ms)
    for parts, error, told in (
        ([second, first], ValueError, "^exc: .*starts at 0 ms cannot follow one that ends at 2 ms"),
        ([first, nm.run(net, 1 * ms, record="exc")], ValueError, "of exc do not continue those of"),
        ([first, alone], TypeError, "of one population and of several"),
        ([alone, first], TypeError, "of one population and of several"),
        ([first, 3], TypeError, "takes recordings, not int"),
        (first, TypeError, r"takes several recordings"),
        (alone, TypeError, r"takes several recordings"),
        ([nm.run(net, 1 * ms, record="r"), nm.run(net, 1 * ms, record={"exc": "r", "inh": "v"})],
         ValueError, "^inh: .*does not continue"),
    ):  # fmt: skip
        with pytest.raises(error, match=told):
            nm.concatenate(parts)


# ---------------------------------------------------------------------------- connections


def wired():
    """Scalars, a dense and a sparse matrix, delays, a synapse and none."""
    sparse = pytest.importorskip("scipy.sparse")
    net = nm.Network(
        {"one": nm.QIF(shape=2), "other": nm.QIF(shape=2), "eeg": nm.JansenRit(dt=0.05 * ms)}
    )
    net.connect("one", "other", J=[[1.0, 0.0], [2.0, 3.0]], delay=[[1, 2], [3, 4]] * ms)
    net.connect("other", "one", J=sparse.csr_matrix([[0.0, 5.0], [0.0, 0.0]]))
    net.connect(
        "eeg", "one", weight=0.5 / mV, synapse=nm.synapses.Exponential(7 * ms), delay=2 * ms
    )
    return net


def plain(connections):
    return {
        name: {
            key: (np.asarray(value.magnitude).tolist(), str(value.units))
            for key, value in each.items()
        }
        for name, each in connections.items()
    }


def test_a_recording_tells_what_connected_its_members(tmp_path):
    net = wired()
    rec = nm.run(net, 1 * ms)
    found = plain(rec.connections)
    assert list(found) == ["one->other", "other->one", "eeg->one"]
    assert found["one->other"] == {
        "J": ([[1.0, 0.0], [2.0, 3.0]], "dimensionless"),
        "delay": ([[1.0, 2.0], [3.0, 4.0]], "millisecond"),
    }
    assert found["other->one"]["J"] == ([5.0], "dimensionless")
    assert [found["other->one"][f"J_{end}"][0] for end in ("targets", "sources")] == [[0.0], [1.0]]
    assert found["eeg->one"] == {
        "weight": (0.5, "1 / millivolt"),
        "delay": (2.0, "millisecond"),
        "tau": (7.0, "millisecond"),
    }
    assert plain({"eeg->one": rec["eeg->one"].parameters})["eeg->one"] == found["eeg->one"]
    back = nm.load(rec.save(tmp_path / "net.npz"))
    for each in (back, rec[0.5 * ms :], nm.concatenate([rec, nm.run(net, 1 * ms)])):
        assert plain(each.connections) == found


def test_connections_are_those_of_the_end_of_the_run():
    net = wired()
    rec = nm.run(net, 1 * ms)
    net["eeg->one"].weight = 2.0 / mV
    later = nm.run(net, 1 * ms)
    both = nm.concatenate([rec, later])
    for each, weight in ((rec, 0.5), (later, 2.0), (both, 2.0)):
        assert each.connections["eeg->one"]["weight"].magnitude == weight
    with nm.record(net) as live:
        net.update()
        assert live.connections["eeg->one"]["delay"].m_as(ms) == 2.0
    with pytest.raises(TypeError):
        rec.connections["eeg->one"]["weight"] = 3.0
    assert not nm.Recordings({}).connections


@pytest.mark.parametrize("engine", ["scipy", "h5netcdf"])
def test_connections_are_exported(engine, tmp_path):
    xarray = pytest.importorskip("xarray")
    if engine == "h5netcdf":
        pytest.importorskip("h5py")
    data = nm.run(wired(), 1 * ms).to_xarray()
    data.to_netcdf(tmp_path / "net.nc", engine=engine)
    with xarray.open_dataset(tmp_path / "net.nc", engine=engine) as back:
        for attributes in (data.attrs, back.attrs):
            assert attributes["eeg->one_parameter_weight"] == 0.5
            assert attributes["eeg->one_parameter_weight_units"] == "1/mV"
            assert list(attributes["one->other_parameter_J"]) == [1.0, 0.0, 2.0, 3.0]
            assert list(attributes["one->other_parameter_J_shape"]) == [2, 2]
            assert attributes["one->other_parameter_delay_units"] == "ms"
