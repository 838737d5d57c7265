"""The primitive that waits: what is computed from it is computed again, and not before its time."""

from __future__ import annotations

import numpy as np

from tinylearn.graph import rules
from tinylearn.graph.primitives import primitive


def the_same(x: np.ndarray, known: np.ndarray, arg: None = None) -> np.ndarray:
    """x, whatever the other numbers are."""
    return x


@primitive("later", "source", numpy=the_same, shape=rules.same_shape, dtype=rules.first_dtype)
def LATER(g, node):
    """The same numbers, once others are known: the gradient passes, and the others get zeros."""
    return g, node.inputs[1].const_like(0)
