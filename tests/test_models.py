"""What holds for every model: equations, Jacobian, order, checks of units, documentation."""

import ast
import inspect
import itertools
import textwrap

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_equations import BY_HAND, final, rates
from models_registry import IDS, MODELS
from scipy.integrate import solve_ivp

import neuromass as nm
from neuromass.declaration import ModelType
from neuromass.dynamics.jacobian import jacobian
from neuromass.kernels.methods import METHODS
from neuromass.units import Hz, UnitError, ms

# ------------------------------------------------------------------------------- instruments


def solution(case, inputs, end):
    """The state at some time in ms, by DOP853 on the equations written by hand."""
    pop, p, f = case.make(), case.values, BY_HAND[case.name]
    start = [getattr(pop.raw, name) for name in case.cls.model.states]

    def rhs(t, y):
        fed = {n: float(each.sample(np.array([t]))[0]) for n, each in inputs.items()}
        return f({**p, **fed}, *y)

    return solve_ivp(rhs, (0, end), start, "DOP853", rtol=3e-14, atol=1e-17).y[:, -1]


# ---------------------------------------------------------------------------------- all models


def test_the_registry_has_every_model():
    assert sorted(IDS) == sorted(entry.name for entry in nm.list_models())
    assert set(BY_HAND) == set(IDS)


@pytest.mark.parametrize("case", MODELS, ids=IDS)
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_the_declared_equations_are_those_written_by_hand(case, data):
    p = {name: x * data.draw(st.floats(0.5, 2)) for name, x in case.values.items()}
    if case.name == "QIFTsodyksMarkram":
        p["U0"] = min(p["U0"], 1.0)
    start = case.make().raw
    y = {n: getattr(start, n) + data.draw(st.floats(0, 0.5)) for n in case.cls.model.states}
    expected = np.array(BY_HAND[case.name](p, *y.values()))
    scale = np.abs(expected).max()
    assert np.allclose(rates(case.cls, {**p, **y}), expected, rtol=1e-11, atol=1e-11 * scale)


@pytest.mark.parametrize("case", MODELS, ids=IDS)
def test_the_jacobian_is_that_of_differences(case):
    y = {name: getattr(case.make().raw, name) for name in case.cls.model.states}
    exact = jacobian(case.cls.equations, {**case.values, **y})
    for column, name in enumerate(y):
        h = 1e-5 * max(1.0, abs(y[name]))
        ahead = np.array(BY_HAND[case.name](case.values, *{**y, name: y[name] + h}.values()))
        behind = np.array(BY_HAND[case.name](case.values, *{**y, name: y[name] - h}.values()))
        difference = (ahead - behind) / (2 * h)
        assert np.allclose(exact[:, column], difference, rtol=1e-6, atol=1e-8 * np.abs(exact).max())


@pytest.mark.parametrize("driven", ["constant", "sine"])
@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
@pytest.mark.parametrize("case", MODELS, ids=IDS)
def test_the_order_is_the_order(case, method, driven):
    """Of order 4 where inputs are constant within a step, and equations smooth on the way."""
    order = method.order if driven == "constant" else method.driven_order
    longer = {"WongWang": 4, "WongWangDecision": 2}.get(case.name, 1)  # or it is rounding
    constant = {name: nm.signals.Constant(x) for name, x in case.inputs.items()}
    inputs = constant if driven == "constant" else case.sine
    exact = solution(case, inputs, case.duration.magnitude)
    errors = []
    for parts in (1, 2, 4) if order == 4 else (4, 8, 16):
        dt = longer * case.dt / parts if order == 4 else case.dt / parts
        pop = case.make(dt=dt, method=method.name)
        nm.run(pop, case.duration, inputs=inputs)
        errors.append(np.linalg.norm((final(pop) - exact) / np.maximum(np.abs(exact), 1e-6)))
    slopes = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    if order == 4:  # slopes of long steps, extrapolated to short ones
        slopes = 2 * slopes[1:] - slopes[:-1]
    assert np.allclose(slopes, order, atol=0.1)


class Dropping(ast.NodeTransformer):
    """Drops one factor or divisor, the n-th that is a name with a dimension."""

    def __init__(self, names, place):
        self.names, self.place, self.count, self.dropped = names, place, -1, ""

    def visit_BinOp(self, node):
        self.generic_visit(node)
        for side, other in ((node.right, node.left), (node.left, node.right)):
            product = isinstance(node.op, ast.Mult) or (
                isinstance(node.op, ast.Div) and side is node.right
            )
            if product and isinstance(side, ast.Name) and side.id in self.names:
                self.count += 1
                if self.count == self.place:
                    self.dropped = side.id
                    return other
        return node


def wrong_copies(cls):
    """Copies of a model, each with one factor with a dimension dropped from its equations."""
    names = {n for n, each in cls.model.declarations.items() if not each.measure.is_dimensionless}
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls.derivatives)))
    tree.body[0].decorator_list = []
    for place in itertools.count():
        dropping = Dropping(names, place)
        changed = ast.fix_missing_locations(dropping.visit(ast.parse(ast.unparse(tree))))
        if not dropping.dropped:
            return
        namespace = dict(inspect.getmodule(cls).__dict__)
        exec(compile(changed, "<wrong copy>", "exec"), namespace)
        yield dropping.dropped, ast.unparse(changed), namespace["derivatives"]


@pytest.mark.parametrize("case", MODELS, ids=IDS)
def test_a_copy_with_a_dropped_factor_is_refused(case):
    copies = list(wrong_copies(case.cls))
    assert copies
    for dropped, text, function in copies:
        body = {"derivatives": staticmethod(function)}
        print(f"without {dropped}:\n{text}")
        with pytest.raises(UnitError, match=r"does not balance: .*d\w+/dt"):
            ModelType("Wrong", (case.cls,), body)


@pytest.mark.parametrize("case", MODELS, ids=IDS)
def test_a_parameter_of_the_wrong_unit_is_refused(case):
    (name,) = case.wrong
    with pytest.raises(UnitError, match=name):
        case.make(**case.wrong)


@pytest.mark.parametrize("case", MODELS, ids=IDS)
def test_the_documentation_is_complete(case):
    text = case.cls.__doc__
    assert "doi:10." in text
    assert ".. math::" in text
    assert ">>> " in text
    assert case.cls.exact_for
    for name, each in case.cls.model.declarations.items():
        assert each.doc, name
        assert name in text


def test_the_list_of_models():
    models = nm.list_models()
    assert isinstance(models, tuple)
    assert [entry.name for entry in models][:2] == ["QIF", "QIFAdaptation"]
    entry = next(each for each in models if each.name == "IzhikevichMeanField")
    assert entry.states == ("r [Hz]", "v [mV]", "u [pA]", "s")
    assert "approximate" in entry.exact_for
    text, html = repr(models), models._repr_html_()
    assert all(len(line) <= 132 for line in text.splitlines())
    families = [entry.family for entry in models]
    order = list(dict.fromkeys(families))
    assert families == [name for name in order for _ in range(families.count(name))]
    assert html.count("<tr>") == 1 + len(order) + len(models)
    places = [text.index(f"-- {name}") for name in order]
    assert places == sorted(places)
    assert places[-1] < text.index("KuramotoOscillator")
    for each in models:
        assert each.name in text
        assert each.name in html
    assert "Montbrió, Pazó, Roxin 2015" in html


def test_the_models_of_a_family():
    """They are what the whole list has of it, and all families together are the whole list."""
    models = nm.list_models()
    parts = [nm.list_models(name) for name in dict.fromkeys(each.family for each in models)]
    assert tuple(each for part in parts for each in part) == models
    names = [each.name for each in nm.list_models("oscillators")]
    assert names == ["FitzHughNagumo", "KuramotoOscillator", "StuartLandau", "VanDerPol"]
    with pytest.raises(ValueError, match=r"family must be one of .*'oscilators'.*oscillators"):
        nm.list_models("oscilators")


PUBLISHED = [
    nm.QIF.montbrio2015,
    nm.QIFAdaptation.gast2020,
    nm.QIFAlphaAdaptation.gast2020,
    nm.QIFDepression.gast2020,
    nm.QIFTsodyksMarkram.taher2020,
    nm.QIFSynaptic.devalle2017,
    nm.QIFGapJunction.pietras2019,
    nm.QIFConductance.coombes2019,
    nm.IzhikevichMeanField.regular_spiking,
    nm.IzhikevichCurrents.regular_spiking,
    nm.IzhikevichCurrents.chen2022,
    nm.Wendling.background2002,
    nm.Wendling.spikes2002,
    nm.Wendling.fast2002,
    nm.WilsonCowan.limit_cycle1972,
    nm.WilsonCowan.hysteresis1972,
    nm.WilsonCowan.abeysuriya2018,
    nm.WilsonCowan.cakan2021,
    nm.JansenRit.alpha_rhythm,
    nm.StuartLandau.deco2017,
    nm.FitzHughNagumo.fitzhugh1961,
    nm.WongWang.deco2013,
    nm.WongWang.hansen2015,
    nm.WongWangDecision.decision2006,
    nm.WongWangExcInh.deco2014,
    nm.Epileptor.jirsa2014,
    nm.LarterBreakspear.alstott2009,
]


@pytest.mark.parametrize("make", PUBLISHED, ids=lambda each: each.__qualname__)
def test_published_sets_take_changes(make):
    pop = make(shape=3, dt=0.02 * ms, method="euler")
    assert type(pop) is make.__self__
    assert pop.shape == (3,)
    assert (pop.dt, pop.method) == (0.02 * ms, "euler")
    first = next(iter(pop.parameters))
    changed = make(**{first: 2 * getattr(pop, first)})
    assert np.all(getattr(changed, first) == 2 * getattr(pop, first))
    with pytest.raises(TypeError, match="no parameter 'nonsense'"):
        make(nonsense=1)


RESTING = [
    nm.QIF.montbrio2015,
    nm.QIFTsodyksMarkram.taher2020,
    nm.IzhikevichMeanField.regular_spiking,
    nm.IzhikevichCurrents.regular_spiking,
]


@pytest.mark.parametrize("make", RESTING, ids=lambda each: each.__qualname__)
def test_bistable_sets_start_at_rest_unless_told(make):
    pop = make()
    before = final(pop)
    nm.run(pop, 50 * ms)
    assert np.allclose(final(pop), before, rtol=1e-9, atol=1e-12)
    told = make(initial={"r": 5 * Hz})
    assert told.r == 5 * Hz


# ---------------------------------------------------------------- Wilson-Cowan, Jansen-Rit


@pytest.mark.slow
def test_every_model_has_its_figure(tmp_path, monkeypatch):
    matplotlib = pytest.importorskip("matplotlib")
    monkeypatch.setitem(matplotlib.rcParams, "backend", "agg")
    from figures import FIGURES, draw_all

    paths = draw_all(tmp_path)
    assert set(FIGURES) == set(IDS)
    assert [path.stem for path in paths] == list(FIGURES)
    assert all(path.stat().st_size > 10_000 for path in paths)
