"""Bifurcation diagrams of papers, with numbers to compare: ``python tests/gallery.py OUTDIR``."""

import sys
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np

import neuromass as nm
from neuromass.units import Hz, ms, second

TAU = 10 * ms
analysis = nm.analysis


class Number(NamedTuple):
    """What was found beside what it should be, and by which part it may differ."""

    what: str
    found: object
    expected: object
    part: float = 1e-8


def panels(title, count=2):
    figure, axes = plt.subplots(1, count, figsize=(5.2 * count, 4.2), layout="constrained")
    figure.suptitle(title, fontsize=11)
    return figure, np.atleast_1d(axes)


def values(points, name):
    return sorted(float(each[name].magnitude) for each in points)


def per_tau(quantity):
    """A rate times tau, or a time over it."""
    plain = quantity.to_base_units()
    return (plain * TAU).m_as("") if plain.check("1/[time]") else (plain / TAU).m_as("")


def montbrio():
    """Montbrió, Pazó, Roxin 2015: the S-shaped curve, the wedge with its cusp, the phase plane."""
    figure, (left, right, plane) = panels("QIF neurons, all to all (2015)", 3)
    diagram = analysis.continuation(nm.QIF(J=15.0), "eta", (-10, 5))
    wedge = analysis.curve(diagram.folds[0], "J", (0, 30), within=(-20, 2))
    diagram.plot(ax=left)
    wedge.plot(ax=right)
    limits = {"r": (0 * Hz, 200 * Hz), "v": (-3, 2)}
    nm.phase_plane(nm.QIF(tau=TAU, J=15.0), ax=plane, limits=limits)
    (cusp,) = wedge.cusps
    x = np.pi * per_tau(wedge.r)
    return figure, [
        Number("folds", values(diagram.folds, "eta"), [-5.743527161658, -3.136134086196]),
        Number("cusp, eta", float(cusp.eta.magnitude), -np.sqrt(3.0)),
        Number("cusp, J", float(cusp.J.magnitude), 7.79621703667),
        Number("J along the wedge", wedge.J.magnitude, np.pi * (2 * x + 0.5 / x**3), 1e-9),
    ]


def pazo():
    """Pazó, Montbrió 2016: Hopf points over the delay and the strength of inhibition."""
    figure, (left, right) = panels("QIF neurons, delayed inhibition (2016)")
    net = nm.Network({"pop": nm.QIF(tau=TAU, eta=5.0, delta=1.0)})
    net.connect("pop", "pop", J=-6.0, delay=TAU)
    diagram = analysis.continuation(net, "pop->pop.J", (-20, -1))
    (hopf,) = diagram.hopfs
    curve = analysis.curve(hopf, "pop->pop.delay", (2 * ms, 40 * ms))
    diagram.plot(ax=left)
    curve.plot(ax=right)
    r, v, J = per_tau(curve["pop.r"]), curve["pop.v"].magnitude, curve["pop->pop.J"].magnitude
    turning, delay = 2j * np.pi * per_tau(curve.frequency), per_tau(curve["pop->pop.delay"])
    own = (turning - 2 * v) ** 2 + 4 * np.pi**2 * r**2
    return figure, [
        Number("J at a delay of tau", float(hopf["pop->pop.J"].magnitude), -5.19462901117),
        Number("its frequency", 2 * np.pi * per_tau(hopf.frequency), 2.49179665935),
        Number("characteristic equation", own, 2 * r * J * np.exp(-turning * delay), 1e-8),
    ]


def devalle():
    """Devalle, Roxin, Montbrió 2017: where inhibition with a synapse oscillates."""
    figure, (left, right) = panels("QIF neurons, inhibition through a synapse (2017)")
    pop = nm.QIFSynaptic(tau=TAU, tau_s=TAU, J=-21.0, delta=1.0)
    (hopf,) = analysis.continuation(pop, "eta", (0, 20)).hopfs
    curve = analysis.curve(hopf, "J", (-40, -10), within=(0, 60))
    fast = nm.QIFSynaptic(tau=TAU, tau_s=TAU, J=-21.0, delta=0.3)
    diagram = analysis.continuation(fast, "eta", (0, 10))
    gamma = analysis.cycles(diagram.hopfs[0], (0, 10))
    diagram.plot(cycles=gamma, ax=left)
    curve.plot(ax=right)
    r = per_tau(curve.r)
    strength = 4 * np.pi + 1 / (np.pi * r**2) + 2 / (np.pi**2 * r**3) + 1 / (np.pi**3 * r**4)
    return figure, [
        Number("eta", float(hopf.eta.magnitude), 8.76379260596),
        Number("frequency in Hz", float(hopf.frequency.m_as(Hz)), 44.2971949),
        Number("J along the boundary", curve.J.magnitude, -strength, 1e-9),
        Number("period at eta = 4", per_tau(gamma.at(4.0)[0].period), 3.40472134187, 1e-7),
    ]


def pietras():
    """Pietras and others 2019: gap junctions against chemical coupling."""
    figure, (left, right) = panels("QIF neurons, gap junctions (2019)")
    pop = nm.QIFGapJunction(tau=TAU, g=2.0, J=0.0, eta=1.0)
    diagram = analysis.continuation(pop, "eta", (-1, 3))
    branch = analysis.cycles(diagram.hopfs[0], (-1, 3))
    diagram.plot(cycles=branch, ax=left)
    (hopf,) = analysis.continuation(pop, "J", (-6, 3)).hopfs
    curve = analysis.curve(hopf, "g", (0.5, 6), within=(-10, 10))
    curve.plot(ax=right)
    g = curve.g.magnitude
    strength = 0.5 * np.pi * g * (4 / g**2 - g**2 / 16 - 1.0)
    gaps = curve.J.magnitude - strength
    return figure, [
        Number("eta", float(diagram.hopfs[0].eta.magnitude), 0.75),
        Number("J less that of the closed form", 1.0 + gaps, np.ones(len(gaps))),
        Number("period at eta = 2", per_tau(branch.at(2.0)[0].period), 2.25477028933, 1e-7),
    ]


def gast():
    """Gast, Schmidt, Knösche 2020: bursting by adaptation, and by depression."""
    figure, (left, right) = panels("QIF neurons, adaptation and depression (2020)")
    given = {"tau": TAU, "delta": 2.0, "J": 15 * np.sqrt(2.0), "tau_a": 10 * TAU}
    adapting = nm.QIFAlphaAdaptation(alpha=1.0, **given)
    diagram = analysis.continuation(adapting, "eta", (-6, 1))
    diagram.plot(ax=left)
    depressed = analysis.continuation(nm.QIFDepression(alpha=0.05, **given), "eta", (-8, -3))
    depressed.plot(ax=right)
    left.set_title("adaptation", fontsize=10)
    right.set_title("depression", fontsize=10)
    periods = [per_tau(each.period) for each in sorted(diagram.hopfs, key=lambda h: h.eta)]
    return figure, [
        Number("adaptation, Hopf", values(diagram.hopfs, "eta"), [-4.03981860084, -0.534080541355]),
        Number("their periods", periods, [36.4952007, 14.647778]),
        Number("adaptation, folds", values(diagram.folds, "eta"), [-3.548702284, -3.537497314]),
        Number("depression", values(depressed.hopfs, "eta"), [-5.65862864328, -5.01859807184]),
    ]


def grimbert():
    """Grimbert, Faugeras 2006, over p: y1 - y2 of the cortical column of Jansen and Rit."""
    figure, (ax,) = panels("Jansen and Rit's column (2006)", 1)
    span = (-50 / second, 400 / second)
    diagram = analysis.continuation(nm.JansenRit(), "p", span)
    ordered = sorted(diagram.hopfs, key=lambda each: each.p)
    branches = [analysis.cycles(each, span) for each in diagram.hopfs[:2]]
    diagram.plot("eeg", cycles=branches, ax=ax)
    alpha = [each for branch in branches for each in branch.at(220 / second) if each.stable]
    rates = [each.frequency.m_as(Hz) for each in alpha]
    hopfs = [float(each.p.m_as(1 / second)) for each in ordered]
    folds = sorted(float(each.p.m_as(1 / second)) for each in diagram.folds)
    ((turn,),) = (values(branch.folds, "p") for branch in branches if branch.folds)
    return figure, [
        Number("Hopf", hopfs, [-12.1474923484, 89.8291079696, 315.696428069]),
        Number("folds", folds, [-41.3014104879, 113.586273213]),
        Number("fold of cycles", turn, 137.38, 1e-5),
        Number("alpha in Hz", min(rates, key=lambda x: abs(x - 11)), 10.9380287298, 1e-7),
    ]


def byrne():
    """Coombes, Byrne 2019: synapses with a reversal potential."""
    figure, (ax,) = panels("QIF neurons, conductances (2019)", 1)
    pop = nm.QIFConductance(tau=TAU, delta=0.5, tau_s=TAU / 0.95, v_syn=-10.0, kappa=1.0)
    diagram = analysis.continuation(pop, "eta", (0, 30))
    first = min(diagram.hopfs, key=lambda each: each.eta)
    branch = analysis.cycles(first, (0, 30))
    diagram.plot(cycles=branch, ax=ax).set_ylim(-10, 300)
    return figure, [
        Number("Hopf", values(diagram.hopfs, "eta"), [3.92951106825596, 23.4010622746097]),
        Number("period at eta = 20", per_tau(branch.at(20.0)[0].period), 2.08294239206, 1e-7),
    ]


def ping(J_ei=10.0, J_ie=-10.0):
    exc, inh = nm.QIF(tau=20 * ms, eta=-5.0, J=8.0), nm.QIF(tau=10 * ms, eta=-5.0)
    net = nm.Network({"exc": exc, "inh": inh})
    net.connect("exc", "inh", J=J_ei)
    net.connect("inh", "exc", J=J_ie)
    return net


def gamma():
    """Gamma of an E-I network: where it begins with the drive, and in both strengths."""
    figure, (left, right) = panels("Gamma of an E-I network")
    diagram = analysis.continuation(ping(), "exc.I_ext", (0, 15))
    (hopf,) = diagram.hopfs
    branch = analysis.cycles(hopf, (0, 15))
    diagram.plot("exc.r", cycles=branch, ax=left)
    (begin,) = analysis.continuation(ping(), "exc->inh.J", (1, 30), inputs={"exc": 10.0}).hopfs
    curve = analysis.curve(begin, "inh->exc.J", (-30, -1))
    curve.plot(ax=right)
    (at_ten,) = branch.at(10.0)
    growth = []
    for place in (len(curve) // 4, len(curve) // 2, 3 * len(curve) // 4):
        strengths = (curve[name][place].magnitude for name in curve.parameters)
        (rest,) = ping(*map(float, strengths)).equilibria({"exc": 10.0})
        growth.append(np.max(rest.eigenvalues.m_as("1/ms").real))
    return figure, [
        Number("drive", float(hopf["exc.I_ext"].magnitude), 6.48371021427),
        Number("frequency in Hz", float(hopf.frequency.m_as(Hz)), 24.4582421088),
        Number("frequency at 10, in Hz", at_ten.frequency.m_as(Hz), 31.8000125694, 1e-7),
        Number("1 + growth along the curve, in kHz", 1.0 + np.array(growth), np.ones(3)),
    ]


GALLERY = {each.__name__: each for each in (
    montbrio, pazo, devalle, pietras, gast, grimbert, byrne, gamma,
)}  # fmt: skip


def main(folder):
    """Draw all of it into a folder, and print the numbers."""
    for name, draw in GALLERY.items():
        figure, numbers = draw()
        figure.savefig(folder / f"{name}.png", dpi=110)
        print(draw.__doc__)
        for what, found, expected, _ in numbers:
            gap = np.max(np.abs(np.asarray(found) / np.asarray(expected) - 1.0))
            shown = np.array2string(np.ravel(found)[:3], precision=12)
            print(f"  {what}: {shown}, relative difference {gap:.1e}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
