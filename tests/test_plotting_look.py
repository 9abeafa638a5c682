"""What a user can say of a plot's look: keywords, colours, units, sizes, symbols and styles."""

import copy
import pickle

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb

import neuromass as nm
from neuromass.plotting import COLOURS
from neuromass.units import Hz, kHz, ms, second, setup_matplotlib

STYLES = ["default", "dark_background", "ggplot", "grayscale", "seaborn-v0_8"]


@pytest.fixture(autouse=True)
def _as_new():
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.use("Agg")
        yield
        plt.close("all")


def run(duration=50 * ms, record=None, every=1, **parameters):
    return nm.run(nm.QIF(J=15.0, **parameters), duration, inputs=3.0, record=record, every=every)


def pair(**shapes):
    members = {name: run(shape=shapes.get(name, ())) for name in ("exc", "inh")}
    return nm.Recordings(members)


def looks(ax):
    lines = [line for line in ax.lines if len(line.get_xdata())]
    return [(to_hex(line.get_color()), line.get_linestyle()) for line in lines]


def legend_texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


# ------------------------------------------------------------------- keywords and colours


def test_keywords_of_lines_are_passed_on():
    rec = run()
    ax = rec.plot("r", color="red", lw=3, ls="--", marker="x", alpha=0.5, label="quiet")
    (line,) = ax.lines
    assert (line.get_color(), line.get_linewidth(), line.get_linestyle()) == ("red", 3, "--")
    assert (line.get_marker(), line.get_alpha()) == ("x", 0.5)
    assert legend_texts(ax) == ["quiet"]
    for ax in pair().plot(linewidth=2.5):
        assert {line.get_linewidth() for line in ax.lines} == {2.5}


def test_a_colour_for_members_gives_dashes():
    assert looks(pair().plot("r", c="green")) == [("#008000", "-"), ("#008000", "--")]


def test_recordings_in_one_axes_take_its_cycle():
    _, ax = plt.subplots()
    ax.plot([0, 1], [0, 1])
    for label in ("first", "second"):
        run().plot("r", ax=ax, label=label)
    cycle = [to_hex(each) for each in mpl.rcParams["axes.prop_cycle"].by_key()["color"]]
    assert [colour for colour, _ in looks(ax)] == cycle[:3]
    assert legend_texts(ax) == ["first", "second"]
    ax.plot([0, 1], [1, 0])
    assert looks(ax)[-1][0] == cycle[3]


def test_recordings_in_one_new_axes_take_our_cycle():
    ax = run().plot("r")
    run().plot("r", ax=ax)
    assert [colour.upper() for colour, _ in looks(ax)] == list(COLOURS[:2])


def test_networks_in_the_same_axes_differ_and_keep_their_colours():
    axes = pair().plot()
    pair().plot(ax=axes)
    assert looks(axes[0]) == looks(axes[1])
    assert len(set(looks(axes[0]))) == 4


@pytest.mark.parametrize("count", [8, 15])
def test_colours_that_come_again_are_dashed(count):
    ax = run().plot("r")
    for _ in range(count - 1):
        run().plot("r", ax=ax)
    assert len(set(looks(ax))) == count


def test_a_cycle_of_lines_and_markers_holds():
    with mpl.rc_context({"axes.prop_cycle": mpl.cycler(color=["r", "b"], marker=["o", "x"])}):
        ax = pair().plot("r")
    assert [line.get_marker() for line in ax.lines] == ["o", "x"]


def test_lanes_with_a_label_say_both():
    ax = run(eta=[-7.0, -5.0]).plot("r", label="run 1")
    assert legend_texts(ax) == ["run 1, eta = -7", "run 1, eta = -5"]


def test_who_names_a_look_of_lines_gets_lines():
    ax = run(shape=70).plot("r", color="black", lw=0.3)
    assert not ax.images
    assert set(looks(ax)) == {("#000000", "-")}
    assert len(ax.figure.axes) == 1


@pytest.mark.parametrize("rec", [run(), pair()], ids=["one", "members"])
@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({"colour": "red"}, TypeError, "no keyword 'colour'; did you mean color"),
        ({"figsiz": (3, 2)}, TypeError, "did you mean figsize"),
        ({"zzzzzz": 1}, TypeError, "It takes names, ax, labels, figsize"),
        ({"color": "rde"}, ValueError, "rde"),
        ({"labels": "eta"}, TypeError, "labels is a mapping from names to text"),
        ({"labels": {"eta": 3}}, TypeError, "labels is a mapping from names to text"),
    ],
)
def test_wrong_keywords_leave_no_figure(rec, options, error, told):
    with pytest.raises(error, match=told):
        rec.plot("r", **options)
    assert not plt.get_fignums()


# ------------------------------------------------------------------------------ sizes


def test_names_that_are_not_in_one_list_are_told():
    with pytest.raises(TypeError, match=r"names go together, plot\(\('exc.r', 'inh.r'\)\)"):
        pair().plot("exc.r", "inh.r")


def test_figsize_is_that_of_a_new_figure():
    for ax in (
        run().plot("r", figsize=(3, 2)),
        pair().plot("r", figsize=(3, 2)),
        nm.phase_plane(nm.QIF(J=15.0), figsize=(3, 2)),
    ):
        assert tuple(ax.figure.get_size_inches()) == (3, 2)
    for draw in (lambda **o: run().plot("r", **o), lambda **o: nm.phase_plane(nm.QIF(), **o)):
        with pytest.raises(ValueError, match="figsize is for a new figure"):
            draw(ax=plt.subplots()[1], figsize=(3, 2))


def hides(ax):
    """Whether the legend of an Axes lies on a line of it."""
    box = ax.get_legend().get_window_extent()
    paths = [line.get_path().transformed(line.get_transform()) for line in ax.lines]
    return any(len(each.vertices) and each.intersects_bbox(box, filled=False) for each in paths)


@pytest.mark.parametrize("size", [(3, 2), (6.4, 4.8), (14, 9)])
@pytest.mark.parametrize("given", [False, True])
def test_a_legend_is_in_the_figure_and_hides_nothing(size, given):
    rec = run(eta=[-7.0, -6.0, -5.0, -4.0, -3.0], duration=100 * ms)
    options = {"ax": plt.subplots(figsize=size)[1]} if given else {"figsize": size}
    ax = rec.plot("r", **options)
    ax.figure.canvas.draw()
    box, figure = ax.get_legend().get_window_extent(), ax.figure.bbox
    assert box.x0 >= figure.x0
    assert box.x1 <= figure.x1
    assert box.y0 >= figure.y0
    assert box.y1 <= figure.y1
    assert not hides(ax)


# ------------------------------------------------------------------------------- units


def test_long_times_are_in_seconds():
    for duration, label, factor in ((10_000 * ms, "t (ms)", 1.0), (10_050 * ms, "t (s)", 1e-3)):
        rec = run(duration=duration, every=1000)
        for each in (rec, nm.Recordings({"a": rec, "b": rec})):
            ax = each.plot("r")
            assert ax.get_xlabel() == label
            np.testing.assert_allclose(ax.lines[0].get_xdata(), factor * rec.array("t", ms))


def test_an_axis_in_seconds_by_an_earlier_plot_stays_so():
    long, short = run(duration=11 * second, every=1000), run()
    axes = long.plot()
    short.plot(ax=axes)
    assert [ax.get_xlabel() for ax in axes] == ["", "t (s)"]
    for ax in axes:
        np.testing.assert_allclose(ax.lines[1].get_xdata(), short.array("t", second))


def test_an_image_shows_seconds_too():
    ax = run(duration=11 * second, every=1000, shape=70).plot("r")
    assert ax.get_xlabel() == "t (s)"
    assert ax.images[0].get_extent()[1] == pytest.approx(11.0, rel=0.01)


def test_labels_of_the_user_tell_the_units():
    rec = run()
    _, ax = plt.subplots()
    ax.set(xlabel="time (s)", ylabel="firing rate [kHz]")
    rec.plot("r", ax=ax)
    x, y = ax.lines[0].get_data()
    np.testing.assert_allclose(x, rec.array("t", second))
    np.testing.assert_allclose(y, rec.array("r", kHz))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time (s)", "firing rate [kHz]")


@pytest.mark.parametrize("label", ["r", "r (mV)", "r (no unit)", "(a)", "r ()"])
def test_labels_that_tell_no_such_unit_are_replaced(label):
    _, ax = plt.subplots()
    ax.set_ylabel(label)
    rec = run()
    rec.plot("r", ax=ax)
    assert ax.get_ylabel() == "r (Hz)"
    assert np.array_equal(ax.lines[0].get_ydata(), rec.array("r", Hz))


def test_a_phase_plane_takes_the_unit_of_its_axes():
    rec = run()
    _, ax = plt.subplots()
    ax.set_ylabel("rate (kHz)")
    nm.phase_plane(nm.QIF(J=15.0), trajectories=rec, ax=ax)
    line = next(each for each in ax.lines if len(each.get_xdata()) == len(rec))
    np.testing.assert_allclose(line.get_ydata(), rec.array("r", kHz))


def test_a_figure_can_be_pickled():
    figure = pickle.loads(pickle.dumps(run().plot("r").figure))
    assert figure.axes[0].get_ylabel() == "r (Hz)"


def test_a_figure_can_be_pickled_when_matplotlib_knows_quantities(monkeypatch):
    monkeypatch.setattr(mpl.units, "registry", copy.copy(mpl.units.registry))
    setup_matplotlib()
    figure = pickle.loads(pickle.dumps(run().plot("r").figure))
    figure.axes[0].plot(0 * ms, 0.1 * kHz, "o")
    assert figure.axes[0].lines[-1].get_ydata(orig=False) == [100.0]


# ----------------------------------------------------------------------------- symbols


def test_symbols_for_names():
    symbols = {"I_ext": r"$I_\mathrm{ext}$", "eta": r"$\eta$", "exc": "E", "t": "time", "x": "y"}
    axes = run(eta=[-7.0, -5.0], record=("I_ext", "r")).plot(labels=symbols)
    assert [ax.get_ylabel() for ax in axes] == [r"$I_\mathrm{ext}$", "r (Hz)"]
    assert axes[-1].get_xlabel() == "time (ms)"
    assert legend_texts(axes[0]) == [r"$\eta$ = -7", r"$\eta$ = -5"]
    rec = pair()
    assert legend_texts(rec.plot("r", labels=symbols)) == ["E", "inh"]
    assert rec.plot("exc.r", labels=symbols).get_ylabel() == "E.r (Hz)"
    assert rec.plot("exc.r", labels={"exc.r": "rate"}).get_ylabel() == "rate (Hz)"
    image = run(eta=np.linspace(-9, -3, 70)).plot("v", labels=symbols)
    assert image.get_ylabel() == r"$\eta$"
    plane = nm.phase_plane(nm.QIF(J=15.0), 3.0, labels={**symbols, "v": "$v$"})
    assert plane.get_xlabel() == "$v$"
    assert r"d$v$/dt = 0 at $I_\mathrm{ext}$ = 3" in legend_texts(plane)


# ------------------------------------------------------------------------------ styles


def contrast(colour, background):
    """The ratio of WCAG, 1 for equal colours."""

    def luminance(each):
        linear = [x / 12.92 if x <= 0.03928 else ((x + 0.055) / 1.055) ** 2.4 for x in to_rgb(each)]
        return np.dot((0.2126, 0.7152, 0.0722), linear)

    high, low = sorted((luminance(colour), luminance(background)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", STYLES)
@pytest.mark.parametrize("lanes", [5, 7, 40])
def test_lanes_differ_in_every_style(name, lanes):
    with plt.style.context(name):
        ax = run(eta=np.linspace(-9, -3, lanes)).plot("r")
        ax.figure.canvas.draw()
        assert len(set(looks(ax))) == lanes


@pytest.mark.parametrize("name", ["default", "dark_background"])
@pytest.mark.parametrize("lanes", [7, 40])
def test_our_colours_are_seen_on_light_and_dark_backgrounds(name, lanes):
    with plt.style.context(name):
        ax = run(eta=np.linspace(-9, -3, lanes)).plot("r")
        assert min(contrast(colour, ax.get_facecolor()) for colour, _ in looks(ax)) > 1.9


@pytest.mark.parametrize("name", STYLES)
def test_a_phase_plane_is_seen_in_every_style(name):
    starts = [(1 * Hz, -3.0), (50 * Hz, -1.0), (20 * Hz, 0.0)]
    with plt.style.context(name):
        ax = nm.phase_plane(nm.QIF(J=15.0), trajectories=starts, duration=20 * ms)
        ax.figure.canvas.draw()
        found = [look for look in looks(ax) if look[1] in ("-", "--", ":")]
        assert len(set(found)) == 3
        marks = [line for line in ax.lines if line.get_label() in ("saddle", "stable node")]
        assert marks
        for line in marks:
            assert contrast(line.get_color(), ax.get_facecolor()) > 7


@pytest.mark.parametrize("name", STYLES)
def test_a_network_is_read_in_every_style(name):
    net = nm.Network({"exc": nm.QIF(J=5.0), "inh": nm.QIF()})
    net.connect("exc", "inh", J=10.0)
    with plt.style.context(name):
        ax = net.plot()
        ax.figure.canvas.draw()
        (circle, *_) = [each for each in ax.patches if isinstance(each, mpl.patches.Circle)]
        inside = [text for text in ax.texts if not text.get_bbox_patch()]
        assert {"exc", "inh"} <= {text.get_text() for text in inside}
        for text in inside:
            assert contrast(text.get_color(), circle.get_facecolor()) > 7
        (label,) = [text for text in ax.texts if text.get_bbox_patch()]
        background = ax.figure.get_facecolor()
        assert to_hex(label.get_bbox_patch().get_facecolor()) == to_hex(background)


@pytest.mark.parametrize("own", [False, True])
def test_a_phase_plane_shows_its_equilibria_and_keeps_its_width(own):
    """Ends of trajectories lie under the equilibria, and the legend is over the panel."""
    ax = plt.subplots(figsize=(6.4, 4.8))[1] if own else None
    starts = [(1 * Hz, -3.0), (100 * Hz, 0.0)]
    ax = nm.phase_plane(nm.QIF(J=15.0), trajectories=starts, duration=500 * ms, ax=ax)
    labels = [each.get_label() for each in ax.lines]
    resting = [ax.lines[labels.index(name)] for name in ("stable node", "stable focus")]
    ends = [each for each in ax.lines if each.get_marker() == "s" and len(each.get_xdata())]
    assert len(ends) == 2
    assert max(each.zorder for each in ends) < min(each.zorder for each in resting)
    ax.figure.draw_without_rendering()
    legend, panel = ax.get_legend().get_window_extent(), ax.get_window_extent()
    assert legend.y0 >= panel.y1
    assert legend.x1 <= ax.figure.bbox.x1


def test_trajectories_of_two_calls_differ():
    pop = nm.QIF(J=15.0)
    ax = nm.phase_plane(pop, trajectories=(1 * Hz, -3.0), duration=20 * ms)
    nm.phase_plane(pop, trajectories=(50 * Hz, -1.0), duration=20 * ms, ax=ax, field=False)
    lines = [line for line in ax.lines if len(line.get_xdata()) > 1]
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 2


def test_a_backend_that_turns_interactive_with_its_first_figure_stays_so():
    """As that of notebooks does, which shows no further figure otherwise."""
    figure = plt.figure

    def first_figure(*args, **options):
        plt.ion()
        return figure(*args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plt, "figure", first_figure)
        run().plot()
    assert plt.isinteractive()


def test_style_in_a_with_statement_returns_what_was_set():
    before = dict(mpl.rcParams)
    with nm.plotting.style():
        ax = plt.subplots()[1]
        assert not ax.spines["top"].get_visible()
        ax.plot([0, 1])
        assert looks(ax)[0][0].upper() == COLOURS[0]
    assert dict(mpl.rcParams) == before
    with pytest.raises(ZeroDivisionError), nm.plotting.style():
        _ = 1 / 0
    assert dict(mpl.rcParams) == before


def test_style_by_itself_stays():
    nm.plotting.style()
    assert mpl.rcParams["axes.prop_cycle"].by_key()["color"] == list(COLOURS)
    assert mpl.rcParams["figure.constrained_layout.use"]


def test_style_on_a_dark_background_has_no_black_line():
    with plt.style.context("dark_background"), nm.plotting.style():
        colours = mpl.rcParams["axes.prop_cycle"].by_key()["color"]
        assert min(contrast(each, "black") for each in colours) > 3
