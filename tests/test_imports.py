"""What is imported when, by whom, and in which direction."""

import ast
import functools
import graphlib
import importlib
import pkgutil
from pathlib import Path

import pytest

import neuromass as nm

FOLDER = Path(nm.__file__).parent

ROOMS = [
    "_version",
    "errors",
    "hints",
    "imports",
    "threads",
    "units",
    "expressions",
    "declaration",
    "dynamics",
    "kernels",
    "signals",
    "noise",
    "couplings",
    "recordings",
    "measures",
    "populations",
    "synapses",
    "models",
    "spiking",
    "networks",
    "simulation",
    "sweeps",
    "brain",
    "analysis",
    "plotting",
    "__main__",
]
"""Modules and folders of the package; each imports from those before it alone."""

LATE = {
    ("dynamics", "analysis"): "eq.save()",
    ("recordings", "plotting"): "rec.plot()",
    ("networks", "plotting"): "net.plot()",
    ("recordings", "sweeps"): "nm.load()",
    ("recordings", "analysis"): "nm.load()",
    ("sweeps", "plotting"): "res.plot()",
    ("brain", "plotting"): "c.plot()",
    ("analysis", "plotting"): "diagram.plot()",
}
"""Imports inside functions that go the other way, and why."""

HOMES = {"pint": ("units",), "numba": ("kernels",), "matplotlib": ("plotting",)}
"""Library -> the rooms that may import it."""

HEAVY = ("numba", "matplotlib", "scipy", "pandas", "xarray", "tqdm", "mpl_toolkits")


PARTS = ("optimize", "special", "sparse", "linalg", "signal", "stats", "integrate", "interpolate")
LOADED = [each for each in HEAVY if each != "scipy"] + [f"scipy.{part}" for part in PARTS]
"""What takes its time; pint itself loads the shell of scipy, where there is one."""


def name_of(path):
    parts = path.relative_to(FOLDER.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


FILES = {name_of(path): path for path in sorted(FOLDER.rglob("*.py"))}


def room(module):
    return module.split(".")[1]


@functools.cache
def imports(module):
    """What a module imports, and whether it does so inside a function."""
    return list(found_in(module))


def found_in(module):
    waiting = [(ast.parse(FILES[module].read_text()), False)]
    while waiting:
        node, inside = waiting.pop()
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            continue  # never run
        if isinstance(node, ast.Import):
            yield from ((alias.name, inside) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports from a relative name"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield (full if full in FILES else node.module), inside
        inside = inside or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        waiting.extend((child, inside) for child in ast.iter_child_nodes(node))


EDGES = [
    (module, target, inside)
    for module in FILES
    if module != "neuromass"
    for target, inside in imports(module)
]


def test_every_module_has_its_room():
    rooms = {room(module) for module in FILES if module != "neuromass"}
    assert rooms == set(ROOMS), "write new modules into ROOMS, where their imports allow it"


def test_imports_go_downwards():
    late = set()
    for module, target, inside in EDGES:
        if target not in FILES or target == "neuromass":
            continue
        own, other = room(module), room(target)
        if ROOMS.index(other) > ROOMS.index(own):
            assert inside, f"{module} imports {target} from above"
            late.add((own, other))
    assert late == set(LATE)


def test_imports_make_no_circle():
    graph = {module: set() for module in FILES}
    for module, target, inside in EDGES:
        if target in FILES and not inside and not module.startswith(f"{target}."):
            graph[module].add(target)
    order = tuple(graphlib.TopologicalSorter(graph).static_order())
    assert set(order) == set(FILES)


@pytest.mark.parametrize("library", HOMES)
def test_a_library_is_imported_in_its_room_alone(library):
    using = {room(module) for module, target, _ in EDGES if target.split(".")[0] == library}
    assert using == set(HOMES[library])


@pytest.mark.parametrize("library", [each for each in HEAVY if each != "numba"])
def test_heavy_libraries_are_imported_inside_functions(library):
    for module, target, inside in EDGES:
        assert inside or target.split(".")[0] != library, f"{module} imports {target} at once"


def test_kernels_are_imported_inside_functions():
    for module, target, inside in EDGES:
        if room(module) != "kernels" and target in FILES:
            numba = any(name.split(".")[0] == "numba" for name, _ in reached(target))
            assert inside or not numba, f"{module} imports {target}, and with it numba, at once"


def reached(module, seen=None):
    """What importing a module imports at once, directly or not."""
    seen = set() if seen is None else seen
    for target, inside in imports(module):
        if not inside and (target, inside) not in seen:
            seen.add((target, inside))
            if target in FILES and target != "neuromass":
                reached(target, seen)
    return seen


def test_the_package_is_imported_by_those_that_need_all_of_it():
    own = {room(module) for module, target, _ in EDGES if target == "neuromass"}
    assert own == {"plotting", "models"}, "import from the module that defines a name"


def loaded(elsewhere, text):
    """Libraries of those that take their time that a program has loaded."""
    show = f"import sys\nprint(*(each for each in {(*LOADED, 'pint')} if each in sys.modules))"
    *_, last = ["", *elsewhere(f"{text}\n{show}")]
    return last.split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import neuromass\nimport sys\nassert 'scipy' not in sys.modules", []),
        ("import neuromass as nm; nm.__version__; dir(nm)", []),
        ("import neuromass as nm; nm.QIF(); nm.QIF.equations", ["pint"]),
        (
            "import neuromass as nm; from neuromass.units import ms\n"
            "p = nm.QIF(tau=20 * ms, eta=[1, 2], noise={'v': nm.noise.White(0.1 / ms**0.5)})\n"
            "repr(p); p.r; p.eta = 3.0; p.copy(); p.snapshot(); p.reset(); nm.signals.Step(1.0)",
            ["pint"],
        ),
        ("import neuromass as nm; [getattr(nm, name) for name in nm.__all__]", ["pint"]),
        ("from neuromass import *; QIF", ["pint"]),
        ("import neuromass as nm; nm.list_models()", ["pint"]),
    ],
)
def test_what_is_loaded_by_then(elsewhere, text, expected):
    assert loaded(elsewhere, text) == expected


def test_no_module_has_the_name_of_a_public_function():
    modules = {module.name for module in pkgutil.iter_modules(nm.__path__)}
    assert set(nm.__all__) & modules == set(nm._MODULES)


def test_every_public_name_is_there():
    for name in nm.__all__:
        assert getattr(nm, name) is getattr(nm, name)
    assert set(nm.__all__) <= set(dir(nm))
    for name, home in nm._HOMES.items():
        module = importlib.import_module(f"neuromass.{home}")
        assert getattr(module, name) is getattr(nm, name)


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(AttributeError, match="no attribute 'QIFAdaption'; did you mean QIFAda"):
        _ = nm.QIFAdaption
    with pytest.raises(ImportError, match="cannot import name 'nothing_like_it'"):
        exec("from neuromass import nothing_like_it")


OTHERS = {
    "neuromass.units": {"_REGISTRY", "_units", "_magnitude"},
    "neuromass.kernels.compiler": {"_cache"},
    "neuromass.expressions.functions": {"_lru_cache_wrapper"},
    "neuromass.errors": {"_getframe"},
    "neuromass.declaration.declarations": {
        "_parameter", "_set_parameters", "_state_of", "_set_states", "_output_of",
    },
}  # fmt: skip
"""Private names of others that a module uses: those of libraries, and of the populations that
declarations are attributes of."""


def private_of_others(module):
    """Names with an underscore that a module takes of objects and does not define itself."""
    tree = ast.parse(FILES[module].read_text())
    defined = {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    own = {"self", "cls"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            base = getattr(node.value, "id", "")
            if base in own or isinstance(node.ctx, ast.Store):
                defined.add(node.attr)
        elif isinstance(node, ast.AnnAssign):
            defined.add(getattr(node.target, "id", ""))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") not in own:
            name = node.attr
            if name.startswith("_") and not name.startswith("__") and name not in defined:
                yield name


@pytest.mark.parametrize("module", FILES)
def test_no_module_takes_private_names_of_another(module):
    assert set(private_of_others(module)) <= OTHERS.get(module, set())
