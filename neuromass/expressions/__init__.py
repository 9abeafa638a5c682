"""From a model's ``derivatives`` to a graph of operations, and from that to text.

The function is called once on recording objects. What they record is a graph in which

- everything that depends on parameters alone is known, so that it can be computed once,
- a division by such a constant is a product with its reciprocal,
- an integer power is a product, multiplied in one fixed order,
- sums of more than two terms are taken in the order in which these are ready, which shortens
  the chain of operations that wait for each other,
- equal subexpressions are one node.

All kernels are generated from this graph, so all of them do the same arithmetic in the
same order. Helpers and globals are read with it, at the class statement. A function that
cannot be read this way (it branches on a value, say) is compiled as it is written.
"""

from neuromass.expressions.equations import Equations, bare, expression
from neuromass.expressions.functions import fingerprint, helpers
from neuromass.expressions.graph import KINDS, Node, below
from neuromass.expressions.operations import (
    FUNCTIONS,
    array_function,
    array_operation,
    exact_operation,
    on_floats,
)
from neuromass.expressions.ports import Ports, closed, joined
from neuromass.expressions.read import read
from neuromass.expressions.separate import Factor, InseparableError, Separation
from neuromass.expressions.trace import UnreadableError

__all__ = [
    "FUNCTIONS",
    "KINDS",
    "Equations",
    "Factor",
    "InseparableError",
    "Node",
    "Ports",
    "Separation",
    "UnreadableError",
    "array_function",
    "array_operation",
    "bare",
    "below",
    "closed",
    "exact_operation",
    "expression",
    "fingerprint",
    "helpers",
    "joined",
    "on_floats",
    "read",
]
