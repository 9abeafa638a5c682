"""The look of all plots: colours, panels, labels, legends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from neuromass import units
from neuromass.errors import brief
from neuromass.units import MS, Measure

COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's palette without its yellow, which is too light for lines on white."""


DASHES: Final = ("-", "--", ":")
"""Kinds of lines that tell lines apart where colours do not suffice."""


def axis_label(name: str, measure: Measure) -> str:
    """A name with its unit, ``r (Hz)``."""
    import matplotlib as mpl  # noqa: PLC0415

    text = f"{name} ({measure.symbol})" if measure.symbol else name
    return text.replace("_", r"\_") if mpl.rcParams["text.usetex"] else text


def axis_measure(axis: Any, measure: Measure) -> Measure:
    """The unit in which an axis shows values: its own, where it has one of that dimension.

    An axis has a unit once Quantities were drawn on it after `setup_matplotlib`.
    """
    own = axis.get_units()
    if own is None or not units.is_quantity(1 * own):
        return measure
    found = units.measure(own)
    return found if found.dimension == measure.dimension else measure


def label_axis(axis: Any, measure: Measure, label: str) -> None:
    """Label an axis; after `setup_matplotlib` Quantities are then drawn on it in its unit."""
    axis.update_units(measure.quantity(1.0))
    axis.set_label_text(label)


def colour_cycle() -> Sequence[Any]:
    """The user's colours, or ours where matplotlib's default stands."""
    import matplotlib as mpl  # noqa: PLC0415

    cycle = mpl.rcParams["axes.prop_cycle"]
    if cycle == mpl.rcParamsDefault["axes.prop_cycle"]:
        return COLOURS
    colours = cycle.by_key().get("color", COLOURS)
    return tuple(each for n, each in enumerate(colours) if each not in colours[:n])


def some_colours(count: int) -> list[Any]:
    """So many colours; in their order along a colormap if the cycle has not enough."""
    cycle = colour_cycle()
    if count <= len(cycle):
        return list(cycle[:count])
    return list(dark_half()(np.linspace(0.0, 1.0, count)))


def line_looks(count: int, colours: Sequence[Any]) -> list[tuple[Any, str]]:
    """Colour and kind of so many lines: dashes after all colours, a colormap after all dashes."""
    looks = [(colour, kind) for kind in DASHES for colour in colours]
    if count <= len(looks):
        return looks[:count]
    return [(tuple(shade), "-") for shade in dark_half()(np.linspace(0.0, 1.0, count))]


def dark_half() -> Any:
    """Viridis without its yellow, which is too light for lines on white."""
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.colors import LinearSegmentedColormap  # noqa: PLC0415

    shades = mpl.colormaps["viridis"](np.linspace(0.0, 0.84, 64))
    return LinearSegmentedColormap.from_list("dark viridis", list(shades))


class Panels:
    """Panels with a common time axis, over each other: new ones, or those of the user.

    More than `_TALL` of them are put into several columns, filled one after the other.
    """

    def __init__(self, names: Sequence[str], ax: Any) -> None:
        self.names = names
        self.new = ax is None
        self.axes = new_axes(len(names)) if ax is None else given_axes(names, ax)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.axes)

    def is_head(self, number: int) -> bool:
        """Whether a column of ours begins with a panel."""
        return self.new and bool(self.axes[number].get_subplotspec().is_first_row())

    def legend(self, number: int) -> None:
        """A legend in a panel; above it where the figure is ours."""
        ax = self.axes[number]
        if self.new:
            legend_above(ax, _fitting_columns(ax))
        else:
            ax.legend(loc="upper right")

    def finished(self) -> Any:
        """Label the time axis; return one Axes, or an array of them."""
        for ax in self.axes:
            grid = ax.get_subplotspec()
            if grid is None or grid.is_last_row() or ax is self.axes[-1]:
                shown = axis_measure(ax.xaxis, MS)
                label_axis(ax.xaxis, shown, axis_label("t", shown))
            ax.margins(x=0.0)
        if self.new:
            self.axes[-1].tick_params(labelbottom=True)
            self.axes[0].figure.align_ylabels(list(self.axes))
        return self.axes[0] if len(self.axes) == 1 else self.axes


def _fitting_columns(ax: Any) -> int:
    """How many entries of a legend stand side by side over a panel, in rows of one length."""
    import matplotlib as mpl  # noqa: PLC0415

    labels = entries(ax)[1]
    letter = 0.6 * mpl.rcParams["font.size"] / 72
    inches = 0.85 * ax.figure.get_figwidth() / ax.get_gridspec().ncols
    most = max(1, int(inches / (letter * (4 + max(map(len, labels))))))
    rows = -(-len(labels) // most)
    return -(-len(labels) // rows)


def legend_above(ax: Any, columns: int) -> None:
    """A legend over the panel, so that it hides nothing; every label once."""
    ax.legend(
        *entries(ax),
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=columns,
        frameon=False,
        borderaxespad=0.1,
        borderpad=0.2,
        handlelength=1.5,
        handletextpad=0.5,
        columnspacing=1.0,
    )


_TALL: Final = 6
"""Panels over each other from which on there are further columns."""


def new_axes(count: int) -> Any:
    """A new figure of panels over each other, in columns if there are many."""
    import matplotlib as mpl  # noqa: PLC0415
    import matplotlib.pyplot as plt  # noqa: PLC0415

    width, height = mpl.rcParams["figure.figsize"]
    columns = min(3, -(-count // _TALL))
    rows = -(-count // columns)
    size = columns * width, height * (0.75 if rows == 1 else 0.35 * rows + 0.15)
    _, grid = plt.subplots(
        rows, columns, sharex=True, squeeze=False, figsize=size, layout="constrained"
    )
    axes = grid.T.ravel()
    for ax in axes[count:]:
        ax.remove()
    for ax in axes[:count]:
        lighten(ax)
    return axes[:count]


def entries(ax: Any) -> tuple[list[Any], list[str]]:
    """Handles and labels for a legend, the first handle of every label."""
    found: dict[str, Any] = {}
    for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
        found.setdefault(label, handle)
    return list(found.values()), list(found)


def lighten(ax: Any) -> None:
    """Take away the frame on the right and above."""
    ax.spines[["top", "right"]].set_visible(False)


def given_axes(names: Sequence[str], ax: Any) -> Any:
    """The user's Axes, checked: one for each name."""
    from matplotlib.axes import Axes  # noqa: PLC0415

    axes = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
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
    import matplotlib.pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplot_mosaic(layout, figsize=size, layout="constrained", **options)
    for ax in axes.values():
        lighten(ax)
    return figure, axes


def without_window() -> None:
    """Draw in this process without a display, whatever the surroundings offer."""
    import matplotlib as mpl  # noqa: PLC0415

    mpl.use("Agg")


def show() -> bool:
    """Show the figures in windows until these are closed; False if there is no display."""
    import matplotlib as mpl  # noqa: PLC0415
    import matplotlib.pyplot as plt  # noqa: PLC0415

    if mpl.get_backend().lower() == "agg":
        return False
    plt.show()
    return True
