"""Two values side by side: "" if they agree, else what differs, in words a student can use.

    difference(got, want) -> "expected shape (3, 4), got (4, 3)"

Shape first, then how many numbers differ, then the first one that does, marked in its place.
Used by `tl.check` beside the student and by the grader's parent: one meaning of "equal".
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from .inside.values import OF_A_TENSOR, Code, Raised, Thing

SHOWN = 8  # numbers shown in a row


def difference(got: Any, want: Any, rtol: float = 1e-5, atol: float = 1e-7) -> str:
    """What differs, or "".

    What says the same counts as equal: lists, tuples and arrays of the same numbers, 1, 1.0 and
    True, a set in any order. A question in which the kind itself matters says so in its `judges`.
    """
    if isinstance(want, Raised):
        return raised_difference(got, want)
    if isinstance(got, Raised):
        where = f"\n    line {got.line}: {got.source}" if got.line else ""
        return f"your code raised {got!r}{where}"
    if got is None and want is not None:
        return f"expected {show(want)}, got None: is there a return?"
    if isinstance(got, Thing):
        return f"expected {show(want)}, got a {got.says}"
    if isinstance(want, np.ndarray):
        return array_difference(got, want, rtol, atol)
    if isinstance(want, (list, tuple)):
        return sequence_difference(got, want, rtol, atol)
    if isinstance(want, (dict, set, frozenset)):
        return mapping_difference(got, want, rtol, atol)
    if is_number(want) or isinstance(want, bool):
        return number_difference(got, want, rtol, atol)
    same = type(got) is type(want) and got == want
    return "" if same else f"expected {show(want)}, got {show(got)}"


def raised_difference(got: Any, want: Raised) -> str:
    if not isinstance(got, Raised):
        return f"expected a {want.kind}, got {show(got)}"
    if want.kind not in (got.kind, *got.also):
        return f"expected a {want.kind}, your code raised {got!r}"
    return ""


def is_number(value: Any) -> bool:
    return type(value) in (int, float)


def number_difference(got: Any, want: Any, rtol: float, atol: float) -> str:
    if type(got).__name__ == OF_A_TENSOR and got.shape == ():
        return f"expected the number {show(want)}, got a Tensor: .item() gives its number"
    if isinstance(got, np.ndarray) and got.shape == () and got.dtype != bool:
        got = got.item()
    if not is_number(got) and not isinstance(got, bool):
        what = "" if isinstance(want, bool) else "the number "
        return f"expected {what}{show(want)}, got {show(got)}"
    return "" if close(got, want, rtol, atol) else f"expected {show(want)}, got {show(got)}"


def close(got: float, want: float, rtol: float, atol: float) -> bool:
    """Whether two numbers agree; nan agrees with nan, and whole numbers agree exactly."""
    if type(got) is int and type(want) is int:
        return got == want
    try:
        got, want = float(got), float(want)
    except OverflowError:
        return False
    if math.isnan(got) or math.isnan(want):
        return math.isnan(got) and math.isnan(want)
    return got == want or (math.isfinite(got - want) and abs(got - want) <= atol + rtol * abs(want))


def array_difference(got: Any, want: np.ndarray, rtol: float, atol: float) -> str:
    given, got = got, as_array(got)
    if got is None:
        return f"expected an array of shape {want.shape}, got {show(given)}"
    if got.shape != want.shape:
        return f"expected shape {want.shape}, got {got.shape}"
    exact = got.dtype.kind in "iub" and want.dtype.kind in "iub"
    with np.errstate(all="ignore"):
        agree = got == want if exact else np.isclose(got, want, rtol, atol, equal_nan=True)
    if bool(np.all(agree)):
        return ""
    wrong = np.argwhere(~agree)
    first = tuple(int(i) for i in wrong[0]) if want.ndim else ()
    place = f" at {list(first)}" if first else ""
    return (
        f"{len(wrong)} of {want.size} numbers differ; the first{place}:\n"
        f"    expected {row(want, first)}\n    got      {row(got, first)}"
    )


def as_array(value: Any) -> np.ndarray | None:
    """An array of the same numbers as a list, a tuple or a number; None where there is none."""
    if isinstance(value, list | tuple | bool | int | float):
        try:
            value = np.array(value)
        except (ValueError, OverflowError):  # rows of different lengths
            return None
    return value if isinstance(value, np.ndarray) and value.dtype.kind in "biuf" else None


def row(array: np.ndarray, index: tuple[int, ...]) -> str:
    """The row that holds the number at `index`, that number between arrows.

    >>> row(np.array([[1.0, 2.0], [3.0, 4.0]]), (1, 0))
    '[>3<, 4]'
    """
    if not index:
        return short(array.item())
    line, at = array[index[:-1]], index[-1]
    start = max(0, min(at - SHOWN // 2, len(line) - SHOWN))
    texts = [
        f">{short(line[i])}<" if i == at else short(line[i])
        for i in range(start, min(len(line), start + SHOWN))
    ]
    before, after = "... " * (start > 0), " ..." * (start + SHOWN < len(line))
    return f"[{before}{', '.join(texts)}{after}]"


def sequence_difference(got: Any, want: Any, rtol: float, atol: float) -> str:
    kind = type(want).__name__
    if isinstance(got, np.ndarray) and got.ndim:
        got = [item if item.ndim else item.item() for item in got]
    if not isinstance(got, (list, tuple)):
        return f"expected the {kind} {show(want)}, got {show(got)}"
    if len(got) != len(want):
        return f"expected {len(want)} values, {show(want)}; got {len(got)}, {show(got)}"
    for place, (mine, theirs) in enumerate(zip(got, want)):
        if text := difference(mine, theirs, rtol, atol):
            if is_number(mine) or isinstance(mine, str):
                return f"expected {marked(want, place)}\n    got      {marked(got, place)}"
            return f"value {place + 1} of {len(want)}: {text}"
    return ""


def marked(items: Any, at: int) -> str:
    """A list or tuple of plain values with the one at `at` between arrows."""
    start = max(0, min(at - SHOWN // 2, len(items) - SHOWN))
    texts = [show(item, 20) for item in items[start : start + SHOWN]]
    texts[at - start] = f">{texts[at - start]}<"
    inner = "... " * (start > 0) + ", ".join(texts) + " ..." * (start + SHOWN < len(items))
    return f"[{inner}]" if isinstance(items, list) else f"({inner})"


def mapping_difference(got: Any, want: Any, rtol: float, atol: float) -> str:
    if isinstance(want, set) and isinstance(got, list | tuple) and is_hashable(got):
        got = set(got) if len(set(got)) == len(got) else got
    if type(got) is not type(want):
        return f"expected the {type(want).__name__} {show(want)}, got {show(got)}"
    if not isinstance(want, dict):
        return "" if got == want else f"expected {show(want)}, got {show(got)}"
    if got.keys() != want.keys():
        missing = [show(key) for key in want if key not in got]
        extra = [show(key) for key in got if key not in want]
        parts = [f"missing: {', '.join(missing[:SHOWN])}"] * bool(missing)
        return "; ".join(parts + [f"not expected: {', '.join(extra[:SHOWN])}"] * bool(extra))
    for key in want:
        if text := difference(got[key], want[key], rtol, atol):
            return f"{show(key)}: {text}"
    return ""


def is_hashable(items: Any) -> bool:
    """Whether all items are of the kinds that a set may hold: numbers, texts."""
    return all(isinstance(item, str | int | float | bool) for item in items)


def agrees(got: Any, want: Any, rtol: float = 1e-5, atol: float = 1e-7) -> bool:
    return not difference(got, want, rtol, atol)


# ---------------------------------------------------------------- showing values


def short(number: Any) -> str:
    """A number in at most six digits."""
    if isinstance(number, (bool, np.bool_)):
        return str(bool(number))
    return f"{number:.6g}" if isinstance(number, (float, np.floating)) else str(number)


def show(value: Any, width: int = 90) -> str:
    """A value in short: arrays by shape and first numbers, long texts cut.

    >>> show(np.zeros((2, 3)))
    'array (2, 3): [0, 0, 0, 0, 0, 0]'
    """
    if isinstance(value, np.ndarray):
        if value.shape == ():
            return short(value.item())
        numbers = ", ".join(short(item) for item in value.ravel()[:SHOWN])
        return f"array {value.shape}: [{numbers}{', ...' * (value.size > SHOWN)}]"
    if isinstance(value, (list, tuple)):
        inner = ", ".join(show(item, 40) for item in value[:SHOWN])
        inner += ", ..." * (len(value) > SHOWN) + "," * (type(value) is tuple and len(value) == 1)
        text = f"[{inner}]" if isinstance(value, list) else f"({inner})"
    elif isinstance(value, float):
        text = repr(value) if abs(value - round(value, 6)) < 1e-12 else f"{value:.8g}"
    else:
        text = repr(value)
    return text if len(text) <= width else text[: width - 4] + " ..."


def pasted(value: Any) -> str:
    """The Python that makes a value, "" where there is none.

    >>> pasted((2, [0.5, None])), pasted(np.ones((1, 2)))
    ('(2, [0.5, None])', 'np.array([[1.0, 1.0]])')
    """
    if isinstance(value, (list, tuple)):
        texts = [pasted(item) for item in value]
        if not all(texts):
            return ""
        inner = ", ".join(texts) + "," * (type(value) is tuple and len(value) == 1)
        return f"[{inner}]" if isinstance(value, list) else f"({inner})"
    if isinstance(value, np.ndarray):
        return pasted_array(value)
    if type(value).__name__ == "Tensor" and value.is_leaf:
        learns = ", requires_grad=False" * (not value.requires_grad)
        return f"tl.Tensor({pasted_array(value.numpy())}{learns})"
    if isinstance(value, float) and not math.isfinite(value):
        return f"float({repr(value)!r})"
    return repr(value) if value is None or isinstance(value, (bool, int, float, str, Code)) else ""


def pasted_array(array: np.ndarray) -> str:
    """The call of NumPy that makes an array of the same numbers, shape and dtype."""
    kind = "" if array.dtype in (bool, int, float) else f", dtype=np.{array.dtype}"
    if array.size == 0:
        return f"np.zeros({array.shape}{kind})"
    text = str(array.tolist())
    if "nan" in text or "inf" in text:
        text = re.sub(r"\b(nan|inf)\b", r"np.\1", text)
    return f"np.array({text}{kind})"


def call_text(name: str, args: Sequence[Any]) -> str:
    """A call with each argument as it can be pasted, or in short: slope(lambda x: x * x, 3.0)."""
    texts = [text if 0 < len(text := pasted(arg)) <= 60 else show(arg, 60) for arg in args]
    return f"{name}({', '.join(texts)})"
