"""Connectomes: what connects the regions of a brain, and how far apart they are."""

from __future__ import annotations

import bz2
import gzip
import io
import zipfile
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.errors import brief, one_of, suggestion, warn, whole_number
from neuromass.units import DIMENSIONLESS, MS, measure

__all__ = ["Connectome"]

Floats = NDArray[np.float64]

MM: Final = measure("mm")
SPEED: Final = measure("m/s")


class Connectome:
    """Weights and lengths of the tracts between regions, with their names and places.

    Parameters
    ----------
    weights : array
        How strongly, [target, source]; plain numbers that are not negative.
    distances : Quantity
        How long the tracts are, [target, source].
    labels : sequence of str, optional
        Names of the regions; ``region 0`` and so on if left out.
    centres : Quantity, optional
        Places of the regions, (regions, 3): to the right, to the front, upwards.

    Raises
    ------
    ValueError
        For matrices that are not square or of different size, values that are not finite or are
        negative, or names that occur twice.

    Warns
    -----
    UserWarning
        Of regions that nothing connects to others.

    Examples
    --------
    >>> import numpy as np, neuromass as nm
    >>> from neuromass.units import mm, metre, second
    >>> c = nm.Connectome([[0.0, 2.0], [1.0, 0.0]], [[0, 30], [30, 0]] * mm, ["left", "right"])
    >>> c
    <Connectome of 2 regions: 2 tracts of 30 mm, weights 1 .. 2, not symmetric>
    >>> print(c.delays(3 * metre / second)[0, 1])
    10.0 millisecond
    """

    def __init__(
        self,
        weights: Any,
        distances: Any,
        labels: Sequence[str] | None = None,
        centres: Any = None,
    ) -> None:
        self._weights = _square(units.to_internal(weights, DIMENSIONLESS, "weights"), "weights")
        self._distances = _square(units.to_internal(distances, MM, "distances", 50.0), "distances")
        count = len(self._weights)
        if len(self._distances) != count:
            raise ValueError(
                f"weights are of {count} regions, and distances of {len(self._distances)}."
            )
        self._labels = _names(labels, count)
        self._centres = None if centres is None else _places(centres, count)
        self._warn_of_isolated()

    def _warn_of_isolated(self) -> None:
        others = self._weights - np.diag(np.diag(self._weights))
        alone = np.flatnonzero(~(np.any(others, axis=0) | np.any(others, axis=1)))
        if len(alone) and len(self) > 1:
            told = ", ".join(self._labels[i] for i in alone[:5])
            more = f" and {len(alone) - 5} more" if len(alone) > 5 else ""
            warn(f"Nothing connects {told}{more} to other regions.")

    # ---------------------------------------------------------------------- reading

    def __len__(self) -> int:
        return len(self._weights)

    @property
    def weights(self) -> Floats:
        """Weights, [target, source]; plain numbers that cannot be written to."""
        return units.read_only(self._weights)

    @property
    def distances(self) -> Any:
        """Lengths of the tracts, [target, source], as a Quantity."""
        return units.as_view(MM, self._distances)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the regions."""
        return self._labels

    @property
    def centres(self) -> Any:
        """Places of the regions, (regions, 3), as a Quantity; None if they are not known."""
        return None if self._centres is None else units.as_view(MM, self._centres)

    @property
    def is_symmetric(self) -> bool:
        """Whether every tract is as strong and long in both directions."""
        return all(
            np.allclose(each, each.T, rtol=1e-9) for each in (self._weights, self._distances)
        )

    def delays(self, speed: Any) -> Any:
        """How long the tracts take, [target, source].

        Parameters
        ----------
        speed : Quantity
            The conduction speed, one for all.

        Returns
        -------
        Quantity
        """
        fast = units.to_internal(speed, SPEED, "speed", 3.0)
        if not isinstance(fast, float) or not np.isfinite(fast) or fast <= 0.0:
            raise ValueError(f"speed is one positive speed, and {brief(speed)} is none.")
        return units.to_quantity(MS, self._distances / fast)

    # --------------------------------------------------------------------- changing

    def _with(self, weights: Floats) -> Self:
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__, _weights=weights)
        return other

    def normalised(self, how: str = "row") -> Self:
        """The same with weights that are scaled.

        Parameters
        ----------
        how : {"row", "max", "spectral"}
            So that the weights onto each region have the sum 1, so that the largest weight is 1,
            or so that the largest eigenvalue has the absolute value 1.

        Returns
        -------
        Connectome

        Examples
        --------
        >>> import neuromass as nm
        >>> nm.Connectome.synthetic(10, seed=1).normalised("row").weights.sum(axis=1).round(12)
        array([1., 1., 1., 1., 1., 1., 1., 1., 1., 1.])
        """
        one_of(how, "how", ("row", "max", "spectral"))
        w = self._weights
        if not np.any(w):
            raise ValueError("All weights are zero, and cannot be scaled.")
        if how == "row":
            sums = w.sum(axis=1, keepdims=True)
            return self._with(np.divide(w, sums, out=np.zeros_like(w), where=sums > 0.0))
        largest = np.max(w) if how == "max" else np.max(np.abs(np.linalg.eigvals(w)))
        if largest == 0.0:
            raise ValueError("The largest eigenvalue of the weights is zero.")
        return self._with(w / largest)

    def subset(self, labels: Sequence[str | int]) -> Self:
        """Some of the regions, with what connects them.

        Parameters
        ----------
        labels : sequence of str or int
            Their names or numbers, in the order wanted.

        Returns
        -------
        Connectome
        """
        places = [self._place(each) for each in labels]
        if not places or len(set(places)) != len(places):
            raise ValueError("subset takes some regions, each of them once.")
        pair = np.ix_(places, places)
        centres = None if self._centres is None else MM.quantity(self._centres[places])
        names = [self._labels[i] for i in places]
        return type(self)(self._weights[pair], MM.quantity(self._distances[pair]), names, centres)

    def _place(self, region: Any) -> int:
        if isinstance(region, str):
            if region not in self._labels:
                raise KeyError(
                    f"There is no region {brief(region)}{suggestion(region, self._labels)}"
                )
            return self._labels.index(region)
        number = whole_number(region, "A region")
        if not 0 <= number < len(self):
            raise ValueError(f"There are {len(self)} regions, and no number {number}.")
        return number

    # ---------------------------------------------------------------------- plotting

    def plot(self, axes: Any = None) -> Any:
        """Draw the matrices, and the regions from above and from the side.

        Parameters
        ----------
        axes : sequence of Axes, optional
            Where to draw: two, or four where the places of the regions are known.

        Returns
        -------
        ndarray of Axes
        """
        from neuromass.plotting import brains  # noqa: PLC0415

        return brains.plot_connectome(self, axes)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Connectome):
            return NotImplemented
        mine, theirs = (
            (
                each._weights,
                each._distances,
                np.zeros(0) if each._centres is None else each._centres,
            )
            for each in (self, other)
        )
        alike = all(np.array_equal(a, b) for a, b in zip(mine, theirs, strict=True))
        return alike and self._labels == other._labels

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        there = self._weights > 0.0
        if not np.any(there):
            return f"<Connectome of {len(self)} regions, without tracts>"
        lengths = units.shown(self._distances[there], MM)
        shown = units.shown(self._weights[there], DIMENSIONLESS)
        symmetric = "" if self.is_symmetric else ", not symmetric"
        return (
            f"<Connectome of {len(self)} regions: {np.sum(there)} tracts of {lengths}, "
            f"weights {shown}{symmetric}>"
        )

    # ------------------------------------------------------------------------ sources

    @classmethod
    def synthetic(cls, count: int, seed: int) -> Self:
        """A connectome by a rule, for tests and examples; it is that of nobody.

        Half of the regions lie on each side, evenly on the surface of an ellipsoid of a brain's
        size. Distances are straight lines, made 1.3 times as long, as tracts bend. Between regions
        of one side a tract is there with probability ``exp(-distance / 60 mm)``, between mirror
        images always, else between the sides with a tenth of that. Weights fall off with
        ``exp(-distance / 40 mm)`` and vary log-normally with a standard deviation of 0.5 of their
        logarithm. All is symmetric.

        Parameters
        ----------
        count : int
            How many regions; even.
        seed : int
            Of the random numbers.

        Returns
        -------
        Connectome

        Examples
        --------
        >>> import neuromass as nm
        >>> nm.Connectome.synthetic(84, seed=1).labels[:2]
        ('L00', 'L01')
        """
        if whole_number(count, "count") < 2 or count % 2:
            raise ValueError(f"count is an even number of regions, at least 2, not {count}.")
        draw = np.random.default_rng(whole_number(seed, "seed"))
        half = count // 2
        right = _half_of_ellipsoid(half)
        places = np.concatenate([right * [-1.0, 1.0, 1.0], right])
        distances = 1.3 * np.linalg.norm(places[:, None] - places[None, :], axis=2)
        side = np.arange(count) < half
        same = side[:, None] == side[None, :]
        chance = np.exp(-distances / 60.0) * np.where(same, 1.0, 0.1)
        mirror = np.abs(np.arange(count)[:, None] - np.arange(count)[None, :]) == half
        there = (draw.random((count, count)) < chance) | mirror
        strength = np.exp(-distances / 40.0 + 0.5 * draw.normal(size=(count, count)))
        weights = np.triu(np.where(there, strength, 0.0), 1)
        digits = len(str(half - 1))
        labels = [f"{name}{i:0{max(2, digits)}d}" for name in "LR" for i in range(half)]
        return cls(weights + weights.T, MM.quantity(distances), labels, MM.quantity(places))

    @classmethod
    def from_tvb(cls, path: Any) -> Self:
        """Read the connectivity of The Virtual Brain: a zip, or a folder of the same files.

        These are ``weights.txt``, ``tract_lengths.txt`` in mm and, with the names and places of
        the regions, ``centres.txt``; also with other names that are in use (``centers.txt``,
        ``tracts.txt``, ``lengths.txt``), in a folder within, or compressed one by one (``.bz2``,
        ``.gz``). Numbers are separated by blanks or commas; in ``centres.txt`` remarks may follow
        them.

        Parameters
        ----------
        path : str or path
            The zip or folder.

        Returns
        -------
        Connectome

        Raises
        ------
        FileNotFoundError
            If there is no such file, or one of the two matrices is missing in it.
        ValueError
            If one of them cannot be read, or they do not fit.
        """
        files = _files_of(path)
        weights = _matrix(files, ("weights",), path)
        lengths = _matrix(files, ("tract_lengths", "tracts", "lengths", "tract-lengths"), path)
        names, places = _regions(files, path)
        np.fill_diagonal(lengths, 0.0)
        centres = None if places is None else MM.quantity(places)
        return cls(weights, MM.quantity(lengths), names, centres)


def _square(values: Any, name: str) -> Floats:
    table = np.asarray(values, dtype=float)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or not len(table):
        raise ValueError(f"{name} is a square matrix, [target, source], not {np.shape(values)}.")
    units.require_finite(table, name)
    if np.min(table) < 0.0:
        target, source = np.unravel_index(np.argmin(table), table.shape)
        raise ValueError(f"{name} must not be negative, and [{target}, {source}] is.")
    return table.copy()


def _names(labels: Any, count: int) -> tuple[str, ...]:
    if labels is None:
        return tuple(f"region {i}" for i in range(count))
    names = tuple(map(str, labels))
    if len(names) != count:
        raise ValueError(f"labels has {len(names)} names for {count} regions.")
    twice = next((each for each in names if names.count(each) > 1), None)
    if twice is not None:
        raise ValueError(f"labels names {brief(twice)} twice.")
    return names


def _places(centres: Any, count: int) -> Floats:
    table = np.asarray(units.to_internal(centres, MM, "centres", 50.0), dtype=float)
    if table.shape != (count, 3):
        raise ValueError(f"centres has the shape ({count}, 3), not {table.shape}.")
    units.require_finite(table, "centres")
    return table.copy()


def _half_of_ellipsoid(count: int) -> Floats:
    """Points spread evenly over the right half of an ellipsoid of a brain's size, in mm."""
    k = np.arange(count) + 0.5
    across = k / count  # cosine of the angle to the side
    turn = np.pi * (1.0 + 5.0**0.5) * k
    rim = np.sqrt(1.0 - across**2)
    return np.stack([65.0 * across, 80.0 * rim * np.cos(turn), 55.0 * rim * np.sin(turn)], axis=1)


# ------------------------------------------------------------------------- reading files


_OPENERS: Final = {".bz2": bz2.decompress, ".gz": gzip.decompress}


def _files_of(path: Any) -> dict[str, bytes]:
    """All text files, by their names without folders and endings."""
    if not isinstance(path, str | PathLike):
        raise TypeError(f"path is the name of a zip or folder, not {brief(path)}.")
    place = Path(path)
    if place.is_dir():
        found = {each.name: each.read_bytes() for each in place.iterdir() if each.is_file()}
    else:
        try:
            with zipfile.ZipFile(place) as archive:
                names = [
                    n for n in archive.namelist() if not n.endswith("/") and "__MACOSX" not in n
                ]
                found = {Path(n).name: archive.read(n) for n in names}
        except zipfile.BadZipFile as error:
            raise ValueError(f"{place} is no zip, or a damaged one: {error}.") from None
    return {_stem(name): _opened(name, data) for name, data in found.items()}


def _stem(name: str) -> str:
    return name.lower().split(".", maxsplit=1)[0]


def _opened(name: str, data: bytes) -> bytes:
    return _OPENERS.get(Path(name).suffix.lower(), lambda x: x)(data)


def _matrix(files: dict[str, bytes], names: tuple[str, ...], path: Any) -> Floats:
    for name in names:
        if name in files:
            return _numbers(files[name], name)
    there = ", ".join(sorted(files)) or "nothing"
    raise FileNotFoundError(f"{path} has no {names[0]}.txt; there is {there}.")


def _numbers(data: bytes, name: str) -> Floats:
    text = data.decode("utf-8", errors="replace").replace(",", " ")
    try:
        return np.loadtxt(io.StringIO(text), ndmin=2)
    except ValueError as error:
        raise ValueError(f"{name} is no table of numbers: {error}.") from None


def _regions(files: dict[str, bytes], path: Any) -> tuple[list[str] | None, Floats | None]:
    """Names and places of the regions, as far as they are there."""
    for name in ("centres", "centers", "region_centres", "region_centers"):
        if name in files:
            text = files[name].decode("utf-8", errors="replace").replace(",", " ")
            rows = [_without_remark(line.split()) for line in text.splitlines() if line.strip()]
            try:
                places = np.array([row[-3:] for row in rows], dtype=float)
                return [" ".join(row[:-3]) for row in rows], places
            except ValueError:
                raise ValueError(
                    f"{name} of {path} has a name and three numbers in each line."
                ) from None
    for name in ("region_labels", "labels"):
        if name in files:
            return files[name].decode("utf-8", errors="replace").split(), None
    return None, None


def _without_remark(words: list[str]) -> list[str]:
    """A line of centres without what follows its numbers, as in The Virtual Brain's file of 66."""
    last = max((i for i, word in enumerate(words) if _is_number(word)), default=-1)
    return words[: last + 1]


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
