"""Nothing is compiled twice, and nothing that was compiled for something else is used."""

import concurrent.futures
import os
import shutil
import threading

import numba
import pytest
from conftest import environment

import neuromass as nm
from neuromass.units import ms

pytestmark = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")

COUNT = """
import warnings
from numba.core import event
class Compiled(event.Listener):
    names = []
    def on_start(self, happened):
        self.names.append(happened.data["dispatcher"].py_func.__name__)
    def on_end(self, happened):
        pass
event.register("numba:compile", Compiled())
def report():
    from neuromass.kernels.compiler import cache_statistics
    found, compiled = map(sum, zip(*cache_statistics().values()))
    print("counts", found, compiled, len(Compiled.names))
"""
"""Counts what numba compiles in a process, by its own word and by ours."""

SHIPPED = """
import neuromass as nm
from neuromass.units import ms
pop = nm.QIF(J=15.0)
for _ in range(5):
    pop.update(3.0)
nm.run(pop, 5 * ms, 3.0)
many = nm.QIF(shape=3, noise={"v": nm.noise.White(0.1 / ms**0.5)}, seed=1)
nm.run(many, 5 * ms)
print("result", pop.raw.r.hex(), many.raw.r[2].hex())
"""

OWN = """
import math
import neuromass as nm
from neuromass.units import ms
K = 2.0
def gain(x):
    return K * math.tanh(x)
class Own(nm.Population):
    tau = nm.Parameter(10 * ms)
    x = nm.State(0.5)
    drive = nm.Input()
    @staticmethod
    def derivatives(x, drive, tau):
        return (gain(x) - 1.5 * x + drive) / tau
pop = Own()
for _ in range(5):
    pop.update(0.3)
print("result", pop.raw.x.hex())
"""

BRANCHING = OWN.replace(
    "return (gain(x) - 1.5 * x + drive) / tau",
    "return (gain(x) - 1.5 * x + drive) / tau if x > 0 else drive / tau",
)


def plain(k=2.0, leak=1.5):
    """The result of `OWN`, from a loop in plain Python."""
    import math

    x = 0.5
    for _ in range(5):
        one = (k * math.tanh(x) - leak * x + 0.3) / 10
        y = x + 0.05 * one
        two = (k * math.tanh(y) - leak * y + 0.3) / 10
        x += 0.025 * (one + two)
    return x


def outcome(lines):
    """What was printed: results, and how much was found, compiled, compiled by numba's word."""
    split = [line.split() for line in lines]
    results = [line[1:] for line in split if line[0] == "result"]
    counts = [[int(each) for each in line[1:]] for line in split if line[0] == "counts"]
    return results, counts


def counted(text):
    return f"{COUNT}\n{text}\nreport()"


# ------------------------------------------------------------------ found in other places


def test_the_next_process_compiles_nothing(elsewhere):
    first, ((found, compiled, seen),) = outcome(elsewhere(counted(OWN), script="one.py"))
    assert found == 0
    assert 0 < compiled <= seen
    assert outcome(elsewhere(counted(OWN))) == (first, [[compiled, 0, 0]])


@pytest.mark.slow
@pytest.mark.parametrize("text", [SHIPPED, OWN, BRANCHING], ids=["shipped", "own", "as written"])
def test_a_second_process_compiles_nothing(elsewhere, text):
    first, ((found, compiled, seen),) = outcome(elsewhere(counted(text), script="one.py"))
    assert found == 0
    assert 0 < compiled <= seen
    for place in ({"script": "one.py"}, {"script": "another.py"}, {}, {"PYTHONHASHSEED": "7"}):
        again, ((found_again, *nothing),) = outcome(elsewhere(counted(text), **place))
        assert again == first
        assert found_again == compiled
        assert nothing == [0, 0]


@pytest.mark.slow
@pytest.mark.parametrize("text", [SHIPPED, OWN, BRANCHING], ids=["shipped", "own", "as written"])
def test_a_restarted_notebook_compiles_nothing(tmp_path, monkeypatch, text):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    for name, each in environment(tmp_path).items():
        monkeypatch.setenv(name, each)

    def run():
        cells = [nbformat.v4.new_code_cell(part) for part in (COUNT, text, "report()")]
        book = nbformat.v4.new_notebook(cells=cells)
        nbclient.NotebookClient(
            book, timeout=300, resources={"metadata": {"path": tmp_path}}
        ).execute()
        return outcome(
            line
            for cell in book.cells
            for output in cell.outputs
            for line in output.get("text", "").splitlines()
        )

    first, ((found, compiled, _),) = run()
    assert found == 0
    assert compiled > 0
    second, (counts,) = run()
    assert second == first
    assert counts == [compiled, 0, 0]


WORKERS = """
import multiprocessing, sys
def work(_):
    before = len(Compiled.names)  # a forked worker has those of its parent
    pop = Own()
    for _ in range(5):
        pop.update(0.3)
    return pop.raw.x.hex(), len(Compiled.names) - before
if __name__ == "__main__":
    report()
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        for result, compiled in pool.map(work, range(4)):
            print("result", result)
            print("counts", compiled)
"""


@pytest.mark.slow
@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_workers_compile_nothing(elsewhere, method):
    text = f"{COUNT}\n{OWN}\n{WORKERS}".replace("sys.argv[1]", repr(method))
    results, (_, *counts) = outcome(elsewhere(text, script="pool.py"))
    assert {each for (each,) in results} == {plain_hex()}
    assert counts == [[0]] * 4


def plain_hex():
    scope = {}
    exec(OWN.replace('print("result"', 'result = ("result"'), scope)
    return scope["result"][1]


def test_results_are_those_of_plain_python():
    assert float.fromhex(plain_hex()) == pytest.approx(plain(), rel=1e-14)


# -------------------------------------------------------------- recompiled when it matters

EDITS = {
    "a constant": (("1.5 * x", "1.25 * x"), {"leak": 1.25}),
    "the last bit of a constant": (("1.5 * x", "1.5000000000000002 * x"), {"leak": 1.5 + 2**-52}),
    "a global": (("K = 2.0", "K = 3.0"), {"k": 3.0}),
    "a helper": (("K * math.tanh(x)", "0.5 * K * math.tanh(x)"), {"k": 1.0}),
    "nothing": (("# none", ""), {}),
    "a comment": (("K = 2.0", "# a comment\nK = 2.0"), {}),
    "a name": (("gain", "curve"), {}),
}


@pytest.mark.slow
@pytest.mark.parametrize("text", [OWN, BRANCHING], ids=["read", "as written"])
def test_an_edit_has_its_effect_at_once(elsewhere, text):
    (((before,),), _) = outcome(elsewhere(counted(text), script="model.py"))
    assert float.fromhex(before) == pytest.approx(plain(), rel=1e-14)
    for edit, (change, values) in EDITS.items():
        if text is BRANCHING and edit == "a name":
            continue
        results, ((_, compiled, _),) = outcome(
            elsewhere(counted(text.replace(*change)), script="model.py")
        )
        assert float.fromhex(results[0][0]) == pytest.approx(plain(**values), rel=1e-14), edit
        assert (compiled > 0) == bool(values), edit
    again, ((_, compiled, _),) = outcome(elsewhere(counted(text), script="model.py"))
    assert again == [[before]]
    assert compiled == 0


def test_an_edit_in_a_module_has_its_effect(elsewhere, tmp_path):
    text = BRANCHING.replace("(gain(x)", "(tools.gain(x)").replace(
        "import math", "import tools, math", 1
    )
    for factor in (2.0, 3.0, 2.0):
        (tmp_path / "tools.py").write_text(
            f"import math\ndef gain(x): return {factor} * math.tanh(x)"
        )
        results, _ = outcome(elsewhere(counted(text), flags=["-B"], PYTHONPATH=paths(tmp_path)))
        assert float.fromhex(results[0][0]) == pytest.approx(plain(k=factor), rel=1e-14)


def paths(folder):
    return os.pathsep.join([str(folder), environment(folder)["PYTHONPATH"]])


@pytest.mark.parametrize("text", [OWN, BRANCHING], ids=["read", "as written"])
def test_large_arrays_that_differ_in_one_entry_differ(elsewhere, text):
    text = text.replace("K = 2.0", "import numpy as np\nK = np.full(3000, 2.0)").replace(
        "K * math", "K[1500] * math"
    )
    other = text.replace("2.0)", "2.0)\nK[1500] = 2.0000000001")
    for each, k in ((text, 2.0), (other, 2.0000000001), (text, 2.0)):
        results, _ = outcome(elsewhere(counted(each), script="model.py"))
        assert float.fromhex(results[0][0]) == pytest.approx(plain(k=k), rel=1e-14)


def test_two_models_that_differ_in_one_constant_do_not_meet():
    scopes = []
    for text in (OWN, OWN.replace("1.5 * x", "1.25 * x"), OWN):
        scope = {}
        exec(text.replace("print(", "(") + "\nresult = pop.raw.x", scope)
        scopes.append(scope["result"])
    assert scopes[0] == scopes[2] == pytest.approx(plain(), rel=1e-14)
    assert scopes[1] == pytest.approx(plain(leak=1.25), rel=1e-14)


@pytest.mark.slow
def test_processes_that_save_at_once_keep_their_own(elsewhere, tmp_path):
    texts = [OWN.replace("1.5 * x", f"{1.0 + 0.125 * (n % 3)} * x") for n in range(6)]
    wanted = [pytest.approx(plain(leak=1.0 + 0.125 * (n % 3)), rel=1e-14) for n in range(6)]
    for attempt in range(2):  # the second time from what the first one saved
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            printed = list(pool.map(elsewhere, map(counted, texts)))
        for lines, expected in zip(printed, wanted, strict=True):
            results, ((_, compiled, _),) = outcome(lines)
            assert float.fromhex(results[0][0]) == expected
            assert attempt == 0 or compiled == 0


# ------------------------------------------------------------------ files that go wrong

WARNED = """
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
{}
print("warned", len(caught), *(str(each.message) for each in caught))
"""


def warned(text, before=""):
    """A program that prints how many warnings there were, and the first one."""
    lines = "\n".join("    " + line for line in (before + text).splitlines())
    return f"{COUNT}\n{WARNED.format(lines)}\nreport()"


def warnings_in(lines):
    (found,) = [line for line in lines if line.startswith("warned")]
    return int(found.split()[1]), found


def check_one_warning_and_right_numbers(lines, words):
    count, text = warnings_in(lines)
    assert count == 1, text
    assert "A compiled kernel cannot be read from disk or kept there" in text
    assert "NUMBA_CACHE_DIR" in text
    assert words in text
    assert outcome(lines)[0] == [[plain_hex()]]


NOWHERE = """
from numba.core import caching
def named(name):
    return getattr(caching, name, None) or getattr(caching, "_" + name)
named("CacheImpl")._locator_classes = [named("UserWideCacheLocator")]
caching.AppDirs = lambda *_, **__: type("Place", (), {"user_cache_dir": "/dev/null/below"})
"""


def test_a_folder_that_cannot_be_made_is_a_warning(elsewhere):
    lines = elsewhere(warned(OWN, NOWHERE), NUMBA_CACHE_DIR="")
    check_one_warning_and_right_numbers(lines, "no locator available")


def test_where_the_folder_asked_for_cannot_be_made_another_one_serves(elsewhere, tmp_path):
    (tmp_path / "file").write_text("")
    lines = elsewhere(warned(OWN), NUMBA_CACHE_DIR=str(tmp_path / "file" / "below"))
    assert warnings_in(lines)[0] == 0
    assert outcome(lines)[0] == [[plain_hex()]]


FULL = """
import builtins, errno
opened = builtins.open
def full(name, mode="r", *rest, **named):
    if "w" in mode and ".nb" in str(name):
        raise OSError(errno.{}, "{}", str(name))
    return opened(name, mode, *rest, **named)
builtins.open = full
"""


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("ENOSPC", "No space left on device"),
        pytest.param("EROFS", "Read-only file system", marks=pytest.mark.slow),
        pytest.param("EACCES", "Denied", marks=pytest.mark.slow),
    ],
)
def test_a_disk_that_cannot_be_written_is_a_warning(elsewhere, code, words):
    lines = elsewhere(warned(OWN, FULL.format(code, words)))
    check_one_warning_and_right_numbers(lines, words)
    (_, ((_, compiled, _),)) = outcome(elsewhere(counted(OWN)))
    assert compiled > 0


def test_a_disk_that_fills_up_while_writing_is_a_warning(elsewhere, tmp_path):
    elsewhere(OWN)
    files = list((tmp_path / "cache").rglob("*.nb?"))
    size = min(each.stat().st_size for each in files if each.suffix == ".nbc") // 2
    assert size > max(each.stat().st_size for each in files if each.suffix == ".nbi")
    shutil.rmtree(tmp_path / "cache")
    limit = f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))\n"
    limit += "import signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    check_one_warning_and_right_numbers(elsewhere(warned(OWN, limit)), "File too large")
    assert not list((tmp_path / "cache").rglob("*.tmp.*"))
    (again, ((_, compiled, _),)) = outcome(elsewhere(counted(OWN)))
    assert again == [[plain_hex()]]
    assert compiled > 0
    (again, ((_, compiled, _),)) = outcome(elsewhere(counted(OWN)))
    assert compiled == 0


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="files have no owner here")
def test_a_folder_of_another_user_is_not_read(elsewhere, tmp_path):
    elsewhere(OWN)
    strangers = "from neuromass.kernels import compiler\n"
    strangers += "compiler.trusted_owners = lambda: {12345}\n"
    check_one_warning_and_right_numbers(
        elsewhere(warned(OWN, strangers)), "belongs to another user"
    )
    (again, ((_, compiled, _),)) = outcome(elsewhere(counted(OWN)))
    assert again == [[plain_hex()]]
    assert compiled == 0


def truncated(content):
    return content[: len(content) // 2]


def emptied(_):
    return b""


def flipped(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def zeroed(content):
    return bytes(len(content))


@pytest.mark.parametrize(
    "damage",
    [
        truncated,
        flipped,
        *(pytest.param(each, marks=pytest.mark.slow) for each in (emptied, zeroed)),
    ],
)
@pytest.mark.parametrize("kind", ["nbi", "nbc"])
def test_damaged_files_are_a_warning_and_are_made_anew(elsewhere, tmp_path, kind, damage):
    elsewhere(OWN)
    files = list((tmp_path / "cache").rglob(f"*.{kind}"))
    assert files
    for file in files:
        file.write_bytes(damage(file.read_bytes()))
    lines = elsewhere(warned(OWN))
    if damage is not flipped or kind == "nbc":  # an index may be as good as before
        check_one_warning_and_right_numbers(lines, "")
    assert outcome(lines)[0] == [[plain_hex()]]
    again, ((_, compiled, _),) = outcome(elsewhere(counted(OWN)))
    assert again == [[plain_hex()]]
    assert compiled == 0


def test_files_that_change_places_are_noticed(elsewhere, tmp_path):
    """Two models of one form: the kernel of one under the name of the other's."""
    other = OWN.replace("1.5 * x", "0.5 * x")
    expected = outcome(elsewhere(OWN))[0]
    before = set((tmp_path / "cache").rglob("*.nbc"))
    outcome(elsewhere(other))
    after = sorted(set((tmp_path / "cache").rglob("*.nbc")) - before)
    kind = lambda file: file.name.split("_")[:-1]
    pairs = [(a, b) for a in sorted(before) for b in after if kind(a) == kind(b)]
    assert pairs
    for one, another in pairs:
        mine, theirs = one.read_bytes(), another.read_bytes()
        one.write_bytes(theirs)
        another.write_bytes(mine)
    lines = elsewhere(warned(OWN))
    check_one_warning_and_right_numbers(lines, "another kernel")
    assert outcome(lines)[0] == expected


def test_every_byte_of_a_kernel_is_checked(elsewhere, tmp_path):
    elsewhere(OWN)
    (file, *_) = sorted((tmp_path / "cache").rglob("*.nbc"))
    content = file.read_bytes()
    from neuromass.kernels.compiler import _File

    class Reader(_File):
        def __init__(self):
            pass

        def _data_path(self, name):
            return name

    reader = Reader()
    assert reader._load_data(str(file))
    for place in range(0, len(content), max(1, len(content) // 200)):
        changed = content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]
        file.write_bytes(changed)
        with pytest.raises(ValueError, match="is damaged"):
            reader._load_data(str(file))


def test_a_missing_data_file_is_compiled_anew(elsewhere, tmp_path):
    elsewhere(OWN)
    for file in (tmp_path / "cache").rglob("*.nbc"):
        file.unlink()
    results, ((_, compiled, _),) = outcome(elsewhere(counted(OWN)))
    assert results == [[plain_hex()]]
    assert compiled > 0


# ------------------------------------------------------------------------------ threads


def test_threads_that_ask_for_one_kernel_get_one():
    from neuromass.kernels import compiler

    scope = {}
    exec(OWN.replace("1.5 * x", "1.5 * x + 0.0 * x * x").replace("print(", "("), scope)
    before = set(compiler.cache_statistics())
    barrier = threading.Barrier(6)
    results = []

    def work():
        pop = scope["Own"](shape=2)
        barrier.wait()
        nm.run(pop, 5 * ms, 0.3)
        results.append(tuple(pop.raw.x))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(results) == 6
    assert len(set(results)) == 1
    assert len(set(compiler.cache_statistics()) - before) <= 1


def test_names_of_kernels_do_not_depend_on_the_hash_seed(elsewhere):
    text = f"{OWN}\nfrom neuromass.kernels.compiler import cache_statistics as made\n"
    text += "print('names', *sorted(made()))"
    names = {
        line
        for seed in ("0", "42")
        for line in elsewhere(text, PYTHONHASHSEED=seed)
        if line.startswith("names")
    }
    assert len(names) == 1
