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
# # When not to fuse
#
# A value that is repeated, a total that two kernels need, a sum inside a sum: here fusing costs
# more than it saves. You write the rules that say no, weigh storing against computing again,
# predict the time of kernels from their bytes, and bring softmax down from four kernels to two.
#
# | question | you write | points |
# |---|---|---|
# | q1 | `weigh`: store, or compute again? | 2 |
# | q2 | `fuse.repeated`: a value that is repeated | 3 |
# | q3 | `fuse.one_reduction`: one sum at a time | 2 |
# | q4 | `fuse.reduced_once`: a total that several need | 2 |
# | q5 | `fuse.recompute_or_store`: several readers | 3 |
# | q6 | `predicted`: microseconds from bytes | 2 |
# | q7 | `quick_softmax`: two kernels instead of four | 2 |
# | q8 | `expected`: divide at the end | 2 |

# %%
import tinylearn as tl

tl.course.exercise("13_when_not")
tl.course.load_mine()  # your rules from chapter 12, if you have them

# %% [markdown]
# ## q1. Store, or compute again? (2 points)
#
# A value of `size` float32 numbers is computed from the arrays named in `inputs`, each as large as
# the value. Several kernels need it; `reads` has a list for each of them, with the names of the
# arrays that it reads anyway. There are two ways:
#
# - **store**: a kernel of its own reads the inputs and writes the value, and each of the others
#   reads it;
# - **again**: each of the others computes it for itself, and for that reads those of the inputs
#   that it does not read anyway.
#
# Return the bytes that each way moves on account of the value: store, then again. All names in
# `inputs` differ.
#
# Predict for `A + B`, needed by two kernels, of which one reads `A` anyway.

# %% tags=["question"]
from tinylearn.course.question import case, question

q1 = question(
    "q1",
    answer="weigh",
    world="python",
    points=2,
    title="Store, or compute again?",
    hints=(
        "Stored: the inputs are read once, the value is written once and read by each kernel.",
        "Again: for each kernel count the inputs that are not among the names it reads anyway.",
        "store = len(inputs) + 1 + len(reads), and each of these moves 4 * size bytes.",
    ),
)


@q1.visible("by hand")
def _():
    yield case("A + B, for two kernels", 100, ["A", "B"], [["A"], []])
    yield case("a root, for three", 10, ["A"], [[], ["C"], ["A", "C"]])
    yield case("nothing more to read", 10, ["A", "B"], [["A", "B"], ["B", "A", "C"]])


@q1.hidden("random kernels", points=2)
def _(rng):
    for kernels in (2, 3, 4):
        inputs = rng.sample("ABCDE", rng.randint(2, 4))
        reads = [rng.sample("ABCDEFG", rng.randint(0, 4)) for _ in range(kernels - 1)]
        yield case(f"{kernels} kernels", rng.randrange(7, 90), inputs, [*reads, [inputs[0], "H"]])


# %%
@tl.answer("weigh", points=2)
def weigh(size, inputs, reads):
    """(bytes if the value is stored, bytes if each kernel computes it again)."""
    ### BEGIN SOLUTION return two whole numbers
    store = len(inputs) + 1 + len(reads)
    again = sum(len(set(inputs) - set(names)) for names in reads)
    return 4 * size * store, 4 * size * again
    ### END SOLUTION


# %%
tl.check("q1")

# %% [markdown]
# ## How a rule is asked
#
# As in chapter 12: `rule(node, readers, homes)` answers `(STORE, because)`, `(FUSE, because)` or
# `None`; the first answer counts, and what no rule speaks for is stored. The two rules of chapter
# 12 fuse what one kernel reads, and moves. The rules of this chapter are asked **before** those,
# and mostly say `STORE`.
#
# - `readers` has a `Use` for each node that computes with this one, moves looked through:
#   `use.reader` is that node, `use.copies` how many times the moves repeat each number.
# - `homes` are the kernels in which they are computed: `home.reduction` is the sum or maximum that
#   a kernel runs, or `None`.
#
# The check asks your rule beside the two rules of chapter 12, and then among all of them.

# %% tags=["setup"]
import re
from contextlib import contextmanager

import numpy as np

from tinylearn import Tensor
from tinylearn.contracts.measure import leaf
from tinylearn.graph.deferred import spelled_out
from tinylearn.schedule.kernel import FUSE, STORE
from tinylearn.schedule.rules import RULES, needs, reads, size_of
from tinylearn.schedule.schedule import schedule

CHAPTER_12 = ("fuse.free_move", "fuse.compute_where_used")


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
    """Nodes made from a recipe: a tuple is an array, a list an op on earlier steps."""
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


# %% tags=["setup"]
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
    """What a rule answers beside those of chapter 12, and among all."""
    with only(name, *CHAPTER_12):
        beside = asked(name, answer, recipe, outputs)
    return {"beside two": beside, "among all": asked(name, answer, recipe, outputs)}


# %% tags=["setup"]
def unlike_in_any(got, want, recipe, facts):
    """Where a rule's answers are not the right ones, or "".

    facts   what of the right reason must stand in any reason
    """
    if not isinstance(got, dict) or got.keys() != want.keys():
        return "this is not what a rule was asked and answered"
    for how, right in want.items():
        for (place, said), (where, wanted) in zip(got[how], right):
            if place != where:
                return f"{how}: asked about step {place}, not about step {where}"
            if text := unlike(said, wanted, facts):
                return f"asked {how} about step {place}, {recipe[place]}: {text}"
        if len(got[how]) != len(right):
            return f"{how}: asked {len(got[how])} times, not {len(right)}"
    return ""


def unlike(said, wanted, facts):
    """What is wrong with one answer of a rule, or ""."""
    verdict = wanted[0].upper() if wanted else "None"
    match said:
        case None:
            return f"expected {verdict}, got None" if wanted else ""
        case ("fuse" | "store" as found, str() as because) if because.strip():
            if not wanted or found != wanted[0]:
                return f"expected {verdict}, got {found.upper()}"
            if len(because) > 200:
                return f"because has {len(because)} characters: a sentence is enough"
            missing = [x for x in re.findall(facts, wanted[1]) if x not in because]
            return f"because lacks {missing[0]!r}: {because[:80]!r}" if missing else ""
    return f"a rule answers None or a verdict and a text, got {str(said)[:80]}"


# %% [markdown]
# ## q2. A value that is repeated (3 points)
#
# `A * row` repeats a row for each row of `A`. If the row was computed, such as `exp(b)`, then
# inside its reader it would be computed once for every copy: a thousand exponentials for each
# number.
#
# Write the rule: if any use repeats the node's numbers, more than once each, the node is stored,
# with such a `because`: `"mul reads each of its 64 numbers 1000 times"`, that is the name of the
# reader's op, `node.size`, and the copies. A node of a single number is not worth storing: then,
# and where nothing is repeated, `None`.

# %% tags=["question"]
def _rows(n, m):
    """A row that is computed and then repeated: for one reader, and for two."""
    return [(n, m), (1, m), ["exp", 1], ["expand", 2, (n, m)], ["mul", 0, 3], ["add", 0, 3],
            ["mul", 4, 5]]  # fmt: skip


def _softmax(n, m):
    whole = (n, m)
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


def _totals(n, m):
    """A total of totals, one that two kernels read, and a single number that is repeated."""
    return [(n, m), ["exp", 0], ["sum", 1, (1,)], ["sqrt", 2], ["sum", 3, (0,)],
            ["expand", 4, (n, 1)], ["mul", 2, 5], ["max", 0, (0, 1)], ["sqrt", 7],
            ["expand", 8, (n, m)], ["add", 0, 9]]  # fmt: skip


def _graphs(rng):
    """Recipes of many shapes, each with the places of its results."""
    n, m = rng.randrange(5, 30), rng.randrange(31, 60)
    yield "rows", _rows(n, m), [6]
    yield "two results that read rows", _rows(n, m)[:-1], [4, 5]
    once = [["exp", 1], ["sqrt", 2], ["expand", 2, (n, m)], ["mul", 0, 4]]
    yield "repeated for the second reader", [(n, m), (1, m), *once], [3, 5]
    yield "two copies", _rows(2, m), [6]
    yield "two numbers", _rows(n, 2), [6]
    yield "softmax", _softmax(n, m), [9]
    yield "a total of totals", _totals(n, m), [6, 10]
    yield "a sum of a sum", [(n, m), ["sum", 0, (1,)], ["sum", 1, (0,)]], [2]
    yield "a sum of a maximum", [(n, m), ["max", 0, (1,)], ["sum", 1, (0,)]], [2]
    total = [(n, m), ["sum", 0, (1,)]]
    yield "a sum for a root and a sum", [*total, ["sqrt", 1], ["sum", 1, (0,)]], [2, 3]
    yield "a sum for a sum and a root", [*total, ["sum", 1, (0,)], ["sqrt", 1]], [2, 3]
    yield "moves and two sums", [(n, m), ["exp", 0], ["permute", 1, (1, 0)], ["sum", 2, (1,)],
                                 ["sum", 1, (1,)]], [3, 4]  # fmt: skip
    sizes = rng.randrange(3, 9), rng.randrange(10, 20), rng.randrange(21, 30)
    yield "a layer and its loss", _layer(*sizes), [16]
    computed = [*_layer(*sizes)[:2], ["exp", 0], ["sqrt", 1], ["reshape", 2, (*sizes[:2], 1)],
                ["expand", 4, sizes], ["reshape", 3, (1, *sizes[1:])], ["expand", 6, sizes],
                ["mul", 5, 7], ["sum", 8, (1,)]]  # fmt: skip
    yield "a product of what was computed", computed, [9]


q2 = question(
    "q2",
    answer="my_repeated",
    part="fuse.repeated",
    points=3,
    title="A value that is repeated",
    hints=(
        "Go through the readers. One with use.copies > 1 is enough.",
        "The facts are use.reader.op.name, node.size and use.copies.",
        "for use in readers: if use.copies > 1 and node.size > 1: return STORE, f\"...\"",
    ),
)


@q2.runs
def _decided_2(answer, recipe, outputs):
    return asked_twice("fuse.repeated", answer, recipe, outputs)


@q2.judges
def _judged_2(got, want, recipe, outputs):
    return unlike_in_any(got, want, recipe, r"^\w+|[0-9]+ numbers|[0-9]+ times")


@q2.visible("by hand")
def _():
    yield case("A * exp(row)", _rows(20, 50)[:5], [4])
    yield case("softmax", _softmax(20, 50), [9])
    one = [(20, 50), (1, 1), ["exp", 1], ["expand", 2, (20, 50)], ["mul", 0, 3]]
    yield case("a single number", one, [4])
    yield case("nothing repeated", [(20, 50), ["exp", 0], ["sqrt", 1]], [2])


@q2.hidden("random graphs", points=3)
def _(rng):
    for label, recipe, outputs in _graphs(rng):
        yield case(label, recipe, outputs)


# %%
@tl.answer("fuse.repeated", points=3)
def my_repeated(node, readers, homes):
    """A computed value that is repeated is stored: in its reader each copy would compute it."""
    ### BEGIN SOLUTION return (STORE, because) or None
    for use in readers:
        if use.copies > 1 and node.size > 1:
            name = use.reader.op.name
            return STORE, f"{name} reads each of its {node.size} numbers {use.copies} times"
    return None
    ### END SOLUTION


# %%
tl.check("q2")

# %% [markdown]
# ## q3. One sum at a time (2 points)
#
# A kernel runs one reduction: one loop that adds up, or looks for the largest. What needs another
# total waits until that one is complete.
#
# Write the rule: a node whose kind, `node.op.kind`, is `"reduce"` is stored if any kernel that
# reads it runs a reduction already. Its `because` names the kernel and what runs there, as in
# `f"{home} already runs {home.reduction}"`. In all other cases `None`.

# %% tags=["question"]
q3 = question(
    "q3",
    answer="my_one_reduction",
    part="fuse.one_reduction",
    points=2,
    title="One sum at a time",
    hints=(
        "Two things are asked: is the node a reduction, and does a home run one?",
        "home.reduction is None in a kernel that runs none.",
        'for home in homes: if node.op.kind == "reduce" and home.reduction is not None: ...',
    ),
)


@q3.runs
def _decided_3(answer, recipe, outputs):
    return asked_twice("fuse.one_reduction", answer, recipe, outputs)


@q3.judges
def _judged_3(got, want, recipe, outputs):
    return unlike_in_any(got, want, recipe, r"already runs (.+)$")


@q3.visible("by hand")
def _():
    yield case("a sum of a sum", [(20, 50), ["sum", 0, (1,)], ["sum", 1, (0,)]], [2])
    yield case("one sum, and a root", [(20, 50), ["exp", 0], ["sum", 1, (1,)], ["sqrt", 2]], [3])
    yield case("softmax", _softmax(20, 50), [9])


@q3.hidden("random graphs", points=2)
def _(rng):
    for label, recipe, outputs in _graphs(rng):
        yield case(label, recipe, outputs)


# %%
@tl.answer("fuse.one_reduction", points=2)
def my_one_reduction(node, readers, homes):
    """A kernel runs one reduction; a second waits in its own kernel until the first is complete."""
    ### BEGIN SOLUTION return (STORE, because) or None
    for home in homes:
        if node.op.kind == "reduce" and home.reduction is not None:
            return STORE, f"{home} already runs {home.reduction}"
    return None
    ### END SOLUTION


# %%
tl.check("q3")

# %% [markdown]
# ## q4. A total that several need (2 points)
#
# Two kernels read the same total. Fused into both, its whole loop would run twice.
#
# Write the rule: a reduction that more than one kernel reads is stored, with such a `because`:
# `"2 kernels read it; each would read 4 kB"`. What each would read are the bytes of the reduction's
# input, `node.inputs[0]`, as `size_of` gives them.

# %% tags=["question"]
q4 = question(
    "q4",
    answer="my_reduced_once",
    part="fuse.reduced_once",
    points=2,
    title="A total that several need",
    hints=(
        "The kind is 'reduce', and there is more than one home.",
        "What a reduction reads is node.inputs[0]; its bytes are .nbytes.",
        'f"{len(homes)} kernels read it; each would read {size_of(node.inputs[0].nbytes)}"',
    ),
)


@q4.runs
def _decided_4(answer, recipe, outputs):
    return asked_twice("fuse.reduced_once", answer, recipe, outputs)


@q4.judges
def _judged_4(got, want, recipe, outputs):
    return unlike_in_any(got, want, recipe, r"[0-9]+ kernels? read|[0-9.]+ k?M?B")


@q4.visible("by hand")
def _():
    total = [(20, 50), ["sum", 0, (1,)], ["exp", 1], ["sqrt", 1]]
    yield case("a sum for two kernels", total, [2, 3])
    yield case("a sum for one", total[:3], [2])
    yield case("no sum", [(20, 50), ["exp", 0], ["sin", 1], ["sqrt", 1]], [2, 3])


@q4.hidden("random graphs", points=2)
def _(rng):
    for label, recipe, outputs in _graphs(rng):
        yield case(label, recipe, outputs)
    n, m = rng.randrange(3, 20), rng.randrange(21, 40)
    three = [["max", 0, (0,)], ["exp", 1], ["sqrt", 1], ["sin", 1], ["mul", 2, 2]]
    yield case("three kernels", [(n, m), *three], [5, 3, 4])


# %%
@tl.answer("fuse.reduced_once", points=2)
def my_reduced_once(node, readers, homes):
    """A reduction that several kernels need is stored, for each of them would run all its loop."""
    ### BEGIN SOLUTION return (STORE, because) or None
    if node.op.kind == "reduce" and len(homes) > 1:
        amount = size_of(node.inputs[0].nbytes)
        return STORE, f"{len(homes)} kernels read it; each would read {amount}"
    return None
    ### END SOLUTION


# %%
tl.check("q4")

# %% [markdown]
# ## q5. Several readers (3 points)
#
# Now the scales of q1, as a rule of the framework. It speaks where two or more kernels read a
# value, and compares
#
# - **storing**: the value is written once, and read once by each kernel;
# - **recomputing**: each kernel reads what it needs to compute the value, and does not read anyway.
#
# `needs(node)` is the set of nodes in memory from which `node` is computed, or `None` if too many
# nodes lead to it; then it is stored. `reads(home, node)` is the set of nodes that a kernel reads
# anyway. Every node has its `nbytes`. (What storing reads to compute the value is left out here:
# often a kernel that has the value at hand stores it in passing.)
#
# Store if that moves less, else fuse, with both amounts in `because`:
# `"storing moves 12 kB, recomputing 8 kB"`. With fewer than two kernels: `None`.

# %% tags=["question"]
def _shared(n, m, reader, also):
    """A value of two arrays, read by three kernels, of which two read an array anyway."""
    value = [["add", 0, 1], ["sqrt", 4]]
    ends = [["mul", 5, 0], ["add", 5, also], [reader, 5]]
    return [(n, m), (n, m), (n, m), (n, m), *value, *ends]


def _sums(rng):
    """Recipes without a sum or an exponential: bytes alone decide."""
    n, m = rng.randrange(5, 30), rng.randrange(31, 60)
    yield "three kernels", _shared(n, m, "sqrt", 2), [6, 7, 8]
    yield "two kernels that read its sources", _shared(n, m, "sqrt", 1), [6, 7]
    yield "one of them reads a source", _shared(n, m, "recip", 2), [6, 7]
    yield "neither does", _shared(n, m, "recip", 3), [7, 8]
    yield "one source", [(n, m), ["sqrt", 0], ["recip", 1], ["mul", 1, 1]], [2, 3]
    row = [(n, m), (1, m), ["expand", 1, (n, m)], ["mul", 0, 2], ["sqrt", 3], ["recip", 3]]
    yield "a row and an array", row, [4, 5]
    yield "one kernel", _shared(n, m, "sqrt", 2), [6]
    chain = [(n, m), *(["sqrt", k] for k in range(160)), ["recip", 160], ["mul", 160, 160]]
    yield "a long way", chain, [161, 162]
    three = [(n, 5, 4), ["mul", 0, 0], ["sqrt", 1], ["recip", 1]]
    yield "three axes", three, [2, 3]


q5 = question(
    "q5",
    answer="my_recompute_or_store",
    part="fuse.recompute_or_store",
    points=3,
    title="Several readers",
    hints=(
        "Storing moves node.nbytes * (1 + len(homes)): one write, and a read for each kernel.",
        "Recomputing: for each home, the nodes in needs(node) - reads(home, node), and the sum of "
        "their nbytes over all homes.",
        "Ask first for len(homes) < 2, then whether needs(node) is None. Then compare, and put "
        "size_of both amounts into one f-string.",
    ),
)


@q5.runs
def _decided_5(answer, recipe, outputs):
    return asked_twice("fuse.recompute_or_store", answer, recipe, outputs)


@q5.judges
def _judged_5(got, want, recipe, outputs):
    ops = {step[0] for step in recipe if isinstance(step, list)}
    if ops & {"exp", "log", "sin", "sum", "max"}:  # there the framework weighs more than bytes
        want = {how: [(place, None) for place, _ in right] for how, right in want.items()}
        found = {how: [(place, None) for place, _ in said] for how, said in got.items()}
        said = [said for answers in got.values() for _, said in answers if said is not None]
        texts = [unlike(answer, answer, "^$") for answer in said]
        return next(filter(None, texts), "") or unlike_in_any(found, want, recipe, "^$")
    return unlike_in_any(got, want, recipe, r"(?:storing|recomputing)[ a-z]* ([0-9.]+ k?M?B)")


@q5.visible("by hand")
def _():
    yield case("sqrt(A + B), for three kernels", _shared(20, 50, "sqrt", 2), [6, 7, 8])
    yield case("two that read A and B anyway", _shared(20, 50, "sqrt", 1), [6, 7])
    yield case("one kernel", _shared(20, 50, "sqrt", 2), [6])


@q5.hidden("bytes decide", points=3)
def _(rng):
    for label, recipe, outputs in _sums(rng):
        yield case(label, recipe, outputs)
    for label, recipe, outputs in _graphs(rng):
        if label in ("softmax", "a layer and its loss"):
            yield case(label, recipe, outputs)
    n, m = rng.randrange(3, 9), rng.randrange(10, 20)
    yield case("one number", [(1, 1), ["exp", 0], ["sin", 1], ["sqrt", 1]], [2, 3])
    yield case("rows of one", [(n, 1), (n, m), ["exp", 0], ["sin", 2], ["sqrt", 2]], [3, 4])


# %%
@tl.answer("fuse.recompute_or_store", points=3)
def my_recompute_or_store(node, readers, homes):
    """What several kernels need is stored, or recomputed in each, whichever moves fewer bytes."""
    ### BEGIN SOLUTION return (STORE or FUSE, because) or None
    if len(homes) < 2:
        return None
    below = needs(node)
    if below is None:
        return STORE, "too many nodes lead to it"
    store = node.nbytes * (1 + len(homes))
    again = sum(x.nbytes for home in homes for x in below - reads(home, node))
    verdict = STORE if store < again else FUSE
    return verdict, f"storing moves {size_of(store)}, recomputing {size_of(again)}"
    ### END SOLUTION


# %%
tl.check("q5")

# %% [markdown]
# ## q6. Microseconds from bytes (2 points)
#
# A kernel cannot be faster than its memory traffic, nor faster than its arithmetic. `kernels` is a
# list of `(bytes moved, operations)`; the machine moves `bandwidth` bytes and computes `speed`
# operations in a second. Both go on at once, so the longer of the two times is the least that the
# kernel takes.
#
# Return a list with that time in seconds, and which of the two it is, `"memory"` or `"arithmetic"`,
# for each kernel. If both take equally long, say `"memory"`.

# %% tags=["question"]
q6 = question(
    "q6",
    answer="predicted",
    world="python",
    points=2,
    title="Microseconds from bytes",
    hints=(
        "Two times for each kernel: bytes moved / bandwidth, and operations / speed.",
        "max of the two is the prediction; compare them to say which it is.",
        'found.append((max(a, b), "memory" if a >= b else "arithmetic"))',
    ),
)


@q6.visible("by hand")
def _():
    yield case("A * B + C and a matrix product", [(16e6, 2e6), (12e6, 2e9)], 1e10, 5e10)
    yield case("equally long", [(1000, 2000)], 500.0, 1000.0)
    yield case("no kernel", [], 1e9, 1e9)


@q6.hidden("random machines", points=2)
def _(rng):
    for count in (2, 4):
        bandwidth, speed = rng.randrange(10, 99) * 1e9, rng.randrange(100, 999) * 1e9
        kernels = [(rng.randrange(10**6, 10**7), rng.randrange(10**6)) for _ in range(count)]
        kernels += [(rng.randrange(10**5), rng.randrange(10**8, 10**9)) for _ in range(count)]
        yield case(f"{2 * count} kernels", kernels, bandwidth, speed)
    yield case("equally long", [(8 * 2**k, 32 * 2**k) for k in range(2)], 4.0, 16.0)


# %%
@tl.answer("predicted", points=2)
def predicted(kernels, bandwidth, speed):
    """[(seconds, "memory" or "arithmetic")], the least that each kernel takes and why."""
    ### BEGIN SOLUTION return a list of pairs
    found = []
    for moved, operations in kernels:
        memory, arithmetic = moved / bandwidth, operations / speed
        found.append((max(memory, arithmetic), "memory" if memory >= arithmetic else "arithmetic"))
    return found
    ### END SOLUTION


# %%
tl.check("q6")

# %% [markdown]
# ## q7. Two kernels instead of four (2 points)
#
# `scores.softmax()` takes four kernels: the maximum, the exponentials, their sum, the product. The
# maximum is there for large scores, whose exponentials overflow. Here all scores lie between -50
# and 50, and it is not needed. That leaves three kernels, and one of them only writes down
# exponentials.
#
# Write softmax along the rows so that it runs in **two kernels**. Division makes a repeated value,
# one over the sum. Which form of the same formula has no exponential that two kernels read? The
# logarithm of a sum is a single number for each row. (The clock may say otherwise, as in the
# lesson: bytes are counted here.)

# %% tags=["question"]
q7 = question(
    "q7",
    answer="quick_softmax",
    points=2,
    graphs=True,
    forbid=(
        "tinylearn.tensor.reduce.Reduce.log_softmax",
        "tinylearn.tensor.reduce.Reduce.logsumexp",
    ),
    title="Two kernels instead of four",
    rtol=1e-3,
    atol=1e-6,
    hints=(
        "exp(x) / s is exp(x - log(s)): a quotient of powers is a power of a difference.",
        "Only the sum's kernel computes exp(x) then; the second computes exp(x - log(s)).",
        "total = scores.exp().sum(1, keepdims=True), then (scores - total.log()).exp()",
    ),
)


@q7.runs
def _rows_of_softmax(answer, scores):
    y = answer(Tensor(scores, requires_grad=False))
    kernels = len(schedule(spelled_out([y.node])).kernels)
    return {"numbers": y.numpy(), "kernels": kernels}


@q7.judges
def _few_kernels(got, want, *args):
    if not isinstance(got, dict) or got.keys() != want.keys():
        return "expected a tensor"
    numbers, right = np.asarray(got["numbers"]), want["numbers"]
    if numbers.shape != right.shape:
        return f"expected shape {right.shape}, got {numbers.shape}"
    if not np.allclose(numbers, right, 1e-3, 1e-6):
        first = tuple(int(k) for k in np.argwhere(~np.isclose(numbers, right, 1e-3, 1e-6))[0])
        return f"at {list(first)}: expected {right[first]:.6g}, got {numbers[first]:.6g}"
    if got["kernels"] > want["kernels"]:
        return f"right numbers in {got['kernels']} kernels; {want['kernels']} are enough"
    return ""


@q7.visible("by hand")
def _():
    yield case("two rows", np.array([[0.0, 1, 2], [3, 3, 3]], np.float32))
    yield case("large scores", np.array([[50.0, 49, -50, 20]], np.float32))


def _scores(rng, rows, columns):
    numbers = [round(rng.uniform(-30, 30), 2) for _ in range(rows * columns)]
    return np.array(numbers, np.float32).reshape(rows, columns)


@q7.hidden("random scores", points=2)
def _(rng):
    for rows, columns in ((3, 7), (5, 4)):
        yield case(f"{rows} rows", _scores(rng, rows, columns))


# %%
@tl.answer("quick_softmax", points=2)
def quick_softmax(scores):
    """exp(scores) / sum(exp(scores)) along the rows, for scores between -50 and 50."""
    ### BEGIN SOLUTION return a tensor of the same shape
    total = scores.exp().sum(1, keepdims=True)
    return (scores - total.log()).exp()
    ### END SOLUTION


# %%
tl.check("q7")

# %% [markdown]
# ## q8. Divide at the end (2 points)
#
# Attention needs no softmax for itself: it needs the mean of some values, weighted by a softmax,
# $\sum_j p_j v_j$ with $p = \text{softmax}(s)$, for each row. `scores` and `values` have the same
# shape, and all scores lie between -50 and 50.
#
# The probabilities would be stored only to be read again. Write it in **two kernels**, one number
# for each row. What can wait until all has been added up?

# %% tags=["question"]
q8 = question(
    "q8",
    answer="expected",
    points=2,
    graphs=True,
    title="Divide at the end",
    rtol=1e-3,
    atol=1e-5,
    hints=(
        "One over the sum is the same for all numbers of a row: it can stand before the sum.",
        "There are two sums along a row, of exp(s) * v and of exp(s). Each is a number a row.",
        "weights = scores.exp(), then (weights * values).sum(1) / weights.sum(1)",
    ),
)


@q8.runs
def _means(answer, scores, values):
    y = answer(Tensor(scores, requires_grad=False), Tensor(values, requires_grad=False))
    kernels = len(schedule(spelled_out([y.node])).kernels)
    return {"numbers": y.numpy(), "kernels": kernels}


@q8.judges
def _few_for_a_mean(got, want, *args):
    if not isinstance(got, dict) or got.keys() != want.keys():
        return "expected a tensor"
    numbers, right = np.asarray(got["numbers"]), want["numbers"]
    if numbers.shape != right.shape:
        return f"expected shape {right.shape}, got {numbers.shape}"
    if not np.allclose(numbers, right, 1e-3, 1e-4):
        first = int(np.argwhere(~np.isclose(numbers, right, 1e-3, 1e-4))[0, 0])
        return f"row {first}: expected {right[first]:.6g}, got {numbers[first]:.6g}"
    if got["kernels"] > want["kernels"]:
        return f"right numbers in {got['kernels']} kernels; {want['kernels']} are enough"
    return ""


@q8.visible("by hand")
def _():
    values = np.array([[1.0, 2, 3], [4, 5, 9]], np.float32)
    yield case("even weights", np.zeros((2, 3), np.float32), values)
    yield case("one weight counts", np.array([[0.0, 40, 0], [0, 0, 40]], np.float32), values)


@q8.hidden("random scores", points=2)
def _(rng):
    for rows, columns in ((3, 7), (5, 4)):
        yield case(f"{rows} rows", _scores(rng, rows, columns), _scores(rng, rows, columns))


# %%
@tl.answer("expected", points=2)
def expected(scores, values):
    """The mean of each row's values, weighted by the softmax of its scores."""
    ### BEGIN SOLUTION return a tensor with one number for each row
    weights = scores.exp()
    return (weights * values).sum(1) / weights.sum(1)
    ### END SOLUTION


# %%
tl.check("q8")

# %% [markdown]
# ## It runs on your rules
#
# A training step of an MLP, scheduled by your four rules: how many kernels, how many bytes? And
# what would your `predicted` say on a machine that moves 10 GB and computes 10 GFLOP a second?

# %%
model = tl.nn.Sequential(tl.nn.Linear(784, 128), tl.nn.ReLU(), tl.nn.Linear(128, 10))
images, labels = tl.Tensor.rand(64, 784, requires_grad=False), tl.Tensor([3] * 64)
loss = model(images).cross_entropy(labels)
loss.backward()
found = schedule(spelled_out([x.node for x in (loss, *(w.grad for w in model.parameters()))]))
moved = [(k.bytes_read + k.bytes_written, k.flops) for k in found.kernels]
print(len(found.kernels), "kernels move", size_of(sum(b for b, _ in moved)))
for kernel, (seconds, why) in zip(found.kernels, predicted(moved, 10e9, 10e9)):
    print(f"{1e6 * seconds:8.1f} us of {why:11} {kernel}")

# %% [markdown]
# The film of softmax, told in your sentences.

# %%
tl.explain(tl.Tensor.rand(64, 1000).softmax())

# %%
tl.course.card()
