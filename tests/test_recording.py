"""Recordings: reading, slicing, exporting, files, joining."""

import copy
import importlib.util
import json
import os
import pickle
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from samples import NOISE, Relay, bits

import neuromass as nm
from neuromass.units import Hz, kHz, mm, ms, mV, pA, second

ENGINES = ["scipy", *(["h5netcdf"] if importlib.util.find_spec("h5py") else [])]
SHAPES = [(), (3,), (2, 3)]
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)


def run(shape=(), length=5 * ms, **options):
    options = {"record": ("r", "v", "I_ext"), **options}
    pop = nm.QIF(J=15.0, noise=NOISE["all at once"], seed=7, shape=shape)
    return nm.run(pop, length, inputs=3.0, **options)


def relay():
    pop = Relay(rest=np.linspace(-62, -58, 3) * mV)
    return nm.run(pop, 2 * ms, inputs={"drive": 40 * Hz}, record=("v", "s", "above", "current"))


# ------------------------------------------------------------------------------ reading


@every_shape
def test_traces_are_quantities_with_time_first(shape):
    rec = run(shape)
    assert rec.t.units == ms
    assert rec.r.units == Hz
    assert rec.v.dimensionless
    assert rec.t.shape == (101,)
    assert rec.r.shape == rec["v"].shape == rec.I_ext.shape == (101, *shape)
    assert rec.shape == shape
    assert rec.names == ("r", "v", "I_ext")
    assert len(rec) == 101
    assert {"r", "v", "I_ext"} <= set(dir(rec))


def test_where_a_recording_comes_from():
    rec = run(every=5)
    assert (rec.model, rec.method, rec.seed, rec.version) == ("QIF", "heun", 7, nm.__version__)
    assert rec.dt.to(ms).magnitude == 0.05
    assert rec.fs.to(Hz).magnitude == pytest.approx(4000)
    assert rec.parameters["tau"].to(second).magnitude == 0.01
    assert list(rec.parameters) == ["tau", "eta", "delta", "J"]
    with pytest.raises(TypeError):
        rec.parameters["tau"] = 3 * ms


def test_a_recording_cannot_be_written_into():
    rec = run()
    for trace in (rec.t, rec.r, rec["v"]):
        with pytest.raises(ValueError, match="cannot be assigned"):
            trace.magnitude[0] = 1.0
        with pytest.raises(ValueError, match="take a copy"):
            trace.magnitude.__iadd__(1.0)
    plain = rec.array("v")
    plain[:] = 0.0
    assert rec.v.magnitude[-1] != 0.0
    T, R, V = rec.scaled(10 * ms)
    T[:] = R[:] = V[:] = 0.0
    assert rec.t.magnitude[-1] == 5.0
    assert rec.v.magnitude[-1] != 0.0


def test_plain_arrays_in_a_stated_unit():
    rec = run()
    in_hertz, in_khz = rec.array("r", Hz), rec.array("r", kHz)
    assert type(in_hertz) is np.ndarray
    assert in_hertz.tobytes() == rec.r.magnitude.tobytes()
    np.testing.assert_allclose(in_khz * 1000, in_hertz, rtol=1e-15)
    assert rec.array("t", second)[-1] == 0.005
    assert rec.array("r", "1/s")[-1] == in_hertz[-1]
    assert rec.array("v").tobytes() == rec.v.magnitude.tobytes()


@pytest.mark.parametrize(
    ("name", "unit", "text"),
    [
        ("r", "", r"r is in Hz and cannot be given in no unit; name its unit.*array\('r', Hz\)"),
        ("r", mV, "r is in Hz and cannot be given in mV"),
        ("r", "radian/second", "r is in Hz and cannot be given in rad/s"),
        ("v", Hz, "v is in no unit and cannot be given in Hz"),
        ("t", Hz, "t is in ms"),
    ],
)
def test_units_that_do_not_fit(name, unit, text):
    with pytest.raises(TypeError, match=text):
        run().array(name, unit)


def test_names_that_are_not_there():
    rec = run()
    for attempt in (lambda: rec.rr, lambda: rec["rr"], lambda: rec.array("rr", Hz)):
        with pytest.raises((AttributeError, KeyError), match="'rr'; did you mean r"):
            attempt()
    with pytest.raises(TypeError, match=r"name.*slice of times"):
        rec[3]
    with pytest.raises(AttributeError):
        _ = rec._nothing


def test_scaled():
    rec = run()
    T, R, V = rec.scaled(10 * ms)
    np.testing.assert_allclose(T, rec.t.magnitude / 10)
    np.testing.assert_allclose(R, rec.r.magnitude / 100)
    np.testing.assert_array_equal(V, rec.v.magnitude)
    for tau, kind, text in (
        (10, TypeError, "tau needs a time"),
        (-1 * ms, ValueError, "tau must be positive"),
        (0 * ms, ValueError, "tau must be positive"),
        (np.nan * ms, ValueError, "tau must be finite"),
        ([1, 2] * ms, ValueError, "one tau"),
        (3 * Hz, TypeError, "tau needs a time"),
    ):
        with pytest.raises(kind, match=text):
            rec.scaled(tau)
    with pytest.raises(ValueError, match="needs r and v, and v was not recorded"):
        run(record="r").scaled(10 * ms)


# ------------------------------------------------------------------------------ slicing


@every_shape
def test_slices_include_both_ends(shape):
    rec = run(shape)
    part = rec[1 * ms : 0.002 * second]
    assert part.t.magnitude.tolist() == rec.t.magnitude[20:41].tolist()
    assert part.r.magnitude.tobytes() == rec.r.magnitude[20:41].tobytes()
    assert (part.fs, part.model, part.seed) == (rec.fs, rec.model, rec.seed)
    assert bits(rec[:]) == bits(rec)
    assert len(rec[4.99 * ms :]) == 1
    assert len(rec[: 0.12 * ms]) == 3
    empty = rec[100 * ms :]
    assert len(empty) == 0
    assert empty.r.shape == (0, *shape)
    assert repr(empty) == "<Recording of QIF, without samples>"


@pytest.mark.parametrize(
    ("key", "kind", "text"),
    [
        (slice(1, None), TypeError, "start of the slice needs a time"),
        (slice(None, 3 * mV), TypeError, "end of the slice needs a time"),
        (slice(0 * ms, 3 * ms, 2), ValueError, "no step"),
        (slice(np.nan * ms, None), ValueError, "start of the slice must be a single time"),
        (slice([1, 2] * ms, None), ValueError, "start of the slice must be a single time"),
    ],
)
def test_slices_that_mean_nothing(key, kind, text):
    with pytest.raises(kind, match=text):
        run()[key]


def test_repr():
    assert repr(run()) == "<Recording of QIF: 101 samples from 0 ms to 5 ms; r [Hz], v, I_ext>"
    assert "lanes (2, 3)" in repr(run((2, 3)))


# ---------------------------------------------------------------------------- exporting


@every_shape
@pytest.mark.parametrize("engine", ENGINES)
def test_netcdf_and_back(shape, engine, tmp_path):
    import xarray

    rec = run(shape)
    data = rec.to_xarray()
    assert data.r.dims == ("t", *[(), ("lane",), ("lane_0", "lane_1")][len(shape)])
    assert (data.r.attrs["units"], data.v.attrs["units"], data.t.attrs["units"]) == (
        "Hz",
        "1",
        "ms",
    )
    data.to_netcdf(tmp_path / "trace.nc", engine=engine)
    with xarray.open_dataset(tmp_path / "trace.nc", engine=engine) as back:
        for name in rec.names:
            assert back[name].values.tobytes() == np.asarray(rec[name].magnitude).tobytes()
        np.testing.assert_array_equal(back.t, rec.t.magnitude)
        assert back.attrs["model"] == "QIF"
        assert back.attrs["seed"] == 7
        assert back.attrs["parameter_tau"] == 10.0
        assert back.attrs["parameter_tau_units"] == "ms"
        assert back.attrs["dt"] == 0.05
        assert back.attrs["neuromass_version"] == nm.__version__


def test_netcdf_of_lanes_with_parameters_and_of_large_seeds(tmp_path):
    pop = nm.QIF(eta=np.linspace(-5, -4, 3), seed=2**62)
    data = nm.run(pop, 1 * ms).to_xarray()
    np.testing.assert_array_equal(data.attrs["parameter_eta"], [-5, -4.5, -4])
    for engine in ENGINES:
        data.to_netcdf(tmp_path / f"{engine}.nc", engine=engine)
    assert data.attrs["seed"] == str(2**62)
    assert relay().to_xarray().v.attrs["units"] == "mV"


@every_shape
def test_dataframes(shape):
    rec = run(shape)
    frame = rec.to_dataframe()
    assert frame.index.name == "t"
    np.testing.assert_array_equal(frame.index, rec.t.magnitude)
    assert frame.attrs["units"] == {"t": "ms", "r": "Hz", "v": "", "I_ext": ""}
    if shape:
        at = tuple(size - 1 for size in shape)
        np.testing.assert_array_equal(frame[("r", *at)], rec.r.magnitude[:, *at])
        assert frame.columns.names[0] == "name"
        assert frame["v"].shape == (101, np.prod(shape))
    else:
        np.testing.assert_array_equal(frame["r"], rec.r.magnitude)
    frame.iloc[:] = 0.0
    assert (rec.v.magnitude[-1] != 0.0).all()


def test_groups_export_together(tmp_path):
    exc, inh = nm.QIF(J=8.0, shape=2), nm.QIF()
    with nm.record(exc=exc, inh=inh) as rec:
        for _ in range(4):
            exc.update(1.0)
            inh.update(2.0)
    data = rec.to_xarray()
    assert data.exc_r.shape == (5, 2)
    assert data.inh_v.shape == (5,)
    assert data.attrs["exc_parameter_J"] == 8.0
    data.to_netcdf(tmp_path / "both.nc", engine="scipy")
    frame = rec.to_dataframe()
    np.testing.assert_array_equal(frame["inh", "r", ""], rec["inh"].r.magnitude)
    np.testing.assert_array_equal(frame["exc", "v", 1], rec["exc"].v.magnitude[:, 1])
    assert frame.columns.names == ["member", "name", "lane"]
    assert list(rec_of_singles().to_dataframe().columns) == [
        ("exc", "r"), ("exc", "v"), ("inh", "r"), ("inh", "v"),
    ]  # fmt: skip
    back = nm.load(rec.save(tmp_path / "both.npz"))
    assert isinstance(back, nm.Recordings)
    assert {name: bits(back[name]) for name in back} == {name: bits(rec[name]) for name in rec}
    assert len(rec[0.1 * ms :]["exc"]) == 3
    with pytest.raises(KeyError, match="did you mean exc"):
        rec["exk"]
    assert "exc: <Recording of QIF" in repr(rec)


def rec_of_singles():
    with nm.record(exc=nm.QIF(), inh=nm.QIF()) as rec:
        pass
    return rec


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    monkeypatch.setitem(sys.modules, "pandas", None)
    rec = run()
    for attempt, package in ((rec.to_xarray, "xarray"), (rec.to_dataframe, "pandas")):
        with pytest.raises(
            ImportError, match=rf"needs {package}.*pip install 'neuromass\[labels\]'"
        ):
            attempt()


# -------------------------------------------------------------------------------- files


@pytest.mark.parametrize(
    "make",
    [*(lambda s=s: run(s) for s in SHAPES), relay, lambda: run(every=20, average=True),
     lambda: run(record=()), lambda: run()[100 * ms :]],
)  # fmt: skip
def test_files_give_back_every_bit(make, tmp_path):
    rec = make()
    path = rec.save(tmp_path / "trace.npz")
    back = nm.load(str(path))
    assert bits(back) == bits(rec)
    assert repr(back) == repr(rec)
    assert (back.seed, back.method, back.version, back.shape) == (
        rec.seed, rec.method, rec.version, rec.shape,
    )  # fmt: skip
    assert back.fs == rec.fs
    assert {n: str(getattr(back, n).units) for n in rec.names} == {
        n: str(getattr(rec, n).units) for n in rec.names
    }
    for name, value in rec.parameters.items():
        np.testing.assert_array_equal(back.parameters[name].magnitude, value.magnitude)
        assert back.parameters[name].units == value.units


def test_the_ending_is_added_and_the_path_returned(tmp_path):
    assert run().save(tmp_path / "trace").name == "trace.npz"
    assert run().save(str(tmp_path / "a.b")).name == "a.b.npz"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.b.npz", "trace.npz"]


def test_files_hold_nothing_pickled_and_open_with_numpy(tmp_path):
    rec = run((3,))
    with np.load(rec.save(tmp_path / "trace.npz"), allow_pickle=False) as file:
        np.testing.assert_array_equal(file["/v"], rec.v.magnitude)
        header = json.loads(str(file["neuromass"]))
    assert header["version"] == nm.__version__
    assert header["members"][""]["names"] == {"r": "hertz", "v": "", "I_ext": ""}


def test_a_truncated_file_is_refused_wherever_it_ends(tmp_path):
    whole = run(length=1 * ms).save(tmp_path / "whole.npz").read_bytes()
    cut = tmp_path / "cut.npz"
    for size in {
        *range(0, len(whole), max(1, len(whole) // 150)),
        *range(len(whole) - 30, len(whole)),
    }:
        cut.write_bytes(whole[:size])
        with pytest.raises(ValueError, match=r"cut\.npz is truncated, or was not written by save"):
            nm.load(cut)
    assert nm.load(tmp_path / "whole.npz")


def test_a_damaged_file_is_refused_or_right(tmp_path):
    rec = run(length=0.5 * ms)
    whole = bytearray(rec.save(tmp_path / "whole.npz").read_bytes())
    rng = np.random.default_rng(0)
    refused = right = 0
    for place in rng.integers(0, len(whole), 300):
        damaged = whole.copy()
        damaged[place] ^= int(rng.integers(1, 256))
        (tmp_path / "damaged.npz").write_bytes(damaged)
        try:
            back = nm.load(tmp_path / "damaged.npz")
        except ValueError as error:
            refused += "damaged.npz" in str(error)
        else:
            assert bits(back) == bits(rec)
            right += 1
    assert refused + right == 300
    assert refused > 100


def test_foreign_files_are_refused(tmp_path):
    files = {name: tmp_path / name for name in ("text.npz", "other.npz", "array.npz", "object.npz")}
    files["text.npz"].write_text("t r v\n0 1 2\n")
    np.savez(files["other.npz"], a=np.arange(3))
    with open(files["array.npz"], "wb") as file:
        np.save(file, np.arange(3))
    np.savez(files["object.npz"], neuromass=np.array({"format": 1}, dtype=object))
    files["pickle.npz"] = tmp_path / "pickle.npz"
    files["pickle.npz"].write_bytes(pickle.dumps(run()))
    files["empty.npz"] = tmp_path / "empty.npz"
    files["empty.npz"].touch()
    with zipfile.ZipFile(tmp_path / "zip.npz", "w") as archive:
        archive.writestr("neuromass.npy", "nothing")
    files["zip.npz"] = tmp_path / "zip.npz"
    for name, header in (
        ("list", "[]"),
        ("format", '{"format": "x"}'),
        ("none", "{}"),
        ("text", "{"),
    ):
        files[name] = tmp_path / f"{name}.npz"
        np.savez(files[name], neuromass=np.array(header))
    for path in files.values():
        with pytest.raises(ValueError, match=f"{path.name} is truncated, or was not written"):
            nm.load(path)
    np.savez(tmp_path / "less.npz", neuromass=np.array('{"format": 1, "members": {"": {}}}'))
    with pytest.raises(ValueError, match=r"less\.npz is damaged"):
        nm.load(tmp_path / "less.npz")


def test_a_file_of_a_later_version_says_so(tmp_path):
    path = run().save(tmp_path / "trace.npz")
    with np.load(path) as file:
        arrays = dict(file)
    header = json.loads(str(arrays["neuromass"]))
    arrays["neuromass"] = np.array(json.dumps({**header, "format": 99, "version": "9.9"}))
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=r"written by neuromass 9\.9, a later version"):
        nm.load(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing"):
        nm.load(tmp_path / "nothing.npz")
    with pytest.raises(IsADirectoryError):
        nm.load(tmp_path)
    with pytest.raises(FileNotFoundError):
        run().save(tmp_path / "no" / "folder" / "trace.npz")


def test_a_full_disk_leaves_the_earlier_file(tmp_path):
    """The limit on a file's size stands for the full disk: writing fails half-way."""
    pytest.importorskip("resource")
    path = run(length=1 * ms).save(tmp_path / "trace.npz")
    before = path.read_bytes()
    code = f"""
import resource, signal
import neuromass as nm
from neuromass.units import ms
rec = nm.run(nm.QIF(), 500 * ms)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    rec.save({str(path)!r})
except OSError as error:
    print("refused")
"""
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ
    )
    assert ran.stdout == "refused\n", ran.stderr
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["trace.npz"]


def test_saving_over_a_file_replaces_it(tmp_path):
    run().save(tmp_path / "trace.npz")
    other = run((3,))
    other.save(tmp_path / "trace.npz")
    assert bits(nm.load(tmp_path / "trace.npz")) == bits(other)


@every_shape
def test_pickles_and_copies(shape):
    rec = run(shape)
    for other in (pickle.loads(pickle.dumps(rec)), copy.copy(rec), copy.deepcopy(rec)):
        assert bits(other) == bits(rec)
        assert repr(other) == repr(rec)


# ------------------------------------------------------------------------------ joining


def chunks(count=3, length=1 * ms, pop=None, **options):
    pop = pop or nm.QIF(J=15.0)
    return [nm.run(pop, length, inputs=3.0, **options) for _ in range(count)]


def test_joined_recordings_are_the_whole():
    whole = nm.run(nm.QIF(J=15.0), 3 * ms, inputs=3.0)
    assert bits(nm.concatenate(chunks())) == bits(whole)
    assert bits(nm.concatenate([whole])) == bits(whole)
    assert nm.concatenate(iter(chunks())).names == whole.names


def test_a_gap_stays_and_only_what_repeats_is_left_out():
    pop = nm.QIF(J=15.0)
    first = nm.run(pop, 2 * ms, every=10)
    for _ in range(3):
        pop.update(0.0)
    second_part = nm.run(pop, 1 * ms, every=10)
    joined = nm.concatenate([first, second_part])
    np.testing.assert_allclose(joined.t.magnitude, [0, 0.5, 1, 1.5, 2, 2.15, 2.65, 3.15])


def test_empty_parts_do_not_matter():
    parts = chunks()
    empty = parts[0][100 * ms :]
    joined = nm.concatenate([empty, parts[0], empty, *parts[1:], empty])
    assert bits(joined) == bits(nm.concatenate(parts))
    assert len(nm.concatenate([empty, empty])) == 0


def test_the_parameters_are_those_of_the_end():
    pop = nm.QIF(J=15.0)
    first = nm.run(pop, 1 * ms)
    pop.eta = -3.0
    joined = nm.concatenate([first, nm.run(pop, 1 * ms)])
    assert joined.parameters["eta"].magnitude == -3.0


def test_what_does_not_fit_is_not_joined():
    first, second_part, third = chunks()
    for parts, kind, text in (
        ([], ValueError, "nothing to concatenate"),
        ([first, 3], TypeError, "takes recordings, not int"),
        ([second_part, first], ValueError, "starts at 0 ms cannot follow one that ends at 2 ms"),
        ([first, first], ValueError, "cannot follow"),
        ([first[: 0.5 * ms], third, second_part], ValueError, "cannot follow"),
        ([first, relay()], ValueError, "does not continue"),
        ([first, *chunks(1, record="r")], ValueError, "does not continue"),
        ([first, *chunks(1, pop=nm.QIF(shape=2))], ValueError, "does not continue"),
        ([first, *chunks(1, every=2)], ValueError, "dt, every or average"),
        ([first, *chunks(1, average=True)], ValueError, "dt, every or average"),
        ([first, *chunks(1, pop=nm.QIF(dt=0.1 * ms))], ValueError, "dt, every or average"),
    ):
        with pytest.raises(kind, match=text):
            nm.concatenate(parts)


def test_models_of_one_name_with_other_units_are_not_joined():
    def model(unit):
        class Same(nm.Population):
            rate = nm.Parameter(1 / ms)
            x = nm.State(0 * unit)

            @staticmethod
            def derivatives(x, rate):
                return -rate * x

        return Same

    recs = [nm.run(model(unit)(), 1 * ms) for unit in (pA, mm)]
    with pytest.raises(ValueError, match="same units"):
        nm.concatenate(recs)
