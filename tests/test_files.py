"""Files that are not what they say are refused at once, and odd names come back."""

import io
import os
import stat
import zipfile

import numpy as np
import pytest
from samples import bits

import neuromass as nm
from neuromass.units import ms


def recording():
    return nm.run(nm.QIF(J=15.0), 1 * ms, inputs=3.0)


def changed(path, **entries):
    """The file with other bytes under some names."""
    with zipfile.ZipFile(path) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    found |= {f"{name.replace('__', '/')}.npy": data for name, data in entries.items()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in found.items():
            archive.writestr(name, data)
    return path


def as_npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def test_an_array_that_asks_for_more_than_there_is(tmp_path):
    path = recording().save(tmp_path / "rec")
    header = as_npy(np.zeros(21)).replace(b"(21,)", b"(10**9,)"[:5])
    huge = as_npy(np.zeros(21)).replace(b"(21,), ", b"(134217728,), ")[: -7 - 21 * 8 + 7]
    for data in (header, huge, b"", b"\x93NUMPY"):
        with pytest.raises(ValueError, match="is damaged"):
            nm.load(changed(path, __r=data))


def test_a_compressed_file_that_unfolds_is_refused(tmp_path):
    path = recording().save(tmp_path / "rec")
    with zipfile.ZipFile(path) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in found.items():
            archive.writestr(name, data)
    with pytest.raises(ValueError, match="not stored as save"):
        nm.load(path)


@pytest.mark.parametrize(
    "times", [np.arange(20.0), np.zeros(21), np.full(21, np.nan), np.arange(21.0)[::-1]]
)
def test_times_are_checked(tmp_path, times):
    path = recording().save(tmp_path / "rec")
    with pytest.raises(ValueError, match="is damaged: ValueError, its t"):
        nm.load(changed(path, __t=as_npy(times)))


@pytest.mark.parametrize(
    ("old", "new"), [('"dt": 0.05', '"dt": -0.1'), ('"every": 1', '"every": 0')]
)
def test_what_a_recording_is_about_is_checked(tmp_path, old, new):
    path = recording().save(tmp_path / "rec")
    with zipfile.ZipFile(path) as archive:
        header = str(np.load(io.BytesIO(archive.read("neuromass.npy"))))
    assert old in header
    with pytest.raises(ValueError, match="dt or every"):
        nm.load(changed(path, neuromass=as_npy(np.array(header.replace(old, new)))))


def test_only_what_is_named_is_read(tmp_path):
    path = changed(recording().save(tmp_path / "rec"), other=b"no array at all")
    assert bits(nm.load(path)) == bits(recording())


@pytest.mark.parametrize("name", ["a\0b", "50%", "ä", "%00"])
def test_odd_names_come_back(tmp_path, name):
    pop = nm.QIF()
    with nm.record(**{name: pop}) as rec:
        pop.update(1.0)
    found = nm.load(rec.save(tmp_path / "rec"))
    assert list(found) == [name]
    assert bits(found[name]) == bits(rec[name])


def test_names_of_files(tmp_path):
    made = recording().save(tmp_path / "run 0.5")
    assert made.name == "run 0.5.npz"
    assert bits(nm.load(tmp_path / "run 0.5")) == bits(recording())
    for path in (5, None, b"x", 1.5):
        with pytest.raises(TypeError, match="path is the name of a file"):
            nm.load(path)
    with pytest.raises(ValueError, match=r"not as \.nc; .*to_netcdf"):
        recording().save(tmp_path / "x.nc")
    with pytest.raises(FileNotFoundError, match=r"no folder .*missing"):
        recording().save(tmp_path / "missing" / "x")


@pytest.mark.skipif(os.name != "posix", reason="modes of files are those of POSIX")
def test_the_mode_of_a_file_stays(tmp_path):
    path = recording().save(tmp_path / "rec")
    path.chmod(0o600)
    recording().save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["rec.npz"]


def test_times_from_the_end():
    rec = recording()
    assert rec[-0.25 * ms :].t.magnitude.tolist() == [0.75, 0.8, 0.85, 0.9, 0.95, 1.0]
    assert rec[: -0.9 * ms].t.magnitude.tolist() == [0.0, 0.05, 0.1]
    assert bits(rec[-2 * ms :]) == bits(rec)
