"""What tests of several files share: other processes, and pint's application registry."""

import os
import subprocess
import sys
from pathlib import Path

import pint
import pytest
from hypothesis import settings

import neuromass as nm

ROOT = Path(nm.__file__).resolve().parents[1]

# no test depends on how busy the machine is
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture
def elsewhere(tmp_path, request):
    """Run Python text in a process of its own; returns what it printed, line by line.

    They share the cache of compiled kernels with all tests; where a test is about the cache, they
    begin with an empty one. ``script=`` runs the text from a file of that name, ``flags=`` are for
    the interpreter, further keywords are variables of the environment.
    """
    shared = {"NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR", "")}
    cache = {} if "cache" in request.path.stem else shared

    def run(text, script=None, flags=(), **variables):
        command = [sys.executable, "-W", "error", *flags]
        if script is None:
            command += ["-c", text]
        else:
            path = tmp_path / script
            path.write_text(text)
            command.append(str(path))
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env=environment(tmp_path, **{**cache, **variables}),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run


def environment(folder, **variables):
    """The environment of another process, with a cache of compiled kernels in a folder."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    here = {"NUMBA_CACHE_DIR": str(folder / "cache"), "PYTHONPATH": path}
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONHASHSEED"}
    return {**kept, **here, **variables}


@pytest.fixture
def application():
    """Replace pint's application registry for a test; returns a function that does it."""
    before = pint.get_application_registry().get()
    yield pint.set_application_registry
    pint.set_application_registry(before)
