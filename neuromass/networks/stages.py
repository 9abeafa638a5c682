"""A system in which the inner stages of synapses can be recorded, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neuromass.populations.core import Core
from neuromass.recordings.contents import About


class WithStages:
    """A system to run, all of whose states can be recorded.

    Of a network ``nodes`` has all stages of its synapses, the inner ones by names such as
    ``"exc->inh/1"``; a population is as it was.

    Parameters
    ----------
    system : System
        What is run.
    """

    def __init__(self, system: Any) -> None:
        self._system = system

    def __system__(self) -> WithStages:
        """What ``nm.run`` works with."""
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._system, name)

    @property
    def nodes(self) -> Mapping[str, Core]:
        """All that has states, by name."""
        every = getattr(self._system, "all_nodes", None)
        nodes: Mapping[str, Core] = self._system.nodes if every is None else every()
        return nodes

    def holder(self, node: str, name: str) -> Core:
        """What has a value that can be recorded."""
        return self.nodes[node]

    def about(self, node: str, every: int, average: bool) -> About:
        """Where the recording of a node comes from."""
        system, name = self._system, node
        if node not in system.nodes:
            name = next(name for name, stages in system.stages.items() if node in stages)
        found: About = system.about(name, every, average)
        return found
