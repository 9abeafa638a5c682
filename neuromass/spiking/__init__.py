"""Networks of quadratic integrate-and-fire neurons behind the mean fields.

Examples
--------
>>> import neuromass as nm
>>> from neuromass.units import ms
>>> pop = nm.QIF.montbrio2015()
>>> net = nm.spiking.from_mean_field(pop, 1000)
>>> rec = nm.run(net, 10 * ms, inputs=3.0, record=("r", "spikes"))
"""

from neuromass.spiking.network import QIFNetwork, from_mean_field

__all__ = ["QIFNetwork", "from_mean_field"]
