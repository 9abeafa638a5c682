"""Euler's method: the derivatives at the beginning of the step, times the step."""

from neuromass.kernels.methods.method import Method, Stage, Writer


def _move(write: Writer) -> list[str]:
    lines = write.increments("s_", "dt", "k_")
    return lines + [f"s_{n} = s_{n} + k_{n}{write.kick(n)}" for n in write.states]


EULER = Method("euler", 1, (Stage(0.0, "s_", "s_", _move),), weights=(1.0,))
