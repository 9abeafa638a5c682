"""The speed tables run, and what they compare with computes the same numbers; nothing is timed."""

import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import neuromass as nm
from neuromass.kernels.normals import source_number
from neuromass.units import Hz, ms

FOLDER = Path(__file__).parent / "benchmarks"
START = {"r": 8 * Hz, "v": -2.0}


@pytest.fixture(scope="module")
def bench():
    """Import a file of the benchmarks by name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        yield importlib.import_module


@pytest.fixture(scope="module", params=["strict", "fast"])
def c(bench, request):
    """The C reference."""
    creference = bench("creference")
    if creference.find_compiler() is None:
        pytest.skip("no C compiler")
    return creference.load(request.param)


def test_part_prints_a_table():
    command = [sys.executable, str(FOLDER / "run.py"), "--quick", "calls"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    header, rule, *rows = done.stdout.splitlines()
    assert header.split() == ["what", "ours", "aim", "against", "reference", "ratio", "spread"]
    assert set(rule) == {"-", " "}
    assert [row.split("(")[0] for row in rows] == ["update", "advance"]


def test_help_explains_every_part_and_a_wrong_part_is_refused():
    run = [sys.executable, str(FOLDER / "run.py")]
    told = subprocess.run([*run, "--help"], capture_output=True, text=True, check=True).stdout
    for part in ("single", "lanes", "circuits", "delays", "peers", "starts"):
        assert f"\n  {part} " in told
    done = subprocess.run([*run, "rings"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no such part: rings" in done.stderr


def test_ratio_is_the_median_of_the_ratios_of_rounds(bench):
    timing = bench("timing")
    times = {"ours": [1.0, 4.0, 9.0], "other": [2.0, 2.0, 3.0]}
    found = timing.line("x", times, "ours", "other")
    assert found == ("x", 4.0, "other", 2.0, 2.0, "-", "ns", (0.5, 3.0))
    assert timing.line("x", times, "ours", "absent").ratio is None
    with pytest.raises(ValueError, match="at least 1"):
        timing.compare({"a": int}, units=1, rounds=0)


@pytest.mark.parametrize("form", ["printed", "hoisted", "tuned"])
@pytest.mark.parametrize("method", ["heun", "euler"])
def test_c_agrees_for_one_population(bench, c, method, form):
    case = bench("creference").Case(I=3.0, r=0.008)
    pop = nm.QIF(J=15.0, initial=START, method=method)
    rec = nm.run(pop, 50 * ms, inputs=3.0)
    traces = c.record(case, 1000, 0.05, method=method, form=form)
    assert np.allclose(traces[:2], [rec.array("r", 1 / ms), rec.array("v")], rtol=1e-9)
    assert np.allclose(c.final(case, 1000, 0.05, method=method, form=form), traces[:2, -1])


def test_c_draws_the_packages_noise(bench, c):
    pop = nm.QIF(J=15.0, initial=START, noise={"v": nm.noise.White(0.1 / ms**0.5)}, seed=5, lane=3)
    nm.run(pop, 50 * ms, record=())
    case = bench("creference").Case(r=0.008)
    r, v = c.noisy(case, 1000, 0.05, 0.1, seed=5, lane=3, source=source_number("v"))
    assert (r, v) == pytest.approx((pop.raw.r, pop.raw.v), rel=1e-9)


@pytest.mark.parametrize("J_inh", [None, -2.0])
def test_c_agrees_for_the_e_i_loop(bench, c, J_inh):
    networks = bench("networks")
    net = networks.ei_network() if J_inh is None else networks.ei_of_four(J_inh)
    nm.run(net, 100 * ms, inputs={"exc": 10.0}, record=())
    ours = [getattr(net[name].raw, state) for name in ("exc", "inh") for state in ("r", "v")]
    assert np.allclose(networks.ei_in_c(c, 2000, J_inh or 0.0), ours, rtol=1e-9)


def test_c_agrees_for_neurons(bench, c):
    net = bench("neurons").network(500)
    case = bench("creference").Case(J=15.0, I=3.0, r=net.raw.r)
    eta, v = net.excitabilities, net.potentials
    nm.run(net, 20 * ms, 3.0, record=())
    found, counts = c.neurons(case, eta, v, 2000, 0.01)
    assert np.allclose(np.arctan(found), np.arctan(net.potentials), atol=1e-6)
    assert np.all(counts < 20)


@pytest.mark.parametrize("blocks", [True, False])
@pytest.mark.parametrize("noise", [True, False])
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_c_agrees_for_delays(bench, c, kind, noise, blocks):
    networks = bench("networks")
    if kind == "sparse":
        pytest.importorskip("scipy.sparse")
    wiring = networks.dense(37) if kind == "dense" else networks.sparse(90, 0.05)
    net = networks.delayed(*wiring, noise=noise, blocks=blocks)
    nodes = networks.delayed_in_c(c, *wiring, noise=noise, blocks=blocks)
    for steps in (501, 300):
        nm.run(net, steps * 0.1 * ms, record=())
        nodes.run(steps)
        assert np.allclose(nodes.r, net["nodes"].raw.r, rtol=1e-9, atol=0.0)
        assert np.allclose(nodes.v, net["nodes"].raw.v, rtol=1e-9)


@pytest.mark.parametrize(
    ("ours", "plain"), [("stuart_landau", "SwingingInNumpy"), ("wong_wang", "GatedInNumpy")]
)
def test_numpy_agrees_for_regions(bench, monkeypatch, ours, plain):
    regions = bench("regions")
    monkeypatch.setattr(regions, "SIGMA", 0.0)
    wiring = bench("networks").dense(regions.COUNT)
    weights = wiring[0] / 50.0
    net, loop = (getattr(regions, each)(weights, wiring[1]) for each in (ours, plain))
    nm.run(net, 60 * ms, record=())
    loop.run(600)
    states = [net["brain"].raw.x, net["brain"].raw.y] if loop.count == 2 else [net["brain"].raw.S]
    assert np.ptp(states) > 1e-4
    assert np.allclose(loop.now, states, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize(
    ("peer", "plain"),
    [("tvboptim_hopf", "SwingingInNumpy"), ("tvboptim_wong_wang", "GatedInNumpy")],
)
def test_tvboptim_agrees_for_regions_where_it_is_installed(bench, monkeypatch, peer, plain):
    pytest.importorskip("tvboptim")
    regions = bench("regions")
    monkeypatch.setattr(regions, "SIGMA", 0.0)
    wiring = bench("networks").dense(regions.COUNT)
    weights = wiring[0] / 50.0
    loop = getattr(regions, plain)(weights, wiring[1])
    _, run = getattr(regions, peer)(weights, wiring[1], 600)
    loop.run(600)
    assert np.allclose(np.asarray(run().ys)[-1][: loop.count], loop.now, rtol=1e-3, atol=1e-6)


def test_tvboptim_agrees_for_points_where_it_is_installed(bench):
    pytest.importorskip("tvboptim")
    points = bench("points")
    eta = np.linspace(-10.0, 5.0, 20)
    _, run = points.in_tvboptim(eta, 400)
    assert np.allclose(1e3 * np.asarray(run()), points.ours(eta, 400)()["r"].m_as(Hz), rtol=1e-4)
