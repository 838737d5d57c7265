"""Rewrites of a nest: fewer instructions, fewer loops, the same numbers. Each is a Part, in order.

A rewrite's docstring says what it does and why, for the explainer. How the loops then run is
decided afterwards: see recipe.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from tinylearn.graph.primitives import ADD, LESS, MUL, RECIP, WHERE
from tinylearn.loops.index import Divided, Index, Variable, build, variable
from tinylearn.loops.machine import LONG_TEXT, SHORT_LOOP
from tinylearn.loops.nest import Nest, with_all_indices
from tinylearn.loops.shortloops import (
    is_short_reduction,
    short_outer_loops,
    without_loop,
    without_reduction,
)
from tinylearn.loops.statements import (
    DIVIDE,
    EQUAL,
    MAXIMUM,
    MINIMUM,
    SUBTRACT,
    Apply,
    Constant,
    Let,
    Statement,
    indices,
    needed,
)
from tinylearn.parts import Part

REWRITES: list[Part] = []


def rewrite(function: Callable[[Nest], Nest]) -> Part:
    """Decorator: the function becomes the Part `nest.<its name>`, applied after those above."""
    REWRITES.append(Part(f"nest.{function.__name__}", function))
    return REWRITES[-1]


def rewritten(nest: Nest) -> Nest:
    """The nest after all rewrites."""
    for change in REWRITES:
        nest = applied(change, nest)
    return nest


def applied(change: Callable[[Nest], Nest], nest: Nest) -> Nest:
    """The nest after one rewrite, of each of its passes if it makes several."""
    if nest.passes:
        return replace(nest, passes=tuple(map(change, nest.passes)))
    return change(nest)


# ---------------------------------------------------------------- one instruction for two


@rewrite
def combine(nest: Nest) -> Nest:
    """x + y * -1 is one subtraction, x * (1 / y) one division, two integers not less are equal."""
    return replace(nest, inner=combined(nest.inner, nest), outer=combined(nest.outer, nest))


def combined(statements: tuple[Statement, ...], nest: Nest) -> tuple[Statement, ...]:
    """The statements with pairs replaced, and without values that nobody uses any more."""
    lets = {s.name: s for s in nest.inner + nest.outer if isinstance(s, Let)}
    new: list[Statement] = []
    for s in statements:
        if isinstance(s, Let) and isinstance(s.expression, Apply):
            new += where_equal(s, s.expression, lets)
        else:
            new.append(s)
    return needed(new, [t.value for t in nest.totals])


def where_equal(s: Let, expression: Apply, lets: dict[str, Let]) -> list[Statement]:
    """(x < y ? z : (y < x ? z : v)) for integers is (x == y ? v : z); else s, made shorter."""

    def of(name: str) -> object:
        return lets[name].expression if name in lets else None

    match expression:
        case Apply(op, (below, z, inner)) if op is WHERE:
            match of(below), of(z), of(inner):
                case Apply(less, (x, y)), Constant() as zero, Apply(op, (above, same, v)) if (
                    (less, op, of(above)) == (LESS, WHERE, Apply(LESS, (y, x)))
                    and of(same) == zero
                    and x in lets
                    and lets[x].dtype.kind < 2
                ):
                    equal = replace(lets[below], name=f"{s.name}e", expression=Apply(EQUAL, (x, y)))
                    return [equal, replace(s, expression=Apply(WHERE, (equal.name, v, z)))]
    return [replace(s, expression=shorter(expression, lets))]


def shorter(expression: Apply, lets: dict[str, Let]) -> Apply:
    """One instruction for two where there is one, else the expression itself."""
    if expression.op is WHERE:
        return at_least(expression, lets)
    if expression.op not in (ADD, MUL):
        return expression
    first, second = expression.args
    for x, y in ((first, second), (second, first)):
        let = lets.get(y)
        inner = let.expression if let else None
        if isinstance(inner, Apply) and inner.op is RECIP and expression.op is MUL:
            return Apply(DIVIDE, (x, inner.args[0]))
        if isinstance(inner, Apply) and inner.op is MUL and expression.op is ADD:
            for a, b in (inner.args, inner.args[::-1]):
                sign = lets[b].expression if b in lets else None
                if isinstance(sign, Constant) and sign.value == -1:
                    return Apply(SUBTRACT, (x, a))
    return expression


def at_least(expression: Apply, lets: dict[str, Let]) -> Apply:
    """(x < c ? c : x) for a constant c is the larger of x and c; NaN stays NaN in both.

    (x < 0 ? x : -x) is the smaller of x and -x.
    Not for 0: there the choice is as fast, and relu's gradient needs the answer of x < 0 anyway.
    """

    def of(name: str) -> object:
        return lets[name].expression if name in lets else None

    condition, chosen, x = expression.args
    match of(condition), of(chosen):
        case Apply(op, (y, limit)), _ if op is LESS and y == chosen and is_negative(of(x), y, of):
            return Apply(MINIMUM, (y, x)) if is_zero(of(limit)) else expression
        case Apply(op, (y, limit)), Constant(c) as value if op is LESS and y == x:
            if of(limit) == value and c != 0 and c == c:
                return Apply(MAXIMUM, (x, chosen))
    return expression


def is_negative(expression: object, x: str, of: Callable[[str], object]) -> bool:
    """Whether this is x * -1."""
    match expression:
        case Apply(op, (a, b)) if op is MUL and a == x:
            sign = of(b)
            return isinstance(sign, Constant) and sign.value == -1
    return False


def is_zero(expression: object) -> bool:
    """Whether this is the constant 0."""
    return isinstance(expression, Constant) and expression.value == 0


# ---------------------------------------------------------------- loops written out or taken apart


@rewrite
def unroll(nest: Nest) -> Nest:
    """A reduction of a few numbers is written out: so short a loop costs more than its work."""
    return without_reduction(nest) if is_short_reduction(nest) else nest


@rewrite
def split(nest: Nest) -> Nest:
    """A loop whose number is only looked at through // and % becomes two loops, without either."""
    while (found := next(digits(nest), None)) is not None:
        nest = taken_apart(nest, *found)
    return nest


def digits(nest: Nest) -> Iterator[tuple[Variable, int]]:
    """(variable, by) for each // or % of one loop variable, where its size allows a split.

    (v + 1) % 2 becomes (low + 1) % 2: that helps if the loop over low is short, and written out.
    """
    loops = set(nest.outer_loops + nest.reduced_loops)
    for index in indices(nest.inner + nest.outer):
        for atom in divisions(index):
            match atom.of:
                case Index(((Variable() as v, 1),), c) if c == 0 or atom.by <= SHORT_LOOP:
                    if v in loops and v.size > atom.by and v.size % atom.by == 0:
                        yield v, atom.by


def divisions(index: Index) -> Iterator[Divided]:
    """Every // and % in an index, outermost first."""
    for atom, _ in index.terms:
        if isinstance(atom, Divided):
            yield atom
            yield from divisions(atom.of)


def taken_apart(nest: Nest, v: Variable, by: int) -> Nest:
    """The nest with v = by * high + low: a loop over high, inside it one over low."""
    high, low = Variable(v.name + "h", v.size // by), Variable(v.name + "l", by)
    place = variable(high.name, high.size) * by + variable(low.name, low.size)
    parts = tuple(w for w in (high, low) if w.size != 1)

    def loops(old: tuple[Variable, ...]) -> tuple[Variable, ...]:
        return tuple(w for u in old for w in (parts if u == v else (u,)))

    return with_all_indices(
        replace(nest, outer_loops=loops(nest.outer_loops), reduced_loops=loops(nest.reduced_loops)),
        lambda index: index.substitute({v: place}),
    )


# ---------------------------------------------------------------- fewer loops


@rewrite
def collapse(nest: Nest) -> Nest:
    """Two loops that walk through all memory in one line become one loop."""
    for loops in ("outer_loops", "reduced_loops"):
        k = 0
        while k + 1 < len(getattr(nest, loops)):
            a, b = getattr(nest, loops)[k : k + 2]
            if all(in_line(index, a, b) for index in indices(nest.inner + nest.outer)):
                nest = merged(nest, loops, k)
            else:
                k += 1
    return nest


def in_line(index: Index, a: Variable, b: Variable) -> bool:
    """Whether a step of `a` moves exactly as far as all of `b`."""
    if not {a, b} & index.variables:
        return True
    plain = {atom for atom, _ in index.terms}
    hidden = any(v in {a, b} for v in index.variables - plain)
    hidden = hidden or any(
        not isinstance(atom, Variable) and {a, b} & Index(((atom, 1),), 0).variables
        for atom in plain
    )
    return not hidden and index.factor(a) == index.factor(b) * b.size


def merged(nest: Nest, loops: str, k: int) -> Nest:
    """The nest with loops k and k + 1 as one loop."""
    a, b = getattr(nest, loops)[k : k + 2]
    both = Variable(a.name + b.name, a.size * b.size)

    def change(index: Index) -> Index:
        factors = {atom: f for atom, f in index.terms if atom not in (a, b)}
        return build({**factors, both: index.factor(b)}, index.constant)

    variables = getattr(nest, loops)
    fewer = (*variables[:k], both, *variables[k + 2 :])
    outer = loops == "outer_loops"
    return with_all_indices(
        replace(
            nest,
            outer_loops=fewer if outer else nest.outer_loops,
            reduced_loops=nest.reduced_loops if outer else fewer,
        ),
        change,
    )


@rewrite
def unroll_outer(nest: Nest) -> Nest:
    """A short loop is written out if it is innermost, or if that answers what guards ask."""
    while not nest.totals and (v := next(short_outer_loops(nest), None)) is not None:
        if v.size * len(nest.outer) > LONG_TEXT:
            break
        nest = without_loop(nest, v)
    return nest
