"""What a model declares: parameters, states, inputs and outputs, and the checks of its class."""

from neuromass.declaration import pickling as _registered  # noqa: F401
from neuromass.declaration.declarations import Declaration, Input, Output, Parameter, State
from neuromass.declaration.model import Model, ModelType, with_inputs
from neuromass.declaration.table import table

__all__ = [
    "Declaration",
    "Input",
    "Model",
    "ModelType",
    "Output",
    "Parameter",
    "State",
    "table",
    "with_inputs",
]
