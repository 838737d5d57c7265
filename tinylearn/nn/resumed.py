"""An optimizer's state as PyTorch lays it out, under the names that it has here.

{"state": {0: {"step": 3, "exp_avg": ...}, ...},      steps 3     m.0 ...
 "param_groups": [{"lr": 0.1, "params": [0, ...]}]}   lr 0.1
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tinylearn.nn.state import StateError, as_array

if TYPE_CHECKING:
    from tinylearn.nn.optimizer import Optimizer


def is_pytorchs(state: Any) -> bool:
    """Whether a state is laid out as PyTorch's optimizers have it."""
    return isinstance(state, Mapping) and state.keys() == {"state", "param_groups"}


def groups_from(optimizer: Optimizer, state: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The options of each group that this optimizer has, too: lr, betas, weight_decay, ...

    Raises   StateError unless the groups are as long as these
    """
    groups = state["param_groups"]
    have = [len(group["params"]) for group in optimizer.param_groups]
    if have != [len(group["params"]) for group in groups]:
        got = [len(group["params"]) for group in groups]
        raise StateError(f"the optimizer has groups of {have} parameters, the state of {got}")
    return [
        {name: value for name, value in group.items() if name in mine and name != "params"}
        for mine, group in zip(optimizer.param_groups, groups, strict=True)
    ]


def named_here(optimizer: Optimizer, state: Mapping[str, Any]) -> dict[str, Any]:
    """What state_dict gives here, from PyTorch's state. A parameter that has none starts at 0."""
    numbers = [k for group in state["param_groups"] for k in group["params"]]
    rates = [float(group["lr"]) for group in state["param_groups"]]
    known = [state["state"].get(k) or {} for k in numbers]
    steps = [int(s.get("step", 1)) if s else 0 for s in known]  # of SGD nobody counts them
    found: dict[str, Any] = {
        "lr": np.array(rates if len(rates) > 1 else rates[0]), "steps": np.array(steps, np.int64),
    }  # fmt: skip
    for name, memory in optimizer.memory.items():
        theirs = optimizer.theirs[name]
        for k, (mine, kept) in enumerate(zip(memory, known, strict=True)):
            if mine is not None:
                have = kept.get(theirs)
                found[f"{name}.{k}"] = np.zeros(mine.shape) if have is None else as_array(have)
    return found
