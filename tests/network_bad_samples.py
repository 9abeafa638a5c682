"""Networks for tests of what is refused."""

import neuromass as nm
from neuromass.units import ms


def pair(**options):
    return nm.Network({"exc": nm.QIF(tau=20 * ms), "inh": nm.QIF(shape=3)}, **options)
