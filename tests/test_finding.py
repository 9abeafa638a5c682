"""What Tab and help show, and where a name leads that another package would have."""

import inspect
import pydoc

import numpy as np
import pytest
from samples import Charge

import neuromass as nm
from neuromass.units import Hz, ms


def pair():
    net = nm.Network({"exc": nm.QIF(tau=20 * ms, J=8.0), "inh": nm.QIF(eta=[1.0, 2.0])})
    net.connect("exc", "inh", J=10.0, synapse=nm.synapses.Exponential(5 * ms))
    return net


def in_public(names):
    return not [each for each in names if each.startswith("_") and not each.startswith("__")]


# ------------------------------------------------------------------------ Tab and help


def test_the_signature_of_a_model_has_its_parameters():
    found = inspect.signature(nm.QIFAdaptation).parameters
    assert list(found)[:6] == ["tau", "eta", "delta", "J", "alpha", "tau_a"]
    assert found["tau"].default == 10 * ms
    assert found["eta"].default == -5.0
    assert {"dt", "method", "seed", "noise", "initial", "shape"} <= set(found)
    assert all(each.kind is each.KEYWORD_ONLY for each in found.values())
    for name, each in found.items():
        if name in nm.QIFAdaptation.model.parameters:
            nm.QIFAdaptation(**{name: each.default})  # a default can be given back
    assert "parameters" in inspect.signature(nm.Population).parameters


def test_a_constructor_of_ones_own_keeps_its_signature():
    class Own(nm.QIF):
        def __init__(self, gain, **others):
            super().__init__(J=gain, **others)

    class Heir(Own):
        """Takes it over."""

    assert list(inspect.signature(Own).parameters) == ["gain", "others"]
    assert list(inspect.signature(Heir).parameters) == ["gain", "others"]


def test_completion_of_keywords():
    completer = pytest.importorskip("IPython.core.completer")
    found = completer.IPCompleter(namespace={"nm": nm}, use_jedi=False)
    with completer.provisionalcompleter():
        names = [each.text for each in found.completions("nm.QIF(del", 10)]
    assert "delta=" in names


def test_only_public_names_are_listed():
    net = pair()
    rec = nm.run(net, 1 * ms)
    with nm.record(nm.QIF()) as live:
        pass
    for thing in (nm.QIF(), net, net["exc->inh"], rec, rec["exc"], live, nm.units, nm):
        assert in_public(dir(thing)), thing
    assert set(dir(nm)) == set(nm.__all__)
    assert {"second", "mV", "magnitudes"} <= set(dir(nm.units))
    assert "np" not in dir(nm.units)


def test_listed_names_have_values():
    for thing in (nm.QIF(), nm.QIFConductance(), nm.JansenRit(), pair(), pair()["exc->inh"]):
        for name in dir(thing):
            assert hasattr(thing, name), name
    assert {"tau", "J", "r", "v", "update"} <= set(dir(nm.QIF()))
    assert "eeg" in dir(nm.JansenRit())
    assert "J" not in dir(nm.QIFConductance())
    assert "I_ext" not in dir(nm.QIF())  # it has a value during a step alone


def test_keys_are_offered():
    net = pair()
    rec = nm.run(net, 1 * ms)
    assert net._ipython_key_completions_() == ["exc", "inh", "exc->inh"]
    assert {"exc", "exc.r", "inh.v"} <= set(rec._ipython_key_completions_())
    assert rec["exc"]._ipython_key_completions_() == ["r", "v"]
    assert all(rec[key] is not None for key in rec._ipython_key_completions_())


@pytest.mark.parametrize(
    ("declared", "line"),
    [
        (nm.QIF.tau, "parameter tau: membrane time constant (positive), default 10 ms"),
        (nm.QIF.r, "state r: firing rate (not below 0 Hz), default 0 Hz"),
        (nm.JansenRit.eeg, "output eeg: potential of the pyramidal cells, in mV"),
    ],
)
def test_a_declaration_describes_itself(declared, line):
    assert inspect.getdoc(declared) == line
    assert line in pydoc.render_doc(declared, renderer=pydoc.plaintext)


def test_help_of_a_model_has_a_line_for_each_declaration():
    class Late(nm.QIF):
        """A model."""

        lag = nm.Parameter(3 * ms, nonnegative=True, doc="a lag")

        @staticmethod
        def derivatives(r, v, I_ext, tau, eta, delta, J, lag):
            return nm.QIF.derivatives(r, v, I_ext, tau + lag, eta, delta, J)

    text = pydoc.render_doc(Late, renderer=pydoc.plaintext)
    assert "parameter lag: a lag (not negative), default 3 ms" in text
    assert "parameter eta: " in text


# ------------------------------------------------------------------------- guesses


@pytest.mark.parametrize("name", ["run", "simulate", "integrate", "solve_ivp"])
def test_running_is_a_function(name):
    for thing in (nm.QIF, nm.Population, nm.QIF(), nm.JansenRit()):
        if name == "run" or not hasattr(thing, name):
            with pytest.raises(AttributeError, match=rf"{name}'; write nm\.run\(pop, 100 \* ms\)"):
                getattr(thing, name)
    with pytest.raises(AttributeError, match=rf"{name}'; write nm\.run\(net, 100 \* ms\)"):
        getattr(pair(), name)


@pytest.mark.parametrize(
    ("find", "words"),
    [
        (lambda: nm.simulate, r"nm\.run\(pop"),
        (lambda: nm.plot, r"rec\.plot\(\)"),
        (lambda: nm.qif, "did you mean QIF"),
        (lambda: nm.ms, r"from neuromass\.units import ms"),
        (lambda: nm.Step, r"from neuromass\.signals import Step"),
        (lambda: nm.Exponential, r"from neuromass\.synapses import Exponential"),
        (lambda: nm.White, r"from neuromass\.noise import White"),
        (lambda: nm.QIF().step, r"update\(3\.0\) for one step"),
        (lambda: nm.QIF().plot, r"rec\.plot\(\)"),
        (lambda: nm.QIF().states, r"write \.state"),
        (lambda: nm.QIF().connect, r"nm\.Network"),
        (lambda: pair().plot_traces, r"rec\.plot\(\)"),
        (lambda: pair().exc, r"net\['exc'\]"),
        (lambda: pair().add_node, r"nm\.Network\(\{"),
        (lambda: pair().conect, "did you mean connect"),
        (lambda: nm.run(nm.QIF(), ms).values, r"rec\.array\('r', Hz\)"),
        (lambda: nm.run(nm.QIF(), ms).to_numpy, r"rec\.array\('r', Hz\)"),
        (lambda: nm.run(pair(), ms).exc, r"rec\['exc'\]"),
        (lambda: nm.run(pair(), ms).to_numpy, r"rec\.array\('r', Hz\)"),
        (lambda: nm.QIF.etaa, "did you mean eta"),
    ],
)
def test_a_guess_leads_on(find, words):
    with pytest.raises(AttributeError, match=words):
        find()


def test_advice_names_what_there_is():
    """Every name that a hint ends in is an attribute of what it is said of."""
    from neuromass import hints

    rec = nm.run(nm.QIF(), ms)
    for thing, known in ((nm.QIF(), hints.POPULATION), (pair(), hints.NETWORK)):
        for name, sentence in known.items():
            assert name not in dir(thing), name
            word = sentence.removeprefix("write ").split("(")[0]
            if word.startswith(".") or word.isidentifier():
                assert hasattr(thing, word.split()[0].lstrip(".")), sentence
    assert not set(hints.RECORDING) & set(dir(rec))
    assert not set(hints.PACKAGE) & set(dir(nm))


def test_a_state_of_that_name_is_the_users():
    """A hint is for names that are not there: a model may declare any of them."""

    class Own(nm.QIF):
        rate = nm.Output(lambda v: 2.0 + 0.0 * v)

    assert Own().rate.magnitude == 2.0
    assert Charge().v.magnitude == 0.0


# --------------------------------------------------------------------------- units


@pytest.mark.parametrize(
    ("name", "meant"),
    [("s", "second"), ("seconds", "second"), ("m", "metre"), ("meter", "metre"), ("V", "volt"),
     ("mv", "mV"), ("msec", "ms")],
)  # fmt: skip
def test_units_of_another_name(name, meant):
    with pytest.raises(AttributeError, match=rf"no unit '{name}'; did you mean {meant}\?"):
        getattr(nm.units, name)


def test_units_that_are_not_of_this_field():
    for name in ("newton", "degC", "radian", "kelvin"):
        with pytest.raises(AttributeError, match="it has us, ms, second"):
            getattr(nm.units, name)


def test_the_error_of_units_is_public():
    with pytest.raises(nm.UnitError, match="tau needs a time"):
        nm.QIF(tau=10)


# ------------------------------------------------------------------- traces by one name


def test_a_trace_of_a_member_by_one_name():
    rec = nm.run(pair(), 1 * ms, record=("exc.r", "inh", "exc->inh"))
    np.testing.assert_array_equal(rec["exc.r"].m_as(Hz), rec["exc"].array("r", Hz))
    assert rec["exc->inh.s"].shape == rec["exc->inh"].s.shape
    assert list(rec) == ["exc", "inh", "exc->inh"]
    assert "exc.r" not in rec
    with pytest.raises(KeyError, match="recorded as 'x'; there is r"):
        rec["exc.x"]
    with pytest.raises(KeyError, match=r"no recording 'r'; there is exc\.r"):
        nm.run(nm.Network({"exc": nm.QIF()}), ms)["r"]
