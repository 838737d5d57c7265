"""Writes the body of a blocked loop: one array operation for each statement.

Arrays that nobody needs any more take the next result, so that a block stays in the cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from tinylearn.graph.primitives import ADD, CAST, WHERE
from tinylearn.loops.index import Index, Variable
from tinylearn.loops.nest import Total
from tinylearn.loops.statements import (
    Apply,
    Constant,
    Guard,
    Guarded,
    Let,
    Load,
    Statement,
    Store,
    names_in,
)
from tinylearn.render.numpy_box import Box, box_of
from tinylearn.render.source import Source

Views = dict[tuple[str, Index, tuple[Guard, ...]], str]
ZERO = ("0", "0.0", "False")
ENDLESS = ("inf", "nan")


@dataclass
class Value:
    """What is known of a name: the loops it varies with, and whether its array is ours to reuse.

    box    the part of the loops that the text covers, if it does not cover all: outside it is 0
    """

    text: str
    variables: frozenset[Variable]
    dtype: str
    ours: bool = False
    constant: bool = False
    box: Box | None = None


@dataclass
class BlockBody:
    """Statements of one block; see the module's docstring.

    pieces   {cut loop: text of its slice}
    views    {(memory, place, guards): name of the array that looks at the memory}
    totals   finished totals, arrays over all variables
    stored   those that lie in the memory of an output
    wanted   values that are needed after the statements
    """

    source: Source
    statements: Sequence[Statement]
    variables: tuple[Variable, ...]
    pieces: dict[Variable, str]
    views: Views
    totals: dict[str, Total]
    stored: AbstractSet[str] = frozenset()
    wanted: tuple[str, ...] = ()

    def write(self) -> None:
        """All statements, in order."""
        self.values = {
            name: Value(
                name + self.cut(self.variables),
                frozenset(self.variables),
                t.dtype.name,
                ours=not self.pieces and name not in self.stored,
            )
            for name, t in self.totals.items()
        }
        self.last_use = {name: k for k, s in enumerate(self.statements) for name in names_in(s)}
        self.last_use |= dict.fromkeys(self.wanted, len(self.statements))
        self.targets = self.direct_targets()
        self.placed: set[Store] = set()
        for k, s in enumerate(self.statements):
            if isinstance(s, Let):
                self.values[s.name] = self.let(s, k)
            elif s not in self.placed:
                view = self.views[s.memory, s.place, ()]
                cut = self.cut(s.place.variables) or "[...]"
                self.source.add(f"{view}{cut} = {self.whole(s.value).text}", s.node)

    def cut(self, varies: object) -> str:
        """The text that takes this block's piece of an array varying with these loops."""
        inside = set(varies)  # type: ignore[call-overload]
        parts = [self.pieces.get(v, ":") if v in inside else ":" for v in self.variables]
        while parts and parts[-1] == ":":
            parts.pop()
        return f"[{', '.join(parts)}]" if parts else ""

    def shape_text(self, varies: AbstractSet[Variable] | None = None) -> str:
        """The shape of a whole block, as text; the last piece of a cut loop may be shorter.

        varies   the loops that matter, if not all do: others have size 1
        """
        sizes = []
        for v in self.variables:
            if varies is not None and v not in varies:
                sizes.append("1")
                continue
            step = self.pieces[v].split(" + ")[1] if v in self.pieces else ""
            sizes.append(f"min({step}, {v.size} - {v.name})" if step else str(v.size))
        return f"({', '.join(sizes)},)" if sizes else "()"

    def direct_targets(self) -> dict[str, Store]:
        """{value: the Store that it can be computed into at once}."""
        stores = [s for s in self.statements if isinstance(s, Store)]
        every = {v for v in self.variables if v.size > 1}
        found: dict[str, Store] = {}
        for s in stores:
            if every <= s.place.variables:
                found.setdefault(s.value, s)
        return found

    def let(self, s: Let, k: int) -> Value:
        """Write one statement; what its name stands for from now on."""
        match s.expression:
            case Constant(value):  # inf and nan are names in the kernel's namespace
                return Value(repr(value), frozenset(), s.dtype.name, constant=True)
            case Load(memory, place, asked):
                text = self.views[memory, place, asked] + self.cut(place.variables)
                if self.pieces:
                    self.source.add(f"{s.name} = {text}", s.node)
                    text = s.name
                box = box_of(asked) if asked else None
                return Value(text, place.variables.union(box or ()), s.dtype.name, box=box)
            case Guarded(value, asked):
                return self.guarded(s, self.whole(value), box_of(asked))
            case Apply():
                return self.apply(s, s.expression, k)
        raise AssertionError(f"{s.expression} is not for blocks; see Nest.is_strided")

    def apply(self, s: Let, expression: Apply, k: int) -> Value:
        """Write one operation; its result goes where no new memory is needed, if it can."""
        if (added := self.added_in_part(s, expression, k)) is not None:
            return added
        args = [self.whole(a) for a in expression.args]
        varies = frozenset().union(*(a.variables for a in args))
        text, takes_out = self.call(expression, args, s.dtype.name)
        target = self.targets.pop(s.name, None)
        if takes_out and target is not None and varies >= target.place.variables:
            view = self.views[target.memory, target.place, ()] + self.cut(target.place.variables)
            self.source.add(f"{s.name} = {text[:-1]}, out={view})", s.node)
            self.placed.add(target)
            return Value(s.name, varies, s.dtype.name)
        reused = self.done_with(expression, args, varies, s.dtype.name, k) if takes_out else ""
        text = f"{text[:-1]}, out={reused})" if reused else text
        self.source.add(f"{s.name} = {text}", s.node)
        return Value(s.name, varies, s.dtype.name, ours=True)

    # ------------------------------------------------------------ what lies in a box

    def whole(self, name: str) -> Value:
        """A value on all of its loops: one that covers a box is put into zeros first."""
        value = self.values[name]
        if value.box is not None:
            zeros = f"zeros({self.shape_text(value.variables)}, {value.dtype})"
            self.source.add(f"{name}_whole = {zeros}")
            self.source.add(f"{name}_whole{self.part(value.box)} = {value.text}")
            value = Value(f"{name}_whole", value.variables, value.dtype, ours=True)
            self.values[name] = value
        return value

    def guarded(self, s: Let, x: Value, box: Box) -> Value:
        """x inside the box, 0 outside."""
        inside = {v: bounds for v, bounds in box.items() if v in x.variables}
        varies = x.variables.union(box)
        self.source.add(f"{s.name} = zeros({self.shape_text(varies)}, {s.dtype.name})", s.node)
        text = f"{x.text}{self.part(inside)}" if x.variables else x.text
        self.source.add(f"{s.name}{self.part(box)} = {text}", s.node)
        return Value(s.name, varies, s.dtype.name, ours=True)

    def added_in_part(self, s: Let, expression: Apply, k: int) -> Value | None:
        """A sum whose one side is 0 outside a box: only there something is added."""
        if expression.op is not ADD or not any(self.values[a].box for a in expression.args):
            return None
        first, second = expression.args
        if self.values[second].box is None:
            first, second = second, first
        total, more = self.whole(first), self.values[second]
        last = self.last_use[first] == k and first != second
        if not (last and total.ours and more.variables <= total.variables) or more.box is None:
            return None
        self.source.add(f"{total.text}{self.part(more.box)} += {more.text}", s.node)
        return total

    def part(self, box: Box) -> str:
        """The text that takes a box out of this block's arrays."""
        parts = ["{}:{}".format(*box[v]) if v in box else ":" for v in self.variables]
        return f"[{', '.join(parts)}]" if parts else "[...]"

    def done_with(
        self, expression: Apply, args: list[Value], varies: frozenset, dtype: str, k: int
    ) -> str:
        """An operand's array that nobody needs after statement k and that fits the result."""
        if not varies:
            return ""  # one number: NumPy makes it a scalar, which cannot take a result
        for name, a in zip(expression.args, args, strict=True):
            if a.ours and self.last_use[name] == k and a.variables == varies and a.dtype == dtype:
                return a.text
        return ""

    def call(self, expression: Apply, args: list[Value], dtype: str) -> tuple[str, bool]:
        """The call without its `out`, and whether it takes one."""
        op, texts = expression.op, [a.text for a in args]
        choices = args[1:] if op is WHERE else args
        if all(a.constant for a in choices):  # Python numbers alone would come out as float64
            texts[-len(choices) :] = [f"{a.dtype}({a.text})" for a in choices]
        if op is CAST:
            return f"asarray({texts[0]}).astype({dtype})", False
        if op is WHERE:
            _, x, y = args
            if x.constant and y.constant and (x.text, y.text) == ("0.0", "1.0"):
                return f"logical_not({texts[0]}).astype({dtype})", False
            if x.constant and y.constant and y.text in ZERO and x.text.strip("-") not in ENDLESS:
                return f"multiply({texts[0]}, {texts[1]})", True
            if y.constant and y.text in ZERO and not x.constant:
                return f"keep({texts[0]}, {texts[1]})", True
            if x.constant and x.text in ZERO and not y.constant:
                return f"drop({texts[0]}, {texts[2]})", True
            if not (x.constant and y.constant):
                return f"choose({', '.join(texts)})", False
            return f"where({', '.join(texts)})", False
        return f"{op.numpy.__name__}({', '.join(texts)})", True
