"""Signals: inputs as functions of time."""

from neuromass.signals.feedback import Feedback
from neuromass.signals.functions import as_signal
from neuromass.signals.pulses import Pulses, Step
from neuromass.signals.sampled import Sampled
from neuromass.signals.signal import Constant, Signal
from neuromass.signals.waves import Ramp, Sine

__all__ = [
    "Constant",
    "Feedback",
    "Pulses",
    "Ramp",
    "Sampled",
    "Signal",
    "Sine",
    "Step",
    "as_signal",
]
