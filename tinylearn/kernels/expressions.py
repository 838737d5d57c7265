"""What stands on the right of a kernel's line: looked up, computed at once, or written as rows."""

from __future__ import annotations

import ast
import builtins
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tinylearn.errors import nearest
from tinylearn.graph.dtype import bool_
from tinylearn.graph.primitives import WHERE
from tinylearn.kernels.calls import call
from tinylearn.kernels.program import Local, Program
from tinylearn.kernels.rows import places
from tinylearn.kernels.values import Array, Condition, Lines, Value, looked, settled, whole
from tinylearn.kernels.words import Axes, KernelError
from tinylearn.loops.index import Index, flat, number
from tinylearn.loops.phases import Launch
from tinylearn.loops.statements import Apply, Guard, Load

SIGNS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
PYTHON: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": lambda x, y: x / y,
    "//": lambda x, y: x // y,
    "%": lambda x, y: x % y,
    "<": lambda x, y: x < y,
    "<=": lambda x, y: x <= y,
    ">": lambda x, y: x > y,
    ">=": lambda x, y: x >= y,
    "==": lambda x, y: x == y,
    "!=": lambda x, y: x != y,
}
REPAIRS: dict[type[ast.AST], str] = {
    ast.ListComp: "a for loop",
    ast.Lambda: "its formula where it is used",
    ast.JoinedStr: "numbers alone",
    ast.Dict: "an array",
    ast.Slice: "a for loop over single places",
    ast.Starred: "the arguments one by one",
    ast.NamedExpr: "an assignment on a line of its own",
    ast.MatMult: "a loop that adds products up",
    ast.Pow: "x * x, or exp(y * log(x))",
}


def plain(x: Any) -> bool:
    """Whether Python itself can compute with it."""
    return isinstance(x, bool | int | float)


class Expressions:
    """Reads expressions.

    names      what the kernel's own names stand for
    guards     where what is being read counts at all: elsewhere nothing is loaded
    outer      the names around the function: globals and closures
    """

    def __init__(self, program: Program, launch: Launch, outer: Mapping[str, Any]):
        self.program, self.launch, self.outer = program, launch, outer
        self.lines = Lines(program.let)
        self.names: dict[str, Any] = {}
        self.guards: tuple[Guard, ...] = ()

    def read(self, node: ast.expr) -> Any:
        """What an expression stands for."""
        match node:
            case ast.Constant(value) if plain(value):
                return value
            case ast.Name(id):
                return self.look_up(id)
            case ast.Attribute(value, attr):
                return self.attribute(self.read(value), attr)
            case ast.Subscript(value, index):
                return self.subscript(self.read(value), index)
            case ast.BinOp(left, op, right):
                return self.binary(op, self.read(left), self.read(right))
            case ast.UnaryOp(op, operand):
                return self.unary(op, self.read(operand))
            case ast.Compare(left, ops, others):
                return self.compared(self.read(left), ops, [self.read(o) for o in others])
            case ast.BoolOp(op, parts):
                return self.truth(op, parts)
            case ast.IfExp(test, yes, no):
                return self.chosen(self.read(test), yes, no)
            case ast.Call(function, args, []):
                name = getattr(self.read(function), "__name__", ast.unparse(function))
                return call(self.lines, name, [self.read(a) for a in args])
            case ast.Tuple(parts) | ast.List(parts):
                return tuple(self.read(p) for p in parts)
        what = type(node).__name__
        repair = REPAIRS.get(type(node), "numbers, arrays and arithmetic")
        raise KernelError(f"a kernel cannot use `{ast.unparse(node)}` ({what})", repair)

    # ------------------------------------------------------------ names

    def look_up(self, name: str) -> Any:
        """What a name stands for now."""
        if name in self.names:
            found = self.names[name]
            return self.program.load(found) if isinstance(found, Local) else found
        if name in self.outer:
            found = self.outer[name]
        elif hasattr(builtins, name):
            found = getattr(builtins, name)
        else:
            hint = nearest(name, [*self.names, *self.outer])
            raise KernelError(
                f"{name!r} is not set here{hint}",
                f"{name} = 0.0 before the loop or if that sets it",
            )
        return found.item() if isinstance(found, np.generic) else found

    def attribute(self, base: Any, name: str) -> Any:
        """base.name: of thread and block, of an array, or of a module."""
        if isinstance(base, Axes):
            return self.axis(base, name)
        if isinstance(base, Array):
            facts = {"shape": base.shape, "size": base.memory.size, "ndim": len(base.shape)}
            if name in facts:
                return facts[name]
            raise KernelError(f"an array in a kernel has no {name!r}", "shape, size or ndim")
        if isinstance(base, Value | Index | Condition | Local):
            raise KernelError(f"a number in a kernel has no {name!r}", "arithmetic and functions")
        return getattr(base, name)

    def axis(self, axes: Axes, name: str) -> Any:
        """thread.x and its like."""
        if name not in ("x", "y", "z"):
            raise KernelError(f"{axes.name} has no {name!r}", f"{axes.name}.x, .y or .z")
        if axes.name in ("thread", "block"):
            return settled(places(self.launch)[f"{axes.name}.{name}"])
        extent = self.launch.threads if axes.name == "threads" else self.launch.blocks
        return extent["xyz".index(name)]

    # ------------------------------------------------------------ arrays

    def subscript(self, base: Any, index: ast.expr) -> Any:
        """base[index]: the number at a place."""
        if isinstance(base, tuple):
            k = self.read(index)
            if not isinstance(k, int):
                raise KernelError("a shape is asked for an axis by its number", "x.shape[0]")
            return base[k]
        array, place = self.place(base, index)
        dtype = array.memory.dtype
        return self.lines.line(Load(array.memory.name, place, self.guards), dtype)

    def place(self, base: Any, index: ast.expr) -> tuple[Array, Index]:
        """An array and the place in it that an index means."""
        if not isinstance(base, Array):
            raise KernelError("only arrays have places", "an argument, tl.shared or tl.private")
        asked = self.read(index)
        found = asked if isinstance(asked, tuple) else (asked,)
        name, shape = base.memory.name, base.shape
        if len(found) != len(shape):
            axes = ", ".join("ijklmn"[: len(shape)])
            says = f"{name} has {len(shape)} axes {shape}, and {len(found)} places are given"
            raise KernelError(says, f"{name}[{axes}]")
        return base, base.owner + flat(tuple(self.axis_place(name, k) for k in found), shape)

    def axis_place(self, name: str, k: Any) -> Index:
        """A place along one axis of an array, also where it was read or computed."""
        if isinstance(k, Value) and k.dtype.kind == 1:
            return looked(k)
        if not whole(k):
            raise KernelError(f"a place in {name} is a whole number", f"{name}[int(x)]")
        return number(k)

    # ------------------------------------------------------------ arithmetic

    def binary(self, op: ast.operator, x: Any, y: Any) -> Any:
        """x op y."""
        sign = SIGNS.get(type(op))
        if isinstance(op, ast.Pow) and isinstance(y, int) and 1 <= y <= 8:
            made = x
            for _ in range(y - 1):
                made = self.binary(ast.Mult(), made, x)
            return made
        if sign is None:
            what = type(op).__name__
            raise KernelError(f"a kernel has no {what}", REPAIRS.get(type(op), "+ - * / // %"))
        if plain(x) and plain(y):
            return self.by_python(sign, x, y)
        return self.lines.compute(sign, x, y)

    def by_python(self, sign: str, x: Any, y: Any) -> Any:
        """Numbers that are known at the launch."""
        try:
            return PYTHON[sign](x, y)
        except ZeroDivisionError:
            raise KernelError(f"{x} {sign} {y} divides by zero", "another number") from None

    def unary(self, op: ast.unaryop, x: Any) -> Any:
        """-x and not x."""
        if isinstance(op, ast.Not):
            return self.lines.opposite(bool(x) if plain(x) else x)
        if isinstance(op, ast.USub):
            return -x if plain(x) else self.lines.compute("*", x, -1)
        if isinstance(op, ast.UAdd):
            return x
        raise KernelError("a kernel has no ~", "not x")

    def compared(self, first: Any, ops: list[ast.cmpop], others: list[Any]) -> Any:
        """a < b <= c."""
        answer: Any = True
        for op, other in zip(ops, others, strict=True):
            sign = SIGNS.get(type(op))
            if sign is None:
                raise KernelError(f"a kernel cannot ask {type(op).__name__}", "< <= > >= == or !=")
            if plain(first) and plain(other):
                found = PYTHON[sign](first, other)
            else:
                found = self.lines.compare(sign, first, other)
            answer, first = self.lines.both(answer, found), other
        return answer

    def truth(self, op: ast.boolop, parts: list[ast.expr]) -> Any:
        """a and b, a or b: b is only asked where a leaves it open."""
        wanted = isinstance(op, ast.And)
        join = self.lines.both if wanted else self.lines.either
        answer, guards = self.truth_of(self.read(parts[0])), self.guards
        for p in parts[1:]:
            if answer is not wanted and isinstance(answer, bool):
                break
            self.under(answer if wanted else self.lines.opposite(answer))
            answer = join(answer, self.truth_of(self.read(p)))
        self.guards = guards
        return answer

    def under(self, condition: Any) -> None:
        """What is read from now on counts only where the condition holds."""
        if isinstance(condition, Condition):
            self.guards = (*self.guards, *condition.guards)

    def truth_of(self, x: Any) -> Any:
        """A number as a condition: whether it is not 0."""
        if plain(x):
            return bool(x)
        if isinstance(x, Condition) or (isinstance(x, Value) and x.dtype is bool_):
            return x
        return self.lines.compare("!=", x, 0)

    def chosen(self, test: Any, yes: ast.expr, no: ast.expr) -> Any:
        """yes if test else no."""
        test = self.truth_of(test)
        if isinstance(test, bool):
            return self.read(yes if test else no)
        guards = self.guards
        self.under(test)
        first = self.read(yes)
        self.guards = guards
        self.under(self.lines.opposite(test))
        a, b = self.lines.together(first, self.read(no))
        self.guards = guards
        condition = self.lines.value(test)
        return self.lines.line(Apply(WHERE, (condition.name, a.name, b.name)), a.dtype)


def names_around(function: Callable) -> dict[str, Any]:
    """The names that a function can see outside itself."""
    around = dict(function.__globals__)
    free = inspect.unwrap(function).__code__.co_freevars
    for name, cell in zip(free, function.__closure__ or (), strict=True):
        around[name] = cell.cell_contents
    return around
