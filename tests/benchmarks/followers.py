"""The S-shaped curve of QIF over eta in other packages, where they are installed."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

QUIET: Final = (0.05235316441799215, -3.0400252756679356)
"""r and v at eta = -10, with tau, J and delta as below."""

_EQUATIONS: Final = f"""
subroutine func(ndim, u, icp, par, ijac, f, dfdu, dfdp)
  implicit none
  integer, intent(in) :: ndim, icp(*), ijac
  double precision, intent(in) :: u(ndim), par(*)
  double precision, intent(out) :: f(ndim)
  double precision, intent(inout) :: dfdu(ndim, ndim), dfdp(ndim, *)
  double precision, parameter :: pi = {np.pi!r}d0
  f(1) = 1d0 / pi + 2 * u(1) * u(2)
  f(2) = u(2)**2 + par(1) + 15 * u(1) - (pi * u(1))**2
end subroutine func
subroutine stpnt(ndim, u, par, t)
  implicit none
  integer, intent(in) :: ndim
  double precision, intent(inout) :: u(ndim), par(*)
  double precision, intent(in) :: t
  par(1) = -10d0
  u(1) = {QUIET[0]!r}d0
  u(2) = {QUIET[1]!r}d0
end subroutine stpnt
""" + "".join(f"subroutine {n}\nend subroutine {n}\n" for n in ("bcnd", "icnd", "fopt", "pvls"))

_CONSTANTS: Final = """NDIM=2, IPS=1, IRS=0, ILP=1, ISP=1, ISW=1
ICP=[1]
NTST=20, NCOL=4, IAD=3, MXBF=0, IID=2, ITMX=8, ITNW=7, NWTN=3, JAC=0
NMX=2000, RL0=-10.0001, RL1=5.0, NPR=0, A0=0, A1=1000
EPSL=1e-10, EPSU=1e-10, EPSS=1e-8
DS=0.05, DSMIN=1e-5, DSMAX=0.3, IADS=1
NPAR=1, THL={}, THU={}
"""


def jaxcont() -> Callable[[], Any]:
    """The diagram in jaxcont, or ImportError."""
    import jax
    import jax.numpy as jnp
    import jaxcont as jc

    jax.config.update("jax_enable_x64", True)

    def qif(u: Any, eta: Any, args: Any) -> Any:
        r, v = u
        return jnp.array([1 / np.pi + 2 * r * v, v**2 + eta + 15 * r - (np.pi * r) ** 2])

    problem = jc.bif_problem(qif, u0=jnp.array(QUIET), p0=-10.0)
    settings = jc.ContinuationPar(ds=0.1, ds_max=0.3, max_steps=400, newton_tol=1e-10)
    events = [jc.Fold(), jc.Hopf()]
    return lambda: jc.continuation(problem, p_span=(-10.0, 5.0), settings=settings, events=events)


@contextlib.contextmanager
def auto() -> Iterator[Callable[[], Any] | None]:
    """The diagram in AUTO-07p by its command line, a process each time; None without it."""
    command = shutil.which("auto-07p") or shutil.which("auto")
    if command is None or shutil.which("gfortran") is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (
            ("qif.f90", _EQUATIONS), ("c.qif", _CONSTANTS), ("go.auto", "run(e='qif', c='qif')\n"),
        ):  # fmt: skip
            Path(folder, name).write_text(text)
        yield lambda: subprocess.run(
            [command, "go.auto"], cwd=folder, check=True, capture_output=True
        )
