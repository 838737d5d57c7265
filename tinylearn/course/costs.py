"""What a kernel has stored and what that cost, beside the model answer's: "" if both are right.

    fault([array, {"requests of warps": 64}], [array, {"requests of warps": 4}])
    '64 requests of warps; 4 are enough'

The judge of a question about kernels hands on what its `run` gave: numbers, and costs by name.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .compare import as_array, difference
from .question import Open

NEVER = "nan where a number is expected: no thread stored there"


def fault(got: Any, want: Any, slack: float = 1.0) -> str:
    """What is wrong with the numbers, else which cost is too high.

    slack   how many times as dear as the model answer a right one may be
    """
    numbers, costs = want
    if not isinstance(got, list) or len(got) != 2 or not isinstance(got[1], dict):
        return difference(got, want)
    if text := difference(got[0], numbers, 1e-5, 1e-6):
        return f"{text}\n    {NEVER}" if untouched(got[0], numbers) else text
    for name, most in costs.items():
        if got[1].get(name, 0) > slack * most:
            return Open(f"{got[1][name]} {name}; {int(slack * most)} are enough")
    return ""


def untouched(got: Any, want: Any) -> bool:
    """Whether numbers are missing that nobody stored."""
    found, wanted = as_array(got), as_array(want)
    if found is None or wanted is None or found.shape != wanted.shape:
        return False
    return bool((np.isnan(found) & ~np.isnan(wanted)).any())
