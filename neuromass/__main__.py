"""``python -m neuromass``: a short demonstration with a picture."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from neuromass._version import __version__
from neuromass.plotting import look

DEFAULT = Path("neuromass.png")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demonstration.

    Parameters
    ----------
    arguments : sequence of str, optional
        Of the command line.

    Returns
    -------
    int
        0 if all went well, 1 if the picture could not be written.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if not options.show:
        look.without_window()
    if problem := _unwritable(options.out):
        parser.exit(1, f"neuromass: cannot write {options.out}: {problem}\n")
    from neuromass.plotting import demo  # noqa: PLC0415

    response = demo.step_response()
    print(response)
    speed = demo.steps_per_second(response.population)
    print(f"{speed / 1e6:.3g} million steps per second, if only the last state is kept.\n")
    figure = demo.draw(response)
    try:
        figure.savefig(options.out, dpi=200)
    except (OSError, ValueError) as error:
        parser.exit(1, f"neuromass: cannot write {options.out}: {error}\n")
    print(f"The picture is in {options.out.resolve()}")
    if options.show and not look.show():
        print("There is no display to show it on.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m neuromass",
        description="Run the step response of a population of QIF neurons, which shows "
        "hysteresis, print what it did, and draw it.",
    )
    parser.add_argument(
        "--out",
        metavar="PATH",
        type=Path,
        default=DEFAULT,
        help="the picture; its ending tells the format (default: neuromass.png, in the folder "
        "where this is run)",
    )
    parser.add_argument("--show", action="store_true", help="show the picture in a window too")
    parser.add_argument("--version", action="version", version=f"neuromass {__version__}")
    return parser


def _unwritable(path: Path) -> str:
    """Why a file cannot be written there; empty if nothing speaks against it."""
    if path.is_dir():
        return "it is a folder"
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}"
    return ""


if __name__ == "__main__":
    raise SystemExit(main())
