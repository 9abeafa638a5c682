"""The picture of a network: every population and connection is in it, and what it is."""

import numpy as np
import pytest

import neuromass as nm
from neuromass.plotting import COLOURS
from neuromass.units import ms, mV

mpl = pytest.importorskip("matplotlib")
mpl.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def network():
    exc, inh = nm.QIF(shape=3, J=5.0), nm.QIF()
    net = nm.Network({"exc": exc, "inh": inh, "eeg": nm.JansenRit(dt=0.05 * ms)})
    net.connect("exc", "inh", J=[[1.0, 2.0, 3.0]], delay=1.5 * ms)
    net.connect("inh", "exc", J=-10.0, synapse=nm.synapses.Alpha(2 * ms))
    net.connect("inh", "inh", J=-2.0)
    net.connect("eeg", "exc", weight=np.array([1.0, -1.0, 2.0]) / mV)
    return net


def texts(ax):
    return " | ".join(each.get_text() for each in ax.texts)


def arrows(ax):
    kind = mpl.patches.FancyArrowPatch
    return [each for each in ax.patches if isinstance(each, kind)]


def test_everything_is_in_the_picture():
    ax = network().plot()
    found = texts(ax)
    for each in ("exc", "inh", "eeg", "3 lanes", "J = 5", "J = 1 .. 3, 1.5 ms", "J = -10, Alpha",
                 "J = -2", "w = -1 .. 2 1/mV", "JansenRit"):  # fmt: skip
        assert each in found
    assert sum(isinstance(each, mpl.patches.Circle) for each in ax.patches) == 3
    colours = [mpl.colors.to_hex(each.get_edgecolor()).upper() for each in arrows(ax)]
    assert colours[:3] == [COLOURS[1], COLOURS[0], COLOURS[0]]
    assert colours[3] not in COLOURS
    assert [each.get_linestyle() == "-" for each in arrows(ax)] == [False, True, True, True]
    ax.figure.canvas.draw()


def test_all_of_it_lies_within_the_axes():
    net = network()
    for _ in range(2):
        net.connect("inh", "inh", J=1.0)
        net.connect("exc", "inh", J=[[1.0, 1.0, 1.0]])
    ax = net.plot()
    ax.figure.canvas.draw()
    inside = ax.get_window_extent()
    for each in (*ax.texts, *ax.patches):
        box = each.get_window_extent()
        assert inside.x0 <= box.x0 < box.x1 <= inside.x1
        assert inside.y0 <= box.y0 < box.y1 <= inside.y1


def test_it_is_drawn_where_it_is_wanted():
    _, ax = plt.subplots()
    assert nm.Network({"alone": nm.QIF()}).plot(ax) is ax
    assert "alone" in texts(ax)


def test_many_members_have_connections_without_text():
    net = nm.Network({f"r{i}": nm.QIF() for i in range(20)})
    for i in range(19):
        net.connect(f"r{i}", f"r{i + 1}", J=1.0)
    ax = net.plot()
    assert len(arrows(ax)) == 19
    assert "J = 1" not in texts(ax)
    assert len(ax.texts) == 40
