# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # One kernel
#
# When are `A * B` and `+ C` one kernel? First you count what a kernel moves and write a scheduler
# of five lines, on programs that are lists of names. Then you write three of tinylearn's own rules,
# and the stepper runs on them.
#
# | question | you write | points |
# |---|---|---|
# | q1 | `bytes_moved`: what one kernel reads and writes | 2 |
# | q2 | `kernels_of`: a scheduler in five lines | 3 |
# | q3 | `fuse.compute_where_used`: when is `A * B + C` one kernel? | 2 |
# | q4 | `fuse.free_move`: a move on the way | 2 |
# | q5 | `shared_reads`: may two kernels be one loop? | 3 |
# | q6 | `join.same_loop`: two results of one loop | 2 |

# %%
import tinylearn as tl

tl.course.exercise("12_fusion")

# %% [markdown]
# ## Programs as lists of names
#
# In q1, q2 and q5 a **program** is a list of lines. A line is a name and the names it is computed
# from, number by number; inputs come before their readers. What no line makes is a source, and lies
# in memory already. `A * B + C` and its square are
#
# ```python
# program = [("t", ["A", "B"]), ("y", ["t", "C"]), ("z", ["y", "y"])]
# ```
#
# All names stand for arrays of `size` numbers, and a number is a float32: 4 bytes.

# %% [markdown]
# ## q1. What one kernel moves (2 points)
#
# `lines` run in one kernel, which leaves the results named in `stored` in memory. It reads a name
# once, however often its lines use it, and never reads what it has made itself. Return the bytes
# that it reads and the bytes that it writes.
#
# Predict both for the program above, in one kernel that stores `z`; and then for a kernel for each
# line.

# %% tags=["question"]
from tinylearn.course.question import case, question

q1 = question(
    "q1",
    answer="bytes_moved",
    world="python",
    points=2,
    title="What one kernel moves",
    hints=(
        "Collect the names that the lines make, and the names that they use.",
        "Sets hold each name once: what is read is {names used} - {names made}.",
        "made = {name for name, _ in lines}; used = {x for _, inputs in lines for x in inputs}",
    ),
)

TWICE = [("t", ["A", "B"]), ("y", ["t", "C"]), ("z", ["y", "y"])]


def _program(rng, size, sources=3):
    """Lines in random order of dependence; among them one that is read by two others."""
    names, lines = [f"s{n}" for n in range(sources)], []
    for n in range(size):
        inputs = [rng.choice(names) for _ in range(rng.randint(1, 2))]
        lines.append((f"t{n}", inputs))
        names.append(f"t{n}")
    before = lines[-1][0]
    ends = [("u", [before, names[0]]), ("v", [before, before]), ("w", ["u", names[1]])]
    return [*lines, *ends, ("y", ["w", "v"])]


def _unread(lines):
    """What nobody reads is what was asked for."""
    return [name for name, _ in lines if not any(name in inputs for _, inputs in lines)]


@q1.visible("by hand")
def _():
    yield case("A * B + C", [("t", ["A", "B"]), ("y", ["t", "C"])], ["y"], 1000)
    yield case("A * B alone, stored", [("t", ["A", "B"])], ["t"], 1000)
    yield case("A * A", [("t", ["A", "A"])], ["t"], 10)
    yield case("z and what it came from", TWICE, ["y", "z"], 10)


@q1.hidden("random programs", points=2)
def _(rng):
    for lines in (4, 7):
        program = _program(rng, lines)
        size = rng.randrange(100, 900)
        yield case("all results", program, _unread(program), size)
        yield case("two more stored", program, [*_unread(program), "u", "t1"], size)
    yield case("a source squared", [("t", ["s", "s"])], ["t"], rng.randrange(10, 90))


# %%
@tl.answer("bytes_moved", points=2)
def bytes_moved(lines, stored, size):
    """(bytes read, bytes written) by the kernel that runs these lines."""
    ### BEGIN SOLUTION return two whole numbers
    made = {name for name, _ in lines}
    used = {x for _, inputs in lines for x in inputs}
    return 4 * size * len(used - made), 4 * size * len(stored)
    ### END SOLUTION


# %%
tl.check("q1")

# %% [markdown]
# ## q2. A scheduler in five lines (3 points)
#
# Which lines run together? Go through the program **from the last line to the first**, so that the
# readers of a value are known when its turn comes:
#
# - a line named in `stored` begins a kernel of its own,
# - and so does one that lines of two or more kernels read;
# - any other is computed in the one kernel that reads it.
#
# A kernel is called by the line it was begun for. Return a dictionary from each line's name to the
# name of its kernel. What nobody reads is always among the `stored`.

# %% tags=["question"]
q2 = question(
    "q2",
    answer="kernels_of",
    world="python",
    points=3,
    title="A scheduler in five lines",
    hints=(
        "Keep a dictionary home: {name of a line: name of its kernel}, and fill it from the end.",
        "The kernels that read `name` are {home[reader] for reader, inputs in lines if name in "
        "inputs}.",
        "home[name] is the only one of them, if there is one only and name is not stored; else "
        "it is name.",
    ),
)


@q2.visible("by hand")
def _():
    yield case("A * B + C", [("t", ["A", "B"]), ("y", ["t", "C"])], ["y"])
    yield case("a chain of three", TWICE, ["z"])
    yield case("the one in the middle is asked for", TWICE, ["y", "z"])
    halves = [("t", ["A"]), ("y", ["t", "B"]), ("z", ["t", "C"])]
    yield case("two kernels read t", halves, ["y", "z"])
    diamond = [("t", ["A"]), ("u", ["t"]), ("v", ["t"]), ("y", ["u", "v"])]
    yield case("two lines read t, in one kernel", diamond, ["y"])


@q2.hidden("random programs", points=3)
def _(rng):
    for lines in (3, 6, 9):
        program = _program(rng, lines)
        yield case("results only", program, _unread(program))
        yield case("one more is asked for", program, [*_unread(program), rng.choice("uvw")])
    program = [*_program(rng, 4), ("a", ["u", "w"]), ("b", ["a", "t0"]), ("c", ["t0"])]
    yield case("several results", program, _unread(program))


# %%
@tl.answer("kernels_of", points=3)
def kernels_of(lines, stored):
    """{name of a line: name of the kernel that computes it}."""
    ### BEGIN SOLUTION return a dictionary
    home = {}
    for name, _ in reversed(lines):
        homes = {home[reader] for reader, inputs in lines if name in inputs}
        home[name] = homes.pop() if len(homes) == 1 and name not in stored else name
    return home
    ### END SOLUTION


# %%
tl.check("q2")

# %% [markdown]
# ## Rules on real graphs
#
# tinylearn's scheduler goes the same way, and asks **rules** about each node. Those that store and
# fuse are called
#
# ```python
# rule(node, readers, homes)        # gives (FUSE, because), (STORE, because) or None
# ```
#
# `homes` are the kernels in which the node's readers are computed, each once. `readers` you do not
# need in this chapter. The rules are asked in order, and the first answer counts; what no rule
# speaks for is stored. `because` is a text with the facts of this case: the stepper shows it.
#
# `only` lets the scheduler ask some rules alone; `built` makes a graph from a recipe, in which a
# tuple is an array of that shape and a list an op on earlier steps.

# %% tags=["setup"]
from contextlib import contextmanager

import numpy as np

from tinylearn.contracts.measure import leaf
from tinylearn.schedule.kernel import FUSE, JOIN, STORE
from tinylearn.schedule.rules import RULES, SAME_LOOP, size_of
from tinylearn.schedule.schedule import schedule


@contextmanager
def only(*names):
    """For a block the scheduler asks the rules of these names alone."""
    every = RULES[:]
    RULES[:] = [rule for rule in every if rule.name in names]
    try:
        yield
    finally:
        RULES[:] = every


def built(recipe):
    """Nodes made from a recipe, step by step."""
    made = []
    for step in recipe:
        if isinstance(step, list):
            op, *inputs = step
            given = [made[x] if isinstance(x, int) else x for x in inputs]
            operator = f"__{op}__" if op in ("add", "mul") else op
            made.append(getattr(given[0], operator)(*given[1:]))
        else:
            made.append(leaf(np.zeros(step, np.float32)))
    return made


# %% [markdown]
# And this is how the checks ask a rule, and compare what it answers with what is right.

# %% tags=["setup"]
import re


def asked(name, answer, recipe, outputs):
    """[(place, answer)] for each node about which the rule is asked, in order."""
    nodes = built(recipe)
    places, found = {node: place for place, node in enumerate(nodes)}, []
    (part,) = [rule for rule in RULES if rule.name == name]

    def watched(node, readers, homes):
        said = answer(node, readers, homes)
        found.append((places[node], said))
        return said

    before, part.current = part.current, watched
    try:
        schedule([nodes[place] for place in outputs])
    finally:
        part.current = before
    return found


def asked_twice(name, answer, recipe, outputs):
    """What a rule answers by itself, and among all the others."""
    with only(name):
        alone = asked(name, answer, recipe, outputs)
    return {"by itself": alone, "among all": asked(name, answer, recipe, outputs)}


# %% tags=["setup"]
def unlike_in_any(got, want, recipe):
    """Where a rule's answers are not the right ones, or ""."""
    if not isinstance(got, dict) or got.keys() != want.keys():
        return "this is not what a rule was asked and answered"
    for how, right in want.items():
        for (place, said), (where, wanted) in zip(got[how], right):
            if place != where:
                return f"{how}: asked about step {place}, not about step {where}"
            if text := unlike(said, wanted):
                return f"asked {how} about step {place}, {recipe[place]}: {text}"
        if len(got[how]) != len(right):
            return f"{how}: asked {len(got[how])} times, not {len(right)}"
    return ""


def unlike(said, wanted):
    """What is wrong with one answer of a rule, or ""."""
    match said:
        case None:
            return "expected FUSE, got None" if wanted else ""
        case ("fuse" | "store" as verdict, str() as because) if because.strip():
            if (verdict == "fuse") != (wanted is not None):
                return f"expected {'FUSE' if wanted else 'None'}, got {verdict.upper()}"
            return lacking(because, facts(wanted))
    return f"a rule answers None or (FUSE, because), got {str(said)[:80]}"


def lacking(because, wanted):
    """What a reason leaves out, or that it is no sentence any more."""
    if len(because) > 200:
        return f"because has {len(because)} characters: a sentence is enough"
    missing = [fact for fact in wanted if fact not in because]
    return f"because lacks {missing[0]!r}: {because[:80]!r}" if missing else ""


def facts(answer):
    """What a right answer counts and names: its bytes, its kernels, its op."""
    text = answer[1] if answer else ""
    return re.findall(r"[0-9.]+ k?B|[0-9]+ kernels? reads?|through this \w+", text)


# %%
A_B_C = [(1000, 1000), (1000, 1000), (1000, 1000), ["mul", 0, 1], ["add", 3, 2]]
with only():  # no rule at all
    for kernel in schedule([built(A_B_C)[-1]]).kernels:
        read, written = size_of(kernel.bytes_read), size_of(kernel.bytes_written)
        print(kernel, "reads", read, "writes", written)

# %% [markdown]
# ## q3. When is A * B + C one kernel? (2 points)
#
# Write the rule: where **exactly one kernel** reads a node, it is computed there. Answer `FUSE`,
# with a `because` that says how many bytes of traffic are saved: the node's numbers, `node.nbytes`,
# would be written once and read once. `size_of(bytes)` gives them as a reader wants them. Where
# several kernels read it, the rule says nothing: `None`.
#
# A sum may be refused afterwards: where it would run again for each number of its reader, the
# scheduler stores it whatever a rule says. That is not your rule's business yet.
#
# The check lets the scheduler ask your rule by itself, and then as the Part
# `fuse.compute_where_used` among all the others.

# %% tags=["question"]
LAYER = "a layer and its loss"


def _softmax(rows, columns):
    whole = (rows, columns)
    top = [["max", 0, (1,)], ["expand", 1, whole], ["mul", 2, -1.0]]
    powers = [["add", 0, 3], ["exp", 4], ["sum", 5, (1,)]]
    return [whole, *top, *powers, ["recip", 6], ["expand", 7, whole], ["mul", 5, 8]]


def _layer(rows, inputs, outputs):
    three = (rows, inputs, outputs)
    return [
        (rows, inputs), (inputs, outputs), (1, outputs), ["reshape", 0, (rows, inputs, 1)],
        ["expand", 3, three], ["reshape", 1, (1, inputs, outputs)], ["expand", 5, three],
        ["mul", 4, 6], ["sum", 7, (1,)], ["reshape", 8, (rows, outputs)],
        ["expand", 2, (rows, outputs)], ["add", 9, 10], ["exp", 11], ["mul", 12, 12],
        ["sum", 13, (0, 1)], ["exp", 14], ["mul", 15, 14],
    ]  # fmt: skip


def _graphs(rng):
    """Recipes of many shapes, each with the places of its results."""
    n, m = rng.randrange(5, 30), rng.randrange(31, 60)
    flat = [(n, m), (n, m), (n, m)]
    chain = [["mul", 0, 1], ["add", 3, 2], ["exp", 4], ["mul", 5, 0]]
    yield "a chain", [*flat, *chain], [6]
    yield "two results", [*flat, *chain, ["sin", 4], ["mul", 7, 2]], [6, 8]
    yield "a diamond", [*flat, ["mul", 0, 1], ["exp", 3], ["sin", 3], ["mul", 4, 5]], [6]
    turned = [["permute", 3, (1, 0)], ["exp", 4], ["flip", 3, (0,)], ["sqrt", 6]]
    yield "moves", [*flat, ["mul", 0, 1], *turned], [5, 7]
    both = [["permute", 3, (1, 0)], ["exp", 4], ["sin", 4], ["mul", 5, 6], ["sqrt", 4]]
    yield "two of three readers in one kernel", [*flat, ["mul", 0, 1], *both], [7, 8]
    sizes = rng.randrange(3, 9), rng.randrange(10, 20), rng.randrange(21, 30)
    yield LAYER, _layer(*sizes), [16]
    yield "softmax", _softmax(n, m), [9]


q3 = question(
    "q3",
    answer="my_compute_where_used",
    part="fuse.compute_where_used",
    points=2,
    title="When is A * B + C one kernel?",
    hints=(
        "Nothing is asked about the node itself: homes holds each kernel that reads it once.",
        "Written once and read once: 2 * node.nbytes bytes are saved; size_of makes a text of it.",
        'return FUSE, f"saves {size_of(2 * node.nbytes)} of traffic", where len(homes) == 1.',
    ),
)


@q3.runs
def _decided_3(answer, recipe, outputs):
    return asked_twice("fuse.compute_where_used", answer, recipe, outputs)


@q3.judges
def _judged_3(got, want, recipe, outputs):
    return unlike_in_any(got, want, recipe)


@q3.visible("by hand")
def _():
    flat = [(20, 50), (20, 50), (20, 50), ["mul", 0, 1]]
    yield case("A * B + C", [*flat, ["add", 3, 2]], [4])
    yield case("two kernels read the product", [*flat, ["exp", 3], ["sin", 3]], [4, 5])
    yield case("a sum in between", [*flat, ["sum", 3, (1,)], ["exp", 4]], [5])
    yield case("turned round in between", [*flat, ["permute", 3, (1, 0)], ["exp", 4]], [5])


@q3.hidden("random graphs", points=2)
def _(rng):
    for label, recipe, outputs in _graphs(rng):
        yield case(label, recipe, outputs)


# %%
@tl.answer("fuse.compute_where_used", points=2)
def my_compute_where_used(node, readers, homes):
    """A value that one kernel reads is computed there and never touches memory."""
    ### BEGIN SOLUTION return (FUSE, because) or None
    if len(homes) == 1:
        return FUSE, f"saves {size_of(2 * node.nbytes)} of traffic"
    return None
    ### END SOLUTION


# %%
tl.check("q3")

# %% [markdown]
# ## q4. A move on the way (2 points)
#
# A transpose between two computations hides one from the other: the rule of q3 says nothing about
# moves, so the numbers would be written down only to be read in another order. But a kernel may
# read `A[j, i]` as well as `A[i, j]`. A move inside its readers costs an index and no traffic.
#
# Write the rule: a node whose kind is `"move"` is fused, **however many** kernels read it. Its
# `because` says how many these are and through which op they read, such as `"2 kernels read through
# this permute"`; for one it says `"1 kernel reads through this permute"`. All else: `None`.

# %% tags=["question"]
q4 = question(
    "q4",
    answer="my_free_move",
    part="fuse.free_move",
    points=2,
    title="A move on the way",
    hints=(
        "Nothing but the kind is asked: how many kernels read it makes no difference.",
        "len(homes) is the number of kernels, node.op.name the name of the op.",
        'who = "1 kernel reads" if len(homes) == 1 else f"{len(homes)} kernels read"',
    ),
)


@q4.runs
def _decided_4(answer, recipe, outputs):
    return asked_twice("fuse.free_move", answer, recipe, outputs)


@q4.judges
def _judged_4(got, want, recipe, outputs):
    return unlike_in_any(got, want, recipe)


@q4.visible("by hand")
def _():
    flat = [(20, 50), (20, 50), ["mul", 0, 1], ["permute", 2, (1, 0)]]
    yield case("turned round, then a root", [*flat, ["sqrt", 3]], [4])
    yield case("two kernels read what was turned", [*flat, ["exp", 3], ["sin", 3]], [4, 5])
    moved = [*flat, ["flip", 3, (0,)], ["reshape", 4, (1000,)], ["exp", 5]]
    yield case("three moves", moved, [6])


@q4.hidden("random graphs", points=2)
def _(rng):
    for label, recipe, outputs in _graphs(rng):
        yield case(label, recipe, outputs)
    n, m = rng.randrange(3, 20), rng.randrange(21, 40)
    several = [["permute", 0, (1, 0)], ["exp", 1], ["sin", 1], ["sqrt", 1]]
    yield case("three readers", [(n, m), *several], [2, 3, 4])


# %%
@tl.answer("fuse.free_move", points=2)
def my_free_move(node, readers, homes):
    """Moving numbers only changes which index is read, so it costs nothing inside its readers."""
    ### BEGIN SOLUTION return (FUSE, because) or None
    if node.op.kind == "move":
        who = "1 kernel reads" if len(homes) == 1 else f"{len(homes)} kernels read"
        return FUSE, f"{who} through this {node.op.name}"
    return None
    ### END SOLUTION


# %%
tl.check("q4")

# %% [markdown]
# ## q5. May two kernels be one loop? (3 points)
#
# `exp(x + y)` and `2 * (x + y)` are two results, and each reads `x` and `y`. One loop could compute
# both. But if one needs what the other stores, through some third kernel in between, then a loop
# that held both would wait for itself.
#
# `one` and `other` are lists of names: the lines of two kernels of a program. Return how many names
# **both read** from memory, or `None` if any line of one kernel depends on a line of the other,
# directly or through other lines.

# %% tags=["question"]
q5 = question(
    "q5",
    answer="shared_reads",
    world="python",
    points=3,
    title="May two kernels be one loop?",
    hints=(
        "First find all that each line depends on: its inputs, and what those depend on.",
        "Inputs come first in the program, so one pass is enough: below[name] is the union of "
        "{x} and below[x] over the inputs x; a source has nothing below it.",
        "None if below[name] meets the other kernel for any name, in both directions. Else count "
        "the names that stand in both sets of reads.",
    ),
)


@q5.visible("by hand")
def _():
    sums = [("s", ["x", "y"]), ("t", ["x", "y"]), ("u", ["s"]), ("v", ["t", "z"])]
    yield case("exp(x + y) and z * (x + y)", sums, ["s", "u"], ["t", "v"])
    yield case("one reads what the other makes", TWICE, ["t"], ["y", "z"])
    waits = [("a", ["x"]), ("b", ["a"]), ("c", ["b", "x"])]
    yield case("through a third", waits, ["c"], ["a"])
    yield case("nothing in common", [("a", ["x"]), ("b", ["y"])], ["a"], ["b"])
    yield case("a third kernel makes what both read", sums[:1] + [("t", ["s"]), ("u", ["s"])],
               ["t"], ["u"])  # fmt: skip


@q5.hidden("random programs", points=3)
def _(rng):
    for size in (3, 5, 8):
        program = [*_program(rng, size), ("a", ["s0", "s1", f"t{size - 1}"]), ("b", ["a", "s1"])]
        yield case("apart", program, ["a", "b"], ["v"])
        yield case("apart, the other way round", program, ["u", "w"], ["b", "a"])
        yield case("directly", program, ["v"], ["y"])
        yield case("through a third", program, ["u"], ["y"])
        yield case("through a third, the other way round", program, ["y"], ["u"])
        between = [("p", [f"s{rng.randrange(3)}"]), ("q", ["p"]), ("r", ["q"]), ("o", ["r"])]
        yield case("a long way, in the second line", [*between, *program], ["t0", "p"], ["v", "o"])
        yield case("a long way back", [*between, *program], ["v", "o"], ["t0", "p"])


# %%
@tl.answer("shared_reads", points=3)
def shared_reads(lines, one, other):
    """How many names both kernels read; None if they cannot share a loop."""
    ### BEGIN SOLUTION return a whole number or None
    inputs, below = dict(lines), {}
    for name, read in lines:
        below[name] = set(read).union(*(below.get(x, ()) for x in read))
    for kernel, rest in ((one, other), (other, one)):
        if any(below[name] & set(rest) for name in kernel):
            return None
    reads = [{x for name in kernel for x in inputs[name]} for kernel in (one, other)]
    return len(reads[0] & reads[1])
    ### END SOLUTION


# %%
tl.check("q5")

# %% [markdown]
# ## q6. Two results of one loop (2 points)
#
# tinylearn looks for the way around itself. Where two kernels may share a loop it asks the Part
# `join.same_loop` whether they should:
#
# ```python
# rule(first, second, shared)        # gives (JOIN, because) or None
# ```
#
# `shared` are the nodes that both would read. Join wherever that saves traffic, and say in
# `because` how many bytes: in a common loop each of these nodes is read once and not twice. If
# nothing is saved, because nothing is shared or it holds no numbers, answer `None`.

# %% tags=["question"]
q6 = question(
    "q6",
    answer="my_same_loop",
    part="join.same_loop",
    points=2,
    title="Two results of one loop",
    hints=(
        "Each shared node is read once less: add up their nbytes.",
        "saved = sum(x.nbytes for x in shared)",
        'return (JOIN, f"saves a read of {size_of(saved)}") if saved else None',
    ),
)


@q6.runs
def _joined(answer, recipe, outputs):
    """What the rule answers where the scheduler asks it, and on empty hands."""
    nodes = built(recipe)
    places, found = {node: place for place, node in enumerate(nodes)}, []

    def watched(first, second, shared):
        said = answer(first, second, shared)
        roots = places[first.root], places[second.root]
        found.append([roots, sorted(places[x] for x in shared), said])
        return said

    before, SAME_LOOP.current = SAME_LOOP.current, watched
    try:
        kernels = schedule([nodes[place] for place in outputs]).kernels
    finally:
        SAME_LOOP.current = before
    nothing = [leaf(np.zeros((0, 3), np.float32))]
    empty = [answer(None, None, []), answer(None, None, nothing)]
    return {"asked": found, "kernels": len(kernels), "nothing shared": empty}


@q6.judges
def _joins_where_it_saves(got, want, recipe, outputs):
    if not isinstance(got, dict) or got.keys() != want.keys():
        return "this is not what a rule was asked and answered"
    for (_, _, said), (roots, shared, wanted) in zip(got["asked"], want["asked"]):
        if not (isinstance(said, tuple) and len(said) == 2 and isinstance(said[1], str)):
            return f"asked about steps {roots}: expected (JOIN, because), got {str(said)[:80]}"
        if said[0] != wanted[0]:
            return f"asked about steps {roots}: expected 'join', got {str(said[0])[:40]!r}"
        if text := lacking(said[1], facts(wanted)):
            return f"both read steps {shared}: {text}"
    if got["nothing shared"] != want["nothing shared"]:
        return f"where nothing is shared expected None, got {str(got['nothing shared'])[:80]}"
    same = got["kernels"] == want["kernels"] and len(got["asked"]) == len(want["asked"])
    return "" if same else f"expected {want['kernels']} kernels, got {got['kernels']}"


@q6.visible("by hand")
def _():
    flat = [(20, 50), (20, 50), ["add", 0, 1]]
    yield case("x * y and x + y", [*flat, ["mul", 0, 1]], [2, 3])
    yield case("one number for each row in common", [(20, 50), (20, 50), (20, 50),
               ["mul", 0, 1], ["add", 1, 2]], [3, 4])  # fmt: skip


@q6.hidden("random graphs", points=2)
def _(rng):
    for _ in range(2):
        n, m = rng.randrange(5, 30), rng.randrange(31, 60)
        flat = [(n, m), (n, m), (n, m)]
        yield case("two read one", [*flat, ["mul", 0, 1], ["add", 1, 2]], [3, 4])
        three = [*flat, ["mul", 0, 1], ["add", 1, 2], ["sin", 1], ["mul", 5, 0]]
        yield case("three results", three, [3, 4, 6])
        rows = [(n, m), ["exp", 0], ["sum", 0, (1,)], ["max", 0, (1,)]]
        yield case("a sum and a maximum", rows, [2, 3])
    sizes = rng.randrange(3, 9), rng.randrange(10, 20), rng.randrange(21, 30)
    yield case(LAYER, [*_layer(*sizes), ["add", 11, 9]], [16, 12, 17])


# %%
@tl.answer("join.same_loop", points=2)
def my_same_loop(first, second, shared):
    """Kernels that loop over the same shape and read the same numbers share one loop."""
    ### BEGIN SOLUTION return (JOIN, because) or None
    saved = sum(x.nbytes for x in shared)
    return (JOIN, f"saves a read of {size_of(saved)}") if saved else None
    ### END SOLUTION


# %%
tl.check("q6")

# %% [markdown]
# ## It runs on your rules
#
# The film below is made of your sentences: the docstring is what holds always, `because` what holds
# here. Which of the decisions are yours? Predict the kernels and the traffic before you run it.

# %%
A, B, C = tl.Tensor.rand(1000, 1000), tl.Tensor.rand(1000, 1000), tl.Tensor.rand(1000, 1000)
tl.explain((A * B).transpose() + C, (A * B).exp())

# %% [markdown]
# And here it is without any fusion, beside yours.

# %%
def nothing(node, readers, homes):
    """Every value is stored."""
    return STORE, "to be on the safe side"


tl.explain((A * B + C).exp(), using={"fuse.compute_where_used": nothing})

# %%
tl.course.card()
