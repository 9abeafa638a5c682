"""Plots of recordings of networks: which panels there are, whose lines, in which colours."""

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

import neuromass as nm
from neuromass.plotting import COLOURS
from neuromass.units import Hz, ms, mV


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def ring():
    """Four populations and four synapses."""
    net = nm.Network({name: nm.QIF() for name in "abcd"})
    for source, target in ("ab", "bc", "cd", "da"):
        net.connect(source, target, J=5.0, synapse=nm.synapses.Exponential(4 * ms))
    return nm.run(net, 10 * ms)


def mixed():
    """A rate model and a column of potentials."""
    net = nm.Network({"qif": nm.QIF(), "eeg": nm.JansenRit(dt=0.05 * ms)})
    net.connect("eeg", "qif", weight=0.1 / mV)
    return nm.run(net, 10 * ms)


def labels(axes):
    return [ax.get_ylabel() for ax in np.atleast_1d(axes)]


def legend(ax):
    ax.figure.canvas.draw()
    return None if ax.get_legend() is None else [t.get_text() for t in ax.get_legend().get_texts()]


def colours(ax):
    return [to_hex(line.get_color()).upper() for line in ax.lines]


def test_all_that_was_recorded_is_drawn():
    rec = ring()
    axes = rec.plot()
    assert labels(axes) == ["r (Hz)", "v", "s (Hz)"]
    assert [legend(ax) for ax in axes] == [list("abcd"), None, ["a->b", "b->c", "c->d", "d->a"]]
    x, y = axes[2].lines[1].get_data()
    assert np.array_equal(x, rec.t.m_as(ms))
    assert np.array_equal(y, rec["b->c"].array("s", Hz))


def test_colours_are_counted_over_the_lines_that_are_drawn():
    rec = ring()
    assert colours(rec.plot("r")) == list(COLOURS[:4])
    assert colours(rec.plot("s")) == list(COLOURS[:4])
    axes = rec.plot()
    assert colours(axes[0]) == colours(axes[1]) == list(COLOURS[:4])
    assert colours(axes[2])[:3] == list(COLOURS[4:])
    for ax in axes:
        assert len(set(colours(ax))) == 4
        assert {line.get_linestyle() for line in ax.lines} == {"-"}


def test_models_of_other_names_have_panels_of_their_own():
    rec = mixed()
    axes = rec.plot()
    assert labels(axes) == [
        "r (Hz)",
        "v",
        *(f"y{i} (mV)" for i in range(3)),
        *(f"y{i} (mV/s)" for i in range(3, 6)),
    ]
    assert [len(ax.lines) for ax in axes] == 8 * [1]
    assert [legend(ax) for ax in axes[:3]] == [["qif"], None, ["eeg"]]
    assert {tuple(colours(ax)) for ax in axes} == {(COLOURS[0],), (COLOURS[1],)}


def test_many_panels_stand_in_columns():
    axes = mixed().plot()
    axes[0].figure.canvas.draw()
    assert len({round(ax.get_position().x0, 2) for ax in axes}) == 2
    assert [ax.get_xlabel() for ax in axes] == 2 * ["", "", "", "t (ms)"]
    assert legend(axes[4]) == ["eeg"]
    seven = mixed().plot([f"eeg.y{i}" for i in range(6)] + ["qif.r"])
    assert len(seven[0].figure.axes) == 7
    assert [ax.get_xlabel() for ax in seven] == ["", "", "", "t (ms)", "", "", "t (ms)"]
    assert seven[-1].xaxis.get_tick_params()["labelbottom"]


@pytest.mark.parametrize("count", [2, 5, 12])
def test_a_legend_is_no_wider_than_the_figure_and_its_rows_are_alike(count):
    parts = {f"population {i}": ring()["a"] for i in range(count)}
    ax = nm.Recordings(parts).plot("r")
    ax.figure.canvas.draw()
    box = ax.get_legend().get_window_extent()
    assert box.x0 >= ax.get_window_extent().x0 - 1
    assert box.x1 <= ax.figure.bbox.x1
    heights = [round(text.get_window_extent().y0) for text in ax.get_legend().get_texts()]
    rows = [heights.count(each) for each in sorted(set(heights))]
    assert max(rows) - min(rows) <= 1


@pytest.mark.parametrize(
    ("names", "found", "lines"),
    [
        ("a.r", ["a.r (Hz)"], [1]),
        (("a.r", "b.v", "a->b.s"), ["a.r (Hz)", "b.v", "a->b.s (Hz)"], [1, 1, 1]),
        (("a.r", "r"), ["a.r (Hz)", "r (Hz)"], [1, 4]),
        ("a", ["a.r (Hz)", "a.v"], [1, 1]),
        ("a->b", ["a->b.s (Hz)"], [1]),
    ],
)
def test_names_are_spelt_as_for_record(names, found, lines):
    axes = np.atleast_1d(ring().plot(names))
    assert labels(axes) == found
    assert [len(ax.lines) for ax in axes] == lines
    for ax, label, count in zip(axes, found, lines, strict=True):
        assert legend(ax) == (None if "." in label else list("abcd")[:count])


def test_a_member_keeps_its_colour_in_all_panels():
    axes = ring().plot(("b.r", "r", "v"))
    assert colours(axes[0]) == [COLOURS[0]]
    assert colours(axes[1])[1] == colours(axes[2])[1] == COLOURS[0]
    assert len(set(colours(axes[1]))) == 4


def test_a_cycle_of_one_colour_gives_dashes():
    with mpl.rc_context({"axes.prop_cycle": mpl.cycler(color=["red", "red"])}):
        ax = nm.Recordings({name: ring()[name] for name in "abc"}).plot("r")
    assert [line.get_linestyle() for line in ax.lines] == ["-", "--", ":"]


@pytest.mark.parametrize(
    ("names", "error", "told"),
    [
        ("a.rr", KeyError, "'a.rr'; did you mean a.r"),
        ("rr", KeyError, "'rr'; did you mean r"),
        ("a->b.q", KeyError, "did you mean a->b.s"),
        ((), ValueError, "nothing to plot"),
        (5, TypeError, "names takes what was recorded.*not 5"),
    ],
)
def test_names_that_are_not_there(names, error, told):
    with pytest.raises(error, match=told):
        ring().plot(names)
    assert not plt.get_fignums()


def test_there_are_as_many_axes_as_panels():
    rec = ring()
    _, axes = plt.subplots(3)
    assert labels(rec.plot(ax=axes)) == ["r (Hz)", "v", "s (Hz)"]
    with pytest.raises(ValueError, match="Plotting r, v, s needs 3 Axes, and 1 were given"):
        rec.plot(ax=axes[0])


def test_a_plot_of_nothing_is_refused():
    net = nm.Network({"a": nm.QIF()})
    with pytest.raises(ValueError, match="nothing to plot"):
        nm.run(net, 1 * ms, record=()).plot()
