"""Every public entry with some fifty kinds of bad values; see `bad_values`.

What is refused is refused by the package, in its own words and briefly, in good time, and leaves
systems as they were. What is accepted is not looked at here.
"""

import os
import pickle
import re
import time
import warnings
import zlib
from collections import Counter

import matplotlib.pyplot as plt
import numpy as np
import pytest
from bad_values import BAD, SECONDS, Hang, at_most, fault, is_ours_to_word
from samples import everything

import neuromass as nm
from neuromass.units import Hz, metre, mm, ms, mV, second

s = nm.signals
ONE = ("alone", "lanes")


def alone():
    noise = {"v": nm.noise.OrnsteinUhlenbeck(sigma=0.1 / ms, tau=3 * ms)}
    return nm.QIF(J=15.0, noise=noise, seed=1)


def lanes():
    return nm.QIF(J=15.0, eta=[-5.0, -4.0, -3.0])


def column():
    return nm.JansenRit()


def network():
    net = nm.Network({"exc": nm.QIF(tau=20 * ms), "inh": nm.QIF(eta=[-5.0, -4.0])})
    net.connect("exc", "inh", J=10.0)
    net.connect(
        "inh", "exc", J=np.ones((1, 2)), delay=1 * ms, synapse=nm.synapses.Exponential(5 * ms)
    )
    return net


def recording():
    return nm.run(lanes(), 1 * ms)


MADE = {each.__name__: pickle.dumps(each()) for each in (alone, lanes, column, network, recording)}


def state_of(made):
    if isinstance(made, nm.Population):
        return everything(made)
    if isinstance(made, nm.Network):
        members = {name: everything(pop) for name, pop in made.members.items()}
        return members, made.describe(), made.t.magnitude
    return None


def watch(system, **options):
    with nm.record(system, **options):
        pass


def model(**body):
    """A class statement."""
    first = {"tau": nm.Parameter(10 * ms), "x": nm.State(0.0), "u": nm.Input()}
    given = {"derivatives": staticmethod(lambda x, u, tau: (u - x) / tau), **first, **body}
    return type(nm.QIF)("Fuzzed", (nm.Population,), given)


QIF_KEYWORDS = (
    "tau",
    "eta",
    "delta",
    "J",
    "shape",
    "initial",
    "noise",
    "seed",
    "lane",
    "dt",
    "method",
    "labels",
)
IZHIKEVICH = ("C", "k", "v_r", "g", "E_r", "a", "b", "d")

ENTRIES = {
    **{f"QIF({n}=)": (None, lambda x, n=n: nm.QIF(**{n: x})) for n in QIF_KEYWORDS},
    **{f"IzhikevichMeanField({n}=)": (None, lambda x, n=n: nm.IzhikevichMeanField(**{n: x}))
       for n in IZHIKEVICH},
    "QIF(x)": (None, nm.QIF),
    "QIF(initial r)": (None, lambda x: nm.QIF(initial={"r": x})),
    "QIF(initial key)": (None, lambda x: nm.QIF(initial={x: 1.0})),
    "QIF(noise v)": (None, lambda x: nm.QIF(noise={"v": x})),
    "QIF(noise I_ext)": (None, lambda x: nm.QIF(noise={"I_ext": x})),
    "White": (None, lambda x: nm.QIF(noise={"v": nm.noise.White(x)})),
    "White(correlation=)": (None, lambda x: nm.QIF(
        shape=2, noise={"v": nm.noise.White(1 / ms**0.5, correlation=x)})),
    "OU(sigma=)": (None, lambda x: nm.QIF(noise={"v": nm.noise.OrnsteinUhlenbeck(x, 3 * ms)})),
    "OU(tau=)": (None, lambda x: nm.QIF(noise={"v": nm.noise.OrnsteinUhlenbeck(1 / ms, x)})),
    "OU on I_ext": (None, lambda x: nm.QIF(noise={"I_ext": nm.noise.OrnsteinUhlenbeck(x, 3 * ms)})),
    **{f"{made}.{n} =": (made, lambda p, x, n=n: setattr(p, n, x))
       for made in ONE for n in ("tau", "eta", "v", "r", "nonsense", "dt", "seed")},
    **{f"{made}.set(at=)": (made, lambda p, x: p.set(at=x, v=-1.0)) for made in ONE},
    **{f"{made}.set(v=)": (made, lambda p, x: p.set(v=x)) for made in ONE},
    **{f"{made}.set(at=0, r=)": (made, lambda p, x: p.set(at=0, r=x)) for made in ONE},
    **{f"{made}.update": (made, lambda p, x: p.update(x)) for made in ONE},
    **{f"{made}.update(I_ext=)": (made, lambda p, x: p.update(I_ext=x)) for made in ONE},
    **{f"{made}.advance": (made, lambda p, x: p.advance(x)) for made in ONE},
    **{f"{made}.restore": (made, lambda p, x: p.restore(x)) for made in ONE},
    **{f"{made}.copy(eta=)": (made, lambda p, x: p.copy(eta=x)) for made in ONE},
    **{f"{made}.copy(shape=)": (made, lambda p, x: p.copy(shape=x)) for made in ONE},
    **{f"{made}.copy(noise=)": (made, lambda p, x: p.copy(noise=x)) for made in ONE},
    **{f"{made}.copy(dt=)": (made, lambda p, x: p.copy(dt=x)) for made in ONE},
    "raw": ("alone", lambda p, x: getattr(p.raw, x) if isinstance(x, str) else p.advance(x)),
    "JansenRit.update": ("column", lambda p, x: p.update(x)),
    "JansenRit(p) run": ("column", lambda p, x: nm.run(p, 1 * ms, inputs=x)),
    "run(system)": (None, lambda x: nm.run(x, 1 * ms)),
    **{f"run({made}, duration)": (made, lambda p, x: nm.run(p, x, record=())) for made in ONE},
    **{f"run({made}, inputs)": (made, lambda p, x: nm.run(p, 1 * ms, inputs=x)) for made in ONE},
    "run(inputs by name)": ("alone", lambda p, x: nm.run(p, 1 * ms, inputs={"I_ext": x})),
    "run(inputs key)": ("alone", lambda p, x: nm.run(p, 1 * ms, inputs={x: 1.0})),
    "run(inputs function)": ("alone", lambda p, x: nm.run(p, 1 * ms, inputs=lambda t: x)),
    "run(Feedback)": ("alone", lambda p, x: nm.run(p, 1 * ms, inputs=s.Feedback(lambda p: x))),
    "Feedback": (None, s.Feedback),
    "Feedback(every=)": ("alone", lambda p, x: nm.run(p, 1 * ms, inputs=s.Feedback(
        lambda p: 1.0, every=x))),
    **{f"run({n}=)": ("alone", lambda p, x, n=n: nm.run(p, 1 * ms, **{n: x}))
       for n in ("record", "every", "average", "progress")},
    "record(system)": (None, watch),
    "record(every=)": ("alone", lambda p, x: watch(p, every=x)),
    "record(names=)": ("alone", lambda p, x: watch(p, names=x)),
    "Constant": (None, s.Constant),
    "Step": (None, s.Step),
    **{f"Step({n}=)": (None, lambda x, n=n: s.Step(1.0, **{n: x}))
       for n in ("start", "stop", "base")},
    **{f"Pulses({n}=)": (None, lambda x, n=n: s.Pulses(**{
        "amplitude": 1.0, "width": 1 * ms, "period": 5 * ms, n: x}))
       for n in ("amplitude", "width", "period", "start", "stop", "count")},
    "Pulses(times=)": (None, lambda x: s.Pulses(1.0, width=1 * ms, times=x)),
    **{f"Ramp({n}=)": (None, lambda x, n=n: s.Ramp(**{
        "first": 0.0, "last": 1.0, "start": 0 * ms, "stop": 5 * ms, n: x}))
       for n in ("first", "last", "start", "stop")},
    **{f"Sine({n}=)": (None, lambda x, n=n: s.Sine(**{
        "amplitude": 1.0, **({} if n == "period" else {"frequency": 5 * Hz}), n: x}))
       for n in ("amplitude", "frequency", "period", "phase", "offset", "start", "stop")},
    **{f"Sampled({n}=)": (None, lambda x, n=n: s.Sampled(**{
        "values": [1.0, 2.0], "dt": 1 * ms, n: x}))
       for n in ("values", "dt", "start", "kind", "outside")},
    "signal + x": (None, lambda x: s.Constant(1.0) + x),
    "x + signal": (None, lambda x: x + s.Constant(1.0)),
    "signal * x": (None, lambda x: s.Step(1.0) * x),
    "signal(t)": (None, s.Step(1.0)),
    "run(Step(x))": ("alone", lambda p, x: nm.run(p, 1 * ms, inputs=s.Step(x))),
    "Exponential": (None, nm.synapses.Exponential),
    "DoubleExponential(rise=)": (None, lambda x: nm.synapses.DoubleExponential(rise=x)),
    "GammaDelay(spread=)": (None, lambda x: nm.synapses.GammaDelay(spread=x)),
    "TsodyksMarkram(U0=)": (None, lambda x: nm.synapses.TsodyksMarkram(U0=x)),
    "Depression(alpha=)": (None, lambda x: nm.synapses.Depression(alpha=x)),
    "Network": (None, nm.Network),
    "Network(member)": (None, lambda x: nm.Network({"a": x})),
    "Network(name)": (None, lambda x: nm.Network({x: nm.QIF()})),
    **{f"Network({n}=)": (None, lambda x, n=n: nm.Network({"a": nm.QIF()}, **{n: x}))
       for n in ("coupling", "seed", "short_delays", "history")},
    "Network(history of a)": (None, lambda x: nm.Network({"a": nm.QIF()}, history={"a": x})),
    "connect(source)": ("network", lambda p, x: p.connect(x, "inh", J=1.0, name="new")),
    "connect(target)": ("network", lambda p, x: p.connect("exc", x, J=1.0, name="new")),
    **{f"connect({n}=)": ("network", lambda p, x, n=n: p.connect(
        "exc", "inh", **{"J": 1.0, "name": "new", n: x}))
       for n in ("J", "delay", "synapse", "variable", "input", "name")},
    "connect(weight=)": ("network", lambda p, x: p.connect("exc", "inh", weight=x, name="new")),
    "connect(matrix J)": ("network", lambda p, x: p.connect("inh", "inh", J=x)),
    "connect(distances=)": ("network", lambda p, x: p.connect(
        "exc", "inh", J=1.0, distances=x, speed=3 * metre / second, name="new")),
    "connect(speed=)": ("network", lambda p, x: p.connect(
        "exc", "inh", J=1.0, distances=5 * mm, speed=x, name="new")),
    "net[x]": ("network", lambda p, x: p[x]),
    "x in net": ("network", lambda p, x: x in p),
    "disconnect": ("network", lambda p, x: p.disconnect(x)),
    "net.update": ("network", lambda p, x: p.update(x)),
    "net.update(exc)": ("network", lambda p, x: p.update({"exc": x})),
    "net.update(inh)": ("network", lambda p, x: p.update({"inh.I_ext": x})),
    "net.update(key)": ("network", lambda p, x: p.update({x: 1.0})),
    "net.advance(exc)": ("network", lambda p, x: p.advance({"exc": x})),
    "net.restore": ("network", lambda p, x: p.restore(x)),
    "net.copy(coupling=)": ("network", lambda p, x: p.copy(coupling=x)),
    "net.copy(dt=)": ("network", lambda p, x: p.copy(dt=x)),
    "run(net, inputs)": ("network", lambda p, x: nm.run(p, 1 * ms, inputs=x)),
    "run(net, exc)": ("network", lambda p, x: nm.run(p, 1 * ms, inputs={"exc": x})),
    "run(net, record=)": ("network", lambda p, x: nm.run(p, 1 * ms, record=x)),
    "run(net, record exc)": ("network", lambda p, x: nm.run(p, 1 * ms, record={"exc": x})),
    **{f"connection.{n} =": ("network", lambda p, x, n=n: setattr(p["inh->exc"], n, x))
       for n in ("J", "delay", "tau", "s", "nonsense", "synapse")},
    "rec[x]": ("recording", lambda p, x: p[x]),
    "rec[x:]": ("recording", lambda p, x: p[x:]),
    "rec[::x]": ("recording", lambda p, x: p[::x]),
    "rec.array(name)": ("recording", lambda p, x: p.array(x, Hz)),
    "rec.array(unit)": ("recording", lambda p, x: p.array("r", x)),
    "rec.scaled": ("recording", lambda p, x: p.scaled(x)),
    "rec.plot": ("recording", lambda p, x: p.plot(x)),
    "rec.plot(ax=)": ("recording", lambda p, x: p.plot("r", ax=x)),
    "load": (None, nm.load),
    "concatenate": (None, nm.concatenate),
    "concatenate with": ("recording", lambda p, x: nm.concatenate([p, x])),
    "check_dt(system)": (None, lambda x: nm.check_dt(x, 1 * ms)),
    "check_dt(duration)": ("alone", nm.check_dt),
    "check_dt(inputs)": ("alone", lambda p, x: nm.check_dt(p, 1 * ms, inputs=x)),
    "kuramoto(r)": (None, lambda x: nm.kuramoto(x, -1.0, 10 * ms)),
    "kuramoto(v)": (None, lambda x: nm.kuramoto(8 * Hz, x, 10 * ms)),
    "kuramoto(tau)": (None, lambda x: nm.kuramoto(8 * Hz, -1.0, x)),
    "rate_and_potential(Z)": (None, lambda x: nm.rate_and_potential(x, 10 * ms)),
    "lorentzian(eta)": (None, nm.lorentzian),
    "lorentzian(half_width)": (None, lambda x: nm.lorentzian(1.0, 0.0, x)),
    "lorentzian_sample": (None, nm.lorentzian_sample),
    "lorentzian_quantiles": (None, nm.lorentzian_quantiles),
    "compiled_step": (None, nm.compiled_step),
    "compiled_step(method)": (None, lambda x: nm.compiled_step(nm.QIF, x)),
    "phase_plane": (None, nm.phase_plane),
    "phase_plane(inputs)": ("alone", lambda p, x: nm.phase_plane(p, x, field=False)),
    "phase_plane(limits=)": ("alone", lambda p, x: nm.phase_plane(p, limits=x, field=False)),
    "phase_plane(axes=)": ("alone", lambda p, x: nm.phase_plane(p, axes=x, field=False)),
    "phase_plane(duration=)": ("alone", lambda p, x: nm.phase_plane(
        p, trajectories=[{"r": 8 * Hz}], duration=x, field=False)),
    "Parameter": (None, nm.Parameter),
    "Parameter(bounds=)": (None, lambda x: nm.Parameter(1.0, bounds=x)),
    "State": (None, nm.State),
    "State(unit)": (None, lambda x: nm.State(0.0, x)),
    "State(lower=)": (None, lambda x: nm.State(0.0, lower=x)),
    "Input": (None, nm.Input),
    "Input(default=)": (None, lambda x: nm.Input(mV, default=x)),
    "Output": (None, nm.Output),
    "Output(unit)": (None, lambda x: nm.Output(lambda r: r, x)),
    "class: a parameter": (None, lambda x: model(tau=nm.Parameter(x))),
    "class: derivatives": (None, lambda x: model(derivatives=x)),
    "class: staticmethod": (None, lambda x: model(derivatives=staticmethod(x))),
    "class: a result": (None, lambda x: model(derivatives=staticmethod(lambda x_, tau: x))),
    "class: output": (None, lambda x: model(output=x)),
    "class: default_dt": (None, lambda x: model(default_dt=x)),
    "class: name": (None, lambda x: type(nm.QIF)(x, (nm.QIF,), {})),
}  # fmt: skip


def outcome(entry, kind):
    """What came of a call: accepted, refused, or a fault."""
    made, call = ENTRIES[entry]
    given = [] if made is None else [pickle.loads(MADE[made])]
    before = [state_of(each) for each in given]
    try:
        with warnings.catch_warnings(), at_most(SECONDS):
            warnings.simplefilter("ignore")
            call(*given, BAD[kind]())
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        found = fault(error)
        named = re.search(r"\((\w+)=\)|\.(\w+) =$", entry)
        if found is None and is_ours_to_word(error) and named and not _names(error, named):
            found = "unnamed", str(error)[:120]
        refused = found is None and not isinstance(error, nm.SimulationError)
        if refused and [state_of(each) for each in given] != before:
            found = "changed", str(error)[:80]
        return found or ("refused", "")
    finally:
        plt.close("all")
    return "accepted", ""


def _names(error, named):
    """Whether a message says which argument it is about."""
    name = {"names": "record"}.get(named[1], named[1] or named[2])
    return re.search(rf"\b{name}\b", str(error)) is not None


def check(pairs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    counts, faults = Counter(), []
    for entry, kind in pairs:
        word, shown = outcome(entry, kind)
        if word == "hangs":  # the first call of an entry may have compiled on a busy machine
            word, shown = outcome(entry, kind)
        counts[word] += 1
        if word not in ("accepted", "refused"):
            faults.append(f"{word}: {entry} given {kind}: {shown}")
    listed = "\n".join(faults)
    soft = ("foreign", "unnamed")
    hard = [each for each in faults if not each.startswith(soft)]
    assert not hard, f"{dict(counts)}\n{listed}"
    for word in soft:
        assert counts[word] <= 0.005 * sum(counts.values()), f"{dict(counts)}\n{listed}"
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]


def all_pairs():
    return [(entry, kind) for entry in ENTRIES for kind in BAD]


def test_a_sample_of_bad_values(tmp_path, monkeypatch):
    pairs = [each for each in all_pairs() if zlib.crc32("".join(each).encode()) % 15 == 0]
    check(pairs, tmp_path, monkeypatch)


@pytest.mark.slow
def test_all_bad_values_everywhere(tmp_path, monkeypatch):
    check(all_pairs(), tmp_path, monkeypatch)


def test_a_hanging_call_is_noticed():
    with pytest.raises(Hang), at_most(0.2):
        time.sleep(60)
