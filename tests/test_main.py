"""python -m neuromass: what it prints and writes."""

import os
import re
import subprocess
import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from neuromass.__main__ import main
from neuromass.plotting import demo
from neuromass.units import Hz


@pytest.fixture(autouse=True)
def _close_figures():
    mpl.use("Agg")
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def response():
    return demo.step_response()


def neuromass(*arguments, cwd, **environment):
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "neuromass", *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_protocol_is_the_tutorials_and_reaches_the_reference(response):
    rec = response.recording
    assert rec.t[-1].magnitude == 1000.0
    tau_r = 0.01 * rec.array("r", Hz)
    assert tau_r[0] == pytest.approx(0.01)
    assert tau_r[10_000] == pytest.approx(1.37135684, abs=2e-5)
    assert tau_r[-1] == pytest.approx(1.02993151, abs=1e-4)
    assert rec.array("v")[-1] == pytest.approx(-0.15476424, abs=1e-3)
    assert tau_r.max() == pytest.approx(2.882736, abs=2e-3)
    assert list(np.flatnonzero(np.diff(rec.array("I_ext")[1:]))) == [3999, 15999]


def test_states_are_printed_beside_the_exact_ones(response):
    text = str(response)
    assert "tau = 10 ms, eta = -5, delta = 1, J = 15" in text
    rows = [line.split("ms") for line in text.splitlines() if re.match(r"  \S.*\d ms +\d", line)]
    numbers = [[float(x) for x in row[1].split()] for row in rows]
    assert numbers[0] == [8.113, -1.962, 8.113, -1.962]
    assert numbers[1] == pytest.approx([137.324, -0.116, 137.324, -0.116], abs=0.002)
    assert numbers[2][2:] == [103.060, -0.154]
    assert numbers[2][:2] == pytest.approx([102.993, -0.155], abs=0.01)


def test_the_picture_shows_it_all(response):
    figure = demo.draw(response)
    figure.canvas.draw()
    current, rate, potential, plane = figure.axes[0], *figure.axes[2:], figure.axes[1]
    assert [ax.get_ylabel() for ax in (current, rate, potential)] == ["I_ext", "r (Hz)", "v"]
    assert (plane.get_xlabel(), plane.get_ylabel()) == ("v", "r (Hz)")
    assert len({line.get_color() for line in rate.lines}) == 4
    labels = [text.get_text() for text in plane.get_legend().get_texts()]
    assert {"dv/dt = 0", "dr/dt = 0", "dv/dt = 0 at I_ext = 3", "saddle"} <= set(labels)


def test_default_picture(tmp_path):
    done = neuromass(cwd=tmp_path, MPLBACKEND="")
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    assert f"The picture is in {tmp_path.resolve() / 'neuromass.png'}" in done.stdout
    assert re.search(r"[\d.]+ million steps per second", done.stdout)
    assert "hysteresis" in done.stdout
    assert (tmp_path / "neuromass.png").read_bytes().startswith(b"\x89PNG")
    assert [file.name for file in tmp_path.iterdir()] == ["neuromass.png"]


def test_other_formats_and_places(tmp_path, capsys):
    target = tmp_path / "other.pdf"
    assert main(["--out", str(target)]) == 0
    assert target.read_bytes().startswith(b"%PDF")
    assert str(target) in capsys.readouterr().out


def test_show_without_a_display_says_so(tmp_path):
    done = neuromass("--show", cwd=tmp_path, MPLBACKEND="agg")
    assert done.returncode == 0, done.stderr
    assert "no display" in done.stdout
    assert (tmp_path / "neuromass.png").exists()


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("nowhere/picture.png", "there is no folder"),
        (".", "it is a folder"),
        ("picture.xyz", "'xyz' is not supported"),
        ("file/picture.png", "is no folder"),
    ],
)
def test_a_path_that_cannot_be_written(place, told, tmp_path, capsys):
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit) as end:
        main(["--out", str(tmp_path / place)])
    assert end.value.code == 1
    message = capsys.readouterr().err
    assert message.startswith(f"neuromass: cannot write {tmp_path / place}: ")
    assert told in message


def test_help(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert "hysteresis" in text
    assert "--out PATH" in text
    assert "neuromass.png" in text
