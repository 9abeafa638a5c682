"""One figure per model, of what its paper shows: ``python tests/figures.py OUTDIR``."""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import neuromass as nm
from neuromass.units import Hz, ms, mV, nA, pA, second

BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#777777"
"""Colours that the colour-blind tell apart (Okabe and Ito)."""

STYLE = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "lines.linewidth": 1.3,
    "savefig.dpi": 130,
}
STABLE = {"color": BLUE, "label": "stable"}
UNSTABLE = {"color": ORANGE, "ls": "--", "label": "unstable"}


def rows(heights, width=6.5, title=""):
    """Panels over each other with one time axis."""
    figure, axes = plt.subplots(
        len(heights),
        1,
        figsize=(width, 0.9 + sum(heights)),
        height_ratios=heights,
        sharex=True,
        layout="constrained",
    )
    figure.suptitle(title, fontsize=10)
    figure.align_ylabels(axes)
    return figure, axes


def draw_branch(ax, x, found, of):
    """Equilibria against a parameter, stable and unstable ones apart."""
    for stable, style in ((True, STABLE), (False, UNSTABLE)):
        points = [(a, of(rest)) for a, lane in zip(x, found, strict=True) for rest in lane]
        shown = [rest.stable == stable for lane in found for rest in lane]
        chosen = np.array(
            [point for point, is_shown in zip(points, shown, strict=True) if is_shown]
        )
        if chosen.size:
            ordered = chosen[np.argsort(chosen[:, 1])]
            gaps = np.flatnonzero(np.abs(np.diff(ordered[:, 0])) > 5 * abs(x[1] - x[0]))
            ax.plot(*np.insert(ordered, gaps + 1, np.nan, axis=0).T, **style)


def hertz(rest):
    return rest.r.m_as(Hz)


def qif():
    """Fig. 2 of 2015: the S-shaped branch, and the responses to a step and to a sine."""
    figure, axes = plt.subplot_mosaic(
        [
            ["branch", "step", "sine"],
            ["branch", "step v", "sine v"],
            ["branch", "step I", "sine I"],
        ],
        figsize=(10, 4.6),
        height_ratios=[2, 1.6, 1],
        width_ratios=[1.1, 1.3, 1.3],
        layout="constrained",
    )
    eta = np.linspace(-9, 1, 1201)
    ax = axes["branch"]
    draw_branch(ax, eta, nm.QIF(eta=eta, J=15.0).equilibria(), hertz)
    ax.set(xlabel=r"$\eta$", ylabel="firing rate (Hz)", title=r"equilibria, $J = 15$, $\Delta = 1$")
    ax.axvline(-5, color=GREY, lw=0.7, ls=":")
    ax.legend(loc="lower right", bbox_to_anchor=(1.0, 0.12))
    inputs = {
        "step": nm.signals.Step(3.0, start=0 * ms, stop=300 * ms),
        "sine": nm.signals.Sine(3.0, period=1000 * ms),
    }
    for name, signal, length in (("step", inputs["step"], 600), ("sine", inputs["sine"], 2000)):
        pop = nm.QIF.montbrio2015(dt=0.02 * ms)
        rec = nm.run(pop, length * ms, signal, record=("r", "v", "I_ext"), every=5)
        t = rec.t.magnitude
        for suffix, trace, label, colour in (
            ("", "r", "rate (Hz)", BLUE),
            (" v", "v", "potential", GREEN),
            (" I", "I_ext", "input", GREY),
        ):
            ax = axes[name + suffix]
            ax.plot(t, rec[trace].magnitude, color=colour)
            ax.set_ylabel(label)
            ax.tick_params(labelbottom=suffix == " I")
            ax.set_xlim(0, length)
        axes[name].set_title({"step": "a step switches it on", "sine": "a slow sine"}[name])
        axes[name + " I"].set_xlabel("time (ms)")
    return figure


def bursting(pop, title, adapting):
    rec = nm.run(pop, 2000 * ms, record=("r", "a"), every=5)
    rec = rec[800 * ms :]
    figure, (top, bottom) = rows((1.7, 1.0), title=title)
    t = rec.t.magnitude - 800
    top.plot(t, rec.r.magnitude, color=BLUE)
    top.set_ylabel("rate (Hz)")
    bottom.plot(t, rec.a.magnitude, color=ORANGE)
    bottom.set(ylabel=adapting, xlabel="time (ms)", xlim=(0, 1200))
    return figure


def alpha_adaptation():
    """Bursts of an adapting population."""
    pop = nm.QIFAlphaAdaptation.gast2020(dt=0.01 * ms)
    return bursting(pop, "adaptation with an alpha kernel: bursts", "adaptation a")


def adaptation():
    """Oscillations of a population that adapts with one exponential."""
    pop = nm.QIFAdaptation.gast2020(dt=0.01 * ms)
    return bursting(pop, "adaptation with one exponential", "adaptation a")


def depression():
    """Bursts by synaptic depression."""
    pop = nm.QIFDepression.gast2020(dt=0.01 * ms)
    return bursting(pop, "synaptic depression: bursts", "depression a")


def gamma():
    """The inhibitory gamma cycle, and where it is."""
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9, 3.2), width_ratios=(1.5, 1), layout="constrained"
    )
    rec = nm.run(nm.QIFSynaptic.devalle2017(dt=0.01 * ms), 600 * ms)[400 * ms :]
    t = rec.t.magnitude - 400
    left.plot(t, rec.r.magnitude, color=BLUE, label="rate r")
    left.plot(t, 100 * rec.s.magnitude, color=ORANGE, ls="--", label=r"synapse $s / \tau$")
    left.set(xlabel="time (ms)", ylabel="rate (Hz)", title="inhibitory gamma, 36 Hz", xlim=(0, 200))
    left.set_ylim(0, 165)
    left.legend(loc="upper right", ncols=2)
    tau_s, eta = np.geomspace(0.2, 50, 40), np.linspace(0.2, 16, 40)
    grid = nm.QIFSynaptic.devalle2017(
        tau_s=tau_s[None, :] * ms, eta=eta[:, None], shape=(40, 40)
    ).equilibria()
    growth = [[lane[0].eigenvalues.m_as(1 / ms)[0].real for lane in row] for row in grid]
    right.contourf(tau_s, eta, growth, levels=(0, np.max(growth)), colors=[BLUE], alpha=0.35)
    right.contour(tau_s, eta, growth, levels=(0,), colors=[GREY])
    right.plot(5, 4, "o", color=ORANGE)
    right.annotate("left panel", (5, 4), (6.5, 4.3), color=ORANGE)
    right.text(2.2, 7.5, "oscillations", color=BLUE)
    right.set(xscale="log", xlabel=r"synaptic time constant $\tau_s$ (ms)", ylabel=r"$\eta$")
    right.set(title=r"Hopf boundary, $J = -21$, $\Delta = 0.3$")
    right.set_xticks((0.2, 1, 5, 20, 50), ("0.2", "1", "5", "20", "50"), minor=False)
    right.minorticks_off()
    return figure


def gap_junctions():
    """Synchrony by gap junctions."""
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9, 3.2), width_ratios=(1.5, 1), layout="constrained"
    )
    for g, colour, style in ((2.0, BLUE, "-"), (1.0, ORANGE, "--")):
        pop = nm.QIFGapJunction.pietras2019(g=g, initial={"r": 20 * Hz, "v": -0.5}, dt=0.01 * ms)
        rec = nm.run(pop, 200 * ms, record="r")
        left.plot(rec.t.magnitude, rec.r.magnitude, color=colour, ls=style, label=f"g = {g:g}")
    left.set(xlabel="time (ms)", ylabel="rate (Hz)", title=r"$\eta = 2$, $\Delta = 1$, $J = 0$")
    left.set(xlim=(0, 200), ylim=(0, 230))
    left.legend(loc="upper right", ncols=2)
    g = np.linspace(0.6, 4, 400)
    right.plot(g, 4 / g**2 - g**2 / 16, color=GREY)
    right.fill_between(g, 4 / g**2 - g**2 / 16, 6, color=BLUE, alpha=0.35, lw=0)
    right.text(2.4, 3.5, "oscillations", color=BLUE)
    right.plot(2, 2, "o", color=BLUE)
    right.plot(1, 2, "s", color=ORANGE)
    right.set(xlabel="gap junctions g", ylabel=r"$\eta$", ylim=(-1, 6), title="Hopf bifurcation")
    return figure


def conductance():
    """Oscillations of a population with inhibitory conductances."""
    pop = nm.QIFConductance.coombes2019(dt=0.01 * ms)
    rec = nm.run(pop, 400 * ms, record=("r", "v", "g"))[300 * ms :]
    figure, axes = rows((1.3, 1.0, 1.0), title=r"inhibitory conductances, $\eta = 20$")
    for ax, name, label, colour in zip(
        axes, "rvg", ("rate (Hz)", "potential", "conductance"), (BLUE, GREEN, ORANGE), strict=True
    ):
        ax.plot(rec.t.magnitude - 300, rec[name].magnitude, color=colour)
        ax.set_ylabel(label)
    axes[-1].set(xlabel="time (ms)", xlim=(0, 100))
    return figure


def working_memory():
    """Response to a stimulus, and to a second one while the synapses remember the first."""
    pop = nm.QIFTsodyksMarkram.taher2020(dt=0.02 * ms)
    cue = nm.signals.Pulses(2.0, width=150 * ms, times=[500, 1300] * ms)
    rec = nm.run(pop, 4000 * ms, cue, record=("r", "x", "u", "I_ext"), every=10)
    figure, (rate, synapse, stimulus) = rows((1.7, 1.2, 0.6), title="facilitated synapses remember")
    t = rec.t.magnitude / 1000
    rate.plot(t, rec.r.magnitude, color=BLUE)
    rate.set_ylabel("rate (Hz)")
    synapse.plot(t, rec.x.magnitude, color=ORANGE, label="resources x")
    synapse.plot(t, rec.u.magnitude, color=GREEN, ls="--", label="use u")
    synapse.set(ylabel="fraction", ylim=(0, 1.3))
    synapse.legend(loc="upper right", ncols=2)
    stimulus.plot(t, rec.I_ext.magnitude, color=GREY)
    stimulus.set(ylabel="input", xlabel="time (s)", xlim=(0, 4))
    return figure


def izhikevich():
    """Bistability of regular spiking neurons with heterogeneous thresholds."""
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9, 3.4), width_ratios=(1, 1.4), layout="constrained"
    )
    eta = np.linspace(5, 60, 1101)
    found = nm.IzhikevichMeanField(eta=eta * pA).equilibria()
    draw_branch(left, eta, found, hertz)
    left.set(xlabel=r"$\eta$ (pA)", ylabel="firing rate (Hz)", title="equilibria")
    left.legend(loc="upper left")
    pop = nm.IzhikevichMeanField.regular_spiking()
    kick = nm.signals.Step(20 * pA, start=300 * ms, stop=600 * ms)
    rec = nm.run(pop, 1500 * ms, kick, record=("r", "v"), every=4)
    right.plot(rec.t.magnitude, rec.r.magnitude, color=BLUE)
    right.set(xlabel="time (ms)", xlim=(0, 1500))
    right.set_ylabel("firing rate (Hz)", color=BLUE)
    right.set_title(r"20 pA from 300 to 600 ms, at $\eta$ = 30 pA")
    right.axvspan(300, 600, color=GREY, alpha=0.2, lw=0)
    other = right.twinx()
    other.spines["right"].set_visible(True)
    other.plot(rec.t.magnitude, rec.v.magnitude, color=GREEN, ls="--")
    other.set_ylabel("potential (mV), dashed", color=GREEN)
    return figure


def wilson_cowan():
    """The limit cycle of 1972."""
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9, 3.4), width_ratios=(1, 1.4), layout="constrained"
    )
    pop = nm.WilsonCowan.limit_cycle1972()
    rec = nm.run(pop, 400 * ms)
    excited, inhibited = rec.E.magnitude, rec.I.magnitude
    left.plot(excited, inhibited, color=BLUE)
    left.plot(excited[0], inhibited[0], "o", color=GREY)
    (rest,) = pop.equilibria()
    left.plot(float(rest.E), float(rest.I), "o", mfc="white", color=ORANGE)
    left.annotate(
        "unstable focus",
        (float(rest.E), float(rest.I)),
        (0.0, 0.17),
        color=ORANGE,
        arrowprops={"arrowstyle": "-", "color": ORANGE, "lw": 0.8, "shrinkB": 4},
    )
    left.set(xlabel="excitatory activity E", ylabel="inhibitory activity I", title="limit cycle")
    right.plot(rec.t.magnitude, excited, color=BLUE, label="E")
    right.plot(rec.t.magnitude, inhibited, color=ORANGE, ls="--", label="I")
    right.set(xlabel="time (ms)", ylabel="activity", xlim=(0, 400), title="P = 1.25, Q = 0")
    right.set_ylim(0, 0.34)
    right.legend(loc="upper right", ncols=2)
    return figure


def jansen_rit():
    """The alpha rhythm, and the input that it needs."""
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9, 3.4), width_ratios=(1, 1.4), layout="constrained"
    )
    p = np.linspace(-50, 400, 226)
    column = nm.JansenRit(shape=len(p))
    found = column.equilibria(p / second)
    draw_branch(left, p, found, lambda rest: (rest.y1 - rest.y2).m_as(mV))
    rec = nm.run(column, 40 * second, nm.signals.Constant(p / second), record="eeg", every=20)
    late = rec[38 * second :].eeg.magnitude
    swings = np.ptp(late, axis=0) > 0.05
    for edge in (late.min(axis=0), late.max(axis=0)):
        left.plot(p[swings], edge[swings], ".", ms=2, color=GREEN)
    left.plot([], [], ".", color=GREEN, label="extremes of cycles")
    left.set(xlabel="input p (1/s)", ylabel="EEG (mV)", title="equilibria and cycles")
    left.set_ylim(-4, 18)
    left.legend(loc="upper left", fontsize=8)
    rec = nm.run(nm.JansenRit.alpha_rhythm(), 3 * second)[2 * second :]
    eeg = rec.y1.magnitude - rec.y2.magnitude
    right.plot(rec.t.magnitude - 2000, eeg, color=BLUE)
    right.set(
        xlabel="time (ms)", ylabel="EEG (mV)", xlim=(0, 1000), title="alpha rhythm, p = 220/s"
    )
    return figure


def asymmetric_spikes():
    """Where gap junctions synchronise, for spikes of different shapes."""
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9, 3.2), width_ratios=(1.5, 1), layout="constrained"
    )
    shapes = ((0.5, BLUE, "-"), (1.0, GREEN, "-."), (4.0, ORANGE, "--"))
    for asymmetry, colour, style in shapes:
        start = {"r": 20 * Hz, "v": -0.5}
        pop = nm.QIFAsymmetricSpikes(
            eta=1.5, g=2.0, asymmetry=asymmetry, initial=start, dt=0.01 * ms
        )
        rec = nm.run(pop, 200 * ms, record="r")
        label = f"a = {asymmetry:g}"
        left.plot(rec.t.magnitude, rec.r.magnitude, color=colour, ls=style, label=label)
        g = np.linspace(0.6, 4, 400)
        hopf = 4 / g**2 - g**2 / 16 + 2 / np.pi * np.log(asymmetry)
        right.plot(g, hopf, color=colour, ls=style)
    right.plot(2, 1.5, "o", color=GREY)
    left.set(xlabel="time (ms)", ylabel="rate (Hz)", title=r"$\eta = 1.5$, $g = 2$, $J = 0$")
    left.set(xlim=(0, 200), ylim=(0, 230))
    left.legend(loc="upper right", ncols=3)
    right.set(xlabel="gap junctions g", ylabel=r"$\eta$", ylim=(-1, 6))
    right.set_title("Hopf bifurcation: oscillations above")
    return figure


def izhikevich_currents():
    """Bistability, and how a spread of currents ends it."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    eta = np.linspace(5, 60, 1101)
    found = nm.IzhikevichCurrents(eta=eta * pA).equilibria()
    draw_branch(left, eta, found, hertz)
    left.set(xlabel=r"$\eta$ (pA)", ylabel="firing rate (Hz)", title=r"$\Delta$ = 10 pA")
    left.legend(loc="upper left")
    for delta, colour, style in ((5, BLUE, "-"), (15, GREEN, "-."), (30, ORANGE, "--")):
        many = nm.IzhikevichCurrents(eta=eta * pA, delta=delta * pA)
        rates = [lane[0].r.m_as(Hz) for lane in many.equilibria()]
        right.plot(eta, rates, color=colour, ls=style, label=rf"$\Delta$ = {delta} pA")
    right.set(xlabel=r"$\eta$ (pA)", ylabel="lowest firing rate (Hz)", title="spread of currents")
    right.legend(loc="lower right")
    return figure


def wendling():
    """Background, spikes, slow waves and fast activity, with noise on the input."""
    figure, axes = rows((1.0, 1.0, 1.0, 1.0), title="from background to fast activity")
    kinds = ((5, 50, 15, GREY), (5, 25, 15, BLUE), (5, 10, 15, GREEN), (5, 5, 25, ORANGE))
    noise = {"p": nm.noise.White(3 / second**0.5)}
    for ax, (A, B, G, colour) in zip(axes, kinds, strict=True):
        pop = nm.Wendling(A=A * mV, B=B * mV, G=G * mV, noise=noise, seed=1)
        rec = nm.run(pop, 7 * second, record="eeg", every=10)[2 * second :]
        ax.plot(rec.t.magnitude / 1000 - 2, rec.eeg.magnitude, color=colour, lw=0.8)
        ax.set(ylabel="EEG (mV)", xlim=(0, 5))
        ax.set_title(f"A, B, G = {A}, {B}, {G} mV", fontsize=8, loc="left")
    axes[-1].set_xlabel("time (s)")
    return figure


def stuart_landau():
    """The Hopf bifurcation, and noise on either side of it."""
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9, 3.4), width_ratios=(1, 1.6), layout="constrained"
    )
    a = np.linspace(-0.5, 0.5, 41)
    pops = nm.StuartLandau(a=a)
    swings = nm.run(pops, 1000 * ms, record="x", every=5)[800 * ms :].x.magnitude
    left.plot(a, swings.max(axis=0), ".", color=GREEN, label="extremes")
    left.plot(a, swings.min(axis=0), ".", color=GREEN)
    grid = np.linspace(0, 0.5, 200)
    left.plot(grid, np.sqrt(grid), color=BLUE, label=r"$\pm\sqrt{a}$")
    left.plot(grid, -np.sqrt(grid), color=BLUE)
    left.set(xlabel="a", ylabel="x", title="Hopf bifurcation")
    left.legend(loc="upper left")
    noise = {"x": nm.noise.White(0.02 / ms**0.5), "y": nm.noise.White(0.02 / ms**0.5)}
    for a, colour in ((0.25, BLUE), (-0.05, ORANGE)):
        pop = nm.StuartLandau(a=a, noise=noise, seed=1)
        rec = nm.run(pop, 1000 * ms, record="x")
        right.plot(rec.t.magnitude, rec.x.magnitude, color=colour, label=f"a = {a}")
    right.set(xlabel="time (ms)", ylabel="x", xlim=(0, 1000), ylim=(-1, 1), title="with noise")
    right.legend(loc="upper right", ncols=2)
    return figure


def van_der_pol():
    """From a sine to relaxation."""
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9, 3.4), width_ratios=(1, 1.6), layout="constrained"
    )
    for mu, colour in ((0.1, BLUE), (1.0, GREEN), (5.0, ORANGE)):
        pop = nm.VanDerPol(mu=mu, initial={"x": 2.0})
        rec = nm.run(pop, 800 * ms)[400 * ms :]
        left.plot(rec.x.magnitude, rec.y.magnitude, color=colour)
        right.plot(rec.t.magnitude - 400, rec.x.magnitude, color=colour, label=rf"$\mu = {mu}$")
    left.set(xlabel="x", ylabel="y", title="limit cycles")
    right.set(xlabel="time (ms)", ylabel="x", xlim=(0, 400), ylim=(-2.3, 3.4))
    right.legend(loc="upper right", ncols=3)
    return figure


def fitzhugh_nagumo():
    """The phase plane with its nullclines, and a push below and above threshold."""
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9, 3.4), width_ratios=(1, 1.6), layout="constrained"
    )
    v = np.linspace(-2.3, 2.3, 200)
    left.plot(v, v - v**3 / 3, color=GREY, ls=":", label="v still")
    left.plot(v, (v + 0.7) / 0.8, color=GREY, ls="--", label="w still")
    for height, colour in ((2.0, GREEN), (10.0, BLUE)):
        pop = nm.FitzHughNagumo.fitzhugh1961()
        push = nm.signals.Step(height, start=20 * ms, stop=20.1 * ms)
        rec = nm.run(pop, 100 * ms, push)
        left.plot(rec.v.magnitude, rec.w.magnitude, color=colour)
        right.plot(rec.t.magnitude, rec.v.magnitude, color=colour, label=f"push of {height:g}")
    pop = nm.FitzHughNagumo.fitzhugh1961()
    rec = nm.run(pop, 100 * ms, 0.5)
    right.plot(rec.t.magnitude, rec.v.magnitude, color=ORANGE, ls="--", label="I = 0.5")
    left.set(xlabel="v", ylabel="w", ylim=(-1, 1.6), title="excitability")
    left.legend(loc="upper left", fontsize=8)
    right.set(xlabel="time (ms)", ylabel="v", xlim=(0, 100), ylim=(-2.3, 3.4))
    right.legend(loc="upper right", ncols=3)
    return figure


def kuramoto_oscillators():
    """The onset of synchrony of 500 oscillators with Lorentzian frequencies."""
    width, number = 2.0, 500
    speeds = width * np.tan(np.pi * ((np.arange(number) + 0.5) / number - 0.5))
    strengths = np.linspace(0, 12, 25)
    order = []
    for strength in strengths:
        pop = nm.KuramotoOscillator(
            frequency=speeds / (2 * np.pi) / second,
            initial={"theta": np.linspace(0, 3, number)},
            dt=10 * ms,
        )
        late = []
        for step in range(3000):
            field = np.exp(1j * pop.raw.theta).mean()
            pull = strength * field / 1000  # radians per ms
            pop.advance(I_x=pull.real, I_y=pull.imag)
            if step > 2000:
                late.append(abs(field))
        order.append(np.mean(late))
    figure, ax = plt.subplots(figsize=(5, 3.4), layout="constrained")
    ax.plot(strengths, order, "o", ms=4, color=BLUE, label="500 oscillators")
    grid = np.linspace(2 * width, 12, 200)
    ax.plot(grid, np.sqrt(1 - 2 * width / grid), color=ORANGE, label=r"$\sqrt{1 - 2\Delta/K}$")
    ax.axvline(2 * width, color=GREY, lw=0.7, ls=":")
    ax.set(xlabel="coupling K (1/s)", ylabel="order parameter", ylim=(0, 1))
    ax.legend(loc="upper left")
    return figure


def wong_wang():
    """Stable and unstable activity against the current, with weak and strong recurrence."""
    figure, ax = plt.subplots(figsize=(5, 3.4), layout="constrained")
    current = np.linspace(0, 50, 501)
    for w, shade in ((0.9, GREY), (1.0, None)):
        found = nm.WongWang(w=w, shape=len(current)).equilibria(I_ext=current * pA)
        if shade is None:
            draw_branch(ax, current, found, lambda rest: float(rest.S))
        else:
            points = [(i, float(rest.S)) for i, lane in zip(current, found, strict=True)
                      for rest in lane]  # fmt: skip
            ax.plot(*np.array(points).T, ".", ms=2, color=shade, label="w = 0.9")
    ax.set(xlabel="external current (pA)", ylabel="open channels S", title="w = 1 is bistable")
    ax.legend(loc="lower right")
    return figure


def decision():
    """Ten trials of a decision, and how many are right."""
    noise = nm.noise.OrnsteinUhlenbeck(sigma=0.02 / 2**0.5 * nA, tau=2 * ms)
    both = {"I_1": noise, "I_2": noise}
    stimulus = {"mu": nm.signals.Step(30 * Hz, start=500 * ms, stop=2500 * ms)}
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9, 3.4), width_ratios=(1.6, 1), layout="constrained"
    )
    pop = nm.WongWangDecision.decision2006(shape=10, noise=both, seed=2, c=0.032)
    rec = nm.run(pop, 3000 * ms, stimulus)
    left.axvspan(500, 2500, color=GREY, alpha=0.15, lw=0)
    for name, colour in (("S1", BLUE), ("S2", ORANGE)):
        lines = left.plot(rec.t.magnitude, rec[name].magnitude, color=colour, lw=0.8)
        lines[0].set_label(name)
    left.set(xlabel="time (ms)", ylabel="open channels", xlim=(0, 3000), title="3.2 % coherence")
    left.legend(loc="upper left")
    coherences = np.array([0, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512])
    lanes = nm.WongWangDecision.decision2006(c=np.repeat(coherences, 300), noise=both, seed=3)
    nm.run(lanes, 2500 * ms, stimulus, record=())
    won = (lanes.S1 > lanes.S2).reshape(len(coherences), -1).mean(axis=1)
    right.semilogx(100 * coherences[1:], 100 * won[1:], "o-", color=BLUE)
    right.set_xticks([2, 5, 10, 20, 50], ["2", "5", "10", "20", "50"])
    right.minorticks_off()
    right.axhline(50, color=GREY, lw=0.7, ls=":")
    right.set(xlabel="coherence (%)", ylabel="correct (%)", ylim=(40, 102), title="300 trials")
    return figure


def dynamic_mean_field():
    """Rates against the feedback inhibition, and the answer to a current."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    J_I = np.linspace(0.6, 1.6, 201)
    found = nm.WongWangExcInh(J_I=J_I * nA).equilibria()
    rate = lambda S: 1000 * S / ((1 - S) * 0.641 * 100)
    draw_branch(left, J_I, found, lambda rest: rate(float(rest.S_E)))
    left.axhline(3, color=GREY, lw=0.7, ls=":")
    left.set(xlabel="feedback inhibition J_I (nA)", ylabel="excitatory rate (Hz)", ylim=(0, 15))
    left.legend(loc="upper right")
    push = nm.signals.Step(50 * pA, start=200 * ms, stop=600 * ms)
    rec = nm.run(nm.WongWangExcInh.deco2014(initial="rest"), 1200 * ms, {"I_ext": push})
    right.plot(rec.t.magnitude, rec.S_E.magnitude, color=BLUE, label=r"$S_E$")
    right.plot(rec.t.magnitude, rec.S_I.magnitude, color=ORANGE, ls="--", label=r"$S_I$")
    right.axvspan(200, 600, color=GREY, alpha=0.15, lw=0)
    right.set(xlabel="time (ms)", ylabel="open channels", xlim=(0, 1200), title="50 pA into E")
    right.legend(loc="upper right")
    return figure


def epileptor():
    """A minute with seizures, one of them closely, and the slow variable that leads."""
    figure, (far, slow, near) = plt.subplots(
        3, 1, figsize=(7.5, 5), height_ratios=(1.4, 1, 1.4), layout="constrained"
    )
    rec = nm.run(nm.Epileptor.jirsa2014(), 65 * second, record=("lfp", "z"), every=5)
    t = rec.t.magnitude / 1000
    far.plot(t, rec.lfp.magnitude, color=BLUE, lw=0.6)
    far.set(ylabel="LFP", xlim=(0, 65), title="seizures come by themselves")
    slow.plot(t, rec.z.magnitude, color=ORANGE)
    slow.set(ylabel="permittivity z", xlim=(0, 65))
    near.plot(t, rec.lfp.magnitude, color=BLUE, lw=0.8)
    near.set(xlabel="time (s)", ylabel="LFP", xlim=(24, 37), title="one of them")
    return figure


def larter_breakspear():
    """Rest, a cycle and chaos, by the spread of the thresholds."""
    spreads = np.linspace(0.5, 0.7, 161)
    columns = nm.LarterBreakspear(d_V=spreads, d_Z=spreads)
    nm.run(columns, 3000 * ms, record=())
    potentials = nm.run(columns, 2000 * ms, record="V").V.magnitude
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9, 3.4), width_ratios=(1.6, 1), layout="constrained"
    )
    inner = potentials[1:-1]
    peaks = (inner > potentials[:-2]) & (inner >= potentials[2:])
    when, which = np.nonzero(peaks)
    left.plot(spreads[which], inner[when, which], ".", ms=1, color=BLUE)
    left.set(xlabel="spread of the thresholds", ylabel="maxima of V", title="a way into chaos")
    column = nm.LarterBreakspear.alstott2009()
    nm.run(column, 500 * ms, record=())
    rec = nm.run(column, 500 * ms)
    right.plot(rec.V.magnitude, rec.Z.magnitude, color=BLUE, lw=0.7)
    right.set(xlabel="V", ylabel="Z", title="spread 0.65")
    return figure


def threshold_linear():
    """The local circuit of 2015: a step into the excitatory population."""
    exc = nm.ThresholdLinear(w=24.3 * pA / Hz)
    inh = nm.ThresholdLinear(tau=10 * ms, gain=0.351 * Hz / pA, w=-12.5 * pA / Hz)
    net = nm.Network({"exc": exc, "inh": inh})
    net.connect("exc", "inh", weight=12.2 * pA / Hz)
    net.connect("inh", "exc", weight=-19.7 * pA / Hz)
    push = nm.signals.Step(200 * pA, start=50 * ms, stop=250 * ms)
    rec = nm.run(net, 500 * ms, inputs={"exc": push})
    figure, ax = plt.subplots(figsize=(5, 3.4), layout="constrained")
    for name, colour, style in (("exc", BLUE, "-"), ("inh", ORANGE, "--")):
        ax.plot(rec[name].t.magnitude, rec[name].r.magnitude, style, color=colour, label=name)
    ax.axvspan(50, 250, color=GREY, alpha=0.15, lw=0)
    ax.set(xlabel="time (ms)", ylabel="rate (Hz)", xlim=(0, 500), title="200 pA into exc")
    ax.legend(loc="upper right")
    return figure


FIGURES = {
    "QIF": qif,
    "QIFAdaptation": adaptation,
    "QIFAlphaAdaptation": alpha_adaptation,
    "QIFDepression": depression,
    "QIFTsodyksMarkram": working_memory,
    "QIFSynaptic": gamma,
    "QIFGapJunction": gap_junctions,
    "QIFAsymmetricSpikes": asymmetric_spikes,
    "QIFConductance": conductance,
    "IzhikevichMeanField": izhikevich,
    "IzhikevichCurrents": izhikevich_currents,
    "WilsonCowan": wilson_cowan,
    "JansenRit": jansen_rit,
    "Wendling": wendling,
    "StuartLandau": stuart_landau,
    "VanDerPol": van_der_pol,
    "FitzHughNagumo": fitzhugh_nagumo,
    "KuramotoOscillator": kuramoto_oscillators,
    "WongWang": wong_wang,
    "WongWangDecision": decision,
    "WongWangExcInh": dynamic_mean_field,
    "Epileptor": epileptor,
    "LarterBreakspear": larter_breakspear,
    "ThresholdLinear": threshold_linear,
}
"""Model -> what makes its figure."""


def draw_all(folder):
    """Write one PNG for each model; returns their paths."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, make in FIGURES.items():
        with plt.rc_context(STYLE):
            figure = make()
            paths.append(folder / f"{name}.png")
            figure.savefig(paths[-1])
            plt.close(figure)
    return paths


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python tests/figures.py OUTDIR")
    for path in draw_all(sys.argv[1]):
        print(path)
