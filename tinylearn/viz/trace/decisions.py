"""Kernels and Steps of a schedule as plain data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tinylearn.graph.node import Node
from tinylearn.graph.primitives import CONST
from tinylearn.graph.simplify import Simplification
from tinylearn.schedule.kernel import Kernel, Step
from tinylearn.viz.style import amount, clip, shape_text

Data = dict[str, Any]
Ids = Mapping[Node, str]
FEW_NAMES = 8
FEW = 24  # steps: a film of more is shortened where nothing is lost


def kernel_data(kernel: Kernel, number: int, ids: Ids) -> Data:
    """A kernel in words and ids; nodes that have no id are left out."""
    return {
        "id": f"k{number}",
        "number": number,
        "title": clip(f"{number}: {title_of(kernel)}", 40),
        "nodes": [ids[n] for n in kernel.members if n in ids],
        "reads": [ids[n] for n in kernel.inputs if n in ids],
        "writes": [ids[n] for n in kernel.outputs if n in ids],
        "read": kernel.bytes_read,
        "written": kernel.bytes_written,
        "flops": kernel.flops,
        "code": {},
    }


def title_of(kernel: Kernel) -> str:
    """What a kernel computes, each op once, and the shape that comes out."""
    ops = [n.op.name for n in kernel.members if n.op.kind in ("elementwise", "reduce")]
    root = kernel.outputs[-1]
    return f"{'+'.join(dict.fromkeys(ops)) or root.op.name} → {shape_text(root.shape)}"


def add_joined(
    kernels: list[Data],
    shown: Sequence[Node],
    new: Mapping[Node, Node],
    plan: Sequence[Kernel],
    ids: Ids,
) -> None:
    """Say of every node of the user's graph in which kernels it runs.

    A node runs where the node runs that it was simplified to; one that was simplified away runs
    where its readers do, for it is part of what they became. So does what is computed from
    constants alone, if no kernel writes it.
    """
    written = {n for kernel in plan for n in kernel.outputs}
    fixed: set[Node] = set()
    for node in shown:
        if node.op is CONST or (node.inputs and fixed.issuperset(node.inputs)):
            fixed.add(node)
    homes: dict[Node, list[int]] = {}
    for k, kernel in enumerate(plan):
        for member in kernel.members:
            homes.setdefault(member, []).append(k)
    readers: dict[Node, list[Node]] = {}
    for node in shown:
        for x in node.inputs:
            readers.setdefault(x, []).append(node)
    found: dict[Node, list[int]] = {}
    for node in reversed(shown):
        where = set(homes.get(new[node], ()))
        runs_inside = not where or (node in fixed and new[node] not in written)
        if runs_inside and node.inputs and new[node].op.kind != "source":
            where |= {k for r in readers.get(node, ()) for k in found[r]}
        found[node] = sorted(where)
    for data in kernels:
        data["nodes"] = []
    for node in shown:
        for k in found[node] if node.inputs else ():
            kernels[k]["nodes"].append(ids[node])


def step_data(step: Step, ids: Ids, kernels: Sequence[Data]) -> Data:
    """A decision in words and ids. `roots` names the kernels as the film knows them."""
    roots = [ids[r] for r in step.kernels]
    homes = [k["id"] for r in roots for k in kernels if r in k["writes"]]
    homes = homes or [k["id"] for r in roots for k in kernels if r in k["nodes"]]
    return {
        "nodes": [ids[step.node]],
        "verdict": step.verdict,
        "rule": step.rule,
        "says": step.says,
        "because": step.because,
        "refused": step.refused,
        "kernels": list(dict.fromkeys(homes)),
        "roots": roots,
        "saved": step.bytes_saved,
    }


def add_apart(data: Data) -> None:
    """Say of each stored value from which kernels the decision keeps it apart."""
    readers: dict[str, list[str]] = {}
    for node in data["nodes"]:
        for i in node["inputs"]:
            readers.setdefault(i, []).append(node["id"])
    home: dict[str, list[str]] = {}
    for step in data["steps"]:
        step["apart"] = []
        if step["verdict"] == "store":
            around = [k for n in step["nodes"] for r in readers.get(n, ()) for k in home.get(r, ())]
            step["apart"] = [k for k in dict.fromkeys(around) if k not in step["kernels"]]
        home |= dict.fromkeys(step["nodes"], step["kernels"])


def simplified_steps(steps: Iterable[Simplification], ids: Ids) -> list[Data]:
    """What was made simpler, as the first steps of a film that shows everything."""
    return [
        {
            "nodes": [ids[s.after]] if s.after in ids else [],
            "verdict": "simplify",
            "rule": f"simplify.{s.rule}",
            "says": s.says,
            "because": f"{in_words(s.before)} became {in_words(s.after)}",
            "refused": "",
            "kernels": [],
            "roots": [],
            "saved": 0,
        }
        for s in steps
    ]


def in_words(node: Node) -> str:
    """A node and its inputs: mul(sum[64], 1)."""
    if node.op.name == "const":
        return str(node.arg)
    inputs = ", ".join(str(x.arg) if x.op.name == "const" else repr(x) for x in node.inputs)
    return f"{node.op.name}({inputs})" if inputs else repr(node)


def merged(data: Data) -> list[Data]:
    """The steps, with neighbours that one rule fused alike taken as one.

    Moves always; what a film of more than FEW steps can do without, only there: values that are
    computed one after the other, and the moves through which a value is read.
    """
    moves = {n["id"] for n in data["nodes"] if n["kind"] == "move"}
    steps = together(data, data["steps"], lambda step: step["nodes"][0] in moves)
    if len(steps) > FEW:
        steps = together(data, steps, lambda step: True)
    return with_moves(data, steps, moves) if len(steps) > FEW else steps


def with_moves(data: Data, steps: list[Data], moves: set[str]) -> list[Data]:
    """The steps, with moves taken into the step before them where both have one place."""
    ops = {n["id"]: n["op"] for n in data["nodes"]}
    found: list[Data] = []
    for step in steps:
        last = found[-1] if found else None
        alike = last and all(last[k] == step[k] for k in ("verdict", "roots", "refused"))
        if last and alike and step["verdict"] == "fuse" and moves.issuperset(step["nodes"]):
            last["nodes"] = last["nodes"] + step["nodes"]
            last["saved"] += step["saved"]
            names = listed([ops[n] for n in reversed(step["nodes"])])
            last["because"] += f"; what it reads comes through {names}, at no cost"
        else:
            found.append(dict(step))
    return found


def together(data: Data, steps: list[Data], which: Callable[[Data], bool]) -> list[Data]:
    """The steps, with neighbouring `fuse` steps of one rule and one place made one."""
    ops = {n["id"]: n["op"] for n in data["nodes"]}
    found: list[Data] = []
    for step in steps:
        last = found[-1] if found else None
        alike = last and all(last[k] == step[k] for k in ("verdict", "rule", "roots", "refused"))
        if last and alike and step["verdict"] == "fuse" and which(step) and which(last):
            last["nodes"] = last["nodes"] + step["nodes"]
            last["saved"] += step["saved"]
            names = listed([ops[n] for n in reversed(last["nodes"])])
            last["because"] = f"{names}: together this saves {amount(last['saved'])} of traffic"
        else:
            found.append(dict(step))
    return found


def listed(names: Sequence[str]) -> str:
    """A few names one by one; of many their number and their kinds.

    >>> listed(["mul", "add"]), listed(["mul", "add"] * 10)
    ('mul, add', '20 values (mul, add)')
    """
    if len(names) <= FEW_NAMES:
        return ", ".join(names)
    return f"{len(names)} values ({', '.join(dict.fromkeys(names))})"
