"""Recordings as xarray, pandas and files: coordinates, inputs, equality."""

import copy
import pickle

import numpy as np
import pytest

import neuromass as nm
from neuromass.units import Hz, ms, second

ETA = np.linspace(-10, 5, 7)


class Slow(nm.Population):
    """A leak whose rate is declared in Hz."""

    k = nm.Parameter(3.0 * Hz)
    x = nm.State(1.0)

    @staticmethod
    def derivatives(x, k):
        return -k * x


def pair(**options):
    net = nm.Network({"exc": nm.QIF(tau=20 * ms, J=8.0), "inh": nm.QIF(eta=[1.0, 2.0])})
    net.connect("exc", "inh", J=10.0, synapse=nm.synapses.Exponential(5 * ms))
    return nm.run(net, 1 * ms, **options)


# ------------------------------------------------------------------------- coordinates


def test_lanes_are_found_by_the_parameter_that_varies():
    pytest.importorskip("xarray")
    rec = nm.run(nm.QIF(eta=ETA, J=15.0), 1 * ms)
    data = rec.to_xarray()
    assert data.r.dims == ("t", "lane")
    for i, eta in enumerate(ETA):
        np.testing.assert_array_equal(data.r.sel(eta=eta), rec.array("r", Hz)[:, i])
    assert float(data.v.sel(eta=-5.0, t=0.3, method="nearest")) == rec.v[6, 2].magnitude
    assert "J" not in data.coords
    assert data.sel(lane=2).eta == ETA[2]
    assert (data - data).sizes == data.sizes


def test_parameters_lie_along_the_axes_along_which_they_vary():
    pytest.importorskip("xarray")
    tau = np.array([[10, 10, 20], [10, 20, 20]])
    full = np.broadcast_to([[1.0], [2.0]], (2, 3))
    pop = nm.QIF(eta=[[-5.0], [-4.0]], J=[10.0, 15.0, 20.0], tau=tau * ms, delta=full)
    data = nm.run(pop, 1 * ms).to_xarray()
    assert data.eta.dims == data.delta.dims == ("lane_0",)
    assert data.J.dims == ("lane_1",)
    assert data.tau.dims == ("lane_0", "lane_1")
    assert data.tau.attrs["units"] == "ms"
    assert data.r.sel(eta=-4.0, J=20.0).dims == ("t",)


def test_the_same_value_twice_selects_both():
    pytest.importorskip("xarray")
    data = nm.run(nm.QIF(eta=[1.0, 2.0, 1.0]), 1 * ms).to_xarray()
    assert data.r.sel(eta=1.0).shape == (21, 2)


def test_values_are_found_as_they_were_given():
    pytest.importorskip("xarray")
    given = np.array([0.1, 0.3, 0.7, 1.1, 2.3, 17.9, 59.3, 1e-7])
    data = nm.run(Slow(k=given * Hz), 1 * ms).to_xarray()
    assert [float(data.x.sel(k=k)[0]) for k in given] == [1.0] * len(given)
    seconds = nm.run(nm.QIF(tau=given[:7] * second), 1 * ms).to_xarray()
    assert [float(seconds.v.sel(tau=1000 * k)[0]) for k in (0.1, 0.3, 2.3)] == [-2.0] * 3


def test_lanes_of_members():
    pytest.importorskip("xarray")
    data = pair().to_xarray()
    assert data.inh_r.sel(inh_eta=2.0).dims == ("t",)


def test_coordinates_go_through_netcdf(tmp_path):
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("h5netcdf")
    data = nm.run(nm.QIF(eta=ETA), 1 * ms).to_xarray()
    data.to_netcdf(tmp_path / "run.nc", engine="h5netcdf")
    with xarray.open_dataset(tmp_path / "run.nc", engine="h5netcdf") as back:
        np.testing.assert_array_equal(back.eta, ETA)
        assert back.r.sel(t=0.3).dims == ("lane",)


@pytest.mark.parametrize(("dt", "every"), [(0.1, 1), (0.02, 5), (0.05, 2)])
def test_times_are_the_decimals_that_are_meant(dt, every):
    pytest.importorskip("xarray")
    rec = nm.run(nm.QIF(dt=dt * ms), 20 * ms, every=every)
    assert rec.to_xarray().t.values.tolist() == [k / 10 for k in range(201)]
    assert rec.to_dataframe().index.tolist() == [k / 10 for k in range(201)]


def test_a_frame_names_its_units():
    pytest.importorskip("pandas")
    rec = nm.run(nm.QIF(), 1 * ms)
    assert rec.to_dataframe().attrs["units"] == {"t": "ms", "r": "Hz", "v": ""}
    assert pair().to_dataframe().attrs["units"]["exc"]["r"] == "Hz"


# ------------------------------------------------------------------------------ inputs


def test_the_mean_of_a_recorded_input_is_a_number():
    wave = nm.signals.Sine(3.0, frequency=100 * Hz)
    rec = nm.run(nm.QIF(), 10 * ms, inputs=wave, record="I_ext")
    used = rec.I_ext.magnitude[1:]
    assert rec.I_ext.magnitude[0] == used[0]
    assert abs(used.mean()) < 1e-12
    assert np.isfinite(rec.I_ext.mean().magnitude)
    assert np.isfinite(rec.to_xarray().I_ext.values).all()
    many = nm.run(nm.QIF(shape=3), 10 * ms, inputs=wave, every=4, record=("r", "I_ext"))
    assert np.isfinite(many.I_ext.magnitude).all()
    np.testing.assert_array_equal(many.I_ext.magnitude[1:, 0], used[3::4])


def test_pieces_of_a_recorded_input_join():
    wave = nm.signals.Sine(3.0, frequency=30 * Hz)
    whole = nm.run(nm.QIF(), 10 * ms, inputs=wave, record="I_ext")
    pop = nm.QIF()
    parts = [nm.run(pop, 5 * ms, inputs=wave, record="I_ext") for _ in range(2)]
    assert nm.concatenate(*parts) == whole


def test_inputs_by_hand_and_in_networks():
    pop = nm.QIF()
    with nm.record(pop, names=("r", "I_ext")) as rec:
        assert np.isnan(rec.I_ext.magnitude).all()  # nothing was used yet
        for k in range(3):
            pop.update(float(k))
        assert rec.I_ext.magnitude.tolist() == [0.0, 0.0, 1.0, 2.0]
    found = pair(record=("exc.I_ext", "inh.I_ext"), inputs={"exc": 2.0})
    assert found["exc"].I_ext.magnitude.tolist() == [2.0] * 21
    assert np.isfinite(found["inh"].I_ext.magnitude).all()


def test_an_average_of_an_input_is_that_of_its_steps():
    rec = nm.run(nm.QIF(), 1 * ms, inputs=np.arange(20.0), record="I_ext", every=10, average=True)
    assert rec.I_ext.magnitude.tolist() == [4.5, 14.5]


def test_an_interrupted_run_has_inputs_up_to_its_end():
    pop = nm.QIF(eta=5.0, J=15.0, dt=8 * ms)
    with pytest.raises(nm.SimulationError) as error:
        nm.run(pop, 800 * ms, inputs=1.0, record=("r", "I_ext"), every=5)
    rec = error.value.recording
    if len(rec) > 2:
        assert np.isfinite(rec.I_ext.magnitude).all()


# ---------------------------------------------------------------------------- equality


def noisy(seed=1, **options):
    noise = {"I_ext": nm.noise.OrnsteinUhlenbeck(0.5, 10 * ms)}
    return nm.run(
        nm.QIF(eta=[1.0, 2.0], noise=noise, seed=seed), 1 * ms, record=("r", "I_ext"), **options
    )


@pytest.mark.parametrize("make", [noisy, pair, lambda: nm.run(Slow(), 1 * ms, record=())])
def test_what_is_loaded_equals_what_was_saved(make, tmp_path):
    rec = make()
    for same in (nm.load(rec.save(tmp_path / "run 0.5")), pickle.loads(pickle.dumps(rec)),
                 copy.deepcopy(rec), make()):  # fmt: skip
        assert same == rec
        assert same == rec


def test_what_differs_is_not_equal():
    rec = noisy()
    others = [noisy(2), noisy(every=2), rec[: 0.5 * ms], nm.run(nm.QIF(), 1 * ms), 5, "r", None]
    for other in others:
        assert rec != other
    changed = copy.deepcopy(rec)
    changed._contents.data["r"][-1, 0] = np.nextafter(rec.array("r", 1 / ms)[-1, 0], 1.0)
    assert changed != rec
    assert pair() != pair(record=("exc", "inh"))
    assert pair() != rec
    one = nm.run(nm.QIF(eta=[1.0, 2.0]), 1 * ms, record=())
    assert one != nm.run(nm.QIF(eta=[1.0, 3.0]), 1 * ms, record=())
    with pytest.raises(TypeError, match="unhashable"):
        hash(rec)


def test_another_strength_of_a_connection_is_another_recording():
    def made(strength):
        net = nm.Network({"a": nm.QIF(), "b": nm.QIF()})
        net.connect("a", "b", J=strength)
        return nm.run(net, 1 * ms, record=())

    assert made(0.0) == made(0.0)
    assert made(0.0) != made(1.0)


def test_recordings_that_grow_equal_what_they_are_now():
    pop = nm.QIF()
    with nm.record(pop) as rec:
        pop.update(1.0)
        before = copy.deepcopy(rec)
        assert before == rec
        pop.update(1.0)
        assert before != rec
    assert rec == nm.run(nm.QIF(), 0.1 * ms, inputs=1.0)


# ----------------------------------------------------------------------- files, joining


def test_names_of_files_agree(tmp_path):
    rec = noisy()
    assert rec.save(tmp_path / "run 0.5").name == "run 0.5.npz"
    assert nm.load(tmp_path / "run 0.5") == nm.load(tmp_path / "run 0.5.npz") == rec
    with pytest.raises(ValueError, match=r"not as \.nc; .*to_netcdf"):
        rec.save(tmp_path / "x.nc")
    with pytest.raises(FileNotFoundError, match=r"no folder .*missing.* to save x\.npz in"):
        rec.save(tmp_path / "missing" / "x")


def test_recordings_are_joined_one_by_one_or_as_a_list():
    pop = nm.QIF(J=15.0)
    first, second_part = nm.run(pop, 1 * ms), nm.run(pop, 1 * ms, inputs=3.0)
    joined = nm.concatenate(first, second_part)
    assert joined == nm.concatenate([first, second_part])
    assert len(joined) == 41
    with pytest.raises(TypeError, match=r"concatenate\(first, second\)"):
        nm.concatenate(first)
    with pytest.raises(ValueError, match="nothing to concatenate"):
        nm.concatenate()
    with pytest.raises(TypeError, match="takes recordings, not int"):
        nm.concatenate(first, 5)
