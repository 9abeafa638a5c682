"""Random systems under random sequences of every operation; see `trials`.

Two equal systems take the same steps in different ways, and must stay the same to the last bit:
by update, advance, run, pieces of a run, recorded by hand, as a copy or a pickle, with failing
operations in between. The plain twin must agree to rounding. A trial is repeated by its seed:
``pytest tests/test_stateful.py -k "population and 17"`` or ``Trial(17).run(12)``.
"""

import pytest
from network_trials import NetworkTrial, RhythmTrial
from trials import Trial

import neuromass as nm
from neuromass.units import Hz, ms

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

QUICK = {"population": (Trial, 6, 12), "network": (NetworkTrial, 4, 10)}
SLOW = {
    "population": (Trial, 200, 20),
    "network": (NetworkTrial, 60, 20),
    "rhythm": (RhythmTrial, 40, 12),
}


def seeds(table, first=0):
    return [
        pytest.param(kind, seed, length, id=f"{name}-{seed}")
        for name, (kind, count, length) in table.items()
        for seed in range(first, first + count)
    ]


@pytest.mark.parametrize(("kind", "seed", "length"), seeds(QUICK))
def test_a_few_random_systems(kind, seed, length):
    kind(seed).run(length)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "seed", "length"), seeds(SLOW, 100))
def test_many_random_systems(kind, seed, length):
    kind(seed).run(length)


@pytest.mark.parametrize("kind", [Trial, NetworkTrial])
def test_what_parts_is_found(kind):
    """The trial itself: a state that differs in its last bit, and a twin that is off."""
    trial = kind(3)
    for pop in trial.members(trial.a).values():
        name = next(iter(type(pop).model.states))
        pop.set(**{name: getattr(pop, name) * (1 + 1e-15)})
        break
    with pytest.raises(AssertionError, match="two ways part"):
        trial.check("changing")
    trial = kind(3)
    node = next(iter(trial.twin.nodes.values()))
    name = next(iter(node.states[0]))
    node.states[0][name] = node.states[0][name] * (1 + 1e-6) + 1e-6
    with pytest.raises(AssertionError, match="the twin has"):
        trial.check("changing")


def delayed():
    net = nm.Network({"a": nm.QIF(J=15.0), "b": nm.QIF(J=10.0)})
    net.connect("a", "b", J=5.0, delay=1 * ms)
    return net


def fails_in_its_step(net):
    with pytest.raises(nm.SimulationError):
        net.update({"a": 1e300})


def fails_before_its_step(net):
    with pytest.raises(ZeroDivisionError):
        nm.run(net, 1 * ms, inputs={"a": lambda t: 1 / 0})


@pytest.mark.parametrize("fails", [fails_in_its_step, fails_before_its_step])
@pytest.mark.parametrize("steps", [0, 7])
def test_a_step_that_failed_is_not_remembered(fails, steps):
    """The past before the first step is the state set last, whatever was tried before."""
    tried, fresh = delayed(), delayed()
    for net in (tried, fresh):
        for _ in range(steps):
            net.update()
        net.connect("b", "a", J=3.0, delay=2 * ms)
    fails(tried)
    for net in (tried, fresh):
        net["a"].set(r=50 * Hz)
        net["b"].set(r=20 * Hz)
    copied = tried.copy()
    for net in (tried, fresh, copied):
        nm.run(net, 5 * ms)
    assert tried["b"].raw.v == fresh["b"].raw.v == copied["b"].raw.v
    assert tried["a"].raw.v == fresh["a"].raw.v == copied["a"].raw.v
