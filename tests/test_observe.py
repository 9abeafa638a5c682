"""``nm.record``: traces of loops that users write by hand."""

import copy
import pickle

import numpy as np
import pytest
from samples import NOISE, Relay, bits, everything

import neuromass as nm
from neuromass.units import Hz, ms


def loop(exc, inh, steps, drive=10.0):
    """The E-I loop as the documentation shows it."""
    for _ in range(steps):
        r_exc, r_inh = exc.r, inh.r
        exc.update(drive - 10 * exc.tau * r_inh)
        inh.update(10 * inh.tau * r_exc)


def pair():
    return nm.QIF(tau=20 * ms, J=8.0), nm.QIF(tau=10 * ms)


def test_two_populations_coupled_by_hand():
    exc, inh = pair()
    with nm.record(exc=exc, inh=inh) as rec:
        loop(exc, inh, 300)
    other_exc, other_inh = pair()
    loop(other_exc, other_inh, 300)
    assert everything(exc) == everything(other_exc)
    assert list(rec) == ["exc", "inh"]
    assert rec["exc"].r.shape == (301,)
    assert rec["exc"].r.magnitude[-1] == exc.r.magnitude
    assert rec["inh"].v.magnitude[-1] == inh.v.magnitude
    assert rec.t.magnitude[-1] == pytest.approx(15.0)
    assert rec.fs.to(Hz).magnitude == pytest.approx(20_000)
    assert np.ptp(rec["inh"].r.magnitude) > 1.0


def test_it_is_a_recording_like_any_other():
    exc, inh = pair()
    with nm.record(exc=exc, inh=inh, names=("v", "I_ext")) as rec:
        loop(exc, inh, 50)
    part = rec["exc"]
    assert isinstance(part, nm.Recording)
    assert part.names == ("v", "I_ext")
    assert part.I_ext.magnitude[:2].tolist() == [10.0, 10.0]
    assert len(part[1 * ms : 2 * ms]) == 21
    assert bits(pickle.loads(pickle.dumps(part))) == bits(part)
    assert bits(copy.copy(part)) == bits(part)
    assert bits(copy.deepcopy(part)) == bits(part)
    assert "51 samples" in repr(part)


def test_it_can_be_looked_at_while_it_grows():
    pop = nm.QIF(J=15.0)
    with nm.record(pop) as rec:
        for k in range(40):
            assert len(rec) == k + 1
            assert rec.t.magnitude[-1] == pop.t.magnitude
            seen = rec.r
            pop.update(3.0)
            assert len(seen) == k + 1


def test_it_ends_with_the_block():
    pop = nm.QIF(J=15.0)
    with nm.record(pop) as rec:
        pop.update(3.0)
    before = bits(rec)
    eta = rec.parameters["eta"]
    pop.update(3.0)
    pop.reset()
    pop.eta = -1.0
    nm.run(pop, 1 * ms)
    assert bits(rec) == before
    assert rec.parameters["eta"] == eta


@pytest.mark.parametrize("every", [2, 3, 7])
@pytest.mark.parametrize("noise", ["quiet", "all at once"])
def test_every(every, noise):
    pops = [nm.QIF(J=15.0, noise=NOISE[noise], seed=3, shape=2) for _ in range(2)]
    recs = []
    for pop, step in zip(pops, (1, every), strict=True):
        nm.run(pop, 0.35 * ms)
        with nm.record(pop, every=step) as rec:
            for _ in range(20):
                pop.update(3.0)
        recs.append(rec)
    full, thin = recs
    assert thin.v.magnitude.tobytes() == full.v.magnitude[::every].tobytes()
    assert thin.t.magnitude.tobytes() == full.t.magnitude[::every].tobytes()
    assert everything(pops[0]) == everything(pops[1])


def test_outputs_inputs_and_raw_steps():
    pop = Relay()
    with nm.record(pop, names=("above", "drive")) as rec:
        pop.advance(drive=0.04)
        pop.update(drive=20 * Hz)
    np.testing.assert_allclose(rec.drive.magnitude[1:], [40.0, 20.0])
    assert rec.above.magnitude[-1] == pop.above.magnitude


def test_an_error_in_the_block_keeps_what_was_recorded():
    pop = nm.QIF(J=15.0, dt=3 * ms)

    def until_it_fails():
        with nm.record(pop):
            for _ in range(1000):
                pop.update(50.0)

    with pytest.raises(nm.SimulationError) as caught:
        until_it_fails()
    rec = caught.value.recording
    assert rec.t.magnitude[-1] == pop.t.magnitude
    assert rec.v.magnitude[-1] == pop.v.magnitude
    exc, inh = pair()

    def until_stopped():
        with nm.record(exc=exc, inh=inh):
            loop(exc, inh, 5)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as stopped:
        until_stopped()
    assert len(stopped.value.recording["inh"]) == 6


def test_a_step_that_fails_and_is_caught_leaves_no_sample():
    pop = nm.QIF(J=15.0, dt=3 * ms)
    with nm.record(pop) as rec:
        for value in (0.0, 1e300, 0.0):
            try:
                pop.update(value)
            except nm.SimulationError:
                failed = value
    assert failed == 1e300
    assert rec.t.magnitude.tolist() == [0.0, 3.0, 6.0]


def test_the_fast_path_comes_back_after_the_block():
    pop, other = nm.QIF(J=15.0), nm.QIF(J=15.0)
    pop.update(3.0)
    with nm.record(pop):
        pop.update(3.0)
    for _ in range(3):
        pop.update(3.0)
    for _ in range(5):
        other.update(3.0)
    assert everything(pop) == everything(other)


def test_what_would_break_the_recording_is_refused():
    pop = nm.QIF(J=15.0)
    saved = pop.snapshot()
    with nm.record(pop) as rec:
        pop.update(3.0)
        for attempt in (
            pop.reset,
            lambda: pop.restore(saved),
            lambda: nm.run(pop, 1 * ms),
            lambda: nm.record(pop).__enter__(),
        ):
            with pytest.raises(
                RuntimeError, match=r"recorded by nm\.record.*outside of the with block"
            ):
                attempt()
        pop.update(3.0)
    assert len(rec) == 3
    pop.reset()


def test_what_is_recorded_must_be_populations_and_names():
    pop = nm.QIF()
    for arguments, keywords, kind, text in (
        ((), {}, TypeError, "one population, record"),
        ((pop,), {"exc": pop}, TypeError, "one population, record"),
        ((3,), {}, TypeError, "takes a population or a network"),
        ((), {"exc": "QIF"}, TypeError, "takes a population or a network, not str"),
        ((), {"a": pop, "b": pop}, ValueError, "under two names"),
        ((pop,), {"names": "w"}, ValueError, "QIF has no 'w'"),
        ((pop,), {"names": ("r", "r")}, ValueError, "twice"),
        ((pop,), {"every": 0}, ValueError, "every"),
        ((pop,), {"every": 1.5}, TypeError, "every"),
        ((pop,), {"every": True}, TypeError, "every"),
    ):
        with pytest.raises(kind, match=text), nm.record(*arguments, **keywords):
            pass
    nm.run(pop, 1 * ms)  # nothing stays attached


def test_members_with_times_of_their_own():
    slow, fast = nm.QIF(dt=0.1 * ms), nm.QIF(dt=0.05 * ms)
    with nm.record(slow=slow, fast=fast) as rec:
        for _ in range(5):
            slow.update(3.0)
            fast.update(3.0)
            fast.update(3.0)
    assert rec["slow"].t.magnitude[-1] == rec["fast"].t.magnitude[-1]
    with pytest.raises(ValueError, match=r"times of their own: take rec\['slow'\]\.t"):
        _ = rec.t
