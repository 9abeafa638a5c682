"""One figure per model, of what its paper shows: ``python tests/figures.py OUTDIR``."""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import neuromass as nm
from neuromass.units import Hz, ms, mV, pA, second

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


FIGURES = {
    "QIF": qif,
    "QIFAdaptation": adaptation,
    "QIFAlphaAdaptation": alpha_adaptation,
    "QIFDepression": depression,
    "QIFTsodyksMarkram": working_memory,
    "QIFSynaptic": gamma,
    "QIFGapJunction": gap_junctions,
    "QIFConductance": conductance,
    "IzhikevichMeanField": izhikevich,
    "WilsonCowan": wilson_cowan,
    "JansenRit": jansen_rit,
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
