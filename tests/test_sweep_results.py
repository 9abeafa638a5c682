"""Results of sweeps: axes, tables, files and pictures."""

import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest

import neuromass as nm
from neuromass.units import Hz, kHz, ms

m = nm.measures
ETAS = np.linspace(-8.0, -2.0, 5)


def grid(**options):
    values = {"tau": [10.0, 20.0] * ms, "eta": ETAS}
    measures = {"rate": m.mean("r"), "v": m.final("v"), "trace": m.trace("r", every=50)}
    return nm.sweep(nm.QIF(J=15.0), values, 20 * ms, measures, **options)


def test_axes_are_the_keys_in_their_order():
    res = grid()
    assert list(res) == ["rate", "v", "trace"]
    assert res["rate"].shape == res.shape == (2, 5)
    assert res["rate"].units == Hz
    assert res.dims("rate") == ("tau", "eta")
    assert res.coords["tau"].to(ms).magnitude.tolist() == [10.0, 20.0]
    assert res["trace"].shape == (2, 5, 9)
    assert res.times("trace").to(ms).magnitude.tolist() == [0, 2.5, 5, 7.5, 10, 12.5, 15, 17.5, 20]
    assert repr(res) == (
        "<Sweep of QIF over tau 10 .. 20 ms (2), eta -8 .. -2 (5): rate [Hz], v, trace [Hz]>"
    )


def test_results_cannot_be_written_to():
    res = grid()
    with pytest.raises(ValueError, match="handed out"):
        res["rate"].magnitude[0] = 0.0
    with pytest.raises(KeyError, match="did you mean rate"):
        res["rat"]
    with pytest.raises(ValueError, match="no trace"):
        res.times("rate")


def test_units_are_those_that_were_given():
    res = nm.sweep(nm.QIF(), {"initial.r": [0.01, 0.02] * kHz}, 1 * ms, m.final("r"))
    assert res.coords["initial.r"].units == kHz
    res = nm.sweep(nm.QIF(), {"initial.r": [10.0 * Hz, 20.0 * Hz]}, 1 * ms, m.final("r"))
    assert res.coords["initial.r"].to(Hz).magnitude.tolist() == [10.0, 20.0]


def test_lists_that_go_together_have_one_axis():
    values = {"eta": ETAS, "J": np.linspace(10.0, 20.0, 5)}
    res = nm.sweep(nm.QIF(), values, 20 * ms, {"rate": m.mean("r")}, mode="zip")
    assert res.dims("rate") == ("point",)
    alone = nm.run(nm.QIF(eta=ETAS[3], J=values["J"][3]), 20 * ms)
    assert res["rate"][3] == m.mean("r")(alone)


def test_a_table_goes_in_and_comes_out():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"eta": ETAS, "tau": [5.0, 10.0, 15.0, 20.0, 25.0]})
    table.attrs["units"] = {"tau": "ms"}
    res = nm.sweep(nm.QIF(J=15.0), table, 20 * ms, {"rate": m.mean("r"), "t": m.trace("r", 200)})
    out = res.to_dataframe()
    assert out.columns.tolist() == ["eta", "tau", "rate", "t[0]", "t[1]", "t[2]"]
    assert out.attrs["units"] == {"eta": "", "tau": "ms", "rate": "Hz", "t": "Hz"}
    alone = nm.run(nm.QIF(J=15.0, eta=ETAS[4], tau=25 * ms), 20 * ms)
    assert out["rate"][4] == m.mean("r")(alone).to(Hz).magnitude
    again = nm.sweep(nm.QIF(J=15.0), out[["eta", "tau"]], 20 * ms, {"rate": m.mean("r")})
    assert np.array_equal(again["rate"].magnitude, res["rate"].magnitude)
    tall = grid().to_dataframe()
    assert len(tall) == 10
    assert tall["eta"][7] == ETAS[2]
    assert tall["tau"][7] == 20.0


def test_a_dataset_selects_by_value():
    pytest.importorskip("xarray")
    data = grid().to_xarray()
    assert data["rate"].dims == ("tau", "eta")
    assert data["rate"].attrs["units"] == "Hz"
    assert data["tau"].attrs["units"] == "ms"
    assert data["trace"].sel(t=17.5, eta=-5.0, tau=20.0).size == 1
    both = grid(follow="eta", direction="both")
    data = both.to_xarray()
    assert data["rate"].sel(direction="down").shape == (2, 5)
    table = both.to_dataframe()
    assert table["direction"].tolist() == ["up"] * 10 + ["down"] * 10
    assert table["rate"][13] == both["rate"].magnitude[1, 0, 3]


@pytest.mark.parametrize("options", [{}, {"follow": "eta", "direction": "both"}], ids=["", "both"])
def test_a_saved_result_is_the_same(tmp_path, options):
    res = grid(**options)
    path = res.save(tmp_path / "sweep")
    assert path.name == "sweep.npz"
    found = nm.load(path)
    assert repr(found) == repr(res)
    for name in res:
        assert np.array_equal(found[name].magnitude, res[name].magnitude)
        assert found[name].units == res[name].units
        assert found.dims(name) == res.dims(name)
    assert found.coords["eta"].magnitude.tolist() == ETAS.tolist()
    assert np.array_equal(found.failed, res.failed)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ValueError, match="truncated"):
        nm.load(path)


def test_a_result_is_read_in_another_process(tmp_path):
    path = grid().save(tmp_path / "sweep.npz")
    text = f"import neuromass as nm; print(nm.load({str(path)!r}))"
    out = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == repr(grid())


# ------------------------------------------------------------------------------ pictures


def test_one_key_is_a_line():
    res = nm.sweep(nm.QIF(J=15.0), {"eta": ETAS[::-1]}, 20 * ms, {"rate": m.mean("r")})
    ax = res.plot(labels={"eta": r"$\eta$"}, color="k", lw=3)
    (line,) = ax.lines
    assert line.get_xdata().tolist() == ETAS.tolist()
    assert line.get_ydata().tolist() == res["rate"].to(Hz).magnitude[::-1].tolist()
    assert (ax.get_xlabel(), ax.get_ylabel()) == (r"$\eta$", "rate (Hz)")
    assert line.get_linewidth() == 3


def test_few_values_are_lines_with_a_legend():
    res = grid()
    ax = res.plot("rate")
    assert [line.get_label() for line in ax.lines] == ["tau = 10 ms", "tau = 20 ms"]
    assert np.array_equal(ax.lines[1].get_ydata(), res["rate"].to(Hz).magnitude[1])
    assert ax.get_xlabel() == "eta"
    both = grid(follow="eta", direction="both").plot("rate")
    assert [line.get_label() for line in both.lines] == [
        "tau = 10 ms, up", "tau = 10 ms, down", "tau = 20 ms, up", "tau = 20 ms, down",
    ]  # fmt: skip
    assert len({line.get_color() for line in both.lines}) == 2


def test_many_values_are_a_map_with_units():
    values = {"tau": np.geomspace(5.0, 50.0, 12) * ms, "eta": np.linspace(-8, -2, 10)}
    res = nm.sweep(nm.QIF(J=15.0), values, 20 * ms, {"rate": m.mean("r")})
    ax = res.plot()
    mesh = ax.collections[0]
    assert np.array_equal(mesh.get_array(), res["rate"].to(Hz).magnitude.T)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("tau (ms)", "eta")
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "linear")
    assert ax.figure.axes[1].get_ylabel() == "rate (Hz)"
    both = nm.sweep(nm.QIF(J=15.0), values, 20 * ms, {"rate": m.mean("r")}, follow="eta",
                    direction="both")  # fmt: skip
    axes = both.plot()
    assert [each.get_title() for each in axes] == ["up", "down"]
    assert axes[0].collections[0].get_clim() == axes[1].collections[0].get_clim()


def test_axes_of_the_users_are_taken():
    _, axes = plt.subplots(2)
    res = grid()
    assert res.plot("rate", axes[0]) is axes[0]
    with pytest.raises(ValueError, match="further axes, t"):
        res.plot("trace", axes[0])
    with pytest.raises(TypeError, match="linewidht"):
        res.plot("rate", linewidht=3)
    cube = nm.sweep(nm.QIF(), {"eta": [1.0], "J": [1.0], "delta": [1.0]}, 1 * ms, m.final("r"))
    with pytest.raises(ValueError, match="a picture shows two"):
        cube.plot()
