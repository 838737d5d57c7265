"""Writes the body of a blocked loop: one array operation for each statement.

Arrays that nobody needs any more take the next result, so that a block stays in the cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinylearn.graph.node import Node
from tinylearn.graph.primitives import CAST, WHERE
from tinylearn.loops.index import Index, Variable
from tinylearn.loops.ir import Apply, Constant, Let, Load, Statement, Total, Write
from tinylearn.render.source import Source

ZERO = ("0", "0.0", "False")


def literal(node: Node) -> str:
    """The value of a constant as Python text; inf and nan are names in the kernel's namespace."""
    return repr(node.arg)


@dataclass
class Value:
    """What is known of a name: the loops it varies with, and whether its array is ours to reuse."""

    text: str
    variables: frozenset[Variable]
    dtype: str
    ours: bool = False
    constant: bool = False


@dataclass
class BlockBody:
    """Statements of one block; see the module's docstring.

    pieces   {cut loop: text of its slice}
    views    {(node, place): name of the array that looks at the node's memory}
    totals   finished totals, arrays over all variables
    wanted   values that are needed after the statements
    """

    source: Source
    statements: Sequence[Statement]
    variables: tuple[Variable, ...]
    pieces: dict[Variable, str]
    views: dict[tuple[Node, Index], str]
    totals: dict[str, Total]
    wanted: tuple[str, ...] = ()

    def write(self) -> None:
        """All statements, in order."""
        self.values = {
            name: Value(
                name + self.cut(self.variables),
                frozenset(self.variables),
                t.node.dtype.name,
                ours=not self.pieces,
            )
            for name, t in self.totals.items()
        }
        self.last_use = {name: k for k, s in enumerate(self.statements) for name in used_names(s)}
        self.last_use |= dict.fromkeys(self.wanted, len(self.statements))
        self.targets = self.direct_targets()
        self.placed: set[Write] = set()
        for k, s in enumerate(self.statements):
            if isinstance(s, Let):
                self.values[s.name] = self.let(s, k)
            elif s not in self.placed:
                view = self.views[s.target, s.place]
                cut = self.cut(s.place.variables) or "[...]"
                self.source.add(f"{view}{cut} = {self.values[s.value].text}", s.target)

    def cut(self, varies: object) -> str:
        """The text that takes this block's piece of an array varying with these loops."""
        inside = set(varies)  # type: ignore[call-overload]
        parts = [self.pieces.get(v, ":") if v in inside else ":" for v in self.variables]
        while parts and parts[-1] == ":":
            parts.pop()
        return f"[{', '.join(parts)}]" if parts else ""

    def shape_text(self) -> str:
        """The shape of a whole block, as text; the last piece of a cut loop may be shorter."""
        sizes = []
        for v in self.variables:
            step = self.pieces[v].split(" + ")[1] if v in self.pieces else ""
            sizes.append(f"min({step}, {v.size} - {v.name})" if step else str(v.size))
        return f"({', '.join(sizes)},)" if sizes else "()"

    def direct_targets(self) -> dict[str, Write]:
        """{value: the Write that it can be computed into at once}."""
        writes = [s for s in self.statements if isinstance(s, Write)]
        every = {v for v in self.variables if v.size > 1}
        found: dict[str, Write] = {}
        for w in writes:
            if every <= w.place.variables:
                found.setdefault(w.value, w)
        return found

    def let(self, s: Let, k: int) -> Value:
        """Write one statement; what its name stands for from now on."""
        match s.expression:
            case Constant(node):
                return Value(literal(node), frozenset(), s.dtype.name, constant=True)
            case Load(node, place):
                text = self.views[node, place] + self.cut(place.variables)
                if self.pieces:
                    self.source.add(f"{s.name} = {text}", s.node)
                    text = s.name
                return Value(text, place.variables, s.dtype.name)
            case Apply():
                return self.apply(s, s.expression, k)
        raise AssertionError(f"{s.expression} is not for blocks; see Nest.is_strided")

    def apply(self, s: Let, expression: Apply, k: int) -> Value:
        """Write one operation; its result goes where no new memory is needed, if it can."""
        args = [self.values[a] for a in expression.args]
        varies = frozenset().union(*(a.variables for a in args))
        text, takes_out = self.call(expression, args, s.dtype.name)
        target = self.targets.pop(s.name, None)
        if takes_out and target is not None and varies >= target.place.variables:
            view = self.views[target.target, target.place] + self.cut(target.place.variables)
            self.source.add(f"{s.name} = {text[:-1]}, out={view})", s.node)
            self.placed.add(target)
            return Value(s.name, varies, s.dtype.name)
        reused = self.done_with(expression, args, varies, s.dtype.name, k) if takes_out else ""
        text = f"{text[:-1]}, out={reused})" if reused else text
        self.source.add(f"{s.name} = {text}", s.node)
        return Value(s.name, varies, s.dtype.name, ours=True)

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
            if y.constant and y.text in ZERO and not x.constant:
                return f"keep({texts[0]}, {texts[1]})", True
            if x.constant and x.text in ZERO and not y.constant:
                return f"drop({texts[0]}, {texts[2]})", True
            return f"where({', '.join(texts)})", False
        return f"{op.numpy.__name__}({', '.join(texts)})", True


def used_names(s: Statement) -> tuple[str, ...]:
    """The values that a statement uses."""
    match s:
        case Write(_, _, value):
            return (value,)
        case Let(_, Apply(_, args)):
            return args
    return ()
