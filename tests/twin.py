"""A naive second opinion: philox, normals, noise and steps in plain Python, one number at a time.

Written from the paper on philox and from the package's description of its numerics; nothing
here comes from the package. All numbers are plain floats in ms and 1/ms.
"""

import math
import zlib

PI = math.pi
WORD = 1 << 32


def philox(counter, key):
    """Philox 4x32-10: Salmon et al. 2011, section 3.3."""
    a, b, c, d = counter
    k0, k1 = key
    for _ in range(10):
        high0, low0 = divmod(0xD2511F53 * a, WORD)
        high1, low1 = divmod(0xCD9E8D57 * c, WORD)
        a, b, c, d = high1 ^ b ^ k0, low1, high0 ^ d ^ k1, low0
        k0, k1 = (k0 + 0x9E3779B9) % WORD, (k1 + 0xBB67AE85) % WORD
    return a, b, c, d


def normal(seed, lane, source, step):
    """The normal of one step: the first of a Box-Muller pair if it is even, the second if odd."""
    pair = step // 2
    counter = (pair % WORD, lane, zlib.crc32(source.encode()), pair // WORD)
    words = philox(counter, (seed % WORD, seed // WORD))
    first = ((words[0] << 21) + (words[1] >> 11) + 1) / 2**53
    second = ((words[2] << 21) + (words[3] >> 11)) / 2**53
    wave = math.sin if step % 2 else math.cos
    return math.sqrt(-2 * math.log(first)) * wave(2 * PI * second)


class White:
    def __init__(self, sigma):
        self.sigma = sigma


class Coloured:
    """Ornstein-Uhlenbeck."""

    def __init__(self, sigma, tau):
        self.sigma, self.tau, self.value = sigma, tau, None

    def next(self, dt, n):
        if self.value is None:
            self.value = self.sigma * n
        else:
            decay = math.exp(-dt / self.tau)
            self.value = decay * self.value + self.sigma * math.sqrt(1 - decay**2) * n
        return self.value


class Twin:
    """One population: `rates` maps states, inputs and parameters to derivatives, by name."""

    def __init__(self, rates, state, parameters, dt, method="heun", noise=None, seed=0, lane=0,
                 lower=None):  # fmt: skip
        self.rates, self.parameters, self.dt, self.method = rates, parameters, dt, method
        self.state, self.noise, self.lower = dict(state), dict(noise or {}), dict(lower or {})
        self.seed, self.lane, self.clock = seed, lane, 0
        self.used = {}

    def step(self, **inputs):
        """Take one step with the inputs held; what was used of them is in `used` afterwards."""
        force, kick = dict.fromkeys(self.state, 0.0), dict.fromkeys(self.state, 0.0)
        for name, source in self.noise.items():
            n = normal(self.seed, self.lane, name, self.clock)
            if isinstance(source, Coloured):
                place = force if name in self.state else inputs
                place[name] += source.next(self.dt, n)
            elif name in self.state:
                kick[name] = source.sigma * math.sqrt(self.dt) * n
            else:
                inputs[name] += source.sigma * n / math.sqrt(self.dt)
        self.used = inputs
        k = self._rates(self.state, inputs, force)
        moved = {x: y + self.dt * k[x] + kick[x] for x, y in self.state.items()}
        if self.method == "rk4":
            moved = self._runge_kutta(k, inputs, force, kick)
        if self.method == "heun":
            m = self._rates(moved, inputs, force)
            moved = {x: y + self.dt * (k[x] + m[x]) / 2 + kick[x] for x, y in self.state.items()}
        if self.noise:
            moved = {x: max(y, self.lower.get(x, y)) for x, y in moved.items()}
        self.state = moved
        self.clock += 1
        return moved

    def _runge_kutta(self, k, inputs, force, kick):
        """The classical method for what noise adds at a constant rate over the step."""
        slopes = [{x: k[x] + kick[x] / self.dt for x in self.state}]
        for part in (0.5, 0.5, 1.0):
            at = {x: y + part * self.dt * slopes[-1][x] for x, y in self.state.items()}
            found = self._rates(at, inputs, force)
            slopes.append({x: found[x] + kick[x] / self.dt for x in self.state})
        mean = {x: sum(w * s[x] for w, s in zip((1, 2, 2, 1), slopes, strict=True)) / 6
                for x in self.state}  # fmt: skip
        return {x: y + self.dt * mean[x] for x, y in self.state.items()}

    def _rates(self, state, inputs, force):
        found = self.rates(**state, **inputs, **self.parameters)
        return {name: rate + force[name] for name, rate in zip(state, found, strict=True)}


# ----------------------------------------------------- the equations, as the papers print them


def qif(r, v, I_ext, tau, eta, delta, J):
    drdt = (delta / (PI * tau) + 2 * r * v) / tau
    dvdt = (v**2 + eta + J * tau * r + I_ext - (PI * tau * r) ** 2) / tau
    return drdt, dvdt


def relay(v, s, current, drive, tau, C, rest, top, theta, slope, tau_s):
    dvdt = (rest - v + top / (1 + math.exp(-(v - theta) / slope))) / tau + s * current / C
    dsdt = drive * (1 - s) - s / tau_s
    return dvdt, dsdt


def decay(x, tau, drift):
    return (drift - x / tau,)


# --------------------------------------------------------------------------- exact solutions


def qif_without_coupling(t, r, v, eta, delta):
    """Rate and potential at t (in units of tau) of a QIF population with J = 0."""
    root = complex(eta, -delta) ** 0.5
    start = complex(PI * r, v)
    share = (start - root) / (start + root)
    turned = share * complex(math.e) ** (-2j * root * t)
    now = root * (1 + turned) / (1 - turned)
    return now.real / PI, now.imag
