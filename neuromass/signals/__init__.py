"""Signals: inputs as functions of time."""

from neuromass.signals.feedback import Feedback
from neuromass.signals.signals import (
    Constant,
    Pulses,
    Ramp,
    Sampled,
    Signal,
    Sine,
    Step,
    as_signal,
)

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
