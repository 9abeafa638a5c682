"""Populations and their classes travel to other processes, and go on there bitwise."""

import base64
import copy
import json
import pickle
import textwrap

import numpy as np
import pytest
from conftest import environment
from test_declaration import LEAK, QIFu, model

import neuromass as nm
from neuromass.units import Hz, UnitError, mV

ARRIVE = """
import base64, pickle, sys
import numpy as np
import {modules}
pop = pickle.loads(base64.b64decode({data!r}))
for _ in range(20):
    pop.update(0.3)
print(*(np.asarray(getattr(pop.raw, name)).tobytes().hex() for name in pop.state), pop.raw.t)
"""
"""A process that takes a population and goes on with it."""

OWN = """
import math
import numpy as np
import neuromass as nm
from neuromass.units import Hz, ms, mV

def gain(x):
    return 2 * math.tanh(x) + np.where(x > 0, x, 0) + math.erf(x)

class Own(nm.QIF):
    "What a user writes."
    J = None
    tau_u = nm.Parameter(20 * ms, positive=True)
    b = nm.Parameter(0.1, bounds=(0, 1))
    u = nm.State(0.25, lower=-5.0)
    rest = nm.Input(default=0.5)
    level = nm.Output(lambda u, tau: u / tau, Hz)
    default_dt = 0.1 * ms

    @staticmethod
    def derivatives(r, v, u, I_ext, rest, tau, eta, delta, tau_u, b):
        drdt, dvdt = nm.QIF.derivatives(r, v, I_ext - u, tau, eta, delta, 0.0)
        return drdt, dvdt, (gain(b * v) + rest - u) / tau_u
"""


def bits(pop):
    for _ in range(20):
        pop.update(0.3)
    return " ".join(
        [
            *(np.asarray(getattr(pop.raw, name)).tobytes().hex() for name in pop.state),
            str(pop.raw.t),
        ]
    )


def arrive(data, modules="sys"):
    return ARRIVE.format(data=base64.b64encode(data).decode(), modules=modules)


def own(**extra):
    scope = {"__name__": "__main__", **extra}
    exec(OWN, scope)
    return scope["Own"]


POPULATIONS = {
    "plain": lambda cls: cls(eta=-3.0),
    "lanes": lambda cls: cls(eta=np.linspace(-5, 5, 3), shape=(2, 3)),
    "noise": lambda cls: cls(
        noise={"I_ext": nm.noise.OrnsteinUhlenbeck(0.5, 10 * nm.units.ms)}, seed=3
    ),
    "euler": lambda cls: cls(method="euler", dt=0.2 * nm.units.ms, initial={"r": 5 * Hz}),
}


@pytest.fixture(params=POPULATIONS)
def made(request):
    return POPULATIONS[request.param]


@pytest.mark.parametrize("cls", [nm.QIF, QIFu, own(), model(LEAK)], ids=lambda each: each.__name__)
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_population_goes_on_after_pickling(cls, protocol):
    pop = cls()
    pop.update(0.2)
    twin = pickle.loads(pickle.dumps(pop, protocol))
    assert repr(twin) == repr(pop)
    assert bits(twin) == bits(pop)
    assert type(twin) is type(pickle.loads(pickle.dumps(pop, protocol)))


def test_all_of_it_goes_on_after_pickling_and_copying(made):
    pop = made(nm.QIF)
    pop.update(0.2)
    twins = [pickle.loads(pickle.dumps(pop)), copy.deepcopy(pop), copy.copy(pop)]
    expected = bits(pop)
    for twin in twins:
        assert type(twin) is nm.QIF
        assert bits(twin) == expected


@pytest.mark.slow
def test_a_shipped_population_in_another_process(elsewhere, made):
    pop = made(nm.QIF)
    pop.update(0.2)
    assert elsewhere(arrive(pickle.dumps(pop))) == [bits(pop)]


@pytest.mark.parametrize(
    "name", ["plain", *(pytest.param(n, marks=pytest.mark.slow) for n in list(POPULATIONS)[1:])]
)
def test_a_class_that_is_not_there_is_rebuilt(elsewhere, name):
    pop = POPULATIONS[name](own())
    pop.update(0.2)
    assert elsewhere(arrive(pickle.dumps(pop))) == [bits(pop)]


def rebuilt():
    """A class of the process that made it, as another process has it."""
    cls = own(__name__="gone")
    data = pickle.dumps(cls)
    assert b"gain" not in data
    return cls, pickle.loads(data)


def test_a_rebuilt_class_is_what_it_was():
    cls, twin = rebuilt()
    assert twin is not cls
    assert (twin.__name__, twin.__qualname__, twin.__module__) == ("Own", "Own", "gone")
    assert twin.__doc__ == cls.__doc__
    assert twin.__mro__[1:] == cls.__mro__[1:]
    assert str(twin.equations) == str(cls.equations)
    assert bits(twin()) == bits(cls())
    pop = twin()
    assert pop.level == pop.u / pop.tau
    assert pop.dt == 0.1 * nm.units.ms
    with pytest.raises(ValueError, match="b must be at most 1"):
        pop.b = 2.0
    with pytest.raises(AttributeError, match="J"):
        _ = pop.J
    assert pickle.loads(pickle.dumps(cls)) is twin
    assert pickle.loads(pickle.dumps(twin)) is twin


def test_a_rebuilt_class_can_be_called_and_subclassed():
    cls, twin = rebuilt()
    given = (0.01, -1.0, 0.5, 0.3, 0.2, 10.0, -5.0, 1.0, 20.0, 0.1)
    np.testing.assert_allclose(twin.derivatives(*given), cls.derivatives(*given), rtol=1e-14)
    body = """
        c = nm.Parameter(0.5)
        @staticmethod
        def derivatives(r, v, u, I_ext, rest, tau, eta, delta, tau_u, b, c):
            return Own.derivatives(r, v, u, I_ext + c * u, rest, tau, eta, delta, tau_u, b)
    """
    child, expected = (model(body, "Own", "Child", Own=each) for each in (twin, cls))
    names = list(expected().state)
    one, two = child(), expected()
    for _ in range(20):
        one.update(0.3)
        two.update(0.3)
    np.testing.assert_allclose(
        [getattr(one.raw, name) for name in names], [getattr(two.raw, name) for name in names],
        rtol=1e-13,
    )  # fmt: skip
    assert one.level == one.u / one.tau
    with pytest.raises(UnitError, match="does not balance"):
        model("tau_u = nm.Parameter(3 * mV)", "Own", "Child", Own=twin, mV=mV)


def test_a_class_that_is_there_but_computes_something_else_is_not_taken(monkeypatch):
    import __main__

    cls = own()
    data = pickle.dumps(cls)
    monkeypatch.setattr(__main__, "Own", cls, raising=False)
    assert pickle.loads(data) is cls
    for old, new in {
        "0.0)": "1.0)",
        "bounds=(0, 1)": "bounds=(0, 2)",
        "lower=-5.0": "lower=-6.0",
        "20 * ms": "21 * ms",
    }.items():
        scope = {"__name__": "__main__"}
        exec(OWN.replace(old, new), scope)
        monkeypatch.setattr(__main__, "Own", scope["Own"])
        found = pickle.loads(data)
        assert found is not scope["Own"], old
        assert str(found.equations) == str(cls.equations)


def test_importable_classes_go_by_name():
    assert pickle.loads(pickle.dumps(nm.QIF)) is nm.QIF
    assert pickle.loads(pickle.dumps(QIFu)) is QIFu
    assert len(pickle.dumps(nm.QIF)) < 100
    assert copy.deepcopy(nm.QIF) is nm.QIF
    assert pickle.loads(pickle.dumps(nm.Population)) is nm.Population


def test_declarations_units_and_models_survive():
    for each in (*QIFu.model.declarations.values(), QIFu.model):
        twin = pickle.loads(pickle.dumps(each))
        if each is not QIFu.model:
            assert vars(twin) == vars(each)
        else:
            assert twin.equations.identity() == each.equations.identity()


# -------------------------------------------------------------------------- cloudpickle


@pytest.mark.parametrize("name", ["plain", pytest.param("noise", marks=pytest.mark.slow)])
def test_cloudpickle_takes_all_of_a_class(elsewhere, name):
    cloudpickle = pytest.importorskip("cloudpickle")
    text = OWN.replace(
        "    J = None", '    J = None\n    def label(self): return f"b is {self.b.magnitude}"'
    )
    scope = {"__name__": "__main__"}
    exec(text, scope)
    pop = POPULATIONS[name](scope["Own"])
    pop.update(0.2)
    there = arrive(cloudpickle.dumps(pop)) + textwrap.dedent("""
        level = abs(pop.level * pop.tau / pop.u - 1) < 1e-12
        print(pop.label(), type(pop).__doc__.splitlines()[0], level)
        print(type(pop)(b=0.5).b.magnitude, hasattr(type(pop), "J"))
        again = pickle.loads(pickle.dumps(pop))
        print(again.raw.u == pop.raw.u)
        class Child(type(pop)):
            pass
        print(Child().update(0.3) == type(pop)().update(0.3))
    """)
    assert elsewhere(there) == [
        bits(pop), "b is 0.1 What a user writes. True", "0.5 False", "True", "True",
    ]  # fmt: skip


BRANCHING = OWN.replace(
    "        return drdt", "        u = u if u > 0 else 0.5 * u\n        return drdt"
)
BRANCHING = BRANCHING.replace(
    "drdt, dvdt = nm.QIF.derivatives(r, v, I_ext - u, tau, eta, delta, 0.0)",
    "drdt, dvdt = (delta / tau + r * v) / tau, (v**2 + eta + I_ext - u - (tau * r) ** 2) / tau",
)


def test_cloudpickle_takes_a_model_used_as_written(elsewhere):
    cloudpickle = pytest.importorskip("cloudpickle")
    scope = {"__name__": "__main__"}
    exec(BRANCHING.replace("np.where(x > 0, x, 0)", "max(x, 0.0)"), scope)
    pop = scope["Own"]()
    assert pop.update(0.2)
    assert elsewhere(arrive(cloudpickle.dumps(pop))) == [bits(pop)]


# ------------------------------------------------------------ scripts, workers, notebooks

SCRIPT = """
import multiprocessing

def go_on(pop):
    for _ in range(20):
        pop.update(0.3)
    bits = [np.asarray(getattr(pop.raw, name)).tobytes().hex() for name in pop.state]
    return bits, type(pop) is Own

if __name__ == "__main__":
    pop = Own(b=0.2)
    pop.update(0.2)
    with multiprocessing.get_context({method!r}).Pool(1) as pool:
        (there, same), = pool.map(go_on, [pop])
    print(there == go_on(pop)[0], same)
"""


@pytest.mark.slow
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
@pytest.mark.parametrize("text", [OWN, BRANCHING.replace("np.where(x > 0, x, 0)", "max(x, 0.0)")])
def test_a_class_of_a_script_and_its_workers(elsewhere, method, text):
    assert elsewhere(text + SCRIPT.format(method=method), script="work.py") == ["True True"]


@pytest.mark.slow
def test_a_class_of_a_notebook_in_a_process_of_its_own(tmp_path, monkeypatch, elsewhere):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    for name, each in environment(tmp_path).items():
        monkeypatch.setenv(name, each)
    leave = """
    import base64, json, pickle
    pop = Own(b=0.2)
    pop.update(0.2)
    data = base64.b64encode(pickle.dumps(pop)).decode()
    for _ in range(20):
        pop.update(0.3)
    bits = [np.asarray(getattr(pop.raw, name)).tobytes().hex() for name in pop.state]
    result = " ".join([*bits, str(pop.raw.t)])
    print(json.dumps([data, result]))
    """
    cells = [nbformat.v4.new_code_cell(text) for text in (OWN, textwrap.dedent(leave))]
    book = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(book, timeout=300).execute()
    data, result = json.loads(book.cells[1].outputs[0].text)
    assert elsewhere(arrive(base64.b64decode(data))) == [result]
