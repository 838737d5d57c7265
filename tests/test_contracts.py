"""Contracts let tinylearn's own functions in, and refuse the mistakes people make, saying why."""

import pytest

import tinylearn as tl
from tinylearn.contracts.measure import leaf
from tinylearn.graph.gradient import dependents, rule_of
from tinylearn.graph.node import walk
from tinylearn.parts import ContractError, Part, using

# Without a compiler render.c says what it does not check: tests/core/test_render_contracts.py.
pytestmark = pytest.mark.filterwarnings("ignore:.*there is no C compiler here:RuntimeWarning")
WITH_CONTRACT = sorted(name for name, part in Part.table.items() if part.contract)


def refused(name, function):
    """The text with which `use` refuses a function."""
    with pytest.raises(ContractError) as caught, using({name: function}):
        pass
    assert Part.table[name].is_default
    return str(caught.value)


def test_every_part_has_a_contract():
    named = [name for name, _, _ in tl.parts().rows]
    assert [name for name in named if Part.table[name].contract is None] == []


@pytest.mark.parametrize("name", WITH_CONTRACT)
def test_the_default_keeps_its_own_contract(name):
    default = Part.table[name].default
    Part.table[name].contract(lambda *args, **options: default(*args, **options))


@pytest.mark.parametrize("name", WITH_CONTRACT)
def test_a_stub_is_refused_as_not_written_yet(name):
    def stub(*args, **options):
        raise NotImplementedError("return something")

    if name in ("gradient.buffer", "gradient.const"):
        return  # sources have no inputs, so their rules are never asked
    text = refused(name, stub)
    assert text.startswith(f"{name} is not written yet: return something")


@pytest.mark.parametrize("name", WITH_CONTRACT)
def test_an_answer_that_is_no_answer_is_refused(name):
    if name in ("gradient.buffer", "gradient.const"):
        return
    assert name in refused(name, lambda *args, **options: "what?")


@pytest.mark.parametrize("name", WITH_CONTRACT)
def test_an_error_inside_is_told_with_its_line(name):
    if name in ("gradient.buffer", "gradient.const"):
        return
    text = refused(name, lambda *args, **options: args[0].no_such_thing)
    assert "AttributeError" in text and "no_such_thing" in text


# ---------------------------------------------------------------- gradient rules


def shared_without_ties(g, node):
    x = node.inputs[0]
    below = x.less(node.expand(x.shape))
    return (below.where(0.0, g.expand(x.shape)),)


WRONG_GRADIENTS = [
    ("mul", lambda g, n: (g * n.inputs[0], g * n.inputs[1]), "the answer for the other input"),
    ("mul", lambda g, n: (n.inputs[1], n.inputs[0]), "multiply by the g that arrives"),
    ("mul", lambda g, n: g * n.inputs[1], "must return a tuple"),
    ("mul", lambda g, n: (g * n.inputs[1],), "one graph for each of 2 inputs"),
    ("mul", lambda g, n: (g * n.inputs[1], None), "the gradient of y is wrong"),
    ("add", lambda g, n: (g, -g), "the wrong sign"),
    ("exp", lambda g, n: (g * n.inputs[0],), "the gradient of x is wrong"),
    ("log", lambda g, n: (g / n,), "the gradient of x is wrong"),
    ("recip", lambda g, n: (g * n * n,), "the wrong sign"),
    ("sin", lambda g, n: (g * n.inputs[0].sin(),), "the gradient of x is wrong"),
    ("sqrt", lambda g, n: (g * 0.5 / n.inputs[0],), "the gradient of x is wrong"),
    ("where", lambda g, n: (None, g, g), "the gradient of y is wrong"),
    ("sum", lambda g, n: (g,), "has shape (1,), but x has (3,)"),
    ("sum", lambda g, n: (g.sum(n.arg).expand(n.inputs[0].shape) / n.size,), "is wrong"),
    ("max", lambda g, n: (g.expand(n.inputs[0].shape),), "only to the places"),
    ("max", shared_without_ties, "ties count twice"),
    ("permute", lambda g, n: (g.permute(n.arg),), "has shape"),
    ("expand", lambda g, n: (g.shrink(tuple((0, s) for s in n.inputs[0].shape)),), "is wrong"),
    ("flip", lambda g, n: (g,), "is wrong at element [0]"),
    ("cast", lambda g, n: (g,), "has dtype float32, but x has float64"),
    ("detach", lambda g, n: (g,), "is wrong"),
    ("exp", lambda g, n: (g * leaf([1.0] * 3).reshape(g.shape),), "computed on the spot"),
    ("exp", lambda g, n: (2.0,), "must be a graph, it is float"),
]


@pytest.mark.parametrize("op, rule, says", WRONG_GRADIENTS)
def test_a_wrong_gradient_rule_is_refused_with_a_reason(op, rule, says):
    text = refused(f"gradient.{op}", rule)
    assert says in text
    assert text.startswith(f"gradient.{op}")


def test_a_refusal_shows_the_numbers():
    text = refused("gradient.mul", lambda g, n: (g * n.inputs[0], g * n.inputs[1]))
    for line in ("at element [0]", "x = [", "g = [", "got  ", "expected  "):
        assert line in text


def to_the_last_maximum(g, node):
    """All of g to the last of several equal maxima of a row: any split that adds up will do."""
    x = node.inputs[0]
    chosen = x.less(node.expand(x.shape)).where(x.const_like(0), x.const_like(1))
    for axis in node.arg:
        later = later_ones(chosen, axis)
        chosen = chosen * later.less(0.5).where(chosen.const_like(1), chosen.const_like(0))
    return (g.expand(x.shape) * chosen,)


def later_ones(chosen, axis):
    """How many of the chosen come later along an axis."""
    total = chosen.const_like(0)
    for k in range(1, chosen.shape[axis]):
        keep = tuple((k, n) if a == axis else (0, n) for a, n in enumerate(chosen.shape))
        back = tuple((0, k) if a == axis else (0, 0) for a in range(len(chosen.shape)))
        total = total + chosen.shrink(keep).pad(back)
    return total


def test_all_of_g_may_go_to_one_of_several_equal_maxima():
    with using({"gradient.max": to_the_last_maximum}):
        pass


# ---------------------------------------------------------------- walks


def recursive(outputs):
    order, seen = [], set()

    def visit(node):
        if node not in seen:
            seen.add(node)
            for x in node.inputs:
                visit(x)
            order.append(node)

    for node in outputs:
        visit(node)
    return order


def marked_on_entry(outputs):
    """Marks a node as done before its inputs are: right for trees, wrong for diamonds."""
    order, seen, stack = [], set(), list(outputs)
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            order.append(node)
            stack += node.inputs
    return order[::-1]


def without_memory(outputs):
    order, stack = [], list(outputs)
    while stack and len(order) < 100:
        node = stack.pop()
        order.append(node)
        stack += node.inputs
    return order[::-1]


WRONG_WALKS = [
    (recursive, "RecursionError"),
    (marked_on_entry, "inputs come before their readers"),
    (without_memory, "comes twice"),
    (lambda outputs: walk.default(outputs)[::-1], "inputs come before their readers"),
    (lambda outputs: walk.default(outputs)[:-1], "missing"),
    (lambda outputs: walk.default(list(outputs)[:1]), "the output"),
    (lambda outputs: set(walk.default(outputs)), "must return a list"),
    (lambda outputs: [*walk.default(outputs), leaf([1.0])], "does not belong"),
]


@pytest.mark.parametrize("function, says", WRONG_WALKS)
def test_a_wrong_walk_is_refused_with_a_reason(function, says):
    assert says in refused("graph.walk", function)


def chain_rule(add_up=True, only_leaves=True, everything=False):
    """The pass over the graph, with mistakes to choose from."""

    def gradient(output, g, leaves):
        leaves = set(leaves)
        order = walk([output])
        moving = dependents(order, set(order) if everything else leaves)
        grads = {output: g}
        for node in reversed(order):
            if node.inputs and node in grads and node in moving:
                for x, gx in zip(node.inputs, rule_of(node, grads[node]), strict=True):
                    if x in moving:
                        grads[x] = grads[x] + gx if add_up and x in grads else gx
        return {x: gx for x, gx in grads.items() if x in leaves or not only_leaves}

    return gradient


def test_the_chain_rule_with_its_parts_in_place_is_let_in():
    with using({"graph.gradient": chain_rule()}):
        pass


def test_a_gradient_that_does_not_add_up_is_refused():
    assert "added up" in refused("graph.gradient", chain_rule(add_up=False))


def test_a_gradient_for_more_than_the_leaves_is_refused():
    assert "none of the leaves" in refused("graph.gradient", chain_rule(only_leaves=False))


def test_a_gradient_without_a_reached_leaf_is_refused():
    assert "missing" in refused("graph.gradient", lambda output, g, leaves: {})


# ---------------------------------------------------------------- fusion rules

WRONG_FUSIONS = [
    ("fuse.free_move", lambda node, readers, homes: True, "must return None or"),
    ("fuse.free_move", lambda node, readers, homes: "fuse", "must return None or"),
    ("fuse.free_move", lambda node, readers, homes: ("fuse", ""), "must return None or"),
    ("fuse.free_move", lambda node, readers, homes: ("join", "because"), "must return None or"),
    ("join.in_passing", lambda node, home: ("fuse", "because"), "(JOIN, because)"),
    ("join.same_rows", lambda *given: ("fuse", "because"), "(JOIN, because) or (STORE, because)"),
]


@pytest.mark.parametrize("name, rule, says", WRONG_FUSIONS)
def test_a_fusion_rule_that_answers_badly_is_refused(name, rule, says):
    assert says in refused(name, rule)


def test_any_fusion_rule_that_answers_well_is_let_in():
    with using({"fuse.free_move": lambda node, readers, homes: ("store", "I like memory")}):
        pass


def test_a_contract_leaves_the_parts_as_they_were():
    before = {name: part.current for name, part in Part.table.items()}
    version = Part.version
    for part in Part.table.values():
        if part.contract:
            part.contract(part.default)
    assert {name: part.current for name, part in Part.table.items()} == before
    assert Part.version == version
