"""Trees: what is wrong with one is told in words, and a wrong transform is not let in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.core.test_transforms import nest_of, numbers, zeros
from tinylearn import Tensor
from tinylearn.loops import transforms
from tinylearn.loops.check import in_form
from tinylearn.loops.index import Index, Variable, variable
from tinylearn.loops.machine import Machine
from tinylearn.loops.nest import Nest
from tinylearn.loops.recipe import cooked
from tinylearn.loops.run import Broken, run
from tinylearn.loops.statements import Store
from tinylearn.loops.text import parsed
from tinylearn.loops.tree import (
    Accumulate,
    Allocate,
    Function,
    Loop,
    Refused,
    plain,
    statements,
)
from tinylearn.parts import ContractError, Part, using
from tinylearn.plan.check import check_fused

SUMS = nest_of(zeros(8, 24).sum(1))

# ---------------------------------------------------------------- the judge


def broken(change: Callable[[Function], Function], nest: Nest = SUMS) -> str:
    """What is wrong with a tree that was changed by hand."""
    tree = change(plain(nest))
    with pytest.raises(Broken) as caught:
        in_form(tree)
        run(tree, numbers(plain(nest), 0))
    return str(caught.value)


def everywhere(change: Callable) -> Callable[[Function], Function]:
    """A change of each statement."""

    def changed(body):
        made = []
        for s in body:
            if isinstance(s, Loop):
                s = replace(s, body=changed(s.body))
            made += change(s)
        return tuple(made)

    return lambda f: replace(f, body=changed(f.body))


def no_start(s):
    return () if isinstance(s, Store) and s.memory == "total0s" else (s,)


def too_far(s):
    return (replace(s, place=s.place + 1),) if isinstance(s, Store) and s.memory == "out0" else (s,)


def one_less(s):
    if isinstance(s, Loop) and s.variable.name == "i":
        return (replace(s, variable=Variable("i", s.variable.size - 1)),)
    return (s,)


def same_place(s):
    if isinstance(s, Store) and s.memory == "out0":
        return (replace(s, place=variable("i", 8) * 0),)
    return (s,)


def unknown(s):
    return (replace(s, value="nobody"),) if isinstance(s, Accumulate) else (s,)


def twice(s):
    return (Loop(s.variable, (s,)),) if isinstance(s, Loop) and s.variable.name == "r" else (s,)


BROKEN = [
    (no_start, "read before anything is written there"),
    (too_far, "place 8 of out0 is written, which has 8 numbers"),
    (one_less, "no loop around it is i with 8 rounds"),
    (same_place, "two rounds write different numbers to place 0 of out0"),
    (unknown, "uses 'nobody', which nothing before it makes"),
    (twice, "stands inside another loop r"),
    (lambda s: (s, "x = 1") if isinstance(s, Loop) else (s,), "is no statement"),
]


@pytest.mark.parametrize(("change", "says"), BROKEN)
def test_a_broken_tree_is_told_in_words(change, says):
    assert says in broken(everywhere(change))


def test_text_that_is_no_tree_is_told_in_words():
    for text, says in (
        ("kernel", "no function begins"),
        ("k(out0: float32[1])\n    go on", "no statement reads 'go on'"),
        ("k(out0: float32[1])\n    out0[j] = t0", "no index reads 'j'"),
        ("k(out0: float32[1])\n  x", "belongs to nothing"),
    ):
        with pytest.raises(ValueError, match=says):
            parsed(text)


# ---------------------------------------------------------------- transforms of students


def forgets_the_rest(function, name, by, rest="tile"):
    size = next(s.variable.size for s in statements(function.body) if named(s, name))
    if size % by == 0:
        return transforms.split.default(function, name, by, rest)
    whole = transforms.split.default(function, name, by, "plain")
    return everywhere(lambda s: () if named(s, f"{name}r") else (s,))(whole)


def named(s, name):
    return isinstance(s, Loop) and s.variable.name == name


def adds_twice(function, name):
    after = transforms.subtotal.default(function, name)
    doubled = everywhere(lambda s: (s, s) if isinstance(s, Accumulate) else (s,))
    return doubled(after)


def copies_too_little(function, value, at, order):
    after = transforms.stage.default(function, value, at, order)
    return everywhere(lambda s: () if isinstance(s, Store) and "_copy" in s.memory else (s,))(after)


def forgets_to_grow(function, name, past, space="register"):
    after = transforms.sink.default(function, name, past, space)
    one = variable(name, 1)

    def change(s):
        keeps = isinstance(s, Store | Accumulate) and "total" in s.memory
        return (replace(s, place=one),) if keeps else (s,)

    return everywhere(change)(after)


WRONG = [
    ("loops.split", forgets_the_rest, "is never written|is wrong at"),
    ("loops.subtotal", adds_twice, "is wrong at"),
    ("loops.stage", copies_too_little, "read before anything is written"),
    ("loops.sink", forgets_to_grow, "read before|is wrong at"),
    ("loops.unroll", lambda function, name: None, "must return a Function"),
    ("loops.vectorize", lambda function, name: 1 / 0, "raised ZeroDivisionError"),
    ("recipe.reduction", lambda cook, nest, lanes, machine: cook.do(None), "raised TypeError"),
]


@pytest.mark.parametrize(("name", "function", "says"), WRONG)
def test_a_wrong_transform_is_refused_with_a_reason(name, function, says):
    with pytest.raises(ContractError, match=says), using({name: function}):
        pass
    assert Part.table[name].is_default


def refuses(function, *arguments, **options):
    raise Refused("not by me")


@pytest.mark.parametrize("name", [t.name for t in transforms.TRANSFORMS])
def test_a_transform_that_always_refuses_makes_it_slow_and_never_wrong(name, devices):
    with using({name: refuses}):
        for device in devices:
            x = Tensor(np.arange(60, dtype=np.float32).reshape(5, 12) / 60, device=device)
            check_fused(x.softmax(1), (x @ x.T).relu(), (x * x).sum(), x.exp() + 1)
    nest = nest_of(zeros(8, 24) * 2.0)
    with using({name: refuses}):  # also where so much is written that it would be streamed
        assert run(cooked(nest, "kernel", Machine(far=16)).function, numbers(plain(nest), 0))


def test_a_recipe_of_ones_own_runs_on_the_c_device(devices):
    if "c" not in devices:
        pytest.skip("no C compiler here")
    used = []

    def by_twos(cook, nest, lanes, machine):
        """Two at a time."""
        used.append(nest)
        for v in nest.outer_loops[-1:]:
            cook.do(transforms.split, v.name, 2)

    with using({"recipe.elementwise": by_twos}):
        used.clear()
        x = Tensor(np.ones((3, 5), np.float32), device="c")
        assert (x * 3 + 1).tolist() == [[4.0] * 5] * 3
        assert used


# ---------------------------------------------------------------- what a processor refuses


def streamed_places(nest: Nest) -> list[tuple[int, Index]]:
    """(lanes, place) of each vector that is stored past the cache."""
    function = cooked(nest, "kernel", Machine(far=16)).function
    vectors = [s for s in statements(function.body) if isinstance(s, Loop) and s.kind == "vector"]
    return [
        (s.variable.size, t.place)
        for s in vectors
        for t in s.body
        if isinstance(t, Store) and t.streamed
    ]


@pytest.mark.parametrize("columns", [32, 50, 37])
def test_what_is_stored_past_the_cache_begins_at_a_multiple_of_its_width(columns):
    rows = zeros(6, 1).expand(6, columns) * zeros(1, columns).expand(6, columns)
    found = streamed_places(nest_of(rows.exp() * zeros(6, columns + 1)[:, 1:]))
    assert bool(found) == (columns == 32)
    for lanes, place in found:
        assert all(f % lanes == 0 for v, f in place.terms if v.size != lanes)


def test_arrays_of_a_kernels_own_are_small():
    x, place = zeros(3000), Tensor(np.arange(20_000))
    picked = (place.reshape(-1, 1, 1) < Tensor(np.arange(3000)).reshape(1, -1, 1)).where(
        x.reshape(1, -1, 1), zeros(1, 1, 64)
    )
    function = cooked(nest_of(picked.sum(1)), "kernel", Machine()).function
    own = [s.memory for s in statements(function.body) if isinstance(s, Allocate)]
    assert sum(m.size * m.dtype.itemsize for m in own if m.space == "local") <= 512 * 1024
