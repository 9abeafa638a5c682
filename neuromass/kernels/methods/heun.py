"""Heun's method: a step of Euler's predicts the end, and the mean of both derivatives is taken.

Both halves of the mean are added in turn, the first while the second is being computed, and the
half is part of a constant factor of the derivatives where they have one.
"""

from neuromass.kernels.methods.method import Method, Stage, Writer


def _predict(write: Writer) -> list[str]:
    lines = write.increments("s_", "dt", "k_")
    return lines + [f"y_{n} = s_{n} + k_{n}{write.kick(n)}" for n in write.states]


def _correct(write: Writer) -> list[str]:
    lines = write.increments("y_", "half", "l_")
    return lines + [f"s_{n} = (s_{n} + 0.5 * k_{n}) + l_{n}{write.kick(n)}" for n in write.states]


HEUN = Method(
    "heun",
    2,
    (Stage(0.0, "s_", "y_", _predict), Stage(1.0, "y_", "s_", _correct)),
    kept=("k_",),
    parts=(1.0,),
    weights=(1 / 2, 1 / 2),
)
