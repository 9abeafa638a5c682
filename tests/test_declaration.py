"""The class statement checks itself: names, arguments, results, inheritance, the table."""

import copy
import textwrap
import types

import numpy as np
import pytest

import neuromass as nm
from neuromass.units import Hz, UnitError, ms, mV, pA


def model(body, bases="nm.Population", name="M", **extra):
    """A class made by a class statement with this body."""
    scope = {"nm": nm, "np": np, "ms": ms, "Hz": Hz, "mV": mV, "pA": pA, **extra}
    exec(f"class {name}({bases}):\n{textwrap.indent(textwrap.dedent(body), '    ')}", scope)
    return scope[name]


LEAK = """
    tau = nm.Parameter(10 * ms, positive=True, doc="time constant")
    x = nm.State(0.5, doc="what leaks")
    I = nm.Input(doc="what comes in")
    @staticmethod
    def derivatives(x, I, tau):
        return (I - x) / tau
"""


def stepped(cls, **options):
    pop = cls(**options)
    for _ in range(20):
        pop.update(0.3)
    return [float(getattr(pop.raw, name)) for name in pop.state]


# --------------------------------------------------------------- arguments and results


def test_arguments_are_matched_by_name_in_any_order():
    turned = model("""
        tau = nm.Parameter(10 * ms)
        k = nm.Parameter(2.0)
        x = nm.State(0.5)
        I = nm.Input()
        @staticmethod
        def derivatives(k, tau, I, x):
            return (I - k * x) / tau
    """)
    straight = model("""
        tau = nm.Parameter(10 * ms)
        k = nm.Parameter(2.0)
        x = nm.State(0.5)
        I = nm.Input()
        @staticmethod
        def derivatives(x, I, tau, k):
            return (I - k * x) / tau
    """)
    assert stepped(turned) == stepped(straight)


@pytest.mark.parametrize(
    ("signature", "sentence"),
    [
        ("x, I, taus", "derivatives has an argument taus that is not declared; did you mean tau?"),
        (
            "x, I, tau, zz",
            "derivatives has an argument zz that is not declared; there is x, I, tau",
        ),
        ("x, I", "M declares the parameter tau, but its equations do not use it"),
        ("x, tau", "M declares the input I, but its equations do not use it"),
        ("*args", r"M.derivatives takes plain arguments, matched by name, unlike \*args"),
        ("x, I, tau, **rest", r"unlike \*\*rest"),
        ("x, I, *, tau", "unlike tau"),
        ("x, I, tau=3", "unlike tau=3"),
    ],
)
def test_arguments_that_do_not_match_are_refused(signature, sentence):
    with pytest.raises(TypeError, match=sentence):
        model(LEAK.replace("x, I, tau)", f"{signature})"))


def test_arguments_may_be_positional_only():
    assert stepped(model(LEAK.replace("x, I, tau)", "x, I, /, tau)"))) == stepped(model(LEAK))


TWO = """
    tau = nm.Parameter(10 * ms)
    x = nm.State(0.5)
    y = nm.State(0.0)
    @staticmethod
    def derivatives(x, y, tau):
        dxdt = -y / tau
        dydt = x / tau
        other = dxdt
        {}
"""


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        ("return dydt, dxdt", "returns dydt in place 1; in the order of the states it is dxdt, d"),
        ("return [dydt, dxdt]", "returns dydt in place 1"),
        ("return dxdt, dxdt", "returns dxdt in place 2"),
        ("return dxdt", "returns 1 values for 2 states: x, y"),
        ("return dxdt, dydt, dxdt", "returns dxdt in place 3"),
        ("return dxdt, dydt, other", "returns 3 values for 2 states: x, y"),
        ("pass", "derivatives returns nothing; it ends with: return drdt, dvdt"),
        ("return 'a', 'b'", "The equations of M need 'a', which is no number"),
    ],
)
def test_results_that_do_not_match_the_states_are_refused(result, sentence):
    with pytest.raises(TypeError, match=sentence):
        model(TWO.format(result))


@pytest.mark.parametrize(
    "result",
    ["dxdt, dydt", "other, dydt", "[dxdt, dydt]", "np.array([dxdt, dydt])"],
)
def test_results_may_be_a_tuple_a_list_or_an_array(result):
    assert stepped_without_input(model(TWO.format(f"return {result}"))) == stepped_without_input(
        model(TWO.format("return dxdt, dydt"))
    )


def stepped_without_input(cls):
    pop = cls()
    pop.update()
    return list(pop.__system__().state[:, 0])


@pytest.mark.parametrize("decorator", ["", "@classmethod\n    "])
def test_derivatives_must_be_static(decorator):
    with pytest.raises(TypeError, match="must be a static method: write @staticmethod over"):
        model(LEAK.replace("@staticmethod\n    ", decorator))


def test_a_model_needs_equations_and_states():
    with pytest.raises(TypeError, match="M needs a static method derivatives"):
        model("x = nm.State(0.0)")
    with pytest.raises(TypeError, match="M declares no State"):
        model("x = nm.Parameter(0.0)")
    with pytest.raises(TypeError, match="M declares no State"):
        model(LEAK.replace('x = nm.State(0.5, doc="what leaks")', ""))
    assert model("pass").model is None
    with pytest.raises(TypeError, match="Population is the base of models"):
        model("pass")()


def test_errors_in_the_equations_surface_at_the_class_statement():
    with pytest.raises(NameError, match="undefined"):
        model(LEAK.replace("I - x", "I - x + undefined"))
    with pytest.raises(ZeroDivisionError):
        model(LEAK.replace("I - x", "I - x + 1 / 0"))
    with pytest.raises(AttributeError, match="plain number and has no 'magnitude'"):
        model(LEAK.replace("I - x", "I - x.magnitude"))
    with pytest.raises(TypeError, match="one number: the equations hold for one lane"):
        model(LEAK.replace("I - x", "I - sum(x)"))


# ------------------------------------------------------------------------------- names


@pytest.mark.parametrize("name", ["t", "dt", "seed", "shape", "lane", "state", "update", "copy"])
def test_names_that_populations_use_are_refused(name):
    with pytest.raises(ValueError, match=f"M.{name} is a name that populations use themselves"):
        model(f"{name} = nm.Parameter(1.0)\n" + textwrap.dedent(LEAK))


def test_names_that_are_no_plain_identifiers_are_refused():
    with pytest.raises(ValueError, match=r"M\._k begins with an underscore; give the parameter"):
        model("_k = nm.Parameter(1.0)\n" + textwrap.dedent(LEAK))
    body = {"lambda": nm.Parameter(1.0), "x": nm.State(0.0)}
    body["derivatives"] = staticmethod(lambda x: x)
    with pytest.raises(ValueError, match="lambda is no Python name"):
        type(nm.Population)("M", (nm.Population,), body)


@pytest.mark.parametrize(
    "name", ["b", "k", "half", "c1", "s_x", "E", "inf", "exp", "nan", "Δ", "µ"]
)
def test_any_other_name_may_be_used(name):
    named = model(LEAK.replace("tau", name))
    assert stepped(named) == stepped(model(LEAK))


def test_duplicates_are_refused():
    with pytest.raises(ValueError, match="x is declared twice"):
        model("x = nm.Parameter(1.0)\n" + textwrap.dedent(LEAK))
    with pytest.raises(ValueError, match="k is the same parameter as j"):
        model("j = k = nm.Parameter(1.0)\n" + textwrap.dedent(LEAK))
    with pytest.raises(ValueError, match="taum is the same parameter as tau"):
        model("taum = nm.QIF.tau\n" + textwrap.dedent(LEAK))
    assert nm.QIF.tau.name == "tau"


# -------------------------------------------------------------------------- declarations


def test_defaults_declare_units_and_are_checked():
    assert nm.Parameter(10 * ms).measure.text == "millisecond"
    assert nm.Parameter(ms).default == 1.0
    assert nm.State(0.0, Hz).measure.text == "hertz"
    assert nm.State(8, Hz, lower=2).default == 0.008
    assert nm.State(8, Hz, lower=2).lower == 0.002
    assert nm.Input(pA).measure.text == "picoampere"
    assert nm.Input(default=3 * pA).default == 3.0
    assert nm.Parameter(20 * ms, bounds=(1, 0.1 * nm.units.second)).high == 100.0


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: nm.Parameter("10 ms"), "The default of a parameter needs a plain number"),
        (lambda: nm.Parameter(True), "The default of a parameter needs a plain number"),
        (lambda: nm.Parameter([1.0, 2.0]), "The default of a parameter is one number"),
        (lambda: nm.Parameter(np.nan), "The default of a parameter must be finite"),
        (lambda: nm.Parameter(-1 * ms, positive=True), "must be positive, and -1 ms is not"),
        (lambda: nm.Parameter(-1.0, nonnegative=True), "must not be negative"),
        (lambda: nm.Parameter(5, bounds=(0, 1)), "must be at most 1, not 5"),
        (lambda: nm.Parameter(5, bounds=(6, None)), "must be at least 6, not 5"),
        (lambda: nm.Parameter(5, bounds=(np.nan, None)), "lower bound of a parameter must be fin"),
        (lambda: nm.Parameter(5, bounds=(0 * ms, None)), "lower bound of a parameter needs a pl"),
        (lambda: nm.State("0", Hz), "The default of a state needs a plain number"),
        (lambda: nm.State(0 * ms, Hz), "The default of a state needs a rate"),
        (lambda: nm.State(0.0, lower=np.inf), "lower bound of a state must be finite"),
        (lambda: nm.State(0.0, lower=1.0), "cannot be below its lower bound"),
        (lambda: nm.State(0.0, 5.0), "A unit is needed"),
        (lambda: nm.Input(5.0), "A unit is needed"),
        (lambda: nm.Output(3.0), "function of an output must be callable"),
        (lambda: nm.Output(lambda *args: 1.0), "an output's function takes plain arguments"),
        (lambda: nm.Parameter(1 * nm.units._registry().radian), "not in the angular unit radian"),
    ],
)
def test_wrong_declarations_are_refused(make, sentence):
    with pytest.raises((TypeError, ValueError), match=sentence):
        make()


def test_a_class_keeps_its_declarations():
    with pytest.raises(AttributeError, match="tau is declared by QIF: set it on a population"):
        nm.QIF.tau = 20 * ms
    assert nm.QIF().tau == 10 * ms
    cls = model(LEAK)
    cls.note = "anything else may be set"


def test_default_dt_and_output_are_checked():
    with pytest.raises(UnitError, match=r"M.default_dt needs a time, for example 0.05 \* ms"):
        model("default_dt = 0.05\n" + textwrap.dedent(LEAK))
    with pytest.raises(ValueError, match=r"M.default_dt must be a positive time"):
        model("default_dt = -1 * ms\n" + textwrap.dedent(LEAK))
    with pytest.raises(TypeError, match=r"M.output is 'y', which is no state or output"):
        model("output = 'y'\n" + textwrap.dedent(LEAK))
    assert model("default_dt = 1 * ms\n" + textwrap.dedent(LEAK))().dt == 1 * ms


def test_an_output_follows_from_states_and_parameters():
    cls = model(LEAK + "    y = nm.Output(lambda x, tau: x / tau, Hz)\n    output = 'y'\n")
    pop = cls()
    assert pop.update(0.3) == pop.y
    assert pop.y.units == Hz
    assert pop.raw.y == pop.raw.x * (1 / 10)
    with pytest.raises(TypeError, match="output y of M has an argument I that is no state"):
        model(LEAK + "    y = nm.Output(lambda I: I)\n")
    with pytest.raises(AttributeError, match="y is an output and cannot be set"):
        pop.y = 3 * Hz


def test_an_input_has_no_value_between_steps():
    pop = nm.QIF()
    with pytest.raises(AttributeError, match=r"I_ext is an input.*update\(I_ext=...\)"):
        _ = pop.I_ext
    with pytest.raises(AttributeError, match="I_ext is an input and is not kept"):
        pop.I_ext = 3.0


# --------------------------------------------------------------------------- inheritance


class QIFu(nm.QIF):
    """Recovery that follows the potential."""

    tau_u = nm.Parameter(100 * ms, positive=True, doc="recovery time constant")
    b = nm.Parameter(0.1, doc="coupling of recovery to the potential")
    u = nm.State(0.0, doc="recovery variable")

    @staticmethod
    def derivatives(r, v, u, I_ext, tau, eta, delta, J, tau_u, b):
        drdt, dvdt = nm.QIF.derivatives(r, v, I_ext - u, tau, eta, delta, J)
        dudt = (b * v - u) / tau_u
        return drdt, dvdt, dudt


class Forgetful(QIFu):
    J = None

    @staticmethod
    def derivatives(r, v, u, I_ext, tau, eta, delta, tau_u, b):
        return QIFu.derivatives(r, v, u, I_ext, tau, eta, delta, 0.0, tau_u, b)


def test_a_child_reads_its_parents_equations():
    assert list(QIFu.model.parameters) == ["tau", "eta", "delta", "J", "tau_u", "b"]
    assert list(QIFu.model.states) == ["r", "v", "u"]
    assert QIFu.equations.written is None
    plain = nm.QIF(J=15.0)
    coupled = QIFu(J=15.0, b=0.0)
    for _ in range(50):
        plain.update(3.0)
        coupled.update(3.0)
    assert (coupled.raw.r, coupled.raw.v) == (plain.raw.r, plain.raw.v)


def test_none_removes_a_declaration():
    pop = Forgetful()
    assert "J" not in pop.parameters
    for attempt in (lambda: pop.J, lambda: Forgetful.J, lambda: setattr(pop, "J", 3.0)):
        with pytest.raises(AttributeError, match="J"):
            attempt()
    with pytest.raises(TypeError, match="no parameter 'J'"):
        Forgetful(J=3.0)
    back = model("""
        J = nm.Parameter(2.0)
        @staticmethod
        def derivatives(r, v, u, I_ext, tau, eta, delta, tau_u, b, J):
            return QIFu.derivatives(r, v, u, I_ext, tau, eta, delta, J, tau_u, b)
    """, "Forgetful", Forgetful=Forgetful, QIFu=QIFu)  # fmt: skip
    assert stepped(back, J=0.0) == stepped(pop.__class__)


def test_redeclaring_changes_default_and_unit():
    child = model("tau = nm.Parameter(0.02 * nm.units.second, positive=True)", "nm.QIF", "Slow")
    assert list(child.model.parameters) == list(nm.QIF.model.parameters)
    assert child().tau.units == nm.units.second
    assert child().tau == 20 * ms
    assert stepped(child) == stepped(nm.QIF, tau=20 * ms)
    assert nm.QIF().tau == 10 * ms


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("tau = nm.State(0.0)", "M.tau is declared as state, but is already the parameter tau of"),
        ("def v(self): ...", "M.v would hide the state v of its parent; declare it as State"),
        ("eta = -3.0", "M.eta would hide the parameter eta of its parent; declare it as Parameter"),
        ("u = nm.State(0.0)", "M.derivatives returns 2 values for 3 states: r, v, u"),
        ("J = None", "M.derivatives has an argument J that is not declared"),
        ("tau = nm.Parameter(10.0)", "M does not balance: in dr/dt"),
    ],
)
def test_inheritance_that_does_not_fit_is_refused(body, sentence):
    with pytest.raises(TypeError, match=sentence):
        model(body, "nm.QIF")


def test_several_parents():
    class Named:
        """A plain class."""

        def label(self):
            return f"{type(self).__name__} at {self.eta.magnitude}"

    class Both(Named, QIFu):
        pass

    assert Both(eta=-3.0).label() == "Both at -3.0"
    assert stepped(Both) == stepped(QIFu)
    left = model("a = nm.Parameter(1.0)\n" + textwrap.dedent(LEAK).replace("/ tau", "/ tau * a")
                 .replace("I, tau", "I, tau, a"), name="Left")  # fmt: skip
    with pytest.raises(TypeError, match="M"):
        model("pass", "Left, nm.QIF", Left=left)


def test_a_helper_in_the_body_may_be_called_through_the_class():
    body = """
        tau = nm.Parameter(10 * ms)
        x = nm.State(0.5)
        I = nm.Input()
        @staticmethod
        def gain(x):
            return {} * np.tanh(x)
        @staticmethod
        def derivatives(x, I, tau):
            return (I - M.gain(x)) / tau
    """
    before = model(body.format(2.0))
    after = model(body.format(3.0), M=before)  # a cell that is run again finds the old class
    assert "2.0" in str(before.equations)
    assert "3.0" in str(after.equations)
    assert "2.0" not in str(after.equations)
    child = model("@staticmethod\ndef gain(x):\n    return 4.0 * x", "Parent", Parent=after)
    assert child.__name__ == after.__name__
    assert str(child.equations) == str(after.equations)


def test_a_model_may_be_defined_in_a_function():
    scale = 2.0

    class Local(nm.Population):
        tau = nm.Parameter(10 * ms)
        x = nm.State(0.5)
        drive = nm.Input()

        @staticmethod
        def gain(x):
            return scale * x

        @staticmethod
        def derivatives(x, drive, tau):
            return (drive - Local.gain(x)) / tau

    assert stepped(Local) == stepped(model(LEAK.replace("I - x", "I - 2.0 * x")))


# ----------------------------------------------------------------------------- the table


def test_the_docstring_has_a_table_of_what_is_declared():
    lines = QIFu.__doc__.splitlines()
    assert lines[0] == "Recovery that follows the potential."
    table = [line.split()[0] for line in lines if line.startswith("  ") and line[2] != " "]
    assert table == [*QIFu.model.declarations]
    rows = [" ".join(line.split()) for line in lines]
    assert "tau_u 100 ms recovery time constant (positive)" in rows
    assert "r 0 Hz firing rate (not below 0 Hz)" in rows
    assert "dt 0.05 ms default step" in rows


def test_a_class_without_a_docstring_gets_one():
    cls = model(LEAK)
    assert cls.__doc__.startswith("A variant of Population.\n\n=")
    assert "what leaks" in cls.__doc__
    assert Forgetful.__doc__.startswith("A variant of QIFu.")
    assert "\n  J " not in Forgetful.__doc__


def test_a_population_says_what_it_is():
    assert repr(nm.QIF.tau) == "<parameter tau, membrane time constant>"
    assert "r = 8 Hz" in repr(nm.QIF(initial={"r": 8 * Hz}))


def test_copies_of_a_class_are_the_class():
    cls = model(LEAK)
    assert copy.copy(cls) is copy.deepcopy(cls) is cls


# -------------------------------------------------------------------- made anywhere else


FILE = f"""
import numpy as np
import neuromass as nm
from neuromass.units import ms

class M(nm.Population):{LEAK}
"""


def test_a_model_defined_on_the_command_line(elsewhere):
    text = f"{FILE}\npop = M()\nfor _ in range(20): pop.update(0.3)\nprint(pop.raw.x)"
    (printed,) = elsewhere(text)
    assert [float(printed)] == stepped(model(LEAK))


def test_a_model_out_of_a_made_up_module():
    module = types.ModuleType("made_up")
    exec(FILE, vars(module))
    assert module.M.__module__ == "made_up"
    assert stepped(module.M) == stepped(model(LEAK))


def test_a_model_without_docstrings(elsewhere):
    (printed,) = elsewhere(f"{FILE}\nprint(M().update(0.3).magnitude)", flags=["-OO"])
    assert printed == repr(float(model(LEAK)().update(0.3).magnitude))


def test_names_that_results_use_are_reserved():
    """The list is that of the classes: what they have, no state can be called."""
    from neuromass.declaration.checks import OF_RESULTS, RESERVED
    from neuromass.dynamics.equilibria import Equilibria, Equilibrium
    from neuromass.recordings.recording import Recording

    own = {name for each in (Recording, Equilibria, Equilibrium) for name in dir(each)}
    own |= set(Equilibrium.__dataclass_fields__)
    public = {name for name in own if not name.startswith("_")}
    assert public - set(dir(nm.Population)) <= OF_RESULTS | RESERVED


@pytest.mark.parametrize("name", ["fs", "names", "model", "stable", "array", "equations"])
def test_a_state_with_a_name_that_is_taken(name):
    text = f"""
        tau = nm.Parameter(10 * ms)
        {name} = nm.State(1.0)
        @staticmethod
        def derivatives({name}, tau):
            return -{name} / tau
    """
    with pytest.raises((ValueError, TypeError), match=f"M.{name} is a name that"):
        model(text)


@pytest.mark.parametrize("name", ["A; import os", "", "1A", "a b", "x\ny"])
def test_the_name_of_a_class_is_a_name(name):
    """It becomes a part of the text of kernels."""
    with pytest.raises(TypeError, match="name of a model is an identifier"):
        type(nm.QIF)(name, (nm.QIF,), {})
