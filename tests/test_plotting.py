"""Plots of recordings and the phase plane: what is drawn, where, in which units."""

import os
import subprocess
import sys
import textwrap

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

import neuromass as nm
from neuromass.plotting import COLOURS
from neuromass.units import Hz, kHz, ms, mV, pA, pF

STEP = nm.signals.Step(3.0, start=10 * ms, stop=30 * ms)


@pytest.fixture(autouse=True)
def _close_figures():
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.use("Agg")
        yield
        plt.close("all")


def run(duration=50 * ms, record=None, **parameters):
    return nm.run(nm.QIF(J=15.0, **parameters), duration, inputs=STEP, record=record)


def drawn(ax):
    """Draw everything, so that what only fails then fails here."""
    ax.figure.canvas.draw()
    return ax


def legend_texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def in_new_process(code):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        env={**os.environ, "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# --------------------------------------------------------------------- recordings


def test_a_panel_for_each_name_with_units():
    rec = run(record=("I_ext", "r", "v"))
    axes = rec.plot()
    assert [ax.get_ylabel() for ax in axes] == ["I_ext", "r (Hz)", "v"]
    assert [ax.get_xlabel() for ax in axes] == ["", "", "t (ms)"]
    assert len({ax.figure for ax in axes}) == 1
    axes[0].set_xlim(5, 10)
    assert axes[2].get_xlim() == (5, 10)
    x, y = drawn(axes[1]).lines[0].get_data()
    assert np.array_equal(x, rec.array("t", ms))
    assert np.array_equal(y, rec.array("r", Hz))


def test_one_name_gives_one_axes():
    rec = run()
    for ax in (rec.plot("r"), rec.plot(["v"]), run(record="r").plot()):
        assert isinstance(drawn(ax), Axes)
        assert ax.get_xlabel() == "t (ms)"
        assert ax.get_legend() is None


def test_inputs_are_drawn_as_they_were_held():
    (line,) = run(record="I_ext").plot().lines
    assert line.get_drawstyle() == "steps-pre"
    (line,) = run(record="r").plot().lines
    assert line.get_drawstyle() == "default"


def test_given_axes_are_used_and_keep_their_look():
    rec = run()
    _, axes = plt.subplots(2, 1, sharex=True)
    returned = rec.plot(ax=axes)
    assert all(a is b for a, b in zip(returned, axes, strict=True))
    assert axes[0].spines["top"].get_visible()
    assert [ax.get_xlabel() for ax in axes] == ["", "t (ms)"]
    _, beside = plt.subplots(1, 2)
    rec.plot(ax=list(beside))
    assert [ax.get_xlabel() for ax in beside] == ["t (ms)", "t (ms)"]
    _, ax = plt.subplots()
    assert rec.plot("v", ax=ax) is ax
    assert len(plt.get_fignums()) == 3


@pytest.mark.parametrize(
    ("names", "ax", "error", "told"),
    [
        ("rr", None, KeyError, "did you mean r"),
        (("r", "I_ext"), None, KeyError, "I_ext"),
        ((), None, ValueError, "nothing to plot"),
        (None, 3, TypeError, "matplotlib Axes"),
        (None, "one", ValueError, "needs 2 Axes, and 1 were given"),
    ],
)
def test_what_cannot_be_plotted(names, ax, error, told):
    rec = run()
    ax = plt.subplots()[1] if ax == "one" else ax
    with pytest.raises(error, match=told):
        rec.plot(names, ax)


def test_a_failed_plot_leaves_no_figure():
    with pytest.raises(KeyError):
        run().plot("nothing")
    assert not plt.get_fignums()


def test_few_lanes_have_a_legend_with_the_parameter_that_varies():
    axes = run(eta=[-7.0, -5.0, -3.0]).plot()
    assert legend_texts(drawn(axes[0])) == ["eta = -7", "eta = -5", "eta = -3"]
    assert axes[1].get_legend() is None
    assert len({to_hex(line.get_color()) for line in axes[1].lines}) == 3
    axes = run(tau=[10, 20] * ms).plot()
    assert legend_texts(axes[0]) == ["tau = 10 ms", "tau = 20 ms"]


def test_lanes_of_two_dimensions_are_numbered():
    axes = run(shape=(2, 2)).plot()
    assert legend_texts(axes[0]) == ["lane 0, 0", "lane 0, 1", "lane 1, 0", "lane 1, 1"]


def test_dozens_of_lanes_are_lines_with_a_colour_bar():
    axes = run(eta=np.linspace(-9, -3, 40)).plot()
    assert len(axes[0].lines) == 40
    drawn(axes[0])
    assert [ax.get_ylabel() for ax in axes[0].figure.axes] == ["r (Hz)", "v", "eta"]


def test_a_colour_bar_of_lanes_shows_their_names_or_whole_numbers():
    names = [f"L{place:02}" for place in range(20)]
    for options, label, ends in (
        ({"labels": names}, "", ("L00", "L19")),
        ({}, "lane", ("0", "19")),
    ):
        ax = nm.run(nm.QIF(shape=20, **options), 1 * ms).plot("r")
        bar = ax.figure.axes[1]
        told = [each.get_text() for each in bar.get_yticklabels()]
        assert (bar.get_ylabel(), told[0], told[-1]) == (label, *ends)
        assert set(told) <= {*names, *map(str, range(20))}


def test_hundreds_of_lanes_are_an_image():
    eta = np.linspace(-9, -3, 300)
    rec = run(eta=eta)
    axes = rec.plot()
    drawn(axes[0])
    (image,) = axes[0].images
    assert np.array_equal(image.get_array(), rec.array("r", Hz).T)
    left, right, low, high = image.get_extent()
    assert left < 0.0
    assert right > 50.0
    assert (low, high) == pytest.approx((-9 - 3 / 299, -3 + 3 / 299))
    assert [ax.get_ylabel() for ax in axes] == ["eta", "eta"]
    assert [ax.get_ylabel() for ax in axes[0].figure.axes[2:]] == ["r (Hz)", "v"]


def test_an_image_of_uneven_parameters_numbers_its_lanes():
    ax = run(eta=-np.geomspace(3, 9, 100), record=("I_ext", "r")).plot("r")
    assert drawn(ax).get_ylabel() == "lane"


def test_a_long_image_is_averaged():
    ax = run(duration=1000 * ms, shape=100).plot("r")
    assert drawn(ax).images[0].get_array().shape == (100, 3334 - 1)


def pair():
    exc, inh = nm.QIF(tau=20 * ms, J=8.0), nm.QIF(tau=10 * ms)
    with nm.record(exc=exc, inh=inh) as rec:
        for _ in range(50):
            exc.advance(10.0)
            inh.advance(1.0)
    return rec


def test_members_have_a_colour_and_a_legend_entry_each():
    axes = pair().plot()
    assert [ax.get_ylabel() for ax in axes] == ["r (Hz)", "v"]
    assert legend_texts(drawn(axes[0])) == ["exc", "inh"]
    colours = [to_hex(line.get_color()) for line in axes[0].lines]
    assert colours == ["#0072b2", "#d55e00"]
    ax = pair().plot("v", ax=plt.subplots()[1])
    assert legend_texts(ax) == ["exc", "inh"]


def test_the_users_own_colours_hold():
    with mpl.rc_context({"axes.prop_cycle": mpl.cycler(color=["red", "lime"])}):
        ax = pair().plot("r")
    assert [line.get_color() for line in ax.lines] == ["red", "lime"]


def test_plotting_changes_no_setting():
    before = dict(mpl.rcParams)
    run().plot()
    nm.phase_plane(nm.QIF())
    assert dict(mpl.rcParams) == before


def test_many_members_differ_in_colour():
    members = {f"node {i}": run() for i in range(12)}
    ax = nm.Recordings(members).plot("r")
    looks = [(to_hex(line.get_color()), line.get_linestyle()) for line in ax.lines]
    assert len(set(looks)) == 12
    assert {colour.upper() for colour, _ in looks} == set(COLOURS)
    assert [kind for _, kind in looks] == 7 * ["-"] + 5 * ["--"]
    assert len(legend_texts(drawn(ax))) == 12


def test_very_many_members_have_a_colour_bar():
    ax = nm.Recordings({f"node {i}": run() for i in range(40)}).plot("r")
    assert drawn(ax).get_legend() is None
    assert len({to_hex(line.get_color()) for line in ax.lines}) == 40
    ticks = [each.get_text() for each in ax.figure.axes[1].get_yticklabels()]
    assert (ticks[0], ticks[-1]) == ("node 0", "node 39")


def test_members_with_lanes():
    some, many = run(eta=np.linspace(-9, -3, 20)), run(eta=np.linspace(-9, -3, 80))
    lines, image = nm.Recordings({"some": some, "many": many}).plot("r")
    assert legend_texts(drawn(lines)) == ["some"]
    assert len([line for line in lines.lines if len(line.get_xdata())]) == 20
    alone = many.plot("r")
    assert np.array_equal(image.images[0].get_array(), alone.images[0].get_array())
    assert image.images[0].get_extent() == alone.images[0].get_extent()
    assert [ax.get_ylabel() for ax in image.figure.axes] == ["r (Hz)", "eta", "many.r (Hz)"]


def test_members_need_the_same_dimension():
    class Other(nm.Population):
        """A model whose v is a voltage."""

        tau = nm.Parameter(10 * ms, positive=True)
        v = nm.State(-60 * mV)

        @staticmethod
        def derivatives(v, tau):
            return (-v / tau,)

    members = nm.Recordings({"qif": run(), "other": nm.run(Other(), 50 * ms)})
    with pytest.raises(ValueError, match=r"v has different units .qif: no unit, other: mV"):
        members.plot("v")
    axes = members.plot()
    assert [ax.get_ylabel() for ax in axes] == ["r (Hz)", "v", "v (mV)"]
    assert legend_texts(drawn(axes[0])) == ["qif"]
    assert legend_texts(axes[2]) == ["other"]
    assert members.plot("other.v").get_ylabel() == "other.v (mV)"
    assert len(members.plot("r").lines) == 1
    with pytest.raises(KeyError, match="did you mean v"):
        members.plot("vv")


def test_quantities_are_drawn_over_a_plot_in_their_unit():
    """In a process of its own, because setup_matplotlib changes the registry."""
    code = """
        import numpy as np
        import matplotlib.pyplot as plt
        import neuromass as nm
        from neuromass.units import Hz, kHz, ms, setup_matplotlib
        rec = nm.run(nm.QIF(J=15.0), 10 * ms, inputs=3.0)
        plt.plot(rec.array("t", ms), rec.array("r", Hz))
        plt.close()
        setup_matplotlib()
        ax = plt.subplots()[1]
        ax.plot(rec.t, rec.r)
        print(ax.get_xlabel(), ax.get_ylabel())
        ax = rec.plot("r")
        ax.plot(rec.t, rec.r.to(kHz))
        ax.figure.canvas.draw()
        ours, theirs = (line.get_ydata(orig=False) for line in ax.lines)
        print(ax.get_ylabel(), np.allclose(ours, theirs, rtol=1e-12))
        ax = nm.phase_plane(nm.QIF(J=15.0), trajectories=rec)
        ax.plot(rec.v, rec.r)
        ax.figure.canvas.draw()
    """
    assert in_new_process(code) == "ms Hz\nr (Hz) True\n"


def test_the_module_is_imported_without_matplotlib():
    code = """
        import sys
        import neuromass.plotting
        print("matplotlib" in sys.modules, "numba" in sys.modules)
    """
    assert in_new_process(code) == "False False\n"


# -------------------------------------------------------------------- phase plane


class FitzHughNagumo(nm.Population):
    """FitzHugh (1961) and Nagumo, Arimoto and Yoshizawa (1962), with two inputs."""

    tau = nm.Parameter(1 * ms, positive=True)
    a = nm.Parameter(0.7)
    b = nm.Parameter(0.8)
    slow = nm.Parameter(12.5, positive=True)
    v = nm.State(-1.2)
    w = nm.State(-0.6)
    I_v = nm.Input()
    I_w = nm.Input()

    @staticmethod
    def derivatives(v, w, I_v, I_w, tau, a, b, slow):
        return (v - v**3 / 3 - w + I_v) / tau, (v + a - b * w + I_w) / (slow * tau)


class Clamped(nm.Population):
    """A model that cannot be read, because it asks for a value; in physical units."""

    tau = nm.Parameter(10 * ms, positive=True)
    C = nm.Parameter(100 * pF, positive=True)
    x = nm.State(1 * mV)
    y = nm.State(2 * mV)
    I_in = nm.Input(pA)

    @staticmethod
    def derivatives(x, y, I_in, tau, C):
        if y > x:
            return (y - x) / tau + I_in / C, (x - 2 * y) / tau
        return (x - y) / tau + I_in / C, (x - 2 * y) / tau


def nullclines(ax):
    """Points of the nullclines, in the order in which they were drawn."""
    contours = [each for each in ax.collections if "Contour" in type(each).__name__]
    return [np.concatenate([path.vertices for path in each.get_paths()]) for each in contours]


def markers(ax):
    """Places of the labelled markers, by label."""
    found = {}
    for line in ax.lines:
        if line.get_marker() in "oD" and len(line.get_xdata()):
            found.setdefault(line.get_label(), []).append((*line.get_xdata(), *line.get_ydata()))
    return found


def test_nullclines_are_where_a_derivative_vanishes():
    ax = drawn(nm.phase_plane(nm.QIF(J=15.0), limits={"r": (0 * Hz, 200 * Hz), "v": (-3, 1)}))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("v", "r (Hz)")
    assert ax.get_xlim() == (-3, 1)
    assert ax.get_ylim() == (0, 200)
    (v, r), (v_of_r, r_of_r) = (points.T for points in nullclines(ax))
    x = 0.01 * r  # r tau
    assert np.max(np.abs(v**2 - 5 + 15 * x - (np.pi * x) ** 2)) < 0.01
    assert np.max(np.abs(1 / np.pi + 2 * 0.01 * r_of_r * v_of_r)) < 0.01


def test_equilibria_are_marked_by_stability():
    pop = nm.QIF(J=15.0)
    found = markers(drawn(nm.phase_plane(pop)))
    node, saddle, focus = ((each.v.magnitude, each.r.magnitude) for each in pop.equilibria())
    assert found["stable node"] == [pytest.approx(node)]
    assert found["saddle"] == [pytest.approx(saddle)]
    assert found["stable focus"] == [pytest.approx(focus)]


def test_each_kind_of_equilibrium_has_a_marker_of_its_own():
    ax = drawn(nm.phase_plane(nm.QIF(J=15.0)))
    looks = {
        line.get_label(): (line.get_marker(), line.get_fillstyle())
        for line in ax.lines
        if line.get_label() in ("stable node", "saddle", "stable focus")
    }
    assert len(set(looks.values())) == 3


def test_inputs_move_nullclines_and_equilibria():
    ax = drawn(nm.phase_plane(nm.QIF(J=15.0), 3.0))
    assert set(markers(ax)) == {"stable focus"}
    assert "dv/dt = 0 at I_ext = 3" in legend_texts(ax)
    assert "dr/dt = 0" in legend_texts(ax)
    same = nm.phase_plane(nm.QIF(J=15.0), {"I_ext": 3.0})
    assert np.array_equal(nullclines(ax)[0], nullclines(same)[0])


def test_trajectories_from_recordings_and_start_points():
    pop = nm.QIF(J=15.0, noise={"v": nm.noise.White(1 / ms**0.5)}, seed=1)
    starts = [(1 * Hz, -3.0), {"r": 0.05 * kHz, "v": -1.0}]
    rec = nm.run(nm.QIF(J=15.0, initial={"r": 1 * Hz, "v": -3.0}), 500 * ms)
    before = pop.snapshot()
    ax = drawn(nm.phase_plane(pop, trajectories=[*starts, rec]))
    lines = [line for line in ax.lines if len(line.get_xdata()) > 1]
    assert len(lines) == 3
    assert np.array_equal(lines[0].get_data(), lines[2].get_data())
    assert (lines[1].get_xdata()[0], lines[1].get_ydata()[0]) == (-1.0, 50.0)
    assert {"start", "end"} <= set(legend_texts(ax))
    after = pop.snapshot()
    assert after.clock == before.clock
    assert np.array_equal(after.state, before.state)


def test_one_trajectory_needs_no_list_and_lanes_are_lines():
    pop = nm.QIF(J=15.0)
    lanes = nm.run(nm.QIF(J=15.0, shape=3, initial={"v": [-3.0, -1.0, 1.0]}), 10 * ms)
    for trajectories, count in (((5 * Hz, -1.0), 1), ({"v": -1.0}, 1), (lanes, 3)):
        ax = nm.phase_plane(pop, trajectories=trajectories, duration=10 * ms)
        assert sum(len(line.get_xdata()) == 201 for line in ax.lines) == count


@pytest.mark.parametrize("count", [4, 8, 30])
def test_trajectories_differ_from_each_other_and_from_nullclines(count):
    starts = [(1 * Hz, -3.0 + 0.1 * n) for n in range(count)]
    ax = nm.phase_plane(nm.QIF(J=15.0), trajectories=starts, duration=5 * ms)
    lines = [line for line in ax.lines if len(line.get_xdata()) > 1]
    looks = {(to_hex(line.get_color()).upper(), line.get_linestyle()) for line in lines}
    assert len(looks) == count
    assert not {colour for colour, _ in looks} & {COLOURS[0], COLOURS[1], "#000000"}


def test_trajectories_fit_into_the_picture():
    pop = nm.QIF(J=15.0)
    rec = nm.run(pop.copy(), 300 * ms, inputs=3.0)
    ax = drawn(nm.phase_plane(pop, trajectories=rec))
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    assert left < rec.array("v").min() < rec.array("v").max() < right
    assert low == 0.0 < rec.array("r", Hz).max() < high
    assert right - left < 2 * np.ptp(rec.array("v"))


def test_a_model_of_the_users_own_with_two_inputs():
    pop = FitzHughNagumo()
    ax = drawn(nm.phase_plane(pop, {"I_v": 0.5}, trajectories=(-1.0, 1.0), duration=100 * ms))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("w", "v")
    assert legend_texts(ax)[:2] == ["dw/dt = 0", "dv/dt = 0 at I_v = 0.5"]
    ax = drawn(nm.phase_plane(pop, axes=("v", "w"), limits={"v": (-3, 3), "w": (-2, 2)}))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("v", "w")
    v, w = nullclines(ax)[0].T
    assert np.max(np.abs(v - v**3 / 3 - w)) < 0.02


def test_a_model_that_cannot_be_read():
    ax = drawn(nm.phase_plane(Clamped(), -20 * pA, axes=("x", "y")))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x (mV)", "y (mV)")
    assert "dx/dt = 0 at I_in = -20 pA" in legend_texts(ax)


def test_equilibria_are_those_of_changed_equations():
    class Shifted(nm.QIF):
        """QIF with another input."""

        @staticmethod
        def derivatives(r, v, I_ext, tau, eta, delta, J):
            return nm.QIF.derivatives(r, v, 2 * I_ext, tau, eta, delta, J)

    shifted, own = (markers(drawn(nm.phase_plane(each))) for each in (
        Shifted(J=15.0, eta=-5.0), nm.QIF(J=15.0, eta=-5.0)
    ))  # fmt: skip
    assert shifted.keys() == own.keys()
    for kind in own:
        np.testing.assert_allclose(shifted[kind], own[kind], rtol=1e-9)


def test_planes_are_drawn_over_each_other():
    _, ax = plt.subplots()
    pop = nm.QIF(J=15.0)
    assert nm.phase_plane(pop, ax=ax, limits={"v": (-4, 4)}) is ax
    limits = ax.get_xlim(), ax.get_ylim()
    nm.phase_plane(pop, 3.0, ax=ax, field=False, linestyle="--")
    assert (ax.get_xlim(), ax.get_ylim()) == limits
    assert legend_texts(drawn(ax)).count("dr/dt = 0") == 1
    other = nm.phase_plane(pop, ax=plt.subplots()[1], field=False, legend=False)
    assert other.get_legend() is None


@pytest.mark.parametrize(
    ("population", "options", "error", "told"),
    [
        (nm.QIF, {}, TypeError, "phase_plane takes a population"),
        (nm.QIFAdaptation(), {}, ValueError, "models of two states, and QIFAdaptation has 3"),
        (nm.QIF(shape=3), {}, ValueError, r"lanes of the shape \(3,\)"),
        (nm.QIF(), {"inputs": 1 * ms}, TypeError, "I_ext needs a plain number"),
        (nm.QIF(), {"inputs": STEP}, TypeError, "I_ext needs a plain number"),
        (nm.QIF(), {"inputs": [1.0, 2.0]}, ValueError, "I_ext"),
        (nm.QIF(), {"inputs": {"I_exr": 1.0}}, ValueError, "did you mean I_ext"),
        (FitzHughNagumo(), {"inputs": {"P": 1.0}}, ValueError, "no input 'P'"),
        (nm.QIF(), {"trajectories": 3.0}, TypeError, "recordings and start points"),
        (nm.QIF(), {"trajectories": [3]}, ValueError, r"a pair \(r, v\)"),
        (nm.QIF(), {"trajectories": [(1.0, 2.0)]}, TypeError, "r needs a rate"),
        (nm.QIF(), {"trajectories": [{"rr": 2.0}]}, ValueError, "did you mean r"),
        (nm.QIF(), {"limits": {"w": (0, 1)}}, ValueError, "limits: there is no state 'w'"),
        (nm.QIF(), {"limits": {"r": (0, 1)}}, TypeError, "limits.*needs a rate"),
        (nm.QIF(), {"limits": {"v": (1, 0)}}, ValueError, "a lowest and a highest"),
        (nm.QIF(), {"limits": {"v": 1.0}}, ValueError, "a lowest and a highest"),
        (nm.QIF(), {"axes": ("v", "w")}, ValueError, "axes: there is no state 'w'"),
        (nm.QIF(), {"axes": ("v", "v")}, ValueError, "axes needs both states"),
    ],
)
def test_bad_arguments_of_the_phase_plane(population, options, error, told):
    with pytest.raises(error, match=told):
        nm.phase_plane(population, **options)
    assert not plt.get_fignums()


def test_a_recording_without_a_state_is_refused():
    with pytest.raises(ValueError, match="A trajectory needs v and r; it lacks v"):
        nm.phase_plane(nm.QIF(), trajectories=run(record="r"))
    clamped = nm.run(Clamped(), 10 * ms)
    with pytest.raises(ValueError, match="it lacks v"):
        nm.phase_plane(nm.QIF(), trajectories=clamped)
