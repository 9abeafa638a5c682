"""The cycle that a system is on, and its phase response."""

import numpy as np
import pytest

import neuromass as nm
from neuromass.units import Hz, ms, mV, second

pytest.importorskip("scipy")
TAU = 10 * ms


def gamma():
    return nm.QIFSynaptic(tau=TAU, tau_s=TAU, delta=0.3, eta=4.0, J=-21.0)


@pytest.mark.parametrize(
    ("make", "period"),
    [
        (gamma, 3.40472134187 * 10),
        (lambda: nm.QIFGapJunction(tau=TAU, delta=1.0, g=2.0, eta=2.0), 2.25477028933 * 10),
        (
            lambda: nm.QIFConductance(tau=TAU, delta=0.5, tau_s=TAU / 0.95, v_syn=-10.0, kappa=1.0,
                                      eta=20.0, dt=0.01 * ms),
            2.08294239206 * 10,
        ),
    ],
)  # fmt: skip
def test_periods_of_the_reference_are_found_without_a_guess(make, period):
    found = nm.analysis.cycle(make())
    assert found.stable
    assert abs(found.multipliers[0] - 1.0) < 1e-6
    if period is not None:
        assert found.period.m_as(ms) == pytest.approx(period, rel=1e-8)


def test_it_is_where_a_branch_begins():
    found = nm.analysis.cycle(gamma())
    assert found.parameter == "eta"
    branch = nm.analysis.cycles(found, (2, 6))
    assert branch.at(4.0)[0].period.m_as(ms) == pytest.approx(found.period.m_as(ms), rel=1e-8)
    assert nm.analysis.cycle(gamma(), parameter="J").value == -21.0


def test_networks_are_on_cycles_too():
    net = nm.Network({"e": nm.QIF(tau=20 * ms, J=8.0), "i": nm.QIF(tau=10 * ms)})
    net.connect("e", "i", J=10.0)
    net.connect("i", "e", J=-10.0)
    found = nm.analysis.cycle(net, {"e": 10.0})
    assert found.frequency.m_as(Hz) == pytest.approx(31.80001, rel=1e-6)


def test_units_and_rests():
    column = nm.JansenRit()
    found = nm.analysis.cycle(column, 220 / second)
    assert found.frequency.m_as(Hz) == pytest.approx(10.9380287298, rel=1e-8)
    assert found.phase_response()["y1"].check("1 / [length]**2 / [mass] * [time]**3 * [current]")
    assert (found.phase_response()["y1"] * mV).check("[]")
    with pytest.raises(ValueError, match="does not oscillate"):
        nm.analysis.cycle(nm.QIF(J=15.0))


def test_the_phase_response_is_what_kicks_do():
    pop = nm.QIFSynaptic(tau=TAU, tau_s=TAU, delta=0.3, eta=4.0, J=-21.0, dt=0.005 * ms)
    found = nm.analysis.cycle(pop)
    response = found.phase_response()
    orbit = {name: found[name] for name in ("r", "v", "s")}
    for place in (0, 7, 19, 30):
        node = 4 * place
        start = {name: each[node] for name, each in orbit.items()}
        for name, kick in (("v", 0.002), ("s", 2e-4), ("r", 0.02 * Hz)):
            ahead = []
            for sign in (1.0, -1.0):
                kicked = dict(start)
                kicked[name] = kicked[name] + sign * kick
                other = pop.copy(initial=kicked)
                nm.run(other, 8 * round(found.period.m_as(ms), 2) * ms, record=())
                rec = nm.run(other, 40 * ms, record="s")
                s, t = rec.array("s"), rec.array("t", ms)
                level = 0.5 * (s.max() + s.min())
                up = np.flatnonzero((s[:-1] < level) & (s[1:] >= level))[0]
                ahead.append(t[up] + 0.005 * (level - s[up]) / (s[up + 1] - s[up]))
            shift = (ahead[1] - ahead[0]) / found.period.m_as(ms) / 2.0
            shift -= np.round(shift)
            unit = response[name][place] * kick
            assert shift == pytest.approx(float(unit.m_as("")), rel=0.03, abs=2e-6)
