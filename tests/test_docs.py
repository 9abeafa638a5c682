"""Every example in a docstring runs and prints what it says; so does every snippet of README."""

import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import pytest
from conftest import environment

import neuromass as nm

ROOT = Path(nm.__file__).resolve().parents[1]
README = ROOT / "README.md"
MODULES = ["neuromass"] + [
    each.name
    for each in pkgutil.walk_packages(nm.__path__, "neuromass.")
    if not each.name.endswith("__main__")
]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def examples_of(name):
    """The examples of a module, by docstring; what it imports from others is theirs."""
    module = importlib.import_module(name)
    found = doctest.DocTestFinder(exclude_empty=True).find(module, name)
    return [each for each in found if each.examples]


WITH_EXAMPLES = [name for name in MODULES if examples_of(name)]


@pytest.fixture(autouse=True)
def elsewhere_without_display(tmp_path, monkeypatch):
    """Files that examples write go to a temporary folder, and their figures nowhere."""
    monkeypatch.chdir(tmp_path)
    backend = mpl.get_backend()
    mpl.use("Agg")
    yield
    from matplotlib import pyplot

    pyplot.close("all")
    mpl.use(backend)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_in_docstrings_run(name):
    complaints = []
    runner = doctest.DocTestRunner(optionflags=doctest.REPORT_NDIFF)
    for each in examples_of(name):
        runner.run(each, out=complaints.append)
    assert not runner.failures, "".join(complaints)


def test_public_names_have_examples():
    """A class or function that a user meets first is shown in use."""
    without = []
    for name in nm.__all__:
        value = getattr(nm, name)
        home = getattr(value, "__module__", "") or ""
        if not home.startswith("neuromass") or not callable(value):
            continue
        if isinstance(value, type) and issubclass(value, Exception):
            continue
        if ">>>" not in (value.__doc__ or ""):
            without.append(name)
    allowed = {"Population", "Recordings"}  # the base of QIF and others; `record` shows both
    assert set(without) <= allowed


def test_snippets_of_the_readme_run_in_order(capsys):
    blocks = BLOCK.findall(README.read_text(encoding="utf-8"))
    assert blocks
    names = {"__name__": "__main__"}
    for number, block in enumerate(blocks, 1):
        if ">>>" in block:
            test = doctest.DocTestParser().get_doctest(block, names, f"block {number}", None, 0)
            complaints = []
            runner = doctest.DocTestRunner()
            runner.run(test, out=complaints.append, clear_globs=False)
            assert not runner.failures, "".join(complaints)
            names |= test.globs
        else:
            exec(compile(block, f"README.md, block {number}", "exec"), names)


def test_the_first_snippet_of_the_readme_is_a_script(tmp_path):
    """It needs nothing from this process: it runs as a file, in a folder of its own."""
    first = BLOCK.findall(README.read_text(encoding="utf-8"))[0]
    (tmp_path / "first.py").write_text(first, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "first.py"],
        cwd=tmp_path,
        env=environment(tmp_path, MPLBACKEND="Agg"),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
