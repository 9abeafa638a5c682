"""Spikes: which neuron fired when."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.errors import optional
from neuromass.units import MS

__all__ = ["Spikes"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

SPIKES: Final = "spikes"
"""The name under which spikes are recorded."""


class Spikes:
    """Spikes of some neurons of a network, in the order of the steps in which they fell.

    ``rec.spikes`` of a recording. Times lie within the steps, not on their ends.

    Attributes
    ----------
    neurons : ndarray of int
        The neuron of each spike, counted from 0.
    recorded : ndarray of int
        The neurons that were recorded, whether they fired or not.
    excitabilities : ndarray
        The excitability of each of those.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> net = nm.spiking.QIFNetwork(1, tau=10 * ms, eta=4.0, delta=0.0)
    >>> rec = nm.run(net, 100 * ms, record=("r", "spikes"))
    >>> len(rec.spikes), rec.spikes.neurons[:3]
    (6, array([0, 0, 0], dtype=int32))
    """

    def __init__(
        self, neurons: Ints, times: Floats, recorded: Ints, excitabilities: Floats
    ) -> None:
        self.neurons = neurons
        self.recorded = recorded
        self.excitabilities = excitabilities
        self._times = times

    @property
    def t(self) -> Any:
        """Times of the spikes, as a Quantity."""
        return units.as_view(MS, self._times)

    @property
    def times(self) -> Floats:
        """Times of the spikes in ms, as a plain array."""
        return self._times

    def __len__(self) -> int:
        return len(self.neurons)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Spikes):
            return NotImplemented
        names = ("neurons", "times", "recorded", "excitabilities")
        return all(np.array_equal(getattr(self, n), getattr(other, n)) for n in names)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Spikes: {len(self)} of {len(self.recorded)} neurons>"

    def of(self, neuron: int) -> Any:
        """Times of the spikes of one neuron, as a Quantity.

        Parameters
        ----------
        neuron : int
            The neuron, counted from 0.

        Returns
        -------
        Quantity

        Examples
        --------
        >>> import neuromass as nm
        >>> from neuromass.units import ms
        >>> net = nm.spiking.QIFNetwork(3, tau=10 * ms, eta=4.0)
        >>> spikes = nm.run(net, 100 * ms, record="spikes").spikes
        >>> spikes.of(2).size > spikes.of(0).size
        True
        """
        if neuron not in self.recorded:
            raise ValueError(f"The spikes of neuron {neuron} were not recorded.")
        return MS.quantity(self._times[self.neurons == neuron])

    def between(self, low: float, high: float) -> Spikes:
        """The spikes between two times in ms, both included."""
        inside = (self._times >= low) & (self._times <= high)
        return self._with(self.neurons[inside], self._times[inside])

    def after(self, other: Spikes) -> Spikes:
        """These spikes, with those of a recording that ends where this one begins before them."""
        return self._with(
            np.concatenate([other.neurons, self.neurons]),
            np.concatenate([other.times, self._times]),
        )

    def _with(self, neurons: Ints, times: Floats) -> Spikes:
        return Spikes(neurons, times, self.recorded, self.excitabilities)

    def to_dataframe(self) -> Any:
        """The spikes as a ``pandas.DataFrame``: neuron, time in ms and excitability of each.

        Returns
        -------
        pandas.DataFrame
            A row for each spike; ``frame.groupby("neuron").t`` has the spike trains.

        Examples
        --------
        >>> import neuromass as nm
        >>> from neuromass.units import ms
        >>> net = nm.spiking.QIFNetwork(3, tau=10 * ms, eta=4.0)
        >>> frame = nm.run(net, 100 * ms, record="spikes").spikes.to_dataframe()
        >>> list(frame.columns)
        ['neuron', 't', 'eta']
        """
        pandas = optional("pandas", "to_dataframe")
        order = np.argsort(self.recorded, kind="stable")
        place = order[np.searchsorted(self.recorded[order], self.neurons)]
        columns = {"neuron": self.neurons, "t": self._times, "eta": self.excitabilities[place]}
        frame = pandas.DataFrame(columns)
        frame.attrs["units"] = {"t": "ms"}
        return frame


class SpikeLog:
    """Spikes as they come, in arrays that grow.

    Parameters
    ----------
    recorded : ndarray of int
        The neurons that are recorded.
    excitabilities : ndarray
        The excitability of each of those.
    """

    def __init__(self, recorded: Ints, excitabilities: Floats) -> None:
        self._about = recorded, excitabilities
        self._neurons: list[Ints] = []
        self._times: list[Floats] = []
        self.count = 0
        """How many spikes there are."""

    def add(self, neurons: Ints, times: Floats) -> None:
        """Add the spikes of some steps."""
        if len(neurons):
            self._neurons.append(neurons)
            self._times.append(times)
            self.count += len(neurons)

    def spikes(self) -> Spikes:
        """The spikes so far."""
        if len(self._neurons) > 1:  # so that asking again costs nothing
            self._neurons = [np.concatenate(self._neurons)]
            self._times = [np.concatenate(self._times)]
        neurons = self._neurons[0] if self._neurons else np.zeros(0, dtype=np.int32)
        times = self._times[0] if self._times else np.zeros(0)
        return Spikes(neurons, times, *self._about)
