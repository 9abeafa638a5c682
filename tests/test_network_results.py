"""What a run of a network records, exports and says of itself."""

import numpy as np
import pytest
from network_samples import quiet, traces, zoo

import neuromass as nm
from neuromass.units import Hz, ms


def test_recordings_of_a_network():
    net = quiet(zoo)
    rec = nm.run(net, 1 * ms)
    assert list(rec) == ["exc", "inh", "inh->exc", "exc->exc"]
    assert rec["exc"].r.shape == (21, 3)
    assert rec["inh->exc"].s.units == Hz
    assert rec["inh->exc"].model == "Alpha"
    assert set(rec["inh->exc"].parameters) == {"J", "delay", "tau"}
    assert rec.t[-1] == net.t


def test_a_gain_is_recorded_as_it_is():
    net = quiet(zoo)
    rec = nm.run(net, 1 * ms, record="exc->exc")["exc->exc"]
    only = nm.run(net, 1 * ms, record=("exc->exc.gain", "exc->exc.u", "exc->exc.x"))["exc->exc"]
    np.testing.assert_array_equal(only.gain.magnitude, only.u.magnitude * only.x.magnitude)
    assert rec.names == ("x", "u")


def test_a_recording_becomes_one_dataset(tmp_path):
    pytest.importorskip("xarray")
    rec = nm.run(quiet(zoo), 1 * ms)
    data = rec.to_xarray()
    assert data["exc_r"].shape == (21, 3)
    assert data["inh->exc_s"].attrs["units"] == "Hz"
    assert data["exc_r"].dims == ("t", "exc_lane")
    assert traces(nm.load(rec.save(tmp_path / "net"))) == traces(rec)


def test_a_network_describes_itself():
    text = quiet(zoo).describe()
    for each in ("exc: QIF, lanes (3,), own J = 5, noise on I_ext, v", "inh->exc", "delay 0.53 ms",
                 "Alpha(tau=2 ms)", "TsodyksMarkram", "1 x 3 matrix", "J = -6"):  # fmt: skip
        assert each in text
    assert "0 ms" in text
