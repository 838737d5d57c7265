"""Contracts: what each Part promises, as one function used by tests, by the grader and by use().

    Part.table["gradient.mul"].contract(mine)      silent, or ContractError with the first
                                                   broken promise, what was got and expected

The checks themselves are imported when the first one runs: most programs never need them.
"""

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any

from tinylearn.parts import Part

CHECKS = {  # names of Parts -> module and function that check them
    "gradient.": ("gradients", "check_gradient"),
    "graph.walk": ("graphs", "check_walk"),
    "graph.gradient": ("graphs", "check_graph_gradient"),
    "fuse.": ("fusion", "check_fusion"),
    "join.": ("fusion", "check_join"),
    "optim.": ("optimizers", "check_update"),
    "init.": ("initial", "check_init"),
    "nn.dropout": ("layers", "check_dropout"),
    **dict.fromkeys(
        ["nn.rnn", "nn.lstm", "nn.gru", "nn.attention", "nn.group", "nn.rms"],
        ("sequences", "check_formula"),
    ),
    "nn.": ("layers", "check_formula"),
    "loss.": ("losses", "check_formula"),
    "nest.": ("loops", "check_rewrite"),
    "loops.": ("loops", "check_transform"),
    **dict.fromkeys(["recipe.chosen", "recipe.tuned"], ("loops", "check_choice")),
    "recipe.": ("loops", "check_recipe"),
    "render.numpy": ("renders", "check_numpy"),
    "render.c": ("renders", "check_c"),
}


@cache
def contract_of(name: str) -> Callable[[Callable], None] | None:
    """The contract of the Part `name`, which imports its module when it runs; None without one."""
    found = [where for prefix, where in CHECKS.items() if name.startswith(prefix)]
    if not found:
        return None
    module, check = found[0]

    def contract(function: Callable, **options: Any) -> None:
        checks = importlib.import_module(f"tinylearn.contracts.{module}")
        getattr(checks, check)(name, function, **options)

    return contract


def register() -> None:
    """Give every Part its contract: those that are there, and those that are made later."""
    Part.promised = contract_of
    for name, part in Part.table.items():
        part.contract = contract_of(name)


register()
