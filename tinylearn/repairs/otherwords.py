"""Arguments under the names that NumPy and PyTorch give them: x.sum(dim=0, keepdims=True).

A method that is called with such a name is called again with ours. That costs nothing until it
happens; a name that nobody knows is refused with the names that there are.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

from tinylearn.errors import nearest, user_origin

OURS = {  # their name -> what it may be here, whichever the method has
    "dim": ("axis",), "dims": ("axis", "order"), "axes": ("order",), "dim0": ("axis",),
    "order": ("axis",), "idx": ("index",), "padding": ("widths",),
    "dim1": ("other",), "axis1": ("axis", "dim1"), "axis2": ("other", "dim2"),
    "keepdims": ("keepdim",),
    "ddof": ("correction",), "unbiased": ("correction",), "min": ("low",), "max": ("high",),
    "a_min": ("low",), "a_max": ("high",), "start_dim": ("start",), "end_dim": ("end",),
    "chunks": ("count",), "split_size_or_sections": ("sizes",), "indices_or_sections": ("sizes",),
    "repeats": ("times",), "shifts": ("shift",), "num": ("steps",), "fill_value": ("value",),
    "num_classes": ("classes",), "negative_slope": ("slope",), "indices": ("index",),
    "end": ("stop",), "N": ("rows",), "n": ("rows",), "device": ("wanted",), "dtype": ("wanted",),
    "ord": ("p",), "min_val": ("low",), "max_val": ("high",), "min_": ("low",), "max_": ("high",),
    "neg_slope": ("slope",), "k": ("diagonal",), "offset": ("diagonal",), "value": ("src",),
}  # fmt: skip
NOTHING = ("retain_graph", "create_graph", "inplace", "non_blocking")  # always so, or never
INTERLEAVED = (
    "repeat lays copies side by side; NumPy's repeat, each number so often, is repeat_interleave"
    "\nTry {2}.repeat_interleave({0}, {1})"
)
TAKES_ANY, TAKES_WORDS = 4, 8  # flags of a function's code: it has *some, and **others


def names_of(method: Callable) -> tuple[list[str], str]:
    """The names of a function's arguments, and that of *some of them, or ""."""
    code = method.__code__
    count = code.co_argcount + code.co_kwonlyargcount
    several = code.co_varnames[count] if code.co_flags & TAKES_ANY else ""
    return list(code.co_varnames[:count]), several


@functools.cache
def understood(method: Callable) -> Callable:
    """The method, called by our names also where it is called by others; the same each time."""

    @functools.wraps(method)
    def call(*args: Any, **words: Any) -> Any:
        try:
            return method(*args, **words)
        except TypeError:
            if not words or (ours := translated(method, args, words)) is None:
                raise
        return method(*ours[0], **ours[1])

    return call


def translated(method: Callable, args: tuple, words: dict[str, Any]) -> tuple[tuple, dict] | None:
    """The arguments under our names; None if they were ours, and something else was wrong.

    Raises TypeError for a name that is nobody's.
    """
    names, several = names_of(method)
    ours: dict[str, Any] = {}
    changed = False
    for word, value in words.items():
        choices = (word, *OURS.get(word, ()))
        ours_is = next((o for o in choices if o in names or o == several), "")
        if word in names or (not ours_is and method.__code__.co_flags & TAKES_WORDS):
            ours[word] = value
            continue
        changed = True
        if word == "axis" and method.__name__ == "repeat":
            raise TypeError(INTERLEAVED.format(args[-1], value or 0, owner_of(method)))
        if ours_is and ours_is == several:
            args = (*args, value)
        elif ours_is:
            ours[ours_is] = value
        elif word not in NOTHING and value is not None:
            raise unknown_word(method, word, [*names, several])
    return (args, ours) if changed else None


def owner_of(method: Callable) -> str:
    """What the user's line calls the thing whose method is called; "x" where it cannot be read."""
    origin = user_origin()
    text = origin.text if origin else ""
    found = re.search(rf"([\w.]+(\[[^\]]*\])?)\.{method.__name__}\(", text)
    name = found.group(1) if found else "x"
    return "x" if name.endswith("Tensor") else name


def unknown_word(method: Callable, word: str, names: list[str]) -> TypeError:
    """The error for an argument that a method has not."""
    mine = [name for name in names if name and name != "self"]
    has = f"; it has {', '.join(mine)}" if mine else ""
    return TypeError(f"{method.__name__} has no argument {word!r}{nearest(word, mine) or has}")


def has_other_words(method: Any) -> bool:
    """Whether a method of a tensor has an argument that others call differently."""
    if not hasattr(method, "__code__") or method.__name__.startswith("_"):
        return False
    names, several = names_of(method)
    return bool(several or KNOWN.intersection(names)) or method.__name__ == "backward"


KNOWN = {ours for choices in OURS.values() for ours in choices}
