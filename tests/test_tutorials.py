"""The notebooks in tutorials/: they run, and what is stored in them is what they give.

Every ``*.ipynb`` there is taken by itself. ``NEUROMASS_QUICK=1`` in the environment is the
switch by which a notebook may make its long parts shorter.
"""

import base64
import copy
import os
import re
import struct
from pathlib import Path

import nbformat
import pytest
from conftest import environment
from nbclient import NotebookClient

import neuromass as nm
from neuromass.kernels.compiler import COMPILING

TUTORIALS = Path(nm.__file__).resolve().parents[1] / "tutorials"
NOTEBOOKS = sorted(TUTORIALS.glob("*.ipynb"))
LARGEST = 1_000_000
"""Bytes of a notebook, so that it opens at once and a clone stays small."""

ABSOLUTE = re.compile(r"(?<![\w.:/)])/(?:\w[\w.+-]*/)+[\w.+-]+|\b[A-Za-z]:\\\w")
ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}")

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
# not of this package: kernels of ipykernel 7 talk over TCP, and jupyter_core tells of folders
kernel_warnings = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [each for each in notebook.cells if each.cell_type == "code"]


def streams(outputs, name):
    """What was written; how long the compiler takes is not of the notebook."""
    texts = [each.text for each in outputs if each.output_type == "stream" and each.name == name]
    return "".join(texts).replace(f"{COMPILING}\n", "")


def texts(outputs):
    """What a reader sees as text: what was printed, then results; addresses left out."""
    results = [each.data.get("text/plain", "") for each in outputs if "data" in each]
    printed = [streams(outputs, "stdout"), streams(outputs, "stderr")]
    return [ADDRESS.sub("0x", each) for each in [*printed, *results]]


def figures(outputs):
    """Width and height of every PNG."""
    images = [each.data["image/png"] for each in outputs if "image/png" in each.get("data", {})]
    return [struct.unpack(">II", base64.b64decode(each)[16:24]) for each in images]


@pytest.fixture
def executed(tmp_path, tmp_path_factory):
    """Run a copy of a notebook from a clean kernel in an empty folder.

    All of them share one cache of compiled kernels, empty at first.
    """
    cache = tmp_path_factory.getbasetemp() / "cache_of_tutorials"

    def run(notebook, **variables):
        return _executed(notebook, tmp_path, NUMBA_CACHE_DIR=str(cache), **variables)

    return run


def _executed(notebook, folder, **variables):
    fresh = copy.deepcopy(notebook)
    for each in code_cells(fresh):
        each.outputs, each.execution_count = [], None
    variables = environment(folder, **variables)
    variables.pop("MPLBACKEND", None)  # a notebook's own draws into it
    work = folder / "work"
    work.mkdir()
    client = NotebookClient(
        fresh,
        timeout=600,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(work)}},
    )
    client.execute(env=variables)
    return fresh


def assert_clean(notebook):
    """No errors, warnings or places of this machine in what a reader sees."""
    for number, cell in enumerate(code_cells(notebook), 1):
        for each in cell.outputs:
            assert each.output_type != "error", f"code cell {number} failed: {each.evalue}"
        assert not streams(cell.outputs, "stderr"), f"code cell {number} writes to stderr"
        for text in texts(cell.outputs):
            assert "Warning" not in text, f"code cell {number} shows a warning: {text}"
            found = ABSOLUTE.search(text)
            assert not found, f"code cell {number} shows a path: {found[0]}"


# ------------------------------------------------------------------------- as stored


def test_there_are_tutorials():
    assert len(NOTEBOOKS) >= 3
    assert {each.suffix for each in TUTORIALS.iterdir() if each.is_file()} <= {".ipynb", ".png"}


@every_notebook
def test_stored_notebook_is_complete(path):
    notebook = read(path)
    nbformat.validate(notebook)
    cells = code_cells(notebook)
    assert [each.execution_count for each in cells] == list(range(1, len(cells) + 1))
    assert any(figures(each.outputs) for each in cells)
    assert path.stat().st_size < LARGEST
    assert_clean(notebook)


@every_notebook
def test_stored_notebook_tells_nothing_of_its_making(path):
    """Kernel name python3, no times of execution, no versions of an interpreter."""
    notebook = read(path)
    assert notebook.metadata.kernelspec.name == "python3"
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}
    assert set(notebook.metadata.get("language_info", {})) <= {"name"}
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags", "jupyter"}
        for each in cell.get("outputs", []):
            assert not each.get("metadata"), "outputs carry no metadata"


@every_notebook
def test_stored_notebook_reads_well(path):
    """It has a title, sections, cells of a screen's size, and links that lead somewhere."""
    notebook = read(path)
    first = notebook.cells[0]
    assert first.cell_type == "markdown"
    assert first.source.startswith("# ")
    words = "\n".join(each.source for each in notebook.cells if each.cell_type == "markdown")
    assert words.count("\n## ") >= 3
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", words):
        if "://" not in link:
            assert (path.parent / link).exists(), f"{link} leads nowhere"
    for cell in code_cells(notebook):
        lines = cell.source.splitlines()
        assert len(lines) <= 40, f"a long cell: {lines[0]}"
        assert max(map(len, lines)) <= 110, "a line that does not fit on a projector"


# ------------------------------------------------------------------------- as run


@pytest.mark.slow
@kernel_warnings
@every_notebook
def test_stored_outputs_are_those_of_the_code(path, executed):
    stored = read(path)
    fresh = executed(stored, NEUROMASS_QUICK="")
    assert_clean(fresh)
    pairs = zip(code_cells(stored), code_cells(fresh), strict=True)
    for number, (old, new) in enumerate(pairs, 1):
        where = f"code cell {number}: {old.source.splitlines()[0]}"
        assert texts(new.outputs) == texts(old.outputs), where
        before, now = figures(old.outputs), figures(new.outputs)
        assert len(now) == len(before), where
        for one, other in zip(before, now, strict=True):
            # a figure is cut to what it shows, whose text has not the same width with all fonts
            assert other == pytest.approx(one, rel=0.03, abs=3), where


@pytest.mark.slow
@kernel_warnings
@every_notebook
def test_reduced_notebooks_run_and_cells_run_twice_give_the_same(path, executed):
    notebook = read(path)
    doubled = copy.deepcopy(notebook)
    doubled.cells = []
    for cell in notebook.cells:
        doubled.cells.append(cell)
        if cell.cell_type == "code":
            again = copy.deepcopy(cell)
            again.id = f"{cell.id}-again"
            doubled.cells.append(again)
    run = executed(doubled, NEUROMASS_QUICK="1")
    assert_clean(run)
    fresh = code_cells(run)
    for first, second in zip(fresh[::2], fresh[1::2], strict=True):
        if "once" in first.metadata.get("tags", []):
            continue  # its text says why
        where = first.source.splitlines()[0]
        assert texts(second.outputs) == texts(first.outputs), where
        assert len(figures(second.outputs)) == len(figures(first.outputs)), where


def test_the_switch_is_the_only_one():
    """A notebook reads one variable of the environment, if any."""
    reads = re.compile(r"environ(?:\.get)?[\[(]\s*[\"'](\w+)|getenv\([\"'](\w+)")
    for path in NOTEBOOKS:
        for cell in code_cells(read(path)):
            names = {first or second for first, second in reads.findall(cell.source)}
            assert names <= {"NEUROMASS_QUICK"}, path.name
    assert os.environ.get("NEUROMASS_QUICK", "") in {"", "1"}
