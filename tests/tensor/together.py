"""Results of many rows computed at once: a compiler is started a dozen times and not a thousand."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from tests.tensor.table import Case
from tinylearn.tensor import Tensor

AT_ONCE = 64  # rows
Make = Callable[[Case, str], Sequence[Tensor]]


def computed(make: Make, cases: tuple[Case, ...], case: Case, device: str) -> Sequence[Tensor]:
    """What `make` gives for a row; where a compiler runs, its neighbours' are computed with it."""
    if device == "numpy":
        return make(case, device)
    start = cases.index(case) // AT_ONCE * AT_ONCE
    found = neighbours(make, cases[start : start + AT_ONCE], device)[case]
    if isinstance(found, Exception):
        raise found
    return found


@functools.lru_cache(maxsize=4)
def neighbours(make: Make, cases: tuple[Case, ...], device: str) -> dict[Case, Any]:
    """{row: its results, or the error it raised}."""
    found: dict[Case, Any] = {}
    for case in cases:
        try:
            found[case] = make(case, device)
        except Exception as error:
            found[case] = error
    results = [t for made in found.values() if not isinstance(made, Exception) for t in made]
    try:
        Tensor.realize_all(*results)
    except Exception:
        Tensor.realize_all()  # each row computes its own again, and fails by itself if it must
    return found
