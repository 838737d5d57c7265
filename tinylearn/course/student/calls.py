"""Calls a student's function for one visible case, and shows that call so that it can be pasted.

value(asked, body, seconds)          what it gives, or Raised with the line of their cell;
                                     Raised("OutOfTime") where it took longer
first_arguments(asked, body)         what it is called with, made anew
called(asked, body, number)          strides((2, 3))
                                     mul_gradient(*tl.course.arguments("q1", 2))
"""

from __future__ import annotations

import contextlib
import inspect
import linecache
import traceback
from dataclasses import replace
from types import FunctionType
from typing import Any

from ...contracts.measure import numbers
from ...graph.node import Node
from .. import compare
from ..inside.host import raised
from ..inside.values import BadValue, Raised, decode, describe, encode, own_classes
from ..inside.watch import name_of
from ..question import in_framework
from .asked import Asked
from .limit import within

LONGEST = 110  # characters of a call or an argument that is written out
SHOWN = 8  # items of a list


def value(asked: Asked, body: dict[str, Any], seconds: float) -> Any:
    """What the student's function gives for one case, as it would come out of a sandbox."""
    careful = asked.question.callable(asked.answer)
    try:
        return within(seconds, lambda: decode(encode(run(asked, body, careful))))
    except BadValue as error:
        return Raised("ValueError", str(error))
    except Exception as error:
        return located(error, asked.answer)


def run(asked: Asked, body: dict[str, Any], answer: Any) -> Any:
    """What `answer` gives for one case, called as the question says."""
    own = getattr(asked.answer, "__globals__", None) or main_namespace()
    before = dict(asked.given)
    asked.given |= own_classes(asked.given, own)
    namespace = asked.given
    try:
        arguments = [decode(argument, namespace) for argument in body["args"]]
        if not asked.data["run"]:
            return answer(*arguments)
        exec(compile(asked.data["run"], "<run>", "exec"), namespace)
        with in_framework(asked.question.part, answer):
            return namespace["run"](answer, *arguments)
    finally:
        asked.given.clear()
        asked.given |= before


def located(error: Exception, answer: Any) -> Raised:
    """The exception with the line of the student's cell it passed through."""
    code = getattr(answer, "__code__", None)
    filename = code.co_filename if code else ""
    plain = raised(error, -1)
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == filename and frame.lineno:
            source = linecache.getline(filename, frame.lineno).strip()
            return replace(plain, line=frame.lineno, source=source)
    return plain


def main_namespace() -> dict[str, Any]:
    import __main__

    return vars(__main__)


# ---------------------------------------------------------------- the call, to be pasted


class Recorded(Exception):
    """The first call came, and its arguments are known."""


class Record:
    """Stands for a student's function or kernel, until it is called.

    sizes   how many blocks and threads were asked for: "[3, 4]"
    calls   the arguments
    """

    def __init__(self) -> None:
        self.sizes = ""
        self.calls: list[tuple[Any, ...]] = []

    def __getitem__(self, sizes: Any) -> Record:
        self.sizes = f"[{', '.join(map(str, sizes))}]"
        return self

    def __call__(self, *args: Any, **_: Any) -> Any:
        self.calls.append(args)
        raise Recorded


def first_call(asked: Asked, body: dict[str, Any]) -> Record:
    """How the student's function is called first in a case, if it is."""
    record = Record()
    with contextlib.suppress(Exception):  # where the framework calls, it wraps what was raised
        run(asked, body, record)
    return record


def first_arguments(asked: Asked, body: dict[str, Any]) -> tuple[Any, ...] | None:
    """What the student's function is called with first in a case; None where it is not called."""
    calls = first_call(asked, body).calls
    return calls[0] if calls else None


def called(asked: Asked, body: dict[str, Any], number: int) -> str:
    """The student's own call in the visible case `number`, counted from 1.

    Written out where that is short; else with a line for each argument.
    """
    name = asked.question.answer
    if asked.data["run"]:
        record = first_call(asked, body)
        name += record.sizes
        arguments = record.calls[0] if record.calls else None
    else:
        arguments = tuple(decode(argument) for argument in body["args"])  # functions as their text
    if arguments is None:
        return compare.call_text(name, [decode(argument) for argument in body["args"]])
    texts = [compare.pasted(argument) for argument in arguments]
    call = f"{name}({', '.join(texts)})"
    if all(texts) and len(call) <= LONGEST and ("np." not in call or "np" in asked.given):
        return call
    lines = [f'{name}(*tl.course.arguments("{asked.question.id}", {number}))']
    names = [name_of(inspect.unwrap(asked.answer), place) for place in range(len(arguments))]
    width = max(map(len, names), default=0)
    for own, argument in zip(names, arguments, strict=True):
        lines.append(f"{own:<{width}}  {described(argument)}")
    return "\n             ".join(lines)


def described(argument: Any) -> str:
    """An argument in a line: numbers with their shape, a graph down to its sources."""
    text = " ".join(with_inputs(argument).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 4] + " ..."


def with_inputs(value: Any, depth: int = 3) -> str:
    """mul(array (2,): [2, 3], array (2,): [5, 7]); what is deeper than `depth` is left out."""
    if isinstance(value, list | tuple):
        items = [with_inputs(x, depth if isinstance(x, Node) else 0) for x in value[:SHOWN]]
        return f"[{', '.join(items)}]"
    if isinstance(value, FunctionType):
        return describe(value)
    if type(value).__name__ == "Tensor":
        return compare.show(value.numpy()).replace("array", "tensor", 1)
    inputs = ", ".join(with_inputs(x, depth - 1) for x in getattr(value, "inputs", ()) if depth)
    if not isinstance(value, Node):
        return f"{compare.show(value)} from ({inputs})" if inputs else compare.show(value)
    if value.buffer is not None:
        return compare.show(numbers([value])[0])
    return f"{value.op.name}({inputs or '...'}{f', {value.arg}' * (value.arg is not None)})"
