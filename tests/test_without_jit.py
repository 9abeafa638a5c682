"""Networks and all models without the JIT: the same bits, or to rounding where exp enters."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from models_registry import IDS, MODELS
from network_trials import CIRCUITS, NetworkTrial

import neuromass as nm

WITH_EXP = (
    "JansenRit",
    "KuramotoOscillator",
    "LarterBreakspear",
    "QIFAsymmetricSpikes",
    "Wendling",
    "WilsonCowan",
    "WongWang",
    "WongWangDecision",
    "WongWangExcInh",
)


def moved(case, method):
    """Final states of a model under a changing input."""
    pop = case.make(dt=case.dt, method=method)
    nm.run(pop, 20 * case.dt, inputs=case.sine)
    return [float(getattr(pop.raw, name)).hex() for name in case.cls.model.states]


class Fixed(NetworkTrial):
    """A random network of a kind that is not drawn."""

    def __init__(self, seed, circuit):
        self.fixed = circuit
        super().__init__(seed)

    def circuits(self):
        return [self.fixed]


def run_network(number):
    """Final states of a network of few lanes or many."""
    trial = Fixed(number, CIRCUITS[number])
    net = trial.a
    nm.run(net, 20 * net.dt, record=())
    return [
        float(value).hex()
        for pop in net.members.values()
        for name in type(pop).model.states
        for value in np.ravel(getattr(pop.raw, name))[:3]
    ]


def digests():
    found = {
        f"{case.name} {method}": moved(case, method)
        for case in MODELS
        for method in ("heun", "euler", "rk4")
    }
    for number, (members, *_) in enumerate(CIRCUITS):
        label = " ".join(name for name, _ in members)
        found[f"network {number}: {label}"] = run_network(number)
    return found


@pytest.fixture(scope="module")
def plain():
    code = "import json, test_without_jit; print(json.dumps(test_without_jit.digests()))"
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def check(compiled, interpreted, to_the_bit):
    if to_the_bit:
        assert compiled == interpreted
        return
    for one, other in zip(compiled, interpreted, strict=True):
        assert math.isclose(float.fromhex(one), float.fromhex(other), rel_tol=1e-12)


@pytest.mark.parametrize("method", ["heun", "euler", "rk4"])
@pytest.mark.parametrize("case", MODELS, ids=IDS)
def test_models(case, method, plain):
    check(moved(case, method), plain[f"{case.name} {method}"], case.name not in WITH_EXP)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("number", range(len(CIRCUITS)))
def test_networks(number, plain):
    names = [name for name, _ in CIRCUITS[number][0]]
    label = f"network {number}: {' '.join(names)}"
    check(run_network(number), plain[label], not set(names) & set(WITH_EXP))
