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


def test_figsize_is_that_of_a_new_figure_and_all_fits_into_it():
    ax = network().plot(figsize=(3, 2))
    assert tuple(ax.figure.get_size_inches()) == (3, 2)
    ax.figure.canvas.draw()
    whole = ax.figure.bbox
    for each in ax.texts:
        box = each.get_window_extent()
        assert whole.x0 - 1 <= box.x0 < box.x1 <= whole.x1 + 1
        assert whole.y0 - 1 <= box.y0 < box.y1 <= whole.y1 + 1
    with pytest.raises(ValueError, match="figsize is for a new figure"):
        network().plot(ax, figsize=(3, 2))


def test_everything_is_in_the_picture():
    ax = network().plot()
    found = texts(ax)
    for each in ("exc", "inh", "eeg", "3 lanes", "J = 5", "J = 1 .. 3, 1.5 ms", "J = -10\nAlpha",
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
    for number in range(2):
        net.connect("inh", "inh", J=1.0, name=f"inh->inh#{7 + number}")
        net.connect("exc", "inh", J=[[1.0, 1.0, 1.0]], name=f"exc->inh#{7 + number}")
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
    assert [each.get_text() for each in ax.texts] == [f"r{i}" for i in range(20)]


# ------------------------------------------------------------------------------- geometry


def dense(count, **options):
    """All to all, with loops, delays and synapses here and there."""
    net = nm.Network({f"m{i}": nm.QIF(shape=2) for i in range(count)})
    for number, (i, j) in enumerate((i, j) for i in range(count) for j in range(count)):
        synapse = nm.synapses.Exponential(5 * ms) if number % 2 else None
        strength = (-1) ** (number // 2) * (1.0 + number)
        net.connect(f"m{i}", f"m{j}", J=strength, delay=number % 3 * ms, synapse=synapse)
    return net


def drawn_lines(ax):
    """Points of each arrow as drawn, in pixels."""
    ax.figure.canvas.draw()
    paths = [each.get_path().transformed(ax.transData) for each in arrows(ax)]
    parts = [each.to_polygons(closed_only=False) for each in paths]
    return [np.concatenate([resampled(each) for each in several]) for several in parts]


def resampled(points):
    """Points a pixel apart."""
    steps = np.hypot(*np.diff(points, axis=0).T)
    at = np.concatenate([[0.0], np.cumsum(steps)])
    fine = np.linspace(0.0, at[-1], int(at[-1]) + 2)
    return np.stack([np.interp(fine, at, each) for each in points.T], axis=1)


def circles(ax):
    """Name -> middle and radius in pixels, in the order of the members."""
    found = [each for each in ax.patches if isinstance(each, mpl.patches.Circle)]
    scale = ax.transData.transform((1, 0))[0] - ax.transData.transform((0, 0))[0]
    return [(ax.transData.transform(each.center), each.radius * scale) for each in found]


def passed(net):
    """Arrows that pass through a circle of neither end, as (connection, member)."""
    ax = net.plot()
    lines = dict(zip(net.connections, drawn_lines(ax), strict=True))
    found = []
    for member, (middle, radius) in zip(net.members, circles(ax), strict=True):
        for name, line in lines.items():
            if member not in (net[name].source, net[name].target):
                near = np.hypot(*(line - middle).T).min()
                found += [(name, member)] if near < radius else []
    return found


@pytest.mark.parametrize("count", [3, 5, 8, 9, 12, 16, 17])
def test_no_arrow_passes_through_a_third_member(count):
    assert passed(dense(count)) == []


@pytest.mark.parametrize("count", [9, 13, 40])
def test_arrows_over_a_few_neighbours_go_around_them(count):
    net = nm.Network({f"area{i}": nm.QIF() for i in range(count)})
    for i in range(0, count, max(1, count // 10)):
        for far in (1, 2, 3, -2, count // 2):
            for _ in range(2):
                names = f"area{i}", f"area{(i + far) % count}"
                net.connect(*names, J=1.0, name=f"{'->'.join(names)}#{len(net.connections)}")
    assert passed(net) == []
    ax = net.plot()
    lines = drawn_lines(ax)
    middle = np.mean([each for each, _ in circles(ax)], axis=0)
    rim = max(np.hypot(*(each - middle)) + radius for each, radius in circles(ax))
    assert max(np.hypot(*(line - middle).T).max() for line in lines) < 1.02 * rim


@pytest.mark.parametrize("count", [2, 3, 9, 20])
def test_arrows_of_one_pair_lie_apart(count):
    net = nm.Network({f"m{i}": nm.QIF() for i in range(count)})
    for number in range(3):
        net.connect("m0", "m1", J=1.0, name=f"m0->m1#{number}")
        net.connect("m1", "m0", J=1.0, name=f"m1->m0#{number}")
    ax = net.plot()
    (one, _), (other, _), *_ = circles(ax)
    along = (other - one) / np.hypot(*(other - one))
    heights = []
    for line in drawn_lines(ax):
        middle = line[np.argmin(np.abs((line - 0.5 * (one + other)) @ along))]
        heights.append((middle - one) @ (-along[1], along[0]))
    assert np.diff(sorted(heights)).min() > 0.25 * circles(ax)[0][1]


def test_names_of_dots_are_clear_of_their_loops():
    net = nm.Network({f"m{i}": nm.QIF() for i in range(20)})
    for name in ("m0", "m0", "m5", "m12"):
        net.connect(name, name, J=1.0, name=f"loop{len(net.connections)}")
    ax = net.plot()
    lines = drawn_lines(ax)
    for text in ax.texts:
        assert not any(inside(line, box(text)) for line in lines)


# --------------------------------------------------------------------------------- labels


def labels(ax, net):
    """Connection -> its label."""
    return dict(zip(net.connections, ax.texts[-len(net.connections) :], strict=True))


def box(text):
    return np.array(text.get_window_extent().get_points())


def inside(points, corners):
    return bool(np.any(np.all((points > corners[0]) & (points < corners[1]), axis=1)))


def clashes(net):
    """How many labels lie on arrows of others, on other labels, and on members."""
    ax = net.plot()
    lines = dict(zip(net.connections, drawn_lines(ax), strict=True))
    boxes = {name: box(each) for name, each in labels(ax, net).items()}
    on_arrows = sum(inside(lines[a], boxes[b]) for a in lines for b in boxes if a != b)
    pairs = [(a, b) for a in boxes for b in boxes if a < b]
    on_labels = sum(
        bool(np.all(np.minimum(boxes[a][1], boxes[b][1]) > np.maximum(boxes[a][0], boxes[b][0])))
        for a, b in pairs
    )
    on_members = 0
    for middle, radius in circles(ax):
        for low, high in boxes.values():
            away = np.maximum(np.maximum(low - middle, middle - high), 0.0)
            on_members += bool(np.hypot(*away) < radius)
    return on_arrows, on_labels, on_members


@pytest.mark.parametrize(("count", "most"), [(2, 0), (3, 0), (4, 0), (5, 2), (6, 4)])
def test_labels_have_room(count, most):
    on_arrows, on_labels, on_members = clashes(dense(count))
    assert on_arrows <= most
    assert (on_labels, on_members) == (0, 0)


def test_a_label_is_nearest_to_its_own_arrow():
    net = nm.Network({"exc": nm.QIF(), "inh": nm.QIF()})
    for number in range(3):
        net.connect("exc", "inh", J=1.0 + number, delay=number * ms, name=f"ei{number}")
        synapse = nm.synapses.Alpha(2 * ms)
        net.connect("inh", "exc", J=-1.0 - number, synapse=synapse, name=f"ie{number}")
        net.connect("inh", "inh", J=-11.0 - number, name=f"ii{number}")
    ax = net.plot()
    lines = drawn_lines(ax)
    assert clashes(net) == (0, 0, 0)
    for own, text in enumerate(labels(ax, net).values()):
        low, high = box(text)
        far = [
            np.hypot(*np.maximum(np.maximum(low - line, line - high), 0.0).T).min()
            for line in lines
        ]
        assert np.argmin(far) == own
        name = list(net.connections)[own]
        assert text.get_text().startswith(f"J = {float(net[name].J.magnitude):g}")
        assert mpl.colors.to_hex(text.get_color()) == mpl.colors.to_hex(
            arrows(ax)[own].get_edgecolor()
        )


def test_long_names_stay_within_their_circles():
    net = nm.Network(
        {
            "pyramidal_cells_of_layer_5": nm.IzhikevichMeanField(dt=0.05 * ms, shape=(3, 4)),
            "thalamocortical": nm.QIFTsodyksMarkram(dt=0.05 * ms, J=15.0),
            "e": nm.QIF(),
        }
    )
    ax = net.plot()
    ax.figure.canvas.draw()
    found = circles(ax)
    for text in ax.texts:
        low, high = box(text)
        middle, radius = min(found, key=lambda each: np.hypot(*(each[0] - 0.5 * (low + high))))
        corners = [(x, y) for x in (low[0], high[0]) for y in (low[1], high[1])]
        assert max(np.hypot(*(np.array(each) - middle)) for each in corners) < 1.02 * radius
    sizes = {each.get_text(): each.get_size() for each in ax.texts}
    assert "pyramidal_cells_of_layer_5" not in sizes
    assert sizes["thalamocortical"] < sizes["e"] == mpl.rcParams["font.size"]


def test_a_strength_of_nothing_is_grey():
    net = nm.Network({"a": nm.QIF(), "b": nm.QIF(), "c": nm.QIF(shape=2)})
    net.connect("a", "b", J=0.0)
    net.connect("b", "a", J=1.0)
    net.connect("a", "c", J=[[0.0], [2.0]])
    ax = net.plot()
    colours = [mpl.colors.to_hex(each.get_edgecolor()).upper() for each in arrows(ax)]
    assert colours[1:] == [COLOURS[1], COLOURS[1]]
    red, green, blue = mpl.colors.to_rgb(colours[0])
    assert red == green == blue


@pytest.mark.parametrize("ax", ["x", 3, [1, 2]])
def test_only_axes_are_drawn_on(ax):
    with pytest.raises(TypeError, match="ax needs an Axes of matplotlib"):
        network().plot(ax=ax)
    with pytest.raises(TypeError, match="ax needs an Axes of matplotlib"):
        nm.phase_plane(nm.QIF(), ax=ax)
    assert not plt.get_fignums()


def test_a_small_axes_is_drawn_on():
    figure, axes = plt.subplots(1, 2, figsize=(6, 3))
    nets = dense(3), network()
    for ax, net in zip(axes, nets, strict=True):
        net.plot(ax)
    figure.canvas.draw()
    for ax, net in zip(axes, nets, strict=True):
        inner = ax.get_window_extent()
        for text in labels(ax, net).values():
            assert text.get_size() < 0.83 * mpl.rcParams["font.size"]
            (left, low), (right, high) = box(text)
            assert inner.x0 < left < right < inner.x1
            assert inner.y0 < low < high < inner.y1
