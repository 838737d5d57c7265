"""Contracts: what each Part promises, as one function used by tests, by the grader and by use().

    Part.table["gradient.mul"].contract(mine)      silent, or ContractError with the first
                                                   broken promise, what was got and expected

The checks themselves are imported when the first one runs: most programs never need them.
"""

import importlib
from collections.abc import Callable
from typing import Any

from tinylearn import nn  # noqa: F401  the Parts of these must be there to get a contract
from tinylearn.devices import c_device, numpy_device  # noqa: F401
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
    "recipe.": ("loops", "check_recipe"),
    "render.numpy": ("renders", "check_numpy"),
    "render.c": ("renders", "check_c"),
}


def register() -> None:
    """Give every Part its contract. Nothing is checked here."""
    for name, part in Part.table.items():
        for prefix, (module, check) in CHECKS.items():
            if name.startswith(prefix):
                part.contract = later(name, module, check)
                break


def later(name: str, module: str, check: str) -> Callable[[Callable], None]:
    """The contract of the Part `name`: check(name, function), with its module imported by then."""

    def contract(function: Callable, **options: Any) -> None:
        checks = importlib.import_module(f"tinylearn.contracts.{module}")
        getattr(checks, check)(name, function, **options)

    return contract


register()
