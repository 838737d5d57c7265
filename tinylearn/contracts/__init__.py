"""Contracts: what each Part promises, as one function used by tests, by the grader and by use().

Part.table["gradient.mul"].contract(mine)      silent, or ContractError with the first
                                               broken promise, what was got and expected
"""

from functools import partial

import tinylearn.contracts.losses
import tinylearn.nn  # noqa: F401  its Parts
from tinylearn.contracts.fusion import check_fusion, check_join
from tinylearn.contracts.gradients import check_gradient
from tinylearn.contracts.graphs import check_graph_gradient, check_walk
from tinylearn.contracts.initial import CASES as INITIAL
from tinylearn.contracts.initial import check_init
from tinylearn.contracts.layers import CASES, check_dropout, check_formula
from tinylearn.contracts.optimizers import check_update
from tinylearn.graph.gradient import gradient
from tinylearn.graph.node import walk
from tinylearn.graph.primitives import PRIMITIVES
from tinylearn.parts import Part

__all__ = [
    "check_dropout",
    "check_formula",
    "check_fusion",
    "check_gradient",
    "check_graph_gradient",
    "check_init",
    "check_join",
    "check_update",
    "check_walk",
]


def register() -> None:
    """Give every Part its contract. Nothing is checked here."""
    walk.contract, gradient.contract = check_walk, check_graph_gradient
    for op in PRIMITIVES.values():
        op.gradient.contract = partial(check_gradient, op)
    for name, part in Part.table.items():
        if name.startswith("fuse."):
            part.contract = partial(check_fusion, part)
        if name.startswith("join."):
            part.contract = partial(check_join, part)
        if name in CASES:
            part.contract = partial(check_formula, name)
        if name == "nn.dropout":
            part.contract = partial(check_dropout, name)
        if name in INITIAL:
            part.contract = partial(check_init, name)
        if name.startswith("optim."):
            part.contract = partial(check_update, name.removeprefix("optim."))


register()
