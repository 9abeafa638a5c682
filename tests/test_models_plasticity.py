"""QIF with short-term plasticity: equilibria, bifurcations, bounds of its fractions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_equations import hopf_points, numbers, on_branch, rates

import neuromass as nm
from neuromass.units import Hz, ms

PLASTIC = {"tau": 15 * ms, "tau_d": 200 * ms, "tau_f": 1500 * ms, "U0": 0.2, "delta": 0.25}


def test_equilibrium_of_the_plastic_population():
    (rest,) = nm.QIFTsodyksMarkram(**PLASTIC, J=15.0, eta=-1.0).equilibria()
    assert rest.r.magnitude == pytest.approx(3.12713589, abs=6e-9)
    assert float(rest.x) == pytest.approx(0.731383552, abs=6e-10)
    assert float(rest.u) == pytest.approx(0.587233284, abs=6e-10)
    assert rest.stable
    pop = nm.QIFTsodyksMarkram.taher2020(initial={"r": 1 * Hz})
    nm.run(pop, 20_000 * ms, every=100)
    assert pop.r.magnitude == pytest.approx(rest.r.magnitude, rel=1e-6)


def test_hopf_bifurcations_of_the_plastic_population():
    at = on_branch(nm.QIFTsodyksMarkram, **PLASTIC, J=15.0)
    found = hopf_points(at, nm.QIFTsodyksMarkram, np.geomspace(1, 100, 3000) / 1000)
    etas = sorted(values["eta"] for values, _ in found)
    assert etas == pytest.approx([-0.596725481178457, -0.47256285225618], abs=1e-11)


def test_full_use_of_full_resources_is_a_qif_population():
    p = {**numbers(nm.QIFTsodyksMarkram, J=15.0, eta=-5.0), "I_ext": 0.7}
    at = {"r": 0.02, "v": -0.4}
    mine = rates(nm.QIFTsodyksMarkram, {**p, **at, "x": 1.0, "u": 1.0})[:2]
    assert np.allclose(mine, rates(nm.QIF, {**p, **at}), rtol=1e-14)


@settings(max_examples=20, deadline=None)
@given(U0=st.floats(0.05, 1), drive=st.floats(-1, 6))
def test_resources_and_use_stay_fractions(U0, drive):
    pop = nm.QIFTsodyksMarkram.taher2020(U0=U0, initial={"u": U0})
    rec = nm.run(pop, 500 * ms, drive)
    for name in ("x", "u"):
        assert rec.array(name).min() >= 0
        assert rec.array(name).max() <= 1
