"""Times of samples: where means lie, and that they are those of what they are means of."""

import numpy as np
import pytest

import neuromass as nm
from neuromass.units import ms


@pytest.mark.parametrize("every", [1, 4, 5])
def test_a_mean_lies_at_the_mean_of_the_times_of_its_steps(every):
    steps, start = 20 * every, 7
    one, other = nm.QIF(J=15.0), nm.QIF(J=15.0)
    for pop in (one, other):
        nm.run(pop, start * pop.dt)
    whole = nm.run(one, steps * one.dt, inputs=3.0)
    means = nm.run(other, steps * other.dt, inputs=3.0, every=every, average=True)
    for name in ("t", "v"):
        unit = ms if name == "t" else ""
        expected = whole.array(name, unit)[1:].reshape(-1, every).mean(axis=1)
        np.testing.assert_allclose(means.array(name, unit), expected, rtol=1e-12)
