"""Rewrites of nests: others with the same numbers are let in, the usual mistakes are refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tinylearn.graph.primitives import MAX, SUM
from tinylearn.loops.index import Index, Variable, number, variable
from tinylearn.loops.nest import Nest, with_all_indices
from tinylearn.loops.rewrites import REWRITES
from tinylearn.loops.shortloops import copies
from tinylearn.loops.statements import (
    DIVIDE,
    SUBTRACT,
    Apply,
    Guarded,
    Let,
    Load,
    Store,
    renamed,
    with_indices,
)
from tinylearn.parts import ContractError, Part, using
from tinylearn.plan.check import check_fused
from tinylearn.tensor import Tensor

NAMES = [part.name for part in REWRITES]
default = {part.name.removeprefix("nest."): part.default for part in REWRITES}


def refused(name: str, function: Callable) -> str:
    """The text with which `use` refuses a function."""
    with pytest.raises(ContractError) as caught, using({name: function}):
        pass
    assert Part.table[name].is_default
    return str(caught.value)


def with_sizes(nest: Nest, sizes: dict[Variable, int]) -> Nest:
    """The nest with other numbers of rounds."""
    new = {v: Variable(v.name, size) for v, size in sizes.items()}
    at = {v: Index(((w, 1),), 0) for v, w in new.items()}
    return replace(
        with_all_indices(nest, lambda index: index.substitute(at)),
        outer_loops=tuple(new.get(v, v) for v in nest.outer_loops),
        reduced_loops=tuple(new.get(v, v) for v in nest.reduced_loops),
    )


# ---------------------------------------------------------------- wrong ones


def without_last_round(nest):
    return with_sizes(nest, {v: v.size - 1 for v in nest.outer_loops[-1:] if v.size > 1})


def without_last_summand(nest):
    return with_sizes(nest, {v: v.size - 1 for v in nest.reduced_loops[-1:] if v.size > 1})


def one_round_too_many(nest):
    return with_sizes(nest, {v: v.size + 1 for v in nest.outer_loops[:1]})


def sums_outside(nest):
    """The loop of the reduction around that of the results: they depend on one another."""
    loops = nest.outer_loops + nest.reduced_loops
    return replace(nest, outer_loops=loops, reduced_loops=())


def statements_turned(nest):
    return replace(nest, outer=nest.outer[::-1])


def without_guards(nest):
    def plain(s):
        match s:
            case Let(_, Load(source, place, _)):
                return replace(s, expression=Load(source, place))
        return s

    return replace(nest, inner=tuple(map(plain, nest.inner)), outer=tuple(map(plain, nest.outer)))


def padding_kept(nest):
    """A guarded value is taken without its guard."""
    names = {s.name: s.expression.value for s in nest.outer if is_guarded(s)}
    return replace(nest, outer=tuple(renamed(s, names) for s in nest.outer if not is_guarded(s)))


def is_guarded(s):
    return isinstance(s, Let) and isinstance(s.expression, Guarded)


def parted(by, rounds):
    """v = by * high + low, for each outer loop."""

    def split(nest):
        loops, at = [], {}
        for v in nest.outer_loops:
            if v.size < by:
                loops.append(v)
                continue
            high, low = Variable(f"{v.name}h", rounds(v.size)), Variable(f"{v.name}l", by)
            at[v] = variable(high.name, high.size) * by + variable(low.name, by)
            loops += [w for w in (high, low) if w.size != 1]
        changed = with_all_indices(nest, lambda index: index.substitute(at))
        return replace(changed, outer_loops=tuple(loops))

    return split


def written_out(start=0, stop=None, rename=True):
    """The innermost outer loop as one round after the other, with mistakes to choose from."""

    def unroll(nest):
        if nest.totals or not nest.outer_loops or nest.outer_loops[-1].size > 40:
            return nest
        v = nest.outer_loops[-1]
        made = []
        for k in range(start, v.size if stop is None else v.size + stop):
            names = {s.name: f"{s.name}_{k}" for s in nest.outer if isinstance(s, Let)}
            for s in nest.outer:
                here = with_indices(s, lambda i, k=k: i.substitute({v: number(k)}))
                made.append(renamed(here, names) if rename else here)
        return replace(nest, outer_loops=nest.outer_loops[:-1], outer=tuple(made))

    return unroll


def reduction_forgets_one(nest):
    """Written out as `unroll` does, but for the last round."""
    if not nest.reduced_loops:
        return nest
    shorter = without_last_summand(nest)
    return default["unroll"](shorter)


def operands_swapped(nest):
    def swapped(s):
        match s:
            case Let(_, Apply(op, (x, y))) if op in (SUBTRACT, DIVIDE):
                return replace(s, expression=Apply(op, (y, x)))
        return s

    nest = default["combine"](nest)
    return replace(
        nest, inner=tuple(map(swapped, nest.inner)), outer=tuple(map(swapped, nest.outer))
    )


def any_two_loops_merged(nest):
    if len(nest.outer_loops) < 2:
        return nest
    a, b = nest.outer_loops[-2:]
    both = Variable(a.name + b.name, a.size * b.size)

    def change(index):
        terms = [(v, f) for v, f in index.terms if v not in (a, b)]
        factor = index.factor(b) or index.factor(a)
        return Index((*terms, *([(both, factor)] if factor else [])), index.constant)

    return replace(with_all_indices(nest, change), outer_loops=(*nest.outer_loops[:-2], both))


def sums_for_maxima(nest):
    totals = tuple(replace(t, op=SUM if t.op is MAX else t.op) for t in nest.totals)
    return replace(nest, totals=totals)


def changed_in_place(nest):
    object.__setattr__(nest, "outer", nest.outer[:-1])
    return nest


def names_of_the_language(nest):
    names = {s.name: "while" for s in nest.outer if isinstance(s, Let)}
    return replace(nest, outer=tuple(renamed(s, names) for s in nest.outer))


def writes_what_it_reads(nest):
    def turned(s):
        loads = [e.memory for e in nest.loads]
        return replace(s, memory=loads[0]) if isinstance(s, Store) and loads else s

    return replace(nest, outer=tuple(map(turned, nest.outer)))


WRONG = [
    ("unroll", without_last_round, "never written"),
    ("split", without_last_round, "never written"),
    ("collapse", without_last_summand, "is wrong at"),
    ("split", without_last_summand, "is wrong at"),
    ("split", one_round_too_many, "is read, which has"),
    ("split", sums_outside, "different numbers to place"),
    ("combine", statements_turned, "which nothing before it makes"),
    ("unroll_outer", without_guards, "is read, which has"),
    ("unroll_outer", padding_kept, "is wrong at"),
    ("split", parted(4, lambda size: size // 4), "never written"),
    ("split", parted(4, lambda size: -(-size // 4)), "is read, which has"),
    ("unroll_outer", written_out(stop=-1), "never written"),
    ("unroll_outer", written_out(start=1), "number 0 of"),
    ("unroll_outer", written_out(rename=False), "the name of two things"),
    ("unroll", reduction_forgets_one, "is wrong at"),
    ("combine", operands_swapped, "is wrong at"),
    ("collapse", any_two_loops_merged, "nest.collapse: "),
    ("combine", sums_for_maxima, "is wrong at"),
    ("combine", lambda nest: None, "must return a Nest, not NoneType"),
    ("combine", lambda nest: changed_in_place(nest), "changed the nest it was given"),
    ("combine", names_of_the_language, "cannot be the name"),
    ("combine", writes_what_it_reads, "which this kernel does not store"),
    ("split", lambda nest: replace(nest, outer=list(nest.outer)), "outer must be a tuple"),
    ("split", lambda nest: replace(nest, outer=("x = 1",)), "a Let or a Store, not str"),
    ("split", lambda nest: replace(nest, outer_loops=("i",)), "is no loop variable"),
    ("collapse", lambda nest: replace(nest, totals=()), "without totals"),
    ("collapse", lambda nest: [nest][1], "raised IndexError"),
]


@pytest.mark.parametrize(("name", "function", "says"), WRONG)
def test_a_wrong_rewrite_is_refused_with_a_reason(name, function, says):
    text = refused(f"nest.{name}", function)
    assert text.startswith(f"nest.{name}") and says in text


@pytest.mark.parametrize("name", NAMES)
def test_each_place_among_the_rewrites_is_guarded(name):
    for wrong in (without_last_round, without_last_summand, statements_turned):
        assert refused(name, lambda nest, wrong=wrong: wrong(Part.table[name].default(nest)))


def test_a_refusal_shows_the_loops_and_the_numbers():
    text = refused("nest.split", without_last_summand)
    for line in ("called with the loops of", "for i in", "reduced: ", "got  ", "expected  "):
        assert line in text


# ---------------------------------------------------------------- right ones


def loops_turned(nest):
    """The loops in another order: none of them waits for another."""
    outer, reduced = nest.outer_loops[::-1], nest.reduced_loops[::-1]
    return replace(nest, outer_loops=outer, reduced_loops=reduced)


def each_once_more(nest):
    """Every value is made twice, under two names; nobody needs the second."""
    again = [replace(s, name=f"{s.name}b") for s in nest.outer if isinstance(s, Let)]
    return replace(nest, outer=(*nest.outer, *again))


def divisors(by):
    """Loops taken apart wherever their number of rounds can be divided."""

    def split(nest):
        sizes = {v.size for v in nest.outer_loops}
        exact = parted(by, lambda size: size // by)
        return exact(nest) if all(s % by == 0 or s < by for s in sizes) else nest

    return split


def invariants_first(nest):
    """What the innermost loop does not change comes before what it changes."""
    once, _ = copies(nest.outer, nest.outer_loops[-1:])
    return replace(nest, outer=(*once, *(s for s in nest.outer if s not in once)))


RIGHT = {
    "nothing": lambda nest: nest,
    "turned": loops_turned,
    "waste": each_once_more,
    "by 3": divisors(3),
    "written out": written_out(),
    "invariants": invariants_first,
}


@pytest.mark.parametrize("right", RIGHT)
@pytest.mark.parametrize("name", ["nest.combine", "nest.split", "nest.unroll_outer"])
def test_an_unusual_rewrite_that_keeps_the_meaning_is_let_in(name, right):
    with using({name: RIGHT[right]}):
        x = Tensor([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]])
        check_fused(x.softmax(1), x.transpose().relu() - 1, (x * x).sum(0))


def test_no_rewrite_has_to_do_anything():
    with using(dict.fromkeys(NAMES, lambda nest: nest)):
        x = Tensor([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]])
        check_fused(x.softmax(1), (x @ x.T).sum(), x.pad(((1, 0), (0, 2))).exp())
