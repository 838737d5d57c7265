"""Rebuilds an answer's graphs from their descriptions, and measures them here.

    measured(question, got, planned, asked)  what the question's `run` measures
    replayed(question, calls, args)          the same of a question about graphs
    holds_elsewhere(question, calls, planned)    whether they are right for other numbers, too

The child says only which operations it applied to what (inside/record.py). Every node is made
anew by the framework's own primitives, which check it; the question's own `run` counts, runs and
differentiates it. Runs in the assessor's process (assess.py), never in the grader's.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import math
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...contracts.measure import leaf
from ...graph.deferred import Composite
from ...graph.dtype import dtype
from ...graph.node import Node
from ...graph.primitives import PRIMITIVES, const
from ...tensor import Tensor
from ...tensor.state import made
from ..inside.record import MOST_NODES, leaves_of
from ..inside.values import BadValue, Code, Raised, Thing, decode, encode
from ..question import Open, Question
from ..spec import Planned, judge
from .launches import hidden_numbers, launched

MOST_NUMBERS, MOST_TOGETHER = 1_000_000, 20_000_000  # of one node, of all nodes of an answer
ON_THE_SPOT = Open(
    "it holds numbers that were computed on the spot: built of operations on what is handed in, "
    "it would be right for other numbers, too"
)
MALFORMED = (StopIteration, KeyError, IndexError, TypeError, AttributeError, OverflowError)


def measured(
    question: Question, got: Any, planned: Planned, asked: Sequence[tuple[int, Any]] = ()
) -> Any:
    """What a value that came back stands for, where `run` measures it here.

    asked   (place, x) of each call of a function that ran here: see remote_call
    """
    if question.graphs:
        found = replayed(question, got, planned.case.args)
    elif question.kernels:
        found = launched(question, got, planned.case.args)
    elif question.remote:
        found = repeated(question, got, planned.case.args, asked)
    else:
        return got
    return Thing("None") if found is None and got is not None else found


def replayed(question: Question, calls: Any, args: tuple[Any, ...]) -> Any:
    """What `run` gives for an answer that gives the graphs which came back, call by call."""
    if isinstance(calls, Raised | Thing) or not isinstance(calls, list) or not calls:
        return calls
    left = iter(calls)

    def answer(*given: Any, **options: Any) -> Any:
        handed = [*given, *options.values()]
        try:
            value, after, steps = next(left)
            nodes = rebuilt(steps, leaves_of(handed), question.absent)
            tensors = [g for g in handed if isinstance(g, Tensor)]
            recorded = any(tensor.requires_grad for tensor in tensors)
            for tensor, place in zip(tensors, after, strict=True):
                if nodes[whole(place, len(nodes))] is not tensor.node:
                    tensor.node = nodes[place]  # the answer changed what it was handed: so do we
            return valued(value, nodes, recorded)
        except MALFORMED as error:
            raise BadValue(f"not an answer's graph: {type(error).__name__}") from None

    return question.call(answer, args)


# ---------------------------------------------------------------- functions that run here


def handed_out(question: Question, args: tuple[Any, ...]) -> list[Any]:
    """The arguments as an answer's process gets them; functions that run here as their number."""
    if question.kernels:
        return [encode(hidden_numbers(argument)) for argument in args]
    if not question.remote:
        return [encode(argument) for argument in args]
    numbers = itertools.count()

    def shown(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return type(value)(shown(item) for item in value)
        return Code(f"remote({next(numbers)})") if isinstance(value, Code) else value

    return [encode(shown(argument)) for argument in args]


def remote_call(question: Question, planned: Planned, place: int, x: Any) -> Any:
    """What function number `place` of a case gives for an encoded x, encoded."""
    found = functions_in(decode(encode(list(planned.case.args)), question.namespace))
    try:
        with np.errstate(all="ignore"):
            return encode(found[whole(place, len(found))](decode(x)))
    except BadValue:
        raise
    except Exception as error:
        return encode(Raised(type(error).__name__, str(error)[:500]))


def repeated(
    question: Question, given: Any, args: tuple[Any, ...], asked: Sequence[tuple[int, Any]]
) -> Any:
    """What `run` gives for an answer that calls what was called, and gives what came back."""
    if isinstance(given, Raised | Thing) or not isinstance(given, list) or not given:
        return given
    left, waiting = iter(given), list(asked)

    def answer(*handed: Any, **options: Any) -> Any:
        functions = functions_in([*handed, *options.values()])
        while waiting:
            place, x = waiting.pop(0)
            with contextlib.suppress(Exception):  # the answer met the same, and went on or not
                functions[place](decode(x))
        return next(left)

    return question.call(answer, args)


def functions_in(value: Any) -> list[Any]:
    """The functions among some arguments, in the order in which they stand there."""
    if isinstance(value, list | tuple):
        return [function for item in value for function in functions_in(item)]
    return [value] if callable(value) else []


# ---------------------------------------------------------------- graphs


def rebuilt(steps: list[Any], leaves: list[Node], absent: tuple[str, ...] = ()) -> list[Node]:
    """The nodes of a description, each checked by its own shape rule; nothing that is absent."""
    if len(steps) > MOST_NODES:
        raise BadValue("too many nodes")
    nodes: list[Node] = []
    together = 0
    for step in steps:
        node = built(step, leaves, nodes, absent)
        size = math.prod(node.shape)
        together += size
        if size > MOST_NUMBERS or together > MOST_TOGETHER:
            raise BadValue("a graph over too many numbers")
        nodes.append(node)
    return nodes


def built(step: list[Any], leaves: list[Node], nodes: list[Node], absent: tuple[str, ...]) -> Node:
    """One node from its description. Raises BadValue, or what a shape rule raises."""
    op, *rest = step
    if op == "leaf":
        return leaves[whole(rest[0], len(leaves))]
    if op == "const":
        value, shape, kind = rest
        if type(value) not in (bool, int, float):
            raise BadValue("not a constant")
        sizes = tuple(whole(size, MOST_NUMBERS + 1) for size in shape)
        return const(value, sizes, dtype(kind), "numpy")
    if op == "data":
        if not isinstance(rest[0], np.ndarray):
            raise BadValue("not numbers")
        return leaf(rest[0])
    inputs, arg = rest
    primitive = PRIMITIVES[op] if op in PRIMITIVES else composite_called(op, absent)
    if not inputs:
        raise BadValue(f"{op} of nothing in an answer's graph")
    if op == "cast":
        arg = dtype(arg[1])
    elif not is_plain(arg):
        raise BadValue("not the argument of an op")
    return primitive(*[nodes[whole(place, len(nodes))] for place in inputs], arg=arg)


def composite_called(name: str, absent: tuple[str, ...]) -> Any:
    """The framework's composite of this name, unless the question asks for what it does.

    Only those with a gradient rule of their own are ever named: all others arrive spelled out, by
    what there is in the answer's world.
    """
    module, _, function = name.rpartition(".")
    found = getattr(sys.modules.get(module), function, None)
    own = isinstance(found, Composite) and found.gradient is not None
    if name in absent or not module.startswith("tinylearn.") or not own:
        raise BadValue("no such operation")
    return found


def whole(number: Any, below: int) -> int:
    """A number that may be a place or a size."""
    if type(number) is not int or not 0 <= number < below:
        raise BadValue("not a place")
    return number


def is_plain(arg: Any) -> bool:
    return (
        arg is None
        or type(arg) in (int, float, bool)
        or (type(arg) is tuple and all(map(is_plain, arg)))
    )


def valued(shown: list[Any], nodes: list[Node], recorded: bool) -> Any:
    """What the answer gave, with the rebuilt nodes and tensors of them in it."""
    kind, body = shown
    match kind:
        case "tensor":
            return made(nodes[whole(body, len(nodes))], recorded)
        case "node":
            return nodes[whole(body, len(nodes))]
        case "tuple":
            return tuple(valued(item, nodes, recorded) for item in body)
        case "list":
            return [valued(item, nodes, recorded) for item in body]
        case "dict":
            return {valued(k, nodes, recorded): valued(x, nodes, recorded) for k, x in body}
    return body


# ---------------------------------------------------------------- the same graphs, other numbers


def holds_elsewhere(question: Question, calls: Any, planned: Planned, seed: str) -> bool:
    """Whether the graphs are right for other numbers, which no answer's process can know."""
    random = np.random.default_rng(list(hashlib.sha256(f"{seed}/others".encode()).digest()))
    fresh = tuple(a if type(a) is float else others(a, random) for a in planned.case.args)
    want = question.call(question.reference, fresh)
    there = replace(planned, case=replace(planned.case, args=fresh), want=want)
    return not judge(question, replayed(question, calls, fresh), there)


def others(value: Any, random: np.random.Generator) -> Any:
    """The same shapes and signs with other numbers; whole numbers stay.

    What is all 0 or 1 may be labels: it is only turned round.
    """
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        if np.isin(value, (0, 1)).all():
            return value[..., ::-1].copy() if value.ndim else value
        return np.asarray(value * random.uniform(0.6, 1.4, value.shape), value.dtype)
    if type(value) is float:
        return value * random.uniform(0.6, 1.4)
    if type(value) is list:
        return [others(item, random) for item in value]
    if type(value) is tuple:
        return tuple(x if type(x) is float else others(x, random) for x in value)
    return value
