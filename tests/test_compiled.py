"""compiled_step: bitwise the steps of populations, inside the user's own numba code."""

import os
import subprocess
import sys
import textwrap

import numba
import numpy as np
import pytest

import neuromass as nm
from neuromass.units import ms, mV, pA, pF

JIT_IS_OFF = bool(numba.config.DISABLE_JIT)


def in_new_process(code, **environment):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class Sigmoid(nm.Population):
    """A model with two inputs, a function and names that generated code might use."""

    a = nm.Parameter(10 * ms, positive=True)
    c1 = nm.Parameter(0.5)
    half = nm.Parameter(2.0)
    k_x = nm.State(0.1)
    y = nm.State(0.2)
    first = nm.Input()
    second = nm.Input()

    @staticmethod
    def derivatives(k_x, y, first, second, a, c1, half):
        s = 1 / (1 + np.exp(-(c1 * k_x - half * y + first)))
        return (s - k_x) / a, (second * k_x - y) / (2 * a)


class Leaky(nm.Population):
    """A model in physical units."""

    C = nm.Parameter(100 * pF, positive=True)
    tau_m = nm.Parameter(10 * ms, positive=True)
    v = nm.State(-60 * mV)
    I_in = nm.Input(pA)

    @staticmethod
    def derivatives(v, I_in, C, tau_m):
        return (-v / tau_m + I_in / C,)


@pytest.mark.parametrize("method", ["heun", "euler"])
def test_step_is_bitwise_that_of_a_population(method):
    step = nm.compiled_step(nm.QIF, method)
    pop = nm.QIF(tau=13 * ms, eta=-4.7, delta=0.9, J=14.3, dt=0.03 * ms, method=method)
    r, v = pop.raw.r, pop.raw.v
    for drive in np.sin(np.arange(3000) / 100.0).tolist():
        pop.advance(3.0 * drive)
        r, v = step(r, v, 3.0 * drive, 13.0, -4.7, 0.9, 14.3, 0.03)
        assert (r, v) == (pop.raw.r, pop.raw.v)


@pytest.mark.parametrize("method", ["heun", "euler"])
def test_any_model_and_any_names(method):
    step = nm.compiled_step(Sigmoid, method)
    pop = Sigmoid(method=method)
    x, y = 0.1, 0.2
    for _ in range(500):
        pop.advance(first=0.3, second=1.2)
        x, y = step(x, y, 0.3, 1.2, 10.0, 0.5, 2.0, pop.raw.dt)
    assert (x, y) == (pop.raw.k_x, pop.raw.y)


def test_model_with_one_state_returns_a_tuple():
    pop = Leaky()
    new = nm.compiled_step(Leaky)(-60.0, 5.0, 100.0, 10.0, pop.raw.dt)
    pop.advance(5.0)
    assert new == (pop.raw.v,)


def test_loop_of_the_users_own_is_the_loop_of_updates():
    step = nm.compiled_step(nm.QIF)

    @numba.njit
    def simulate(n, dt):
        r_e, v_e, r_i, v_i = 0.0, -2.0, 0.0, -2.0
        for _ in range(n):
            to_e, to_i = 10.0 - 10.0 * 20.0 * r_i, 10.0 * 10.0 * r_e
            r_e, v_e = step(r_e, v_e, to_e, 20.0, -5.0, 1.0, 8.0, dt)
            r_i, v_i = step(r_i, v_i, to_i, 10.0, -5.0, 1.0, 0.0, dt)
        return r_e, v_e, r_i, v_i

    exc, inh = nm.QIF(tau=20 * ms, J=8.0), nm.QIF(tau=10 * ms)
    for _ in range(4000):
        r_e, r_i = exc.raw.r, inh.raw.r
        exc.advance(10.0 - 10.0 * 20.0 * r_i)
        inh.advance(10.0 * 10.0 * r_e)
    assert simulate(4000, 0.05) == (exc.raw.r, exc.raw.v, inh.raw.r, inh.raw.v)


def test_arguments_by_name_and_whole_numbers():
    step = nm.compiled_step(nm.QIF)
    by_name = step(0, -2, 3, tau=10, eta=-5, delta=1, J=15, dt=0.05)
    assert by_name == step(0.0, -2.0, 3.0, 10.0, -5.0, 1.0, 15.0, 0.05)
    assert step(np.float32(0.1), -2, 3, 10, -5, 1, 15, 0.05) == step(
        float(np.float32(0.1)), -2.0, 3.0, 10.0, -5.0, 1.0, 15.0, 0.05
    )


def test_populations_give_their_model_and_method():
    values = (0.01, -2.0, 3.0, 10.0, -5.0, 1.0, 15.0, 0.05)
    pop = nm.QIF(J=15.0, method="euler", shape=3, noise={"v": nm.noise.White(1 / ms**0.5)})
    assert nm.compiled_step(pop)(*values) == nm.compiled_step(nm.QIF, "euler")(*values)
    assert nm.compiled_step(pop, "heun")(*values) == nm.compiled_step(nm.QIF)(*values)
    assert pop.t == 0 * ms


def test_dividing_by_zero_is_not_silently_fine():
    r, v = nm.compiled_step(nm.QIF)(0.0, -2.0, 3.0, 0.0, -5.0, 1.0, 15.0, 0.05)
    assert not np.isfinite(r)
    assert not np.isfinite(v)


def test_help_lists_arguments_and_units():
    step = nm.compiled_step(Leaky, "euler")
    assert step.__name__ == "Leaky_euler_step"
    assert "(v, I_in, C, tau_m, dt) -> (v)" in step.__doc__
    lines = [line.split() for line in step.__doc__.splitlines()]
    assert ["I_in", "pA"] in lines
    assert ["C", "pF"] in lines
    assert ["v", "mV"] in lines
    qif = nm.compiled_step(nm.QIF)
    assert "One Heun step of QIF" in qif.__doc__
    assert "1/ms  firing rate" in qif.__doc__


def test_unknown_method_is_refused_with_the_nearest():
    for model in (nm.QIF, nm.QIF()):
        with pytest.raises(ValueError, match=r"method must be one of 'euler', 'heun'.*'heun'"):
            nm.compiled_step(model, "huen")


@pytest.mark.parametrize("model", [3, int, "QIF", nm.Population, None])
def test_what_is_no_model_is_refused(model):
    with pytest.raises(TypeError, match=r"compiled_step takes a model, such as nm\.QIF"):
        nm.compiled_step(model)


def test_quantities_are_refused():
    with pytest.raises(TypeError):
        nm.compiled_step(nm.QIF)(nm.QIF().r, nm.QIF().v, *range(1, 7))


def test_the_same_without_the_jit():
    code = """
        import neuromass as nm
        step = nm.compiled_step(nm.QIF)
        r, v = 0.0, -2.0
        for _ in range(300):
            r, v = step(r, v, 3, tau=10.0, eta=-5.0, delta=1.0, J=15.0, dt=0.05)
        print(float(r).hex(), float(v).hex(), step.__name__, "1/ms" in step.__doc__)
    """
    off = in_new_process(code, NUMBA_DISABLE_JIT="1")
    assert off == in_new_process(code, NUMBA_DISABLE_JIT="0")
    assert off.endswith("QIF_heun_step True\n")


@pytest.mark.slow
@pytest.mark.skipif(JIT_IS_OFF, reason="nothing is compiled")
def test_a_cached_function_of_the_users_own_is_found_by_the_next_process(tmp_path):
    script = tmp_path / "mine.py"
    script.write_text(
        textwrap.dedent("""
            import numba, neuromass as nm
            from neuromass.kernels.compiler import cache_statistics
            step = nm.compiled_step(nm.QIF)
            @numba.njit(cache=True)
            def simulate(n):
                r, v = 0.0, -2.0
                for _ in range(n):
                    r, v = step(r, v, 3.0, 10.0, -5.0, 1.0, 15.0, 0.05)
                return r, v
            print(simulate(1000), sum(simulate.stats.cache_misses.values())
                  + sum(compiled for _, compiled in cache_statistics().values()))
        """)
    )
    code = f"import runpy; runpy.run_path({str(script)!r})"
    first = in_new_process(code, NUMBA_CACHE_DIR=str(tmp_path))
    second = in_new_process(code, NUMBA_CACHE_DIR=str(tmp_path))
    assert first.split()[:2] == second.split()[:2]
    assert (first.split()[2], second.split()[2]) == ("3", "0")


@pytest.mark.slow
@pytest.mark.skipif(JIT_IS_OFF, reason="nothing is compiled")
def test_a_truncated_cache_file_costs_a_warning(tmp_path):
    code = """
        import warnings
        import neuromass as nm
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            print(nm.compiled_step(nm.QIF)(0.0, -2.0, 3.0, 10.0, -5.0, 1.0, 15.0, 0.05))
        print(len(caught))
    """
    fine = in_new_process(code, NUMBA_CACHE_DIR=str(tmp_path)).splitlines()
    for file in tmp_path.rglob("*.nb[ci]"):
        file.write_bytes(file.read_bytes()[:10])
    mended = in_new_process(code, NUMBA_CACHE_DIR=str(tmp_path)).splitlines()
    assert fine[0] == mended[0]
    assert (fine[1], mended[1]) == ("0", "1")
