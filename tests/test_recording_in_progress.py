"""What was read from a recording in progress is not changed by later steps, nor changes them."""

import numpy as np
import pytest
from network_samples import excited_inhibited
from samples import bits

import neuromass as nm
from neuromass.simulation.recorder import Recorder
from neuromass.units import Hz, ms

MANY = 5000
"""Steps for which the recording needs more room several times."""
REFUSED = r"cannot be (assigned|changed)|read-only"


def step(pop, count):
    for k in range(count):
        pop.update(3.0 + 0.01 * (k % 7))


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("name", ["r", "v", "I_ext", "t"])
def test_a_trace_that_was_kept_stays_as_it_was(name, every):
    pop = nm.QIF(J=15.0)
    with nm.record(pop, every=every, names=("r", "v", "I_ext")) as rec:
        step(pop, 10)
        kept = rec[name]
        before = kept.magnitude.tobytes()
        assert len(kept) == 10 // every + 1
        for count in (1, 1, 1, MANY):
            step(pop, count)
            assert kept.magnitude.tobytes() == before
        assert rec[name].magnitude[: len(kept)].tobytes() == before
        assert len(rec) == (13 + MANY) // every + 1
    step(pop, 100)
    pop.reset()
    assert kept.magnitude.tobytes() == before
    assert len(rec) == (13 + MANY) // every + 1


@pytest.mark.parametrize("name", ["r", "v", "t"])
def test_a_trace_in_progress_cannot_be_changed(name):
    pop, other = nm.QIF(J=15.0), nm.QIF(J=15.0)
    with nm.record(other) as undisturbed:
        step(other, 10)
        step(other, 10)
    with nm.record(pop) as rec:
        step(pop, 10)
        for change in (
            lambda trace: trace.__setitem__(0, trace[1]),
            lambda trace: trace.magnitude.__setitem__(0, 1.0),
            lambda trace: trace.magnitude.fill(1.0),
            lambda trace: trace.__imul__(2.0),
        ):
            with pytest.raises(ValueError, match=REFUSED):
                change(rec[name])
        step(pop, 10)
    assert bits(rec) == bits(undisturbed)


def test_a_plain_array_is_the_callers_own():
    pop = nm.QIF(J=15.0)
    with nm.record(pop) as rec:
        step(pop, 10)
        for name, unit in (("r", Hz), ("v", ""), ("t", ms)):
            mine = rec.array(name, unit)
            before = rec[name].magnitude.copy()
            mine[...] = -1.0
            np.testing.assert_array_equal(rec[name].magnitude, before)


def test_traces_of_a_network_in_progress_stay_as_they_were():
    net = excited_inhibited()
    with nm.record(net) as rec:
        net.update({"exc": 3.0})
        kept = {(each, name): rec[each][name] for each in ("exc", "inh") for name in ("r", "v")}
        before = {key: trace.magnitude.tobytes() for key, trace in kept.items()}
        for _ in range(1000):
            net.update({"exc": 3.0})
        assert {key: trace.magnitude.tobytes() for key, trace in kept.items()} == before
        with pytest.raises(ValueError, match=REFUSED):
            rec["exc"].v.magnitude[0] = 1.0


def test_a_slice_in_progress_is_of_its_time():
    pop = nm.QIF(J=15.0)
    with nm.record(pop) as rec:
        step(pop, 40)
        part = rec[0.5 * ms :]
        before = bits(part)
        step(pop, MANY)
        assert bits(part) == before


def test_a_recording_is_equal_to_one_of_the_same_bits():
    one, other = (nm.run(nm.QIF(), 1 * ms) for _ in range(2))
    assert bits(one) == bits(other)
    assert one == other
    with pytest.raises(TypeError, match="unhashable"):  # one in progress changes
        hash(one)


def test_recordings_are_compared_as_mappings():
    one, other = (nm.run(excited_inhibited(), 1 * ms) for _ in range(2))
    assert one == one  # noqa: PLR0124
    assert one == dict(one)
    assert one == other
    assert one != {"exc": one["exc"]}
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


def pair():
    net = nm.Network({"exc": nm.QIF(J=8.0), "inh": nm.QIF()})
    net.connect("exc", "inh", J=10.0)
    return net


@pytest.mark.parametrize("make", [lambda: nm.QIF(J=15.0), lambda: nm.QIF(shape=3), pair])
@pytest.mark.parametrize("stop", [MemoryError, KeyboardInterrupt])
def test_a_recording_that_cannot_grow_keeps_its_samples(make, stop, monkeypatch):
    """Neither is anything lost that was recorded, nor is the system held for ever."""
    system, other, made, steps = make(), make(), Recorder._made, 0

    def failing(*given):
        raise stop("no room")

    def loop(recording):
        nonlocal steps, rec
        with recording as rec:
            for _ in range(10_000):
                if steps == 100:
                    monkeypatch.setattr(Recorder, "_made", failing)
                system.update()
                steps += 1

    rec = None
    with pytest.raises(stop):
        loop(nm.record(system))
    monkeypatch.setattr(Recorder, "_made", made)
    assert 100 <= steps < 10_000
    assert len(rec.t) == steps + 1
    for _ in range(steps):
        other.update()
    assert system.snapshot().clock == steps
    assert nm.run(system, 5 * ms).t[-1] == nm.run(other, 5 * ms).t[-1]
    with nm.record(system) as again:
        system.update()
    assert len(again.t) == 2
