"""The right-hand sides of all models once more, by hand and on their own, and instruments for their
equilibria, bifurcations and cycles.

Jacobians are those of the declared equations; where numbers have a second source, it is `BY_HAND`.
"""

import itertools
import math

import numpy as np
from scipy.optimize import brentq

import neuromass as nm
from neuromass.dynamics.jacobian import jacobian

PI = math.pi


# --------------------------------------------------------------------------- the models again


def qif(p, r, v, drive, loss=0.0, pull=0.0):
    """r' and v' of a QIF population, with what is added to eta and taken off the two."""
    rp = p["delta"] / (PI * p["tau"] ** 2) + (2 * v - loss) * r / p["tau"]
    vp = (v * v + p["eta"] + p["I_ext"] + drive - pull - (PI * p["tau"] * r) ** 2) / p["tau"]
    return rp, vp


def by_hand_qif(p, r, v):
    return qif(p, r, v, p["J"] * p["tau"] * r)


def by_hand_adaptation(p, r, v, a):
    return (*qif(p, r, v, p["J"] * p["tau"] * r - a), -a / p["tau_a"] + p["alpha"] * r)


def alpha_kernel(p, r, a, x):
    return x / p["tau_a"], p["alpha"] * r - (2 * x + a) / p["tau_a"]


def by_hand_alpha_adaptation(p, r, v, a, x):
    return (*qif(p, r, v, p["J"] * p["tau"] * r - a), *alpha_kernel(p, r, a, x))


def by_hand_depression(p, r, v, a, x):
    return (*qif(p, r, v, p["J"] * p["tau"] * r * (1 - a)), *alpha_kernel(p, r, a, x))


def by_hand_tsodyks_markram(p, r, v, x, u):
    released = u * x * r
    dx = (1 - x) / p["tau_d"] - released
    du = (p["U0"] - u) / p["tau_f"] + p["U0"] * (1 - u) * r
    return (*qif(p, r, v, p["J"] * p["tau"] * released), dx, du)


def by_hand_synaptic(p, r, v, s):
    return (*qif(p, r, v, p["J"] * s), (p["tau"] * r - s) / p["tau_s"])


def by_hand_gap_junction(p, r, v):
    return qif(p, r, v, p["J"] * p["tau"] * r, loss=p["g"])


def by_hand_asymmetric_spikes(p, r, v):
    """Gap junctions pull to a mean potential that the height of spikes enters."""
    mean = v - p["tau"] * r * math.log(p["asymmetry"])
    drive = p["J"] * p["tau"] * r + p["g"] * (mean - v)
    return qif(p, r, v, drive, loss=p["g"])


def by_hand_conductance(p, r, v, g, q):
    dq = (p["kappa"] * PI * p["tau"] * r - g - 2 * q) / p["tau_s"]
    return (*qif(p, r, v, g * p["v_syn"], loss=g, pull=g * v), q / p["tau_s"], dq)


def by_hand_izhikevich(p, r, v, u, s):
    C, k, vr, vt, g = (p[name] for name in ("C", "k", "v_r", "v_t", "g"))
    dr = p["delta"] * k**2 * (v - vr) / (PI * C) + r * (k * (2 * v - vr - vt) - g * s)
    dv = k * v * (v - vr - vt) + k * vr * vt + p["eta"] + p["I_ext"] - u + g * s * (p["E_r"] - v)
    dv -= PI * C * r * (p["delta"] + PI * C * r / k)
    return dr / C, dv / C, p["a"] * (p["b"] * (v - vr) - u) + p["d"] * r, -s / p["tau_s"] + r


def by_hand_izhikevich_currents(p, r, v, u, s):
    """Neurons with x = v - (v_r + v_t) / 2 are quadratic ones, and fire at k w / (pi C)."""
    C, k = p["C"], p["k"]
    x, gap, w = v - (p["v_r"] + p["v_t"]) / 2, (p["v_t"] - p["v_r"]) / 2, PI * C * r / k
    dw = p["delta"] / C + 2 * k * x * w / C - p["g"] * s * w / C
    dv = k * (x * x - gap * gap - w * w) + p["eta"] + p["I_ext"] - u
    dv += p["g"] * s * p["E_r"] - p["g"] * s * v
    recovery = p["a"] * p["b"] * (x + gap) - p["a"] * u + p["d"] * r
    return k * dw / (PI * C), dv / C, recovery, r - s / p["tau_s"]


def by_hand_wilson_cowan(p, e, i):
    def sigmoid(x, a, theta):
        return 1 / (1 + math.exp(-a * (x - theta))) - p["offset"] / (1 + math.exp(a * theta))

    k_e = 1 - p["offset"] / (1 + math.exp(p["a_e"] * p["theta_e"]))
    k_i = 1 - p["offset"] / (1 + math.exp(p["a_i"] * p["theta_i"]))
    s_e = sigmoid(p["c_ee"] * e - p["c_ei"] * i + p["P"], p["a_e"], p["theta_e"])
    s_i = sigmoid(p["c_ie"] * e - p["c_ii"] * i + p["Q"], p["a_i"], p["theta_i"])
    de = (-e + (k_e - p["r_e"] * e) * s_e) / p["tau_e"]
    return de, (-i + (k_i - p["r_i"] * i) * s_i) / p["tau_i"]


def by_hand_jansen_rit(p, y0, y1, y2, y3, y4, y5):
    def rate(v):
        return 2 * p["e0"] / (1 + math.exp(p["rho"] * (p["v0"] - v)))

    A, B, a, b, C = (p[name] for name in ("A", "B", "a", "b", "C"))
    return (
        y3,
        y4,
        y5,
        A * a * rate(y1 - y2) - 2 * a * y3 - a * a * y0,
        A * a * (p["p"] + 0.8 * C * rate(C * y0)) - 2 * a * y4 - a * a * y1,
        B * b * 0.25 * C * rate(0.25 * C * y0) - 2 * b * y5 - b * b * y2,
    )


def by_hand_wendling(p, *y):
    A, B, G, a, b, g, C = (p[name] for name in ("A", "B", "G", "a", "b", "g", "C"))
    sigmoid = lambda v: 2 * p["e0"] / (1 + math.exp(p["rho"] * (p["v0"] - v)))
    slow = sigmoid(C * y[0] / 4)
    filters = (
        (A, a, sigmoid(y[1] - y[2] - y[3])),
        (A, a, p["p"] + 0.8 * C * sigmoid(C * y[0])),
        (B, b, C / 4 * slow),
        (G, g, 0.8 * C * sigmoid(0.3 * C * y[0] - 0.1 * C * y[4])),
        (B, b, slow),
    )
    moved = zip(filters, y[:5], y[5:], strict=True)
    return (*y[5:], *(k * (gain * x - 2 * speed - k * z) for (gain, k, x), z, speed in moved))


def by_hand_stuart_landau(p, x, y):
    z, turn = complex(x, y), 2 * PI * p["frequency"]
    growth = p["a"] * z - complex(1, p["shear"]) * abs(z) ** 2 * z + complex(p["I_x"], p["I_y"])
    rate = growth / p["tau"] + 1j * turn * z
    return rate.real, rate.imag


def by_hand_van_der_pol(p, x, y):
    acceleration = p["mu"] * y - p["mu"] * x * x * y - x + p["I_ext"]
    return y / p["tau"], acceleration / p["tau"]


def by_hand_fitzhugh_nagumo(p, v, w):
    recovery = (p["a"] + v - p["b"] * w) * p["phi"]
    return (v * (1 - v * v / 3) - w + p["I_ext"]) / p["tau"], recovery / p["tau"]


def by_hand_kuramoto(p, theta):
    pull = (complex(p["I_x"], p["I_y"]) * complex(math.cos(theta), -math.sin(theta))).imag
    return (p["I_ext"] + p["frequency"] * 2 * PI + pull,)


def gating_rate(current, a, b, d):
    """The rate of Wong and Wang's neurons, as it is printed."""
    return (a * current - b) / (1 - math.exp(-d * (a * current - b)))


def by_hand_wong_wang(p, s):
    current = p["w"] * p["J_N"] * s + p["I_0"] + p["I_ext"]
    return (-s / p["tau_s"] + (1 - s) * p["gamma"] * gating_rate(current, p["a"], p["b"], p["d"]),)


def by_hand_decision(p, s1, s2):
    drive = p["I_0"] + p["J_ext"] * p["mu"]
    shift = p["J_ext"] * p["mu"] * p["c"]
    x1 = p["J11"] * s1 - p["J12"] * s2 + drive + shift + p["I_1"]
    x2 = p["J11"] * s2 - p["J12"] * s1 + drive - shift + p["I_2"]
    curve = p["a"], p["b"], p["d"]
    opened1, opened2 = (p["gamma"] * gating_rate(x, *curve) for x in (x1, x2))
    return (1 - s1) * opened1 - s1 / p["tau_s"], (1 - s2) * opened2 - s2 / p["tau_s"]


def by_hand_wong_wang_exc_inh(p, e, i):
    x_e = p["W_e"] * p["I_0"] + p["w_p"] * p["J_N"] * e - p["J_I"] * i + p["I_ext"]
    x_i = p["W_i"] * p["I_0"] + p["J_N"] * e - p["J_II"] * i + p["I_inh"]
    r_e = gating_rate(x_e, p["a_e"], p["b_e"], p["d_e"])
    r_i = gating_rate(x_i, p["a_i"], p["b_i"], p["d_i"])
    return -e / p["tau_e"] + (1 - e) * p["gamma"] * r_e, r_i - i / p["tau_i"]


def by_hand_epileptor(p, x1, y1, z, x2, y2, g):
    f1 = x1**3 - 3 * x1**2 if x1 < 0 else (x2 - 0.6 * (z - 4) ** 2) * x1
    f2 = 0.0 if x2 < -0.25 else 6 * (x2 + 0.25)
    rates = (
        y1 - f1 - z + p["I_rest1"] + p["I_1"],
        p["y0"] - 5 * x1**2 - y1,
        (4 * (x1 - p["x0"]) - z + p["I_z"]) / p["tau_0"],
        -y2 + x2 - x2**3 + p["I_rest2"] + p["I_2"] + 0.002 * g - 0.3 * (z - 3.5),
        (f2 - y2) / p["tau_2"],
        x1 - p["gamma"] * g,
    )
    return tuple(rate / p["tau"] for rate in rates)


def by_hand_larter_breakspear(p, v, w, z):
    def part(x, threshold, spread):
        return 1 / (1 + math.exp(-2 * (x - threshold) / spread))

    m_ca, m_na = part(v, p["T_Ca"], p["d_Ca"]), part(v, p["T_Na"], p["d_Na"])
    q_v = p["Q_V_max"] * part(v, p["V_T"], p["d_V"])
    q_z = p["Q_Z_max"] * part(z, p["Z_T"], p["d_Z"])
    local, far = (1 - p["C"]) * p["a_ee"] * q_v, p["C"] * p["a_ee"] * p["Q"]
    dv = -(p["g_Ca"] + p["r_NMDA"] * local + p["r_NMDA"] * far) * m_ca * (v - p["V_Ca"])
    dv -= p["g_K"] * w * (v - p["V_K"]) + p["g_L"] * (v - p["V_L"])
    dv -= (p["g_Na"] * m_na + local + far) * (v - p["V_Na"])
    dv += p["a_ne"] * p["I"] - p["a_ie"] * z * q_z
    dw = p["phi"] * (part(v, p["T_K"], p["d_K"]) - w) / p["tau_K"]
    dz = p["b"] * (p["a_ni"] * p["I"] + p["a_ei"] * v * q_v)
    return dv / p["tau"], dw / p["tau"], dz / p["tau"]


def by_hand_threshold_linear(p, r):
    above = p["w"] * r + p["I_ext"] - p["theta"]
    return ((p["gain"] * above - r if above > 0 else -r) / p["tau"],)


BY_HAND = {
    "QIF": by_hand_qif,
    "QIFAdaptation": by_hand_adaptation,
    "QIFAlphaAdaptation": by_hand_alpha_adaptation,
    "QIFDepression": by_hand_depression,
    "QIFTsodyksMarkram": by_hand_tsodyks_markram,
    "QIFSynaptic": by_hand_synaptic,
    "QIFGapJunction": by_hand_gap_junction,
    "QIFAsymmetricSpikes": by_hand_asymmetric_spikes,
    "QIFConductance": by_hand_conductance,
    "IzhikevichMeanField": by_hand_izhikevich,
    "IzhikevichCurrents": by_hand_izhikevich_currents,
    "WilsonCowan": by_hand_wilson_cowan,
    "JansenRit": by_hand_jansen_rit,
    "Wendling": by_hand_wendling,
    "StuartLandau": by_hand_stuart_landau,
    "VanDerPol": by_hand_van_der_pol,
    "FitzHughNagumo": by_hand_fitzhugh_nagumo,
    "KuramotoOscillator": by_hand_kuramoto,
    "WongWang": by_hand_wong_wang,
    "WongWangDecision": by_hand_decision,
    "WongWangExcInh": by_hand_wong_wang_exc_inh,
    "Epileptor": by_hand_epileptor,
    "LarterBreakspear": by_hand_larter_breakspear,
    "ThresholdLinear": by_hand_threshold_linear,
}


def izhikevich_rest(p, r, v):
    return {"u": p["b"] * (v - p["v_r"]) + p["d"] * r / p["a"], "s": p["tau_s"] * r}


AT_REST = {
    "QIF": lambda p, r, v: {},
    "QIFAdaptation": lambda p, r, v: {"a": p["alpha"] * p["tau_a"] * r},
    "QIFAlphaAdaptation": lambda p, r, v: {"a": p["alpha"] * p["tau_a"] * r, "x": 0.0},
    "QIFDepression": lambda p, r, v: {"a": p["alpha"] * p["tau_a"] * r, "x": 0.0},
    "QIFTsodyksMarkram": lambda p, r, v: plastic_rest(p, r),
    "QIFSynaptic": lambda p, r, v: {"s": p["tau"] * r},
    "QIFGapJunction": lambda p, r, v: {},
    "QIFAsymmetricSpikes": lambda p, r, v: {},
    "QIFConductance": lambda p, r, v: {"g": p["kappa"] * PI * p["tau"] * r, "q": 0.0},
    "IzhikevichMeanField": izhikevich_rest,
    "IzhikevichCurrents": izhikevich_rest,
}
"""The other states at rest, where r and v are given."""


def plastic_rest(p, r):
    u = p["U0"] * (1 + p["tau_f"] * r) / (1 + p["U0"] * p["tau_f"] * r)
    return {"x": 1 / (1 + p["tau_d"] * u * r), "u": u}


# ------------------------------------------------------------------------------- instruments


def numbers(cls, **keywords):
    """Parameters and inputs in internal units, defaults for those not given."""
    model = cls.model
    declared = {**model.parameters, **model.inputs}
    return {
        name: float(each.convert(keywords[name])) if name in keywords else each.default
        for name, each in declared.items()
    }


def rates(cls, values):
    """The declared derivatives; of arrays too."""
    found = cls.equations.evaluate(values)[: len(cls.equations.states)]
    return np.array(np.broadcast_arrays(*found), dtype=float)


def branch(cls, p, r):
    """Values at the equilibrium of rate r (or rates), and the eta that puts it there.

    dr/dt is linear in v, and dv/dt is linear in eta: two evaluations give each.
    """
    others = AT_REST[cls.__name__]
    values = {**p, "r": r, "v": 0.0, **others(p, r, 0.0)}
    values["v"] = zero_of_line(lambda v: rates(cls, {**values, "v": v})[0])
    values |= others(p, r, values["v"])
    values["eta"] = zero_of_line(lambda eta: rates(cls, {**values, "eta": eta})[1])
    return values


def zero_of_line(line):
    at_zero, at_one = line(0.0), line(1.0)
    return -at_zero / (at_one - at_zero)


def eigenvalues(cls, values):
    return np.linalg.eigvals(jacobian(cls.equations, values))


def pair(cls, values):
    """The complex eigenvalue of largest real part, NaN if all are real."""
    found = [each for each in eigenvalues(cls, values) if each.imag > 1e-9]
    return max(found, key=lambda each: each.real, default=complex("nan"))


def sign_changes(function, grid):
    """Roots of a function of one variable between the points of a grid."""
    values = [function(x) for x in grid]
    return [
        brentq(function, low, high, xtol=1e-15, rtol=1e-14)
        for (low, high), (first, second) in zip(
            itertools.pairwise(grid), itertools.pairwise(values), strict=True
        )
        if first * second < 0
    ]


def hopf_points(at, cls, grid):
    """Values at the Hopf bifurcations of the branch `at(x)`, and their angular frequency.

    The real part also jumps through zero where two real eigenvalues become a pair.
    """
    roots = sign_changes(lambda x: pair(cls, at(x)).real, grid)
    found = [(at(x), pair(cls, at(x))) for x in roots]
    return [(values, each.imag) for values, each in found if abs(each.real) < 1e-9]


def folds(at, cls, grid):
    """Values where the branch `at(x)` turns back: an eigenvalue is zero."""
    det = lambda x: np.linalg.det(jacobian(cls.equations, at(x)))
    return [at(x) for x in sign_changes(det, grid)]


def crossings(rec, name):
    """Times in ms at which a trace rises through its mean, in its second half."""
    t, y = rec.t.magnitude, rec[name].magnitude
    start = len(t) // 2
    t, y = t[start:], y[start:]
    level = y.mean()
    below = np.flatnonzero((y[:-1] < level) & (y[1:] >= level))
    return t[below] + (t[1] - t[0]) * (level - y[below]) / (y[below + 1] - y[below])


def period(pop, duration, name="r"):
    """Period in ms of the cycle on which a population has settled after some time."""
    nm.run(pop, duration, record=name, every=round((duration / pop.dt).to("").magnitude))
    times = crossings(nm.run(pop, duration, record=name), name)
    assert len(times) > 3
    assert np.allclose(np.diff(times), np.diff(times)[0], rtol=1e-5)
    return (times[-1] - times[0]) / (len(times) - 1)


def extrapolated(measure, dt):
    """A measured number without its errors of order two and three: from dt, dt/2, dt/4."""
    first, second, third = (measure(dt / parts) for parts in (1, 2, 4))
    return (8 * (4 * third - second) - (4 * second - first)) / 21


def final(pop):
    return np.array([getattr(pop.raw, name) for name in pop.state])


# ------------------------------------------------------------------------- QIF: equilibria


EQUILIBRIA = [
    (0.0811344419501197, -1.96161998858317, "node", "stable"),
    (0.472980340684684, -0.336493780822906, "saddle", "unstable"),
    (1.03059679883757, -0.154429883026426, "focus", "stable"),
]


# --------------------------------------------------------------------- adaptation, depression


def on_branch(cls, **keywords):
    p = numbers(cls, **keywords)
    return lambda r: branch(cls, p, r)
