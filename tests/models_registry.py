"""All models, each in a regime where it moves smoothly and visibly, for tests of all of them.

A test that holds for every model is parametrised with ``MODELS`` (ids ``IDS``):

    @pytest.mark.parametrize("case", MODELS, ids=IDS)
    def test_something(case):
        pop = case.make(dt=case.dt)
        rec = nm.run(pop, case.duration, inputs=case.sine)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import neuromass as nm
from neuromass.units import Hz, ms, mV, nA, pA, second


@dataclass(frozen=True, eq=False)
class Case:
    """A model in a regime.

    Attributes
    ----------
    name : str
        The class, as ``nm.<name>``.
    keywords : dict
        Parameters of the constructor.
    initial : dict
        Where it starts, off any equilibrium.
    inputs : dict
        A constant input by name, under which it stays in the regime.
    swing : dict
        Amplitude of a sine about that, by name, under which it does too.
    dt : Quantity
        A step at which the errors of Heun and Euler are of their order, down to dt / 8.
    duration : Quantity
        A while in which every state changes; a multiple of dt.
    period : Quantity
        Of the sine.
    wrong : dict
        A parameter with a value of the wrong unit.
    """

    name: str
    keywords: dict[str, Any]
    initial: dict[str, Any]
    inputs: dict[str, Any]
    swing: dict[str, Any]
    dt: Any
    duration: Any
    period: Any
    wrong: dict[str, Any]

    @property
    def cls(self) -> Any:
        return getattr(nm, self.name)

    def make(self, **changes: Any) -> Any:
        """The population, with some keywords changed or added."""
        return self.cls(**{**self.keywords, "initial": self.initial, **changes})

    @property
    def sine(self) -> dict[str, Any]:
        """The sinusoidal input as a mapping of signals."""
        return {
            name: nm.signals.Sine(size, period=self.period, offset=self.inputs[name])
            for name, size in self.swing.items()
        }

    @property
    def values(self) -> dict[str, float]:
        """Parameters and constant inputs as plain numbers in internal units."""
        pop, model = self.make(), self.cls.model
        parameters = {name: getattr(pop.raw, name) for name in model.parameters}
        fed = {name: each.convert(self.inputs[name]) for name, each in model.inputs.items()}
        return {**parameters, **fed}


def _qif(name: str, keywords: dict[str, Any], dt: float = 0.2, **initial: Any) -> Case:
    """A case of the QIF family, with the input and the step of most of them."""
    return Case(
        name,
        {"tau": 10 * ms, **keywords},
        {"r": 20 * Hz, "v": -1.5, **initial},
        {"I_ext": 1.5},
        {"I_ext": 2.0},
        dt * ms,
        40 * ms,
        25 * ms,
        {"tau": 10 * Hz},
    )


_BISTABLE = {"eta": -5.0, "delta": 1.0, "J": 15.0}
_ADAPTING = {**_BISTABLE, "alpha": 1.0, "tau_a": 30 * ms}
_DEPRESSING = {**_BISTABLE, "alpha": 0.1, "tau_a": 30 * ms}
_PLASTIC = {**_BISTABLE, "J": 40.0, "tau_d": 50 * ms, "tau_f": 200 * ms}
_INHIBITORY = {"eta": 4.0, "delta": 1.0, "J": -21.0, "tau_s": 8 * ms}
_CONDUCTING = {"eta": 20.0, "delta": 0.5, "kappa": 1.0, "v_syn": -10.0, "tau_s": 10 * ms}

MODELS = (
    _qif("QIF", _BISTABLE),
    _qif("QIFAdaptation", _ADAPTING, a=0.3),
    _qif("QIFAlphaAdaptation", _ADAPTING, a=0.3, x=0.2),
    _qif("QIFDepression", _DEPRESSING, a=0.1, x=0.02),
    _qif("QIFTsodyksMarkram", _PLASTIC, x=0.8, u=0.4),
    _qif("QIFSynaptic", _INHIBITORY, s=0.2),
    _qif("QIFGapJunction", {"eta": 0.0, "delta": 1.0, "J": 5.0, "g": 1.0}),
    _qif(
        "QIFAsymmetricSpikes",
        {"eta": 0.0, "delta": 1.0, "J": 5.0, "g": 1.0, "asymmetry": 2.0},
    ),
    _qif("QIFConductance", _CONDUCTING, dt=0.1, g=1.0, q=0.5),
    Case(
        "IzhikevichMeanField",
        {"eta": 60 * pA},
        {"r": 10 * Hz, "v": -52 * mV, "u": 5 * pA, "s": 0.1},
        {"I_ext": 5 * pA},
        {"I_ext": 15 * pA},
        0.2 * ms,
        60 * ms,
        40 * ms,
        {"C": 100 * mV},
    ),
    Case(
        "IzhikevichCurrents",
        {"eta": 60 * pA},
        {"r": 10 * Hz, "v": -52 * mV, "u": 5 * pA, "s": 0.1},
        {"I_ext": 5 * pA},
        {"I_ext": 15 * pA},
        0.2 * ms,
        60 * ms,
        40 * ms,
        {"delta": 1 * mV},
    ),
    Case(
        "WilsonCowan",
        {},
        {"E": 0.1, "I": 0.05},
        {"P": 1.25, "Q": 0.1},
        {"P": 0.5, "Q": 0.2},
        0.2 * ms,
        100 * ms,
        40 * ms,
        {"tau_e": 10 * Hz},
    ),
    Case(
        "JansenRit",
        {},
        {"y0": 0.1 * mV, "y1": 20 * mV, "y2": 15 * mV, "y4": 100 * mV / second},
        {"p": 220 / second},
        {"p": 50 / second},
        0.4 * ms,
        200 * ms,
        80 * ms,
        {"A": 3.25 / second},
    ),
    Case(
        "Wendling",
        {"A": 5 * mV, "B": 25 * mV, "G": 15 * mV},
        {"y0": 0.1 * mV, "y1": 10 * mV, "y2": 5 * mV, "y3": 3 * mV, "y6": 100 * mV / second},
        {"p": 90 / second},
        {"p": 30 / second},
        0.4 * ms,
        120 * ms,
        80 * ms,
        {"G": 10 / second},
    ),
    Case(
        "StuartLandau",
        {"tau": 5 * ms, "shear": 0.5},
        {"x": 0.2, "y": -0.3},
        {"I_x": 0.1, "I_y": 0.05},
        {"I_x": 0.1, "I_y": 0.2},
        0.4 * ms,
        60 * ms,
        40 * ms,
        {"frequency": 10 * ms},
    ),
    Case(
        "VanDerPol",
        {"mu": 1.5},
        {"x": 0.5, "y": 0.3},
        {"I_ext": 0.2},
        {"I_ext": 0.3},
        0.4 * ms,
        80 * ms,
        40 * ms,
        {"tau": 10 * Hz},
    ),
    Case(
        "FitzHughNagumo",
        {"tau": 2 * ms},
        {"v": -0.5, "w": -0.4},
        {"I_ext": 0.5},
        {"I_ext": 0.3},
        0.2 * ms,
        40 * ms,
        30 * ms,
        {"tau": 10 * Hz},
    ),
    Case(
        "KuramotoOscillator",
        {"frequency": 8 * Hz},
        {"theta": 0.4},
        {"I_x": 30 / second, "I_y": 20 / second, "I_ext": 5 / second},
        {"I_x": 20 / second, "I_y": 20 / second, "I_ext": 20 / second},
        1 * ms,
        60 * ms,
        40 * ms,
        {"frequency": 10 * ms},
    ),
    Case(
        "WongWang",
        {"w": 1.0},
        {"S": 0.3},
        {"I_ext": 20 * pA},
        {"I_ext": 20 * pA},
        4 * ms,
        400 * ms,
        300 * ms,
        {"J_N": 0.3 * mV},
    ),
    Case(
        "WongWangDecision",
        {"c": 0.1},
        {"S1": 0.2, "S2": 0.15},
        {"mu": 20 * Hz, "I_1": 2 * pA, "I_2": 5 * pA},
        {"mu": 10 * Hz, "I_1": 5 * pA, "I_2": 5 * pA},
        4 * ms,
        400 * ms,
        300 * ms,
        {"J_ext": 5.2e-4 * nA},
    ),
    Case(
        "WongWangExcInh",
        {"J_I": 0.9 * nA},
        {"S_E": 0.4, "S_I": 0.1},
        {"I_ext": 20 * pA, "I_inh": 10 * pA},
        {"I_ext": 20 * pA, "I_inh": 10 * pA},
        0.4 * ms,
        60 * ms,
        40 * ms,
        {"tau_e": 10 * Hz},
    ),
    Case(
        "Epileptor",
        {"tau": 5 * ms, "tau_0": 20.0, "x0": -2.0},
        {"x1": -1.5, "y1": -10.0, "z": 3.4, "x2": -0.9, "y2": 0.1, "g": -150.0},
        {"I_1": 0.1, "I_2": -0.05, "I_z": 0.1},
        {"I_1": 0.1, "I_2": 0.05, "I_z": 0.5},
        0.2 * ms,
        30 * ms,
        30 * ms,
        {"tau": 10 * Hz},
    ),
    Case(
        "LarterBreakspear",
        {"tau": 5 * ms, "C": 0.1},
        {"V": -0.2, "W": 0.3, "Z": 0.15},
        {"Q": 0.3, "I": 0.3},
        {"Q": 0.2, "I": 0.1},
        0.4 * ms,
        40 * ms,
        40 * ms,
        {"tau": 10 * Hz},
    ),
    Case(
        "ThresholdLinear",
        {"w": 10 * pA / Hz, "theta": 10 * pA},
        {"r": 30 * Hz},
        {"I_ext": 100 * pA},
        {"I_ext": 50 * pA},
        1 * ms,
        60 * ms,
        40 * ms,
        {"gain": 0.066 * Hz},
    ),
)
"""Every model of the package once."""

IDS = tuple(case.name for case in MODELS)
