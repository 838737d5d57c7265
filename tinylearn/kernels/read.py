"""Reads the statements of a kernel, in order: the program of one thread."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from tinylearn.devices.simulator.faults import BarrierError
from tinylearn.graph.dtype import bool_, dtype, float32, int32
from tinylearn.graph.primitives import SUM
from tinylearn.kernels import words
from tinylearn.kernels.expressions import Expressions, plain
from tinylearn.kernels.program import Local
from tinylearn.kernels.rows import THREAD_NAMES
from tinylearn.kernels.values import (
    Array,
    Condition,
    Value,
    depends_on_values,
    settled,
    shape_of,
    whole,
)
from tinylearn.kernels.words import KernelError
from tinylearn.loops.index import Index, Variable, number, variable
from tinylearn.loops.tree import Accumulate, If, Loop

WRITTEN_OUT = 64  # rounds: so long may a loop be in which a place changes
ENDLESS = 256  # rounds of a while: more are no kernel that anybody wants to read
REPAIRS: dict[type[ast.AST], str] = {
    ast.Try: "checks with if",
    ast.With: "the lines without it",
    ast.FunctionDef: "its formula where it is used",
    ast.Import: "the import above the kernel",
    ast.ImportFrom: "the import above the kernel",
    ast.Assert: "a check before the launch",
    ast.Raise: "a check before the launch",
    ast.Break: "an if around the rest of the loop",
    ast.Continue: "an if around the rest of the loop",
    ast.Delete: "no line at all",
    ast.Global: "an array that is an argument",
    ast.Nonlocal: "an array that is an argument",
}


def assigned(body: Sequence[ast.stmt]) -> list[str]:
    """The names that statements set, once for each time that they stand there."""
    found = []
    for s in body:
        for node in ast.walk(s):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.append(node.id)
    return found


def leaves(body: Sequence[ast.stmt]) -> bool:
    """Whether a thread that comes here is done."""
    return bool(body) and isinstance(body[-1], ast.Return)


class Reader(Expressions):
    """Reads statements.

    changing   names that are set more than once
    kept       whether every value lies in a register: it may be needed behind a barrier
    place      what a line is called in errors
    """

    changing: set[str]
    kept: bool
    place_of: Callable[[int], str]

    def function(self, definition: ast.FunctionDef, place_of: Callable[[int], str]) -> None:
        """The whole kernel."""
        names = assigned(definition.body)
        self.changing = {n for n in names if names.count(n) > 1}
        calls = [n for n in ast.walk(definition) if isinstance(n, ast.Call)]
        self.kept = any(self.means(c.func, words.barrier) for c in calls)
        self.place_of = place_of
        self.statements(definition.body)

    def means(self, node: ast.expr, word: Any) -> bool:
        """Whether an expression is one of a kernel's own words."""
        with suppress(KernelError, AttributeError):
            if isinstance(node, ast.Name | ast.Attribute):
                return self.read(node) is word
        return False

    def statements(self, body: Sequence[ast.stmt]) -> None:
        """Statements in order; where a thread may leave, the rest stands in the other branch."""
        for k, s in enumerate(body):
            if isinstance(s, ast.Return):
                if s.value is not None:
                    raise KernelError(
                        "a kernel returns nothing", "storing it in an argument", self.at(s)
                    )
                return
            if isinstance(s, ast.If) and leaves(s.body) and not s.orelse and body[k + 1 :]:
                rest = ast.If(s.test, s.body[:-1], list(body[k + 1 :]))
                self.statement(ast.copy_location(rest, s))
                return
            self.statement(s)

    def at(self, s: ast.stmt) -> str:
        """Where a statement stands."""
        return self.place_of(s.lineno)

    @contextmanager
    def on_line(self, s: ast.stmt) -> Any:
        """What goes wrong here is told with this line."""
        before, self.program.line = self.program.line, s.lineno
        try:
            yield
        except KernelError as error:
            if error.place:  # told already, further inside
                raise
            raise KernelError(error.says, error.repair, self.at(s)) from None
        self.program.line = before

    def statement(self, s: ast.stmt) -> None:
        """One statement."""
        with self.on_line(s):
            match s:
                case ast.Assign([target], value):
                    self.assign(target, self.right(value, target))
                case ast.AnnAssign(target, _, value) if value is not None:
                    self.assign(target, self.right(value, target))
                case ast.AugAssign(target, op, value):
                    self.assign(target, self.binary(op, self.old(target), self.read(value)))
                case ast.If():
                    self.branch(s)
                case ast.For(target, rounds, body, []):
                    self.loop(s, target, rounds, body)
                case ast.While(test, body, []):
                    self.repeat(test, body)
                case ast.Expr(ast.Call() as call):
                    self.call(call)
                case ast.Pass() | ast.Expr(ast.Constant()):
                    pass
                case ast.Raise() if "NotImplementedError" in ast.unparse(s):
                    raise NotImplementedError("this kernel is not written yet")
                case _:
                    what = ast.unparse(s).splitlines()[0]
                    repair = REPAIRS.get(type(s), "assignments, if, for and calls")
                    raise KernelError(f"a kernel cannot do `{what}`", repair)

    # ------------------------------------------------------------ assignments

    def right(self, value: ast.expr, target: ast.expr) -> Any:
        """The right side; fresh memory is called as the name that it gets."""
        if isinstance(value, ast.Call) and isinstance(target, ast.Name):
            for word in (words.shared, words.private):
                if self.means(value.func, word):
                    return self.memory(word.__name__, target.id, value)
        return self.read(value)

    def memory(self, word: str, name: str, call: ast.Call) -> Array:
        """tl.shared(...) and tl.private(...)."""
        if name in self.names:
            raise KernelError(f"{name} is memory, and was set before", "another name")
        shape = shape_of([self.read(a) for a in call.args], f"tl.{word}")
        kinds = {k.arg: self.read(k.value) for k in call.keywords}
        kind = dtype(kinds.get("dtype", float32))
        if word == "shared":
            return self.program.shared(name, shape, kind)
        return self.program.private(name, shape, kind, "local")

    def old(self, target: ast.expr) -> Any:
        """What stands there before x += ... changes it."""
        load: Any = ast.parse(ast.unparse(target), mode="eval").body
        return self.read(load)

    def assign(self, target: ast.expr, value: Any) -> None:
        """target = value."""
        match target:
            case ast.Name(id):
                self.put(id, value)
            case ast.Subscript(base, index):
                array, place = self.place(self.read(base), index)
                self.program.store(array, place, self.lines.value(value, array.memory.dtype))
            case ast.Tuple(parts) if isinstance(value, tuple) and len(value) == len(parts):
                for part, one in zip(parts, value, strict=True):
                    self.assign(part, one)
            case _:
                what = ast.unparse(target)
                raise KernelError(f"`{what}` cannot be set in a kernel", "a name or array[i]")

    def put(self, name: str, value: Any) -> None:
        """name = value: a register if it changes while the kernel runs."""
        old = self.names.get(name)
        if depends_on_values(value):  # its lines may be out of sight where the name is used
            value = self.lines.value(value)
        if isinstance(old, Array):
            raise KernelError(f"{name} is an array", f"{name}[i] = ... or another name")
        if isinstance(old, Local):
            home = old.array
            self.program.store(home, home.owner, self.lines.value(value, old.dtype))
            return
        on_the_way = isinstance(value, Value) and self.kept
        changes = isinstance(value, float | Value) and name in self.changing
        if on_the_way or changes:
            self.make_local(name, value)
        elif isinstance(value, Value):
            self.names[name] = self.program.called(value, name)
        else:
            self.names[name] = value

    def make_local(self, name: str, value: Any) -> None:
        """A name becomes a register with this value."""
        kind = value.dtype if isinstance(value, Value) else None
        if kind is None:
            truth = isinstance(value, bool | Condition)
            kind = bool_ if truth else float32 if isinstance(value, float) else int32
        first = self.lines.value(value, kind)
        local = self.names[name] = self.program.local(name, kind)
        self.program.store(local.array, local.array.owner, first)

    def may_change(self, names: Sequence[str]) -> None:
        """Names that change where only some threads come by, or a loop does, become registers."""
        for name in dict.fromkeys(names):
            value = self.names.get(name)
            if plain(value) or isinstance(value, Index | Condition | Value):
                self.make_local(name, value)

    def forget(self, before: set[str]) -> None:
        """Names that were set for the first time in a branch or loop are gone behind it."""
        kept = {n: v for n, v in self.names.items() if n in before or isinstance(v, Local)}
        self.names = kept

    # ------------------------------------------------------------ if, for, while

    def branch(self, s: ast.If) -> None:
        """if and else: one of them, if it is known which; else each for its threads."""
        test = self.truth_of(self.read(s.test))
        if isinstance(test, bool):
            self.statements(s.body if test else s.orelse)
            return
        self.may_change([n for n in assigned([*s.body, *s.orelse]) if n in self.names])
        opposite = self.lines.opposite(test) if s.orelse else False
        counted = self.when(s, test, s.body)
        self.when(s, opposite, s.orelse, other=counted)

    def when(self, s: ast.If, test: Any, body: Sequence[ast.stmt], other: bool = False) -> bool:
        """The body, for threads for which the test holds: whether there is anything to run.

        other   it is the else of an if that has something to run
        """
        if not body:
            return False
        before = set(self.names)
        guards = test.guards if isinstance(test, Condition) else ()
        value = test.name if isinstance(test, Value) else ""
        with self.program.inside(If(guards, (), value), other) as rows:
            self.statements(body)
        self.forget(before)
        asked = {v.name for g in guards for v in g.index.variables}
        apart = bool(value or depends_on_values(test) or asked & set(THREAD_NAMES))
        if apart and any(row.waits for row in rows):
            raise BarrierError(
                "a barrier stands where only some threads of a block come by\n"
                f"    {self.at(s)}\nTry the barrier before or behind this if"
            )
        return bool(rows)

    def loop(self, s: ast.stmt, target: ast.expr, rounds: ast.expr, body: list[ast.stmt]) -> None:
        """for name in range(...)."""
        match rounds:
            case ast.Call(ast.Name("range"), [_, *_] as args, []) if len(args) <= 3:
                found = [settled(self.read(a)) for a in args]
            case _:
                says = f"a kernel's loop goes over a range, not `{ast.unparse(rounds)}`"
                raise KernelError(says, "for k in range(n)")
        if not isinstance(target, ast.Name) or not all(whole(n) for n in found):
            raise KernelError(
                "a loop's range is made of numbers known at the launch, and thread numbers",
                "range(n) to the most that can be, with an if inside",
            )
        start, stop, step = (
            (0, found[0], 1) if len(found) == 1 else (*found, 1) if len(found) == 2 else found
        )
        if not isinstance(step, int) or step == 0:
            raise KernelError("a loop's step is a number known at the launch", "range(a, b, 1)")
        self.rounds(target.id, body, start, stop, step)

    def rounds(self, name: str, body: list[ast.stmt], start: Any, stop: Any, step: int) -> None:
        """The rounds of a loop; where they differ from thread to thread, an if stands inside."""
        if depends_on_values(number(stop) - number(start)):
            raise KernelError(
                "nobody knows at the launch how many rounds this loop has",
                "range(n) to the most that can be, with an if inside",
            )
        apart = number(stop) - number(start)
        most = max(0, -(-apart.high // step) if step > 0 else -(apart.low // -step))
        least = max(0, -(-apart.low // step) if step > 0 else -(apart.high // -step))
        carried = [n for n in assigned(body) if whole(self.names.get(n)) and n != name]
        if carried and most == least <= WRITTEN_OUT:
            for k in range(most):
                self.names[name] = settled(number(start) + k * step)
                self.statements(body)
            return
        self.may_change([n for n in assigned(body) if n in self.names and n != name])
        before = set(self.names)
        v = Variable(self.program.name(name), most)
        now = variable(v.name, v.size)
        self.names[name] = settled(number(start) + now * step)
        with self.program.inside(Loop(v, ())):
            if most == least:
                self.statements(body)
            else:
                inside: Any = ast.copy_location(ast.If(ast.Constant(True), body, []), body[0])
                left = apart - now * step if step > 0 else now * step - apart
                self.when(inside, self.lines.compare("<", 0, left), body)
        self.forget(before)

    def repeat(self, test: ast.expr, body: list[ast.stmt]) -> None:
        """while: its rounds are written out, so each of them has to be known at the launch."""
        for _ in range(ENDLESS):
            found = settled(self.read(test))
            if not plain(found):
                raise KernelError(
                    f"nobody knows at the launch how often `while {ast.unparse(test)}` runs",
                    "for k in range(most): with an if inside",
                )
            if not found:
                return
            self.statements(body)
        raise KernelError(f"this while runs more than {ENDLESS} times", "for k in range(n)")

    # ------------------------------------------------------------ calls that stand alone

    def call(self, call: ast.Call) -> None:
        """barrier() and atomic_add(array, place, value)."""
        if self.means(call.func, words.barrier):
            self.program.barrier()
        elif self.means(call.func, words.atomic_add) and len(call.args) == 3:
            array, place = self.place(self.read(call.args[0]), call.args[1])
            kind = array.memory.dtype
            value = self.lines.value(self.read(call.args[2]), kind)
            self.program.take_in(Accumulate(array.memory.name, place, SUM, value.name, kind))
        else:
            says = f"a kernel cannot do `{ast.unparse(call)}`"
            raise KernelError(says, "out[i] = x, tl.atomic_add(out, i, x) or tl.barrier()")
