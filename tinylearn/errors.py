"""Errors that show the shapes, where each thing was made, and one repair; and finding that place.

A place is what a frame gives cheaply, (code, instruction); it becomes a file, a line and the
line's text only when somebody asks.
"""

from __future__ import annotations

import difflib
import linecache
import os
import sys
import warnings
from collections.abc import Iterable, Sequence
from functools import lru_cache
from types import CodeType
from typing import Any, NamedTuple

import numpy

PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
NUMPY = os.path.dirname(os.path.abspath(numpy.__file__)) + os.sep  # np.sum(x) calls x.sum()


class Origin(NamedTuple):
    """The user's place that made something: kept raw, spelled out on demand."""

    code: CodeType
    instruction: int

    @property
    def line_number(self) -> int:
        """The line, counted from 1 in its file or cell."""
        for start, stop, line in self.code.co_lines():
            if start <= self.instruction < stop and line is not None:
                return line
        return self.code.co_firstlineno

    @property
    def place(self) -> str:
        """Where a reader would look: "cell 3, line 2" or "train.py, line 10"."""
        name = self.code.co_filename
        ipython = sys.modules.get("IPython")
        shell = ipython.get_ipython() if ipython else None
        label = shell.compile.format_code_name(name) if shell else None
        if label and label[0] == "Cell":
            return f"cell {label[1].strip('In[]')}, line {self.line_number}"
        return f"{os.path.basename(name)}, line {self.line_number}"

    @property
    def text(self) -> str:
        """The user's line itself, or "" where the source is gone."""
        return linecache.getline(self.code.co_filename, self.line_number).strip()

    def __str__(self) -> str:
        return self.place


INSIDE: dict[str, bool] = {}  # file of some code -> is it tinylearn's own?


def user_place(depth: int = 1) -> tuple[CodeType, int] | None:
    """The innermost place outside tinylearn that led here, raw; None if there is none."""
    frame: Any = sys._getframe(depth)
    known = INSIDE.get
    while frame is not None:
        code = frame.f_code
        inside = known(code.co_filename)
        if inside is None:
            inside = is_inside(code.co_filename)
        if not inside:
            return code, frame.f_lasti
        frame = frame.f_back
    return None


def user_frame() -> Any:
    """The innermost frame outside tinylearn that led here, or None."""
    frame: Any = sys._getframe(1)
    while frame is not None and is_inside(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def warn_user(says: str) -> None:
    """A warning on the user's own line."""
    depth, frame = 1, sys._getframe(0)
    while frame.f_back is not None and is_inside(frame.f_code.co_filename):
        depth, frame = depth + 1, frame.f_back
    warnings.warn(says, UserWarning, stacklevel=depth)


def is_inside(file: str) -> bool:
    """Whether code of this file is tinylearn's own, or NumPy's; remembered."""
    if len(INSIDE) > 10_000:
        INSIDE.clear()
    inside = INSIDE[file] = file.startswith((PACKAGE, NUMPY, "<frozen", "<generated"))
    return inside


def user_origin(depth: int = 1) -> Origin | None:
    """The innermost place outside tinylearn that led here; None if there is none."""
    place = user_place(depth + 1)
    return None if place is None else Origin(*place)


class TinylearnError(Exception):
    """What all errors of tinylearn's own have in common."""


class ShapeError(TinylearnError, ValueError, RuntimeError):
    """Shapes that do not go together, with the operands and one repair.

    NumPy raises ValueError here, PyTorch RuntimeError: whoever catches either is right.
    """


class AxisError(ShapeError, IndexError):
    """An axis that is not there: an IndexError for NumPy and for PyTorch."""


class DTypeError(TinylearnError, TypeError, RuntimeError):
    """A kind of number that an operation cannot take: NumPy's TypeError, PyTorch's RuntimeError."""


class PlaceError(DTypeError, IndexError):
    """An index that is made of other things than whole numbers: an IndexError in NumPy, too."""


class OptionError(TinylearnError, ValueError, RuntimeError):
    """A value that an option of an operation cannot have. PyTorch raises one or the other."""


class GradientError(TinylearnError, RuntimeError):
    """A gradient was asked for where there is none."""


class DeviceError(TinylearnError, RuntimeError):
    """A device that is not there, or operands on different devices."""


class ScheduleError(TinylearnError, ValueError):
    """A transform that does not fit a kernel's loops, or loops that a device cannot run."""


class CaptureError(TinylearnError, RuntimeError):
    """What a captured function cannot do: a replay would not do it."""


def describe(
    error: type[Exception], says: str, operands: Iterable[tuple[str, Any]] = (), repair: str = ""
) -> Exception:
    """The error to raise: a sentence, a line for each operand, one repair.

    operands   (name, thing with .shape and perhaps .origin) pairs
    """
    lines = [says]
    for name, thing in operands:
        origin = getattr(thing, "origin", None)
        lines.append(f"    {name:3} {tuple(thing.shape)!s:16}  {origin or ''}".rstrip())
    if repair:
        lines.append(f"Try {repair}")
    return error("\n".join(lines))


def nearest(name: str, known: Sequence[str] | Iterable[str]) -> str:
    """'; did you mean ...?' for a name that is not known, or '' if nothing is near.

    Never the name itself, which was just refused, and no name with an underscore in front.
    """
    names = tuple(word for word in known if word and word != str(name) and word[0] != "_")
    return guess(str(name), names)


@lru_cache(maxsize=200)
def guess(name: str, names: tuple[str, ...]) -> str:
    """The sentence for `nearest`. Kept: `hasattr` raises and drops it, and one takes 0.4 ms."""
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


def choose(name: str, known: Iterable[str], says: str, also: Iterable[str] = ()) -> str:
    """The nearest name as a question, then what there is as a sentence of its own.

    also   names that are known too, and too many to be listed

    >>> choose("nunpy", ["numpy", "c"], "there are"), choose("?", ["numpy", "c"], "there are")
    ("; did you mean 'numpy'? There are numpy, c", '; there are numpy, c')
    """
    known = list(known)
    hint = nearest(name, [*known, *also])
    says = says.capitalize() if hint else says
    return f"{hint}{' ' if hint else '; '}{says} {', '.join(known)}"
