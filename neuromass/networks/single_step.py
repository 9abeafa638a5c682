"""A single step of a small network, with as little as possible looked up on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neuromass import units
from neuromass.kernels.control import FIELDS, Control
from neuromass.networks.unrolled import UnrolledArrays
from neuromass.populations import validation

if TYPE_CHECKING:
    from neuromass.networks.core import NetworkCore


def serves(core: NetworkCore) -> bool:
    """Whether all members are single lanes whose output is a state."""
    members = core.members.values()
    return all(each.shape == () and each.model.output in each.model.states for each in members)


class SingleStep:
    """A step with inputs held; what it does not know is left to others.

    Parameters
    ----------
    core : NetworkCore
        The network; see `serves`.
    arrays : UnrolledArrays
        Its arrays; the step is good as long as these are in use.
    """

    def __init__(self, core: NetworkCore, arrays: UnrolledArrays) -> None:
        self.arrays = arrays
        self._claim, self._name, self._control = core.claim, core.name, core.control
        self._room = arrays.delays.room if arrays.history.size else 1 << 62
        self._defaults = [0.0] * len(arrays.held)
        self._known: dict[str, tuple[int, Any, str]] = {}
        self._outputs = []
        for member, each in core.members.items():
            for name, declared in each.model.inputs.items():
                place, label = arrays.input_places(member, name).start, f"{member}.{name}"
                self._defaults[place] = declared.default
                self._known[label] = place, declared, label
                if len(each.model.inputs) == 1:
                    self._known[member] = self._known[label]
            output = each.model.output
            place = arrays.state_place(member, output)
            self._outputs.append((member, place, each.model.measure(output)))
        asked = Control()
        asked.steps = asked.every = 1
        first, last = FIELDS.index("steps"), FIELDS.index("average") + 1
        self._asked = _memory(asked.words)[first:last]
        self._asking = _memory(core.control.words)[first:last]
        self._function, self._given = arrays.single_step(core.control)
        self._inputs, self._values = _memory(arrays.held), _memory(arrays.values)

    def take(self, inputs: Any, with_units: bool) -> int | None:
        """Take the step; what came out of it, or None where nothing was done."""
        if type(inputs) is not dict or self._control.position >= self._room:
            return None
        held = self._defaults.copy()
        for key, value in inputs.items():
            found = self._known.get(key)
            if found is None:
                return None
            place, declared, label = found
            plain: Any = value
            if type(value) is not float or (with_units and declared.measure.dimension):
                if with_units:
                    plain = units.to_internal(value, declared.measure, label, declared.example)
                else:
                    plain = validation.plain_input(value, label)
            if type(plain) is not float or plain - plain != 0.0:
                return None
            held[place] = plain
        if self._claim.lock.locked():
            self._claim.check_free(self._name)
        with self._claim.lock: return self._taken(held)  # noqa: E701  # fmt: skip

    def _taken(self, held: list[float]) -> int:
        inputs = self._inputs
        for place, value in enumerate(held):
            inputs[place] = value
        self._asking[:] = self._asked
        code: int = self._function(*self._given)
        return code

    def outputs(self) -> dict[str, Any]:
        """The output of each member as a Quantity."""
        values = self._values
        return {name: unit.quantity(values[place]) for name, place, unit in self._outputs}

    def raw_outputs(self) -> dict[str, float]:
        """The output of each member in internal units."""
        values = self._values
        return {name: values[place] for name, place, _ in self._outputs}


def _memory(array: Any) -> Any:
    """A view of an array, through which single numbers go faster."""
    return memoryview(array)
