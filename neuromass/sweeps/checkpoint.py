"""A folder in which the finished parts of a sweep are kept."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neuromass._version import __version__
from neuromass.recordings import archive
from neuromass.simulation.digest import differing, digests, of_system, told
from neuromass.simulation.system import system_of
from neuromass.sweeps.batches import Batch, Results, Study

_ASKED = "sweep.json"


def asked_of(study: Study, follow: str | None, direction: str) -> dict[str, str]:
    """Digest of all that decides the results of a sweep, by its name."""
    found: dict[str, Any] = {"version": __version__, "follow": follow, "direction": direction}
    found |= {"duration": study.steps, "transient": study.skipped, "inputs": study.inputs}
    found |= {f"measure {name}": each for name, each in study.measures.items()}
    found["mode"] = study.points.is_grid
    found |= {each.key.name: each.values for each in study.points.axes}
    found["order of the keys"] = [each.key.name for each in study.points.axes]
    return digests({**found, **of_system(system_of(study.prototype))})


class Checkpoint:
    """The finished parts of a sweep.

    Parameters
    ----------
    folder : str or path
        Where they are kept; it is made if need be.
    asked : mapping
        Name -> digest of all that decides the results.
    """

    def __init__(self, folder: Any, asked: Mapping[str, str]) -> None:
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        place = self._folder / _ASKED
        if place.exists():
            self._compare(place, asked)
        elif any(self._folder.iterdir()):
            raise ValueError(
                f"checkpoint = {str(folder)!r} has other files in it; name a folder of its own."
            )
        else:
            beside = place.with_suffix(".new")
            beside.write_text(json.dumps({"format": 1, "asked": dict(asked)}, indent=1))
            beside.replace(place)

    def _compare(self, place: Path, asked: Mapping[str, str]) -> None:
        try:
            known = json.loads(place.read_text())["asked"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{place} is damaged ({error}); take another folder.") from error
        other = differing(known, asked)
        if other:
            raise ValueError(
                f"The checkpoint in {str(self._folder)!r} is of another sweep: {told(other)} "
                f"differ. Take another folder, or the same arguments; noise goes on only with the "
                f"same seed."
            )

    def _place(self, batch: Batch) -> Path:
        return self._folder / f"part_{batch.number:06d}.npz"

    def load(self, batch: Batch) -> Results | None:
        """The results of a part; nothing if it was not finished, or not written to its end."""
        place = self._place(batch)
        if not place.exists():
            return None
        try:
            with open(place, "rb") as stream:
                header, read = archive.opened(stream)
                values = {name: read(f"measured/{name}") for name in header["measures"]}
                return Results(values, read("failed") != 0.0)
        except (ValueError, KeyError, OSError, zipfile.BadZipFile, EOFError):
            place.unlink()
            return None

    def keep(self, batch: Batch, results: Results) -> None:
        """Write the results of a part."""
        header = {"format": 1, "measures": list(results.values)}
        arrays = {f"measured/{name}": each for name, each in results.values.items()}
        arrays["failed"] = results.failed.astype(float)
        archive.write_whole(self._place(batch), header, arrays)
