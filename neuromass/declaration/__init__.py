"""What a model declares: parameters, states, inputs and outputs, and the checks of its class."""

from neuromass.declaration.model import (
    Declaration,
    Input,
    Model,
    ModelType,
    Output,
    Parameter,
    State,
    suggestion,
    table,
)

__all__ = [
    "Declaration",
    "Input",
    "Model",
    "ModelType",
    "Output",
    "Parameter",
    "State",
    "suggestion",
    "table",
]
