"""Index arithmetic: a simplified index is the same number as the plain one."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from tinylearn.loops.index import Divided, Index, Variable, build, variable
from tinylearn.loops.lowering import told_by_guard

factors = st.lists(st.integers(-12, 25), min_size=1, max_size=3)
sizes = st.lists(st.integers(1, 6), min_size=3, max_size=3)


def value(index: Index, at: dict[Variable, int]) -> int:
    """The index as a plain number."""
    total = index.constant
    for atom, factor in index.terms:
        if isinstance(atom, Variable):
            total += factor * at[atom]
        else:
            inner = value(atom.of, at)
            total += factor * (inner // atom.by if atom.op == "//" else inner % atom.by)
    return total


@given(factors, sizes, st.integers(-30, 60), st.integers(1, 14), st.integers(1, 14))
def test_division_and_rest_are_exact(factors, sizes, constant, by, again):
    variables = [Variable(n, s) for n, s in zip("abc", sizes, strict=True)]
    index = build(dict(zip(variables, factors, strict=False)), constant)
    quotient, rest = index // by, index % by
    deeper = (quotient + rest * 3) // again
    for values in product(*[range(v.size) for v in variables]):
        at = dict(zip(variables, values, strict=True))
        plain = value(index, at)
        assert value(quotient, at) == plain // by
        assert value(rest, at) == plain % by
        assert value(deeper, at) == (plain // by + plain % by * 3) // again
        for i in (index, quotient, rest, deeper):
            assert i.low <= value(i, at) <= i.high


def test_the_windows_of_a_convolution_are_a_plain_walk_through_memory():
    kernel, place = variable("k", 5), variable("o", 8)  # axis of 12 numbers, windows of 5
    assert repr((kernel * 13 + place) % 12) == "k + o"
    assert ((kernel * 13 + place) % 12).is_affine


def test_splitting_an_axis_and_joining_it_again_leaves_the_index_alone():
    i = variable("i", 24)
    assert (i // 6) * 6 + i % 6 != i  # two atoms: nothing is lost by not merging them
    j, k = variable("j", 4), variable("k", 6)
    assert (j * 6 + k) // 6 == j
    assert (j * 6 + k) % 6 == k


@given(factors, sizes, st.integers(-9, 9), st.integers(2, 14), st.integers(-9, 9), st.data())
def test_what_a_guard_tells_is_true_where_it_holds(factors, sizes, constant, by, shift, data):
    variables = [Variable(n, s) for n, s in zip("abc", sizes, strict=True)]
    whole = build(dict(zip(variables, factors, strict=False)), constant)
    size = data.draw(st.integers(1, by))
    index = whole % by + shift
    facts = told_by_guard(index, size)
    guessed = index.knowing(facts)
    for values in product(*[range(v.size) for v in variables]):
        at = dict(zip(variables, values, strict=True))
        holds = 0 <= value(index, at) < size
        assert holds == (0 <= value(guessed, at) < size)
        for atom, told in facts.items():
            if holds:
                assert value(told, at) == value(Index(((atom, 1),), 0), at)


def test_the_gradient_of_a_window_is_a_plain_walk_under_its_guard():
    kernel, place = variable("k", 5), variable("i", 12)  # windows of 5 on 12 numbers: 8 of them
    column, row = (kernel * 12 + place) % 13, (kernel * 12 + place) // 13
    facts = told_by_guard(column, 8)
    assert column.knowing(facts) == place - kernel
    assert row.knowing(facts) == kernel
    assert all(isinstance(atom, Divided) for atom in facts)
