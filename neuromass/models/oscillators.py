r"""Oscillators that stand for a population: normal forms, relaxation oscillators, a phase."""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np

from neuromass.declaration import Input, Output, Parameter, State
from neuromass.dynamics.polynomials import Polynomial
from neuromass.populations.population import Population
from neuromass.units import Hz, ms, second


class StuartLandau(Population):
    r"""The Stuart-Landau oscillator, the normal form of a Hopf bifurcation.

    .. math::

        \tau \dot x &= a x - (x^2 + y^2)(x - c y) - 2 \pi f \tau y + I_x(t) \\
        \tau \dot y &= a y - (x^2 + y^2)(y + c x) + 2 \pi f \tau x + I_y(t)

    or :math:`\tau \dot z = (a + 2 \pi i f \tau) z - (1 + i c) |z|^2 z + I(t)` with
    :math:`z = x + i y`. Here f is ``frequency`` and c is ``shear``. Below a = 0 the oscillator
    rests at z = 0 and noise makes it swing at f; above, it is on a limit cycle of amplitude
    :math:`\sqrt a` and frequency :math:`f - c a / (2 \pi \tau)`.

    The equations are those of any system close to a supercritical Hopf bifurcation, in suitable
    coordinates. They have no time of their own: tau says how fast the amplitude settles, in
    :math:`\tau / (2 a)` on the cycle; f is a frequency of the laboratory and does not scale
    with it. a = 0.25 is the value of neurolib, tau = 10 ms and f = 10 Hz are choices.

    Notes
    -----
    Names elsewhere; their equations have tau = 1 and no shear:

    =========  ==============  ===================  ============================
    here       TVB, SupHopf    neurolib, HopfModel  brainmass, HopfStep (beta=1)
    =========  ==============  ===================  ============================
    a          a               a                    a
    frequency  omega / (2 pi)  w / (2 pi)           w / (2 pi)
    shear      0               0                    0
    tau        1 ms            1 ms                 1 ms
    =========  ==============  ===================  ============================

    brainmass' StuartLandauStep is the same. PyRates' sl has a = 1, and z where the normal form
    has x in the growth of x: it is another system.

    References
    ----------
    Stuart, J. Fluid Mech. 9, 353 (1960), doi:10.1017/S002211206000116X

    Deco, Kringelbach, Jirsa and Ritter, Sci. Rep. 7, 3095 (2017),
    doi:10.1038/s41598-017-03073-5, for its use in whole brains.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> rec = nm.run(nm.StuartLandau(a=0.25), 1000 * ms)[500 * ms:]
    >>> print(f"{rec.x.magnitude.max():.3f}, {nm.measures.frequency('x')(rec):.2f~P}")
    0.500, 10.00 Hz
    """

    default_dt = 0.1 * ms
    family = "oscillators"
    exact_for = "any system close to a supercritical Hopf bifurcation"
    source = "Stuart 1960; Deco, Kringelbach, Jirsa, Ritter 2017"

    tau = Parameter(10 * ms, positive=True, doc="time constant of the amplitude")
    a = Parameter(0.25, doc="distance from the Hopf bifurcation; the squared amplitude")
    frequency = Parameter(10 * Hz, doc="frequency of small swings")
    shear = Parameter(0.0, doc="how much slower large swings are")

    x = State(0.1, doc="real part of z")
    y = State(0.0, doc="imaginary part of z")

    I_x = Input(doc="input to x")
    I_y = Input(doc="input to y")

    @staticmethod
    def derivatives(
        x: Any, y: Any, I_x: Any, I_y: Any, tau: Any, a: Any, frequency: Any, shear: Any
    ) -> Any:
        """Return the rates of change of x and y."""
        square = x**2 + y**2
        turn = 2 * math.pi * frequency
        dxdt = (a * x - square * (x - shear * y) + I_x) / tau - turn * y
        dydt = (a * y - square * (y + shear * x) + I_y) / tau + turn * x
        return dxdt, dydt

    @classmethod
    def deco2017(cls, **changes: Any) -> Self:
        """Make a region of the whole-brain model of 2017: a = -0.02, tau = 1 s, f = 0.05 Hz.

        It stands at the edge of oscillation, where noise makes it swing slowly, as the BOLD
        signal does. The noise that goes with it is ``noise={"x": nm.noise.White(sigma)}``, and
        the same for y, with sigma = 0.02 or 0.01 per root of a second in programs of these
        authors. There the frequency of each region is that of the peak of its own measured
        signal; 0.05 Hz is a choice.

        Parameters
        ----------
        **changes
            Parameters, or any keyword of the constructor, that should differ.

        Returns
        -------
        StuartLandau

        Examples
        --------
        >>> import neuromass as nm
        >>> (rest,) = nm.StuartLandau.deco2017().equilibria()
        >>> print(rest.stability, rest.kind, f"{rest.frequency:.2f~P}")
        stable focus 0.05 Hz
        """
        slow = {"tau": 1 * second, "frequency": 0.05 * Hz, "dt": 1 * ms}
        return cls(**{"a": -0.02, "shear": 0.0, **slow, **changes})

    @staticmethod
    def solve(p: Any) -> dict[str, Any]:
        """Solve for the squared modulus, a root of a cubic."""
        square = Polynomial.unknown(len(p.a))
        turn = 2 * math.pi * p.frequency * p.tau
        growth, rotation = p.a - square, turn - p.shear * square
        strength = p.I_x**2 + p.I_y**2
        found = (square * (growth**2 + rotation**2) - strength).positive_roots()
        found = np.concatenate([np.where(strength > 0.0, np.nan, 0.0)[None], found])
        force = p.I_x + 1j * p.I_y
        z = -force / ((p.a - found) + 1j * (turn - p.shear * found))
        z = np.where(found == 0.0, 0.0, np.where(np.isnan(found), np.nan, z))
        return {"x": z.real, "y": np.where(np.isnan(z), np.nan, z.imag)}


class VanDerPol(Population):
    r"""Van der Pol's oscillator.

    .. math::

        \tau \dot x &= y \\
        \tau \dot y &= \mu (1 - x^2) y - x + I_\mathrm{ext}(t)

    For small mu it swings as a sine of amplitude 2 with period 2 pi tau; for large mu it
    relaxes: x creeps and jumps, once in about :math:`(3 - 2 \ln 2) \mu \tau`. The equations
    have no time of their own; tau carries it, and tau = 10 ms is a choice, with mu = 1.

    Notes
    -----
    With mu = 1 the period is 6.66328686 tau. PyRates' vdp has the same equations, with z for y;
    brainmass' VanDerPolStep has Liénard's form,
    :math:`\dot x = \mu (x - x^3/3 - y)`, :math:`\dot y = x / \mu`, with the same x.

    References
    ----------
    van der Pol, Phil. Mag. 2, 978 (1926), doi:10.1080/14786442608564127

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> rec = nm.run(nm.VanDerPol(tau=10 * ms, mu=1.0), 1000 * ms)
    >>> print(f"{nm.measures.period('x')(rec[500 * ms:]):.1f~P}")
    66.6 ms
    """

    default_dt = 0.1 * ms
    family = "oscillators"
    exact_for = "nothing: a phenomenological model"
    source = "van der Pol 1926"

    tau = Parameter(10 * ms, positive=True, doc="time constant")
    mu = Parameter(1.0, doc="strength of the nonlinear damping")

    x = State(0.1, doc="what oscillates")
    y = State(0.0, doc="its rate of change times tau")

    I_ext = Input(doc="external input")

    @staticmethod
    def derivatives(x: Any, y: Any, I_ext: Any, tau: Any, mu: Any) -> Any:
        """Return the rates of change of x and y."""
        return y / tau, (mu * (1 - x**2) * y - x + I_ext) / tau

    @staticmethod
    def solve(p: Any) -> dict[str, Any]:
        """Return the only equilibrium: x is the input."""
        return {"x": p.I_ext[None] + 0 * p.tau, "y": 0.0}


class FitzHughNagumo(Population):
    r"""The model of FitzHugh and Nagumo: an excitable system in two variables.

    .. math::

        \tau \dot v &= v - \frac{v^3}{3} - w + I_\mathrm{ext}(t) \\
        \tau \dot w &= \varphi (v + a - b w)

    v is the fast variable, as a potential is, and w the slow recovery. At rest a push beyond
    threshold makes one large excursion; with an input between two Hopf bifurcations the model
    spikes without end. The equations have no time of their own; tau carries it, and 1 ms makes
    some 25 spikes a second.

    phi = 0.08, a = 0.7 and b = 0.8 are the values of 1961.

    Notes
    -----
    Equilibria satisfy :math:`b (v^3/3 - v - I) + v + a = 0`, and the Hopf bifurcations lie at
    :math:`v = \pm \sqrt{1 - b \varphi}`: for the defaults at I = 0.3313 and 1.4187.

    FitzHugh writes x for v and y for -w, c for :math:`1 / \sqrt\varphi` and z for -I. TVB's
    Generic2dOscillator becomes this model with d = sqrt(phi), tau = 1 / sqrt(phi), f = 1/3,
    e = 0, g = 1, alpha = -1, b = 1, c = 0, beta = b and the same a. neurolib's FHNModel and
    brainmass' FitzHughNagumoStep have the cubic :math:`-\alpha x^3 + \beta x^2 + \gamma x` and
    the recovery :math:`(x - \delta - \varepsilon y) / \tau`: this model for alpha = 1/3,
    beta = 0, gamma = 1, delta = -a, epsilon = b and tau = 1 / phi.

    References
    ----------
    FitzHugh, Biophys. J. 1, 445 (1961), doi:10.1016/S0006-3495(61)86902-6

    Nagumo, Arimoto and Yoshizawa, Proc. IRE 50, 2061 (1962), doi:10.1109/JRPROC.1962.288235

    Examples
    --------
    >>> import neuromass as nm
    >>> diagram = nm.analysis.continuation(nm.FitzHughNagumo(), "I_ext", (0, 2))
    >>> [round(float(hopf.I_ext), 4) for hopf in diagram.hopfs]
    [0.3313, 1.4187]
    """

    default_dt = 0.05 * ms
    family = "oscillators"
    exact_for = "nothing: a phenomenological model"
    source = "FitzHugh 1961; Nagumo, Arimoto, Yoshizawa 1962"

    tau = Parameter(1 * ms, positive=True, doc="time constant of the fast variable")
    phi = Parameter(0.08, positive=True, doc="how much slower the recovery is")
    a = Parameter(0.7, doc="offset of the recovery")
    b = Parameter(0.8, doc="decay of the recovery")

    v = State(-1.2, doc="fast variable, as a potential is")
    w = State(-0.62, doc="recovery")

    I_ext = Input(doc="external input")

    @staticmethod
    def derivatives(v: Any, w: Any, I_ext: Any, tau: Any, phi: Any, a: Any, b: Any) -> Any:
        """Return the rates of change of v and w."""
        dvdt = (v - v**3 / 3 - w + I_ext) / tau
        dwdt = phi * (v + a - b * w) / tau
        return dvdt, dwdt

    @classmethod
    def fitzhugh1961(cls, **changes: Any) -> Self:
        """Make the excitable system of the paper, at rest: phi = 0.08, a = 0.7, b = 0.8.

        Parameters
        ----------
        **changes
            Parameters, or any keyword of the constructor, that should differ.

        Returns
        -------
        FitzHughNagumo

        Examples
        --------
        >>> import neuromass as nm
        >>> print(nm.FitzHughNagumo.fitzhugh1961().equilibria()[0])
        <stable focus: v = -1.19941, w = -0.62426>
        """
        return cls(**{"phi": 0.08, "a": 0.7, "b": 0.8, "initial": "rest", **changes})

    @staticmethod
    def solve(p: Any) -> dict[str, Any]:
        """Solve for v, a root of a cubic."""
        v = Polynomial.unknown(len(p.b))
        found = (p.b * (v**3 / 3.0 - v - p.I_ext) + v + p.a).real_roots()
        return {"v": found, "w": found - found**3 / 3 + p.I_ext}


class KuramotoOscillator(Population):
    r"""A phase oscillator, as in Kuramoto's model.

    .. math::

        \dot\theta = 2 \pi f + I_y(t) \cos\theta - I_x(t) \sin\theta + I_\mathrm{ext}(t)

    theta is a phase in radians, which grows without end, and f is ``frequency``. The inputs I_x
    and I_y are a field that pulls the phase into its direction: with
    :math:`I_x + i I_y = \frac{K}{N} \sum_j e^{i \theta_j}` the equations are Kuramoto's,

    .. math:: \dot\theta_i = 2 \pi f_i + \frac{K}{N} \sum_j \sin(\theta_j - \theta_i),

    which a connection from ``theta`` to I_ext by ``nm.couplings.sine`` gives, too. The equations
    are exact for weakly coupled limit cycles. The frequency, 10 Hz unless given, carries the
    time.

    Notes
    -----
    With frequencies from a Lorentzian whose half-width is :math:`\Delta`, in radians per time,
    infinitely many oscillators synchronise beyond :math:`K = 2 \Delta`, to an order parameter
    of modulus :math:`\sqrt{1 - 2 \Delta / K}`.

    TVB's Kuramoto and PyRates' phase_pop have omega for :math:`2 \pi f`; so has the
    KuramotoModel in neurolib's repository, and k for K; brainmass' KuramotoNetwork holds all
    oscillators. Not to be taken for `kuramoto`, the order parameter of a QIF population.

    References
    ----------
    Kuramoto, Chemical Oscillations, Waves, and Turbulence, Springer (1984),
    doi:10.1007/978-3-642-69689-3

    Examples
    --------
    Two oscillators, 2 Hz apart, lock with a phase difference of arcsin(0.2 pi):

    >>> import numpy as np
    >>> import neuromass as nm
    >>> from neuromass.units import Hz, second
    >>> net = nm.Network({"pair": nm.KuramotoOscillator(frequency=[9.0, 11.0] * Hz)})
    >>> each_other = 10 * np.array([[0, 1], [1, 0]]) / second
    >>> phases = {"variable": "theta", "input": "I_ext", "function": nm.couplings.sine}
    >>> made = net.connect("pair", "pair", weight=each_other, **phases)
    >>> rec = nm.run(net, 2 * second)
    >>> lead = np.diff(net["pair"].theta.magnitude)
    >>> print(np.sin(lead).round(6), round(0.2 * np.pi, 6))
    [0.628319] 0.628319
    """

    default_dt = 1 * ms
    family = "oscillators"
    exact_for = "weakly coupled limit cycles"
    source = "Kuramoto 1984"

    frequency = Parameter(10 * Hz, doc="frequency without input")

    theta = State(0.0, doc="phase in radians")

    I_x = Input(1 / second, doc="field that pulls the phase to 0, in radians per time")
    I_y = Input(1 / second, doc="field that pulls the phase to pi/2, in radians per time")
    I_ext = Input(1 / second, doc="what is added to the speed of the phase, in radians per time")

    x = Output(lambda theta: np.cos(theta), doc="cosine of the phase")  # noqa: PLW0108
    y = Output(lambda theta: np.sin(theta), doc="sine of the phase")  # noqa: PLW0108

    @staticmethod
    def derivatives(theta: Any, I_x: Any, I_y: Any, I_ext: Any, frequency: Any) -> Any:
        """Return the rate of change of the phase."""
        pull = I_y * np.cos(theta) - I_x * np.sin(theta)
        return 2 * math.pi * frequency + pull + I_ext

    @staticmethod
    def solve(p: Any) -> dict[str, Any]:
        """Solve for the phases, two in a circle, at which the field holds the oscillator."""
        speed, field = 2 * math.pi * p.frequency + p.I_ext, p.I_x + 1j * p.I_y
        lag = np.arcsin(speed / abs(field))
        lags = np.stack([lag, np.where(abs(lag) < math.pi / 2, math.pi - lag, np.nan)])
        return {"theta": np.angle(field) + np.where(lags > math.pi, lags - 2 * math.pi, lags)}
