"""What the error of a failed step advises, and what of it helps."""

import warnings

import pytest

import neuromass as nm
from neuromass.units import ms


def runaway():
    return nm.QIF(delta=0.0, eta=1.0), 100 * ms, None


def strong_delayed_coupling():
    net = nm.Network({"exc": nm.QIF(eta=5.0)})
    net.connect("exc", "exc", J=300.0, delay=1 * ms)
    return net, 20 * ms, None


def coarse():
    return nm.QIF(J=15.0, dt=1 * ms), 100 * ms, 30.0


@pytest.mark.parametrize(
    ("make", "helps"), [(runaway, False), (strong_delayed_coupling, False), (coarse, True)]
)
def test_check_dt_tells_whether_a_smaller_step_helps_as_the_error_says(make, helps):
    system, duration, inputs = make()
    with pytest.raises(nm.SimulationError) as error:
        nm.run(system.copy(), duration, inputs)
    message = str(error.value)
    assert "nm.check_dt tells whether a smaller dt would do; if none does" in message
    assert "ake a smaller dt" not in message
    with pytest.warns(UserWarning, match="should do" if helps else "no smaller dt"):
        report = nm.check_dt(system, duration, inputs)
    assert (report.advice is not None) == helps
    if helps:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            nm.run(system.copy(dt=report.advice), duration, inputs)
