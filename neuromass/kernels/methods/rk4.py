"""The classical method of Runge and Kutta: four derivatives, two of them in the middle.

White noise is spread over the step, so that half of its increment has come by the middle. The
weighted sum of the derivatives is built up while they come: `k_` holds three times what the
step adds, as far as it is known.
"""

from neuromass.kernels.methods.method import Method, Stage, Writer

_THIRD = repr(1.0 / 3.0)


def _first_half(write: Writer) -> list[str]:
    lines = write.increments("s_", "half", "k_")
    return lines + [f"y_{n} = s_{n} + k_{n}{write.kick(n, 0.5)}" for n in write.states]


def _second_half(write: Writer) -> list[str]:
    lines = write.increments("y_", "half", "l_")
    lines += [f"y_{n} = s_{n} + l_{n}{write.kick(n, 0.5)}" for n in write.states]
    return lines + [f"k_{n} = k_{n} + 2.0 * l_{n}" for n in write.states]


def _whole(write: Writer) -> list[str]:
    lines = write.increments("y_", "dt", "l_")
    lines += [f"y_{n} = s_{n} + l_{n}{write.kick(n)}" for n in write.states]
    return lines + [f"k_{n} = k_{n} + l_{n}" for n in write.states]


def _sum(write: Writer) -> list[str]:
    lines = write.increments("y_", "half", "l_")
    return lines + [
        f"s_{n} = s_{n} + {_THIRD} * (k_{n} + l_{n}){write.kick(n)}" for n in write.states
    ]


RK4 = Method(
    "rk4",
    4,
    (
        Stage(0.0, "s_", "y_", _first_half),
        Stage(0.5, "y_", "y_", _second_half),
        Stage(0.5, "y_", "y_", _whole),
        Stage(1.0, "y_", "s_", _sum),
    ),
    kept=("k_",),
    parts=(1 / 2, 1 / 2, 1.0),
    weights=(1 / 6, 1 / 3, 1 / 3, 1 / 6),
)
