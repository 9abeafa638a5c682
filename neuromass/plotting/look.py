"""The look of all plots: colours, panels, labels, legends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Final

import numpy as np

from neuromass import units
from neuromass.errors import brief, suggestion
from neuromass.imports import undisturbed
from neuromass.units import Measure

COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's palette without its yellow, which is too light for lines on white."""


DASHES: Final = ("-", "--", ":")
"""Kinds of lines that tell lines apart where colours do not suffice."""


def load() -> None:
    """Import matplotlib, undisturbed by Ctrl-C; before anything else of a plot does."""
    with undisturbed():
        import matplotlib.pyplot  # noqa: F401, PLC0415


def is_dark(colour: Any) -> bool:
    """Whether a colour is nearer to black than to white."""
    from matplotlib.colors import to_rgb  # noqa: PLC0415

    return float(np.dot((0.299, 0.587, 0.114), to_rgb(colour))) < 0.5


def ink() -> Any:
    """The colour of text, which every style makes to be seen on its background."""
    import matplotlib as mpl  # noqa: PLC0415

    return mpl.rcParams["text.color"]


def style() -> ExitStack:
    """Give figures the look of the tutorials.

    Colours that colour-blind readers can tell apart, no frame on the right and above, legends
    without a frame, and a layout in which nothing overlaps. As with ``matplotlib.pyplot.xkcd``,
    a call sets the look from there on, and in a ``with`` statement what was set before returns
    at its end. Backgrounds, sizes and fonts stay those of the user.

    Returns
    -------
    contextlib.ExitStack
        To be used in a ``with`` statement, or to be dropped.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> with nm.plotting.style():
    ...     ax = nm.run(nm.QIF(J=15.0), 100 * ms).plot("r")
    """
    load()
    import matplotlib as mpl  # noqa: PLC0415
    from cycler import cycler  # noqa: PLC0415

    settings: Any = mpl.rcParams
    wanted = {
        "axes.prop_cycle": cycler(color=_seen_colours()),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "figure.constrained_layout.use": True,
        "legend.frameon": False,
    }
    stack = ExitStack()
    stack.callback(settings.update, {name: settings[name] for name in wanted})
    settings.update(wanted)
    return stack


def symbol(name: str, labels: Mapping[str, str]) -> str:
    """How a name is written: as the user wants it, part by part, or as it is."""
    import matplotlib as mpl  # noqa: PLC0415

    if name in labels:
        return labels[name]
    if "." in name:
        return ".".join(symbol(part, labels) for part in name.split("."))
    return name.replace("_", r"\_") if mpl.rcParams["text.usetex"] else name


def axis_label(name: str, measure: Measure, labels: Mapping[str, str]) -> str:
    """A name with its unit, ``r (Hz)``."""
    text = symbol(name, labels)
    return f"{text} ({measure.symbol})" if measure.symbol else text


def checked_labels(labels: Any) -> Mapping[str, str]:
    """The user's symbols for names, checked."""
    given = {} if labels is None else labels
    if not isinstance(given, Mapping) or not all(isinstance(x, str) for x in given.values()):
        raise TypeError(
            f"labels is a mapping from names to text, for example {{'eta': r'$\\eta$'}}, "
            f"not {brief(labels)}."
        )
    return given


def checked_line(given: Mapping[str, Any], others: Iterable[str]) -> dict[str, Any]:
    """Keywords for lines under their long names, checked before anything is drawn."""
    load()
    from matplotlib.cbook import normalize_kwargs  # noqa: PLC0415
    from matplotlib.lines import Line2D  # noqa: PLC0415

    known = [name[4:] for name in dir(Line2D) if name.startswith("set_")]
    for name in given:
        if name not in known:
            near = suggestion(name, [*others, *known])
            near = near if near.startswith("; did") else "."
            raise TypeError(
                f"plot() has no keyword {brief(name)}{near} It takes {', '.join(others)}, and what "
                "lines of matplotlib take, for example color, linestyle and linewidth."
            )
    found: dict[str, Any] = normalize_kwargs(dict(given), Line2D)
    Line2D([], [], **found)
    return found


def axis_measure(axis: Any, measure: Measure) -> Measure:
    """The unit in which an axis shows values: its own, where it has one of that dimension.

    It has a unit once we or, after `setup_matplotlib`, the user drew Quantities on it, or if
    its label ends with one, ``rate (kHz)``.
    """
    own = axis.get_units()
    if own is not None and units.is_quantity(1 * own):
        found = units.measure(own)
        if found.dimension == measure.dimension:
            return found
    return _labelled_measure(axis, measure) or measure


def _labelled_measure(axis: Any, measure: Measure) -> Measure | None:
    """The unit at the end of an axis' label, if it is of that dimension."""
    told = re.search(r"[(\[]([^()\[\]]+)[)\]]$", axis.get_label_text().strip())
    if told is None or measure.is_dimensionless:
        return None
    try:
        found = units.measure(told[1])
    except (AttributeError, TypeError, ValueError):  # pint's for unknown units is the first
        return None
    return found if found.dimension == measure.dimension else None


def label_axis(axis: Any, measure: Measure, label: str) -> None:
    """Note an axis' unit, and label it unless its label tells that unit already."""
    axis.update_units(measure.quantity(1.0))
    axis.set_units(measure.quantity(1.0).units)
    if _labelled_measure(axis, measure) != measure:
        axis.set_label_text(label)


def _seen_colours() -> tuple[str, ...]:
    """Our colours; the last, black, as that of text."""
    return (*COLOURS[:-1], ink() if is_dark(_background()) else COLOURS[-1])


def _background() -> Any:
    import matplotlib as mpl  # noqa: PLC0415

    return mpl.rcParams["axes.facecolor"]


def colour_cycle() -> Sequence[Any]:
    """The user's colours, or ours where matplotlib's default stands; every one once."""
    return tuple(dict.fromkeys(_new_cycle().by_key().get("color", _seen_colours())))


def most_looks() -> int:
    """How many lines colours and dashes tell apart."""
    return len(DASHES) * len(colour_cycle())


def taken_looks(ax: Any) -> set[tuple[str, str]]:
    """Colour and kind of the lines that an Axes has."""
    from matplotlib.colors import to_hex  # noqa: PLC0415

    return {(to_hex(each.get_color()), each.get_linestyle()) for each in ax.lines}


def line_looks(count: int, colours: Sequence[Any], ax: Any) -> list[tuple[Any, str]]:
    """Colour and kind of so many further lines: dashes after all colours, then a colormap."""
    from matplotlib.colors import to_hex  # noqa: PLC0415

    taken = taken_looks(ax)
    looks = [
        (each, kind) for kind in DASHES for each in colours if (to_hex(each), kind) not in taken
    ]
    if count <= len(looks):
        return looks[:count]
    return [(tuple(shade), "-") for shade in seen_map()(np.linspace(0.0, 1.0, count))]


def next_look(ax: Any) -> dict[str, Any]:
    """The next line of an Axes' cycle, as keywords; matplotlib has no other public way."""
    (scout,) = ax.plot([], [])
    scout.remove()
    return {name: getattr(scout, f"get_{name}")() for name in ("color", "linestyle", "marker")}


def seen_map() -> Any:
    """Viridis without what is too light, or too dark, for lines on the background."""
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.colors import LinearSegmentedColormap  # noqa: PLC0415

    ends = (0.3, 1.0) if is_dark(_background()) else (0.0, 0.78)
    shades = mpl.colormaps["viridis"](np.linspace(*ends, 64))
    return LinearSegmentedColormap.from_list("part of viridis", list(shades))


class Panels:
    """Panels with a common time axis, over each other: new ones, or those of the user.

    More than `_TALL` of them are put into several columns, filled one after the other.
    """

    def __init__(self, names: Sequence[str], ax: Any, figsize: Any) -> None:
        self.new = ax is None
        self.axes = new_axes(len(names), figsize) if ax is None else given_axes(names, ax, figsize)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.axes)

    def is_head(self, number: int) -> bool:
        """Whether a column of ours begins with a panel."""
        return self.new and bool(self.axes[number].get_subplotspec().is_first_row())

    def legend(self, number: int) -> None:
        """A legend in a panel, where it hides nothing."""
        add_legend(self.axes[number])

    def finished(self, times: Measure, labels: Mapping[str, str]) -> Any:
        """Label the time axis; return one Axes, or an array of them."""
        for ax in self.axes:
            grid = ax.get_subplotspec()
            if grid is None or grid.is_last_row() or ax is self.axes[-1]:
                label_axis(ax.xaxis, times, axis_label("t", times, labels))
            ax.margins(x=0.0)
        if self.new:
            self.axes[-1].tick_params(labelbottom=True)
            self.axes[0].figure.align_ylabels(list(self.axes))
        return self.axes[0] if len(self.axes) == 1 else self.axes


def add_legend(ax: Any) -> None:
    """A legend, every label once: over the panel where the layout makes room, else within."""
    engine = ax.figure.get_layout_engine()
    makes_room = engine is not None and engine.adjust_compatible is False
    if makes_room and not any(ax.get_title(loc) for loc in ("left", "center", "right")):
        legend_above(ax, _fitting_columns(ax))
        return
    legend = ax.legend(
        *entries(ax),
        loc="best",
        ncols=_fitting_columns(ax),
        fontsize=legend_points(ax),
        handlelength=1.5,
    )
    _make_room(ax, legend)


def _make_room(ax: Any, legend: Any) -> None:
    """Raise the upper limit of an Axes until its legend hides no line."""
    ax.figure.draw_without_rendering()
    box = legend.get_window_extent()
    paths = [each.get_path().transformed(each.get_transform()) for each in ax.lines]
    if not any(len(each.vertices) and each.intersects_bbox(box, filled=False) for each in paths):
        return
    low, high = ax.get_ylim()
    share = min(0.6, 1.1 * box.height / ax.get_window_extent().height)
    ax.set_ylim(low, low + (high - low) / (1.0 - share))


def legend_points(ax: Any) -> float:
    """Size of a legend's text: the user's, less in a small figure."""
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.font_manager import FontProperties  # noqa: PLC0415

    own = FontProperties(size=mpl.rcParams["legend.fontsize"]).get_size_in_points()
    return float(own * min(1.0, max(0.6, ax.figure.get_figwidth() / 5.0)))


def _fitting_columns(ax: Any) -> int:
    """How many entries of a legend stand side by side over a panel, in rows of one length."""
    labels = entries(ax)[1]
    letter = 0.6 * legend_points(ax) / 72
    inches = 0.85 * ax.get_position().width * ax.figure.get_figwidth()
    letters = max(len(re.sub(r"\\\w+|[${}_^]", "", each)) for each in labels)
    most = max(1, int(inches / (letter * (4 + letters))))
    rows = -(-len(labels) // most)
    return -(-len(labels) // rows)


def legend_above(ax: Any, columns: int) -> None:
    """A legend over the panel, so that it hides nothing; every label once."""
    ax.legend(
        *entries(ax),
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=columns,
        fontsize=legend_points(ax),
        frameon=False,
        borderaxespad=0.1,
        borderpad=0.2,
        handlelength=1.5,
        handletextpad=0.5,
        columnspacing=1.0,
    )


_TALL: Final = 6
"""Panels over each other from which on there are further columns."""


def new_axes(count: int, figsize: Any) -> Any:
    """A new figure of panels over each other, in columns if there are many."""
    load()
    import matplotlib as mpl  # noqa: PLC0415
    import matplotlib.pyplot as plt  # noqa: PLC0415

    width, height = mpl.rcParams["figure.figsize"]
    columns = min(3, -(-count // _TALL))
    rows = -(-count // columns)
    size = columns * width, height * (0.75 if rows == 1 else 0.35 * rows + 0.15)
    figure = plt.figure(figsize=figsize or size, layout="constrained")
    grid = figure.subplots(rows, columns, sharex=True, squeeze=False)
    axes = grid.T.ravel()
    for ax in axes[count:]:
        ax.remove()
    for ax in axes[:count]:
        ax.set_prop_cycle(_new_cycle())
        lighten(ax)
    return axes[:count]


def new_time_axes(heights: Sequence[float], figsize: Any) -> Any:
    """A new figure of panels over each other with a common time axis and given heights."""
    load()
    import matplotlib as mpl  # noqa: PLC0415
    import matplotlib.pyplot as plt  # noqa: PLC0415

    width, height = mpl.rcParams["figure.figsize"]
    figure = plt.figure(figsize=figsize or (width, 1.2 * height), layout="constrained")
    axes = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    for ax in axes:
        ax.set_prop_cycle(_new_cycle())
        lighten(ax)
    return axes


def _new_cycle() -> Any:
    """The user's cycle, or ours where matplotlib's default stands."""
    import matplotlib as mpl  # noqa: PLC0415
    from cycler import cycler  # noqa: PLC0415

    cycle = mpl.rcParams["axes.prop_cycle"]
    default = cycle == mpl.rcParamsDefault["axes.prop_cycle"]
    return cycler(color=_seen_colours()) if default else cycle


def entries(ax: Any) -> tuple[list[Any], list[str]]:
    """Handles and labels for a legend, the first handle of every label."""
    found: dict[str, Any] = {}
    for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
        found.setdefault(label, handle)
    return list(found.values()), list(found)


def lighten(ax: Any) -> None:
    """Take away the frame on the right and above."""
    ax.spines[["top", "right"]].set_visible(False)


def refuse_figsize(ax: Any, figsize: Any) -> None:
    """Refuse a size where the figure is the user's."""
    if ax is not None and figsize is not None:
        raise ValueError("figsize is for a new figure; leave it out where ax is given.")


def given_axes(names: Sequence[str], ax: Any, figsize: Any) -> Any:
    """The user's Axes, checked: one for each name."""
    load()
    from matplotlib.axes import Axes  # noqa: PLC0415

    refuse_figsize(ax, figsize)

    axes = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
    if isinstance(ax, str):
        both = f"({brief(names[0])}, {brief(ax)})"
        raise TypeError(f"Several names go together, plot({both}); ax is for Axes.")
    if not all(isinstance(each, Axes) for each in axes):
        raise TypeError(
            "ax needs matplotlib Axes, one for each name, for example plt.subplots()[1]."
        )
    if len(axes) != len(names):
        raise ValueError(
            f"Plotting {', '.join(names)} needs {len(names)} Axes, and {len(axes)} were given."
        )
    return axes


def require_axes(ax: Any) -> None:
    """Refuse what is not one Axes."""
    load()
    from matplotlib.axes import Axes  # noqa: PLC0415

    if not isinstance(ax, Axes):
        raise TypeError(
            f"ax needs an Axes of matplotlib, for example plt.subplots()[1], not {brief(ax)}."
        )


def mosaic(layout: list[Any], size: tuple[float, float], **options: Any) -> Any:
    """A new figure with named panels, in the look of the package.

    Parameters
    ----------
    layout : nested list of str
        Names of the panels, as matplotlib's ``subplot_mosaic`` takes them.
    size : tuple of float
        Width and height in inches.
    **options
        Further options of ``subplot_mosaic``.

    Returns
    -------
    figure : Figure
    axes : dict
        Name -> Axes.
    """
    load()
    import matplotlib.pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplot_mosaic(layout, figsize=size, layout="constrained", **options)
    for ax in axes.values():
        lighten(ax)
    return figure, axes


def without_window() -> None:
    """Draw in this process without a display, whatever the surroundings offer."""
    load()
    import matplotlib as mpl  # noqa: PLC0415

    mpl.use("Agg")


def show() -> bool:
    """Show the figures in windows until these are closed; False if there is no display."""
    load()
    import matplotlib as mpl  # noqa: PLC0415
    import matplotlib.pyplot as plt  # noqa: PLC0415

    if mpl.get_backend().lower() == "agg":
        return False
    plt.show()
    return True
