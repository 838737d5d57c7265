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
# # Loops, fast
#
# A kernel's loops are a tree, and a transform makes another tree that computes the same. You write
# four of them, each judged by an interpreter that runs one round after the other. Then you choose a
# tile for a matrix product and write down the transforms that make it: the grader applies them, and
# counts the loads that are left.
#
# | question | you write | points |
# |---|---|---|
# | q1 | `roof`: how fast can it be at best? | 1 |
# | q2 | `loops.unroll`: rounds written out | 1 |
# | q3 | `interchange`: two loops change places | 2 |
# | q4 | `loops.split`: a loop in blocks | 3 |
# | q5 | `loops.vectorize`: all rounds at once | 2 |
# | q6 | `best_tile`: what fits the registers | 2 |
# | q7 | `matmul_steps`: a matrix product, step by step | 4 |

# %%
import tinylearn as tl

tl.course.exercise("15_loops")

# %% [markdown]
# ## q1. How fast can it be at best? (1 point)
#
# A machine computes `speed` operations and moves `bandwidth` bytes in a second. A program does
# `operations` and moves `moved` bytes. Return the most operations a second that it can reach: no
# more than the machine computes, and no more than arrive with the bytes. Drawn over `operations /
# moved`, this is a roof: a slope, and then flat.

# %% tags=["question"]
from tinylearn.course.question import case, question

q1 = question(
    "q1",
    answer="roof",
    world="python",
    points=1,
    title="How fast can it be at best?",
    hints=(
        "Each byte brings operations / moved operations with it.",
        "bandwidth * operations / moved is the slope; speed is the flat part.",
        "min of the two",
    ),
)


@q1.visible("by hand")
def _():
    yield case("under the slope", 2e6, 16e6, 1e11, 1e10)
    yield case("under the flat roof", 2e9, 12e6, 1e11, 1e10)


@q1.hidden("random machines", points=1)
def _(rng):
    for most in (10, 10_000):
        operations, moved = rng.randrange(10**6, 10**7), rng.randrange(10**5, 10**6)
        yield case(f"{most}", most * operations, 10 * moved, 1e11, rng.randrange(1, 9) * 1e9)
        yield case(f"{most}, few", rng.choice((1.0, 2.0, 4.0)), 3.0 * most, 100.0, 5.0)
        yield case(f"{most}, slower", operations, most * moved, rng.randrange(1, 9) * 1e9, 1e10)


# %%
@tl.answer("roof", points=1)
def roof(operations, moved, speed, bandwidth):
    """Operations a second that a program can reach at most."""
    ### BEGIN SOLUTION return a number
    return min(speed, bandwidth * operations / moved)
    ### END SOLUTION


# %%
tl.check("q1")

# %% [markdown]
# ## A tree of loops
#
# A `Function` has arguments and a body, a tuple of statements. A `Loop` has a `variable` with a
# `name` and a `size`, a body, and a `kind`: `"serial"`, `"unrolled"` or `"vector"`. The other
# statements compute: `Let`, `Store`, `Accumulate`, and `Allocate` for registers.
#
# All are frozen: a change is a new value, `replace(loop, kind="unrolled")`. `each_loop(function,
# name, change)` gives the function in which every loop of this name is replaced by what
# `change(loop)` returns, a tuple of statements; it raises `Refused` if there is none. `shown`
# writes a tree down, and `parsed` reads it back.

# %% tags=["setup"]
from dataclasses import replace

import numpy as np

from tinylearn.loops import transforms
from tinylearn.loops.check import in_form
from tinylearn.loops.index import Variable, number, variable
from tinylearn.loops.run import Broken, run
from tinylearn.loops.statements import Let, Load, Store
from tinylearn.loops.text import parsed, shown
from tinylearn.loops.transforms.ways import widened
from tinylearn.loops.tree import (
    Accumulate,
    Allocate,
    Function,
    Loop,
    Refused,
    each_loop,
    statements,
    substituted,
)


def matmul(rows, columns, depth):
    """The text of a matrix product's plain loops."""
    a, b = f"in0: float32[{rows}, {depth}]", f"in1: float32[{depth}, {columns}]"
    return f"""matmul(out0: float32[{rows}, {columns}], const {a}, const {b})
    for i in {rows}
        for j in {columns}
            register total0s: float32[1]
            total0s_start: float32 = 0.0
            total0s[0] = total0s_start
            for r in {depth}
                t0: float32 = in0[{depth}*i + r]
                t1: float32 = in1[j + {columns}*r]
                t2: float32 = mul(t0, t1)
                total0s[0] = sum(total0s[0], t2: float32)
            total0: float32 = total0s[0]
            out0[{columns}*i + j] = total0"""


def scaled(rows, columns):
    """The text of loops that multiply an array with a row."""
    both = f"out0: float32[{rows}, {columns}], const in0: float32[{rows}, {columns}]"
    return f"""scaled({both}, const in1: float32[{columns}])
    for i in {rows}
        for j in {columns}
            t0: float32 = in0[{columns}*i + j]
            t1: float32 = in1[j]
            t2: float32 = mul(t0, t1)
            out0[{columns}*i + j] = t2"""


# %%
tree = parsed(matmul(4, 6, 8))
print(shown(tree))
print([(s.variable.name, s.variable.size) for s in statements(tree.body) if isinstance(s, Loop)])

# %% [markdown]
# The next two cells are for the checks. A transform gives a tree, the tree is written down, and the
# grader reads the text, looks at its loops, and runs it beside the loops as they were.

# %% tags=["setup"]
LONGEST, MOST = 20_000, 40_000  # characters of a tree, statements that run


def transformed(answer, text, *arguments):
    """The text of the tree that a transform gives, or its refusal."""
    try:
        found = answer(parsed(text), *arguments)
    except Refused as why:
        return f"refused: {why}"
    return shown(found) if isinstance(found, Function) else found


def loops_of(body, depth=0):
    """Each loop of a body with its depth, as text."""
    found = []
    for s in body:
        if isinstance(s, Loop):
            found.append(f"{'  ' * depth}for {s.variable} in {s.variable.size}, {s.kind}")
            found += loops_of(s.body, depth + 1)
    return found


def rounds(body):
    """How many statements run."""
    return sum(s.variable.size * rounds(s.body) if isinstance(s, Loop) else 1 for s in body)


def trouble_in(tree):
    """Why a tree cannot be run here, or ""."""
    made = [s.memory for s in statements(tree.body) if isinstance(s, Allocate)]
    if rounds(tree.body) > MOST or any(m.size > MOST for m in [*tree.arguments, *made]):
        return "these loops are too long, or their memory is too large"
    try:
        in_form(tree)
    except Broken as broken:
        return str(broken)
    return ""


# %% tags=["setup"]
def numbers_of(tree):
    """What a tree writes, for whole numbers between 1 and 9."""
    random = np.random.default_rng(1)
    given = {
        m.name: random.integers(1, 9, m.shape).astype(np.float32)
        for m in tree.arguments
        if m.name not in tree.written
    }
    return run(tree, given)


def unlike_loops(got, want, text):
    """What is wrong with the text of a transformed tree, or ""."""
    if not isinstance(got, str):
        return "a transform returns a Function, what each_loop gives"
    if want.startswith("refused"):
        return "" if got.startswith("refused") else "expected Refused, got a tree"
    if got.startswith("refused") or len(got) > LONGEST:
        return f"expected a tree, got {got[:100]}"
    tree, right = parsed(got), parsed(want)
    if text_of_trouble := trouble_in(tree):
        return text_of_trouble
    if tree.arguments != right.arguments or tree.written != right.written:
        return "the arguments of the function are others"
    if (found := loops_of(tree.body)) != (wanted := loops_of(right.body)):
        lines = [*wanted, *[""] * len(found)]
        place = next(n for n, line in enumerate([*found, ""]) if line != lines[n])
        said = found[place].strip() if place < len(found) else "no more"
        return f"loop {place + 1}: expected {lines[place].strip() or 'no more'}, got {said}"
    try:
        numbers, before = numbers_of(tree), numbers_of(parsed(text))
    except Broken as broken:
        return str(broken)
    same = all(np.array_equal(numbers[name], before[name]) for name in before)
    return "" if same else "the numbers are others than before"


# %% [markdown]
# ## q2. Rounds written out (1 point)
#
# A loop whose rounds are written out one after the other needs no counter and no jump, and what its
# rounds have in common is read once. That is its kind, no more: give the function in which each
# loop of this name is `"unrolled"`.

# %% tags=["question"]
q2 = question(
    "q2",
    answer="my_unroll",
    part="loops.unroll",
    points=1,
    title="Rounds written out",
    hints=(
        "each_loop goes to every loop of the name; it wants a function of a loop.",
        "change(loop) returns a tuple of statements, here a single one.",
        'each_loop(function, name, lambda loop: (replace(loop, kind="unrolled"),))',
    ),
)


@q2.runs
def _transformed_2(answer, text, *arguments):
    return transformed(answer, text, *arguments)


@q2.judges
def _judged_2(got, want, text, *arguments):
    return unlike_loops(got, want, text)


@q2.visible("by hand")
def _():
    yield case("the outer loop", scaled(3, 5), "i")
    yield case("the loop that adds up", matmul(2, 3, 4), "r")
    yield case("no loop of this name", scaled(3, 5), "r")


@q2.hidden("random loops", points=1)
def _(rng):
    sizes = [rng.randrange(2, 9) for _ in range(3)]
    for name in "ijr":
        yield case(f"loop {name} of a product", matmul(*sizes), name)
    yield case("no loop", matmul(*sizes), "k")


# %%
@tl.answer("loops.unroll", points=1)
def my_unroll(function, name):
    """The rounds of a loop are written out one after the other."""
    ### BEGIN SOLUTION return a Function
    return each_loop(function, name, lambda loop: (replace(loop, kind="unrolled"),))
    ### END SOLUTION


# %%
tl.check("q2")

# %% [markdown]
# ## q3. Two loops change places (2 points)
#
# `for i` around `for j` visits an array along its rows; `for j` around `for i` along its columns.
# The numbers are the same, if nothing stands between the two loops.
#
# Let the loop `name` change places with the loop inside it. If its body is anything else than a
# single loop, raise `Refused` with a reason.

# %% tags=["question"]
q3 = question(
    "q3",
    answer="interchange",
    points=2,
    title="Two loops change places",
    forbid=("loops.sink",),
    hints=(
        "Inside change(loop): is len(loop.body) 1, and is loop.body[0] a Loop?",
        "The inner loop gets a new body: the outer loop, which gets the inner one's body.",
        "(replace(inner, body=(replace(loop, body=inner.body),)),)",
    ),
)


@q3.runs
def _transformed_3(answer, text, *arguments):
    return transformed(answer, text, *arguments)


@q3.judges
def _judged_3(got, want, text, *arguments):
    return unlike_loops(got, want, text)


@q3.visible("by hand")
def _():
    yield case("rows and columns", scaled(3, 5), "i")
    yield case("the innermost loop", scaled(3, 5), "j")
    yield case("a total stands in between", matmul(2, 3, 4), "j")


@q3.hidden("random loops", points=2)
def _(rng):
    sizes = [rng.randrange(2, 9) for _ in range(3)]
    yield case("a product", matmul(*sizes), "i")
    yield case("a product, and its total", matmul(*sizes), "j")
    yield case("columns", scaled(sizes[0], sizes[1] + 9), "i")
    yield case("the innermost loop", scaled(*sizes[:2]), "j")
    yield case("no loop", scaled(*sizes[:2]), "k")
    rows = f"for i in {sizes[0]}"
    written_out = scaled(*sizes[:2]).replace(rows, f"{rows}, unrolled")
    yield case("one of them is written out", written_out, "i")
    twice = scaled(*sizes[:2]).splitlines()
    again = [line.replace("t0", "u0").replace("t1", "u1").replace("t2", "u2") for line in twice[2:]]
    size = rng.randrange(3, 9)
    zeros = f"zeros(out0: float32[{size}])\n    z: float32 = 0.0\n    for k in {size}\n"
    yield case("a single line inside", f"{zeros}        out0[k] = z", "k")
    yield case("two loops inside", "\n".join([*twice, *again]), "i")


# %%
@tl.answer("interchange", points=2)
def interchange(function, name):
    """The loop `name` inside the loop that stood right inside it."""
    ### BEGIN SOLUTION return a Function, or raise Refused
    def change(loop):
        if len(loop.body) != 1 or not isinstance(loop.body[0], Loop):
            raise Refused(f"{name} does not stand right around one other loop")
        (inner,) = loop.body
        return (replace(inner, body=(replace(loop, body=inner.body),)),)

    return each_loop(function, name, change)
    ### END SOLUTION


# %%
tl.check("q3")

# %% [markdown]
# ## q4. A loop in blocks (3 points)
#
# A loop `i` of 10 rounds in blocks of 4: a loop `io` of 2 blocks around a loop `ii` of 4 rounds, in
# which `i` is `4*io + ii`; and then one block more of the last 2 rounds, again `io` (of 1) around
# `ii` (of 2), in which `i` is `ii + 8`. What would have no rounds is left out.
#
# `Variable(name, size)` makes a loop's variable, `variable(name, size)` the index that stands for
# it in places, with which you can calculate: `variable("io", 2) * 4 + variable("ii", 4) + 0`. With
# `substituted(body, {loop.variable: index})` a body gets an index in place of a loop's variable. A
# block has at least one round: else raise `Refused`. The new loops are of the old one's kind.
# (There is an argument `rest`, in which way the last rounds are done; you may ignore it.)

# %% tags=["question"]
q4 = question(
    "q4",
    answer="my_split",
    part="loops.split",
    points=3,
    title="A loop in blocks",
    hints=(
        "blocks, left = divmod(loop.variable.size, by). There are up to two nests: `blocks` blocks "
        "of `by` rounds from round 0 on, and 1 block of `left` rounds from round blocks * by on.",
        "For a nest of count blocks with size rounds from first on, i is "
        "variable(f\"{name}o\", count) * size + variable(f\"{name}i\", size) + first.",
        "inner = Loop(Variable(f\"{name}i\", size), substituted(loop.body, {loop.variable: i}), "
        "loop.kind), and around it Loop(Variable(f\"{name}o\", count), (inner,), loop.kind)",
    ),
)


@q4.runs
def _transformed_4(answer, text, *arguments):
    return transformed(answer, text, *arguments)


@q4.judges
def _judged_4(got, want, text, *arguments):
    return unlike_loops(got, want, text)


@q4.visible("by hand")
def _():
    yield case("10 in blocks of 4", scaled(10, 2), "i", 4)
    yield case("8 in blocks of 4", scaled(2, 8), "j", 4)
    yield case("shorter than a block", scaled(2, 3), "j", 4)
    yield case("no rounds in a block", scaled(2, 3), "j", 0)


@q4.hidden("random loops", points=3)
def _(rng):
    rows, columns, depth = (rng.randrange(3, 9) for _ in range(3))
    for name in "ijr":
        yield case(f"{name}, with a rest", matmul(7, 8, 9), name, 5)
        yield case(f"{name} of a product", matmul(rows, columns, depth), name, rng.randint(2, 4))
    yield case("no rest", matmul(4 * rows, 2, 3), "i", 4)
    yield case("one block", matmul(2, columns, 3), "j", columns)
    yield case("blocks of one round", scaled(rows, columns), "i", 1)
    yield case("too short", scaled(rows, columns), "j", 9)
    yield case("no block", scaled(rows, columns), "i", -1)
    yield case("no loop", scaled(rows, columns), "r", 4)
    twice = transforms.split.default(parsed(scaled(7, columns)), "i", 4)
    yield case("two loops of this name", shown(twice), "ii", 2)
    written_out = scaled(rows, 10).replace("for j in 10", "for j in 10, unrolled")
    yield case("written out", written_out, "j", 4)


# %%
@tl.answer("loops.split", points=3)
def my_split(function, name, by, rest="tile"):
    """A loop becomes a loop over blocks around a loop over the rounds of a block."""
    ### BEGIN SOLUTION return a Function, or raise Refused
    if by < 1:
        raise Refused("a block has at least one round")

    def change(loop):
        blocks, left = divmod(loop.variable.size, by)
        made = []
        for count, size, first in ((blocks, by, 0), (1, left, blocks * by)):
            if count and size:
                i = variable(f"{name}o", count) * size + variable(f"{name}i", size) + first
                body = substituted(loop.body, {loop.variable: i})
                inner = Loop(Variable(f"{name}i", size), body, loop.kind)
                made.append(Loop(Variable(f"{name}o", count), (inner,), loop.kind))
        return tuple(made)

    return each_loop(function, name, change)
    ### END SOLUTION


# %%
tl.check("q4")

# %% [markdown]
# ## q5. All rounds at once (2 points)
#
# A processor can add 4, 8 or 16 numbers in one instruction. A loop of the kind `"vector"` is such
# an instruction, for each line in it. That needs two things, and else you raise `Refused`:
#
# - it has 2, 4, 8 or 16 rounds;
# - in it stand plain lines only: `Let`, `Store` and `Accumulate`, no other loop.
#
# Registers that a vector goes through hold several numbers then: `widened(body, name)` gives the
# function's body with such registers, once the loop is a vector. Call it last.

# %% tags=["question"]
q5 = question(
    "q5",
    answer="my_vectorize",
    part="loops.vectorize",
    points=2,
    title="All rounds at once",
    hints=(
        "Inside change(loop), ask for loop.variable.size, and for each statement of loop.body.",
        "isinstance(s, Let | Store | Accumulate) is True for the lines that may stand there.",
        "function = each_loop(...), then replace(function, body=widened(function.body, name))",
    ),
)
BLOCKS = """sums(out0: float32[6], const in0: float32[6, 4])
    for i in 6
        register t: float32[4]
        for k in 4
            s: float32 = 0.0
            t[k] = s
        for k in 4
            a: float32 = in0[4*i + k]
            t[k] = sum(t[k], a: float32)
        register u: float32[1]
        z: float32 = 0.0
        u[0] = z
        for m in 4
            b: float32 = t[m]
            u[0] = sum(u[0], b: float32)
        c: float32 = u[0]
        out0[i] = c"""


@q5.runs
def _transformed_5(answer, text, *arguments):
    return transformed(answer, text, *arguments)


@q5.judges
def _judged_5(got, want, text, *arguments):
    if wrong := unlike_loops(got, want, text):
        return wrong
    lanes = [[s.memory.lanes for s in statements(parsed(tree).body) if isinstance(s, Allocate)]
             for tree in (got, want) if not want.startswith("refused")]  # fmt: skip
    return "" if lanes[:1] == lanes[1:] else "registers of a vector hold several numbers: widened"


def _tile(rows, lanes, depth):
    """A product with a row of totals side by side, as a sink leaves it."""
    tree = transforms.split.default(parsed(matmul(rows, 2 * lanes, depth)), "j", lanes)
    return shown(transforms.sink.default(tree, "ji", ("r",)))


@q5.visible("by hand")
def _():
    yield case("a row of 8", scaled(3, 8), "j")
    yield case("a row of 5", scaled(3, 5), "j")
    yield case("not the innermost", scaled(4, 8), "i")
    yield case("four totals side by side", _tile(2, 4, 3), "ji")


@q5.hidden("random loops", points=2)
def _(rng):
    rows, depth = rng.randrange(2, 9), rng.randrange(3, 7)
    for lanes in (2, 4, 16):
        yield case(f"{lanes} totals", _tile(rows, lanes, depth), "ji")
        yield case(f"a row of {lanes}", scaled(rows, lanes), "j")
    for size in (1, 3, 6, 12, 32):
        yield case(f"a row of {size}", scaled(rows, size), "j")
    yield case("around a loop", matmul(rows, 8, depth), "j")
    yield case("no loop", scaled(rows, 8), "r")
    yield case("a register that is also read one by one", BLOCKS, "k")


# %%
@tl.answer("loops.vectorize", points=2)
def my_vectorize(function, name):
    """All rounds of a loop run in one instruction."""
    ### BEGIN SOLUTION return a Function, or raise Refused
    def change(loop):
        if loop.variable.size not in (2, 4, 8, 16):
            raise Refused(f"{name} has {loop.variable.size} rounds")
        if not all(isinstance(s, Let | Store | Accumulate) for s in loop.body):
            raise Refused(f"inside {name} stand more than plain lines")
        return (replace(loop, kind="vector"),)

    function = each_loop(function, name, change)
    return replace(function, body=widened(function.body, name))
    ### END SOLUTION


# %%
tl.check("q5")

# %% [markdown]
# ## q6. What fits the registers (2 points)
#
# A matrix product that keeps a **tile** of totals in registers, `rows` rows of `vectors` vectors,
# loads in each step of the sum a number of each row and a vector for each column of vectors: it
# makes `rows + vectors` loads for `rows * vectors` multiplications of vectors. One total alone
# makes 2 for 1.
#
# A machine has `registers` vector registers. The tile takes `rows * vectors` of them, the loaded
# vectors take `vectors`, and the number of a row one more. Return the `(rows, vectors)`, each at
# least 1, with the fewest loads for each multiplication; among equals the one with fewer vectors.

# %% tags=["question"]
q6 = question(
    "q6",
    answer="best_tile",
    world="python",
    points=2,
    title="What fits the registers",
    hints=(
        "Try all: there are few pairs with rows * vectors + vectors + 1 <= registers.",
        "Compare (rows + vectors) / (rows * vectors).",
        "min(tiles, key=...) gives the first of equals: let vectors count in the outer loop.",
    ),
)


@q6.visible("by hand")
def _():
    yield case("AVX2 has 16", 16)
    yield case("AVX-512 and NEON have 32", 32)
    yield case("three registers", 3)


@q6.hidden("other machines", points=2)
def _(rng):
    for least, most in ((3, 8), (9, 20), (21, 40), (41, 70)):
        yield case("other registers", rng.randint(least, most))
    for registers in (4, 5, 6, 8, 11, 13, 23):
        yield case(f"{registers} registers", registers)


# %%
@tl.answer("best_tile", points=2)
def best_tile(registers):
    """(rows, vectors) of the tile with the fewest loads for each multiplication."""
    ### BEGIN SOLUTION return two whole numbers
    tiles = [
        (rows, vectors)
        for vectors in range(1, registers)
        for rows in range(1, registers)
        if rows * vectors + vectors + 1 <= registers
    ]
    return min(tiles, key=lambda tile: (tile[0] + tile[1]) / (tile[0] * tile[1]))
    ### END SOLUTION


# %%
tl.check("q6")

# %% [markdown]
# ## q7. A matrix product, step by step (4 points)
#
# Now the transforms themselves: write down which ones bring the plain loops of a product, `i`, `j`
# and `r`, to a tile of at least 4 rows and 2 vectors. A step is a tuple, the name of a transform
# and its arguments:
#
# - `("split", "i", 4)`: `i` in blocks of 4, then `io` around `ii`;
# - `("sink", "ii", ("jo", "r"))`: `ii` moves inside these loops, and each total that it passes gets
#   a number for each round;
# - `("vectorize", "jii")` and `("unroll", "ii")`.
#
# The grader applies your steps and counts. Allowed are `registers` registers for totals, and as
# many loads as a tile of 4 rows and 2 vectors of `lanes` numbers makes. A vector counts as one load
# if its numbers lie side by side; what is loaded at the same place several times in rounds that are
# written out counts once.
#
# `rows` are a multiple of 4 and `columns` one of `2 * lanes`. Begin with the vectors: split `j`,
# sink its innermost loop past `r`, vectorize it, and look at the tree with `after`.

# %% tags=["setup"]
ALLOWED = {"split", "sink", "unroll", "vectorize"}


def after(text, steps):
    """The tree of a text after some steps. Raises Refused, or ValueError for what is no step."""
    tree = parsed(text)
    if not isinstance(steps, list | tuple) or len(steps) > 30:
        raise ValueError("expected a list of at most 30 steps")
    for step in steps:
        if not isinstance(step, list | tuple) or len(step) < 2 or step[0] not in ALLOWED:
            raise ValueError(f"no step: {str(step)[:80]}")
        if any(isinstance(x, int) and not 0 < x <= 64 for x in step):
            raise ValueError(f"a block has 1 to 64 rounds: {str(step)[:80]}")
        try:
            tree = getattr(transforms, step[0])(tree, *step[1:])
        except Refused as why:
            raise Refused(f"{str(step)[:80]}: {why}") from None
    return tree


# %% tags=["setup"]
def loads(body):
    """How many loads from outside there are, equal ones in what is written out counted once."""
    here, inside, waiting = set(), 0, list(body)
    for s in waiting:
        match s:
            case Loop(v, part, "serial"):
                inside += v.size * loads(part)
            case Loop(v, part, "unrolled"):
                rest = [substituted(part, {v: number(k)}) for k in range(v.size)]
                waiting += [t for round in rest for t in round]
            case Loop(v, part):
                for e in [t.expression for t in part if isinstance(t, Let)]:
                    if isinstance(e, Load) and e.memory.startswith("in"):
                        lanes = range(1 if e.place.factor(v) in (0, 1) else v.size)
                        here |= {(e.memory, e.place.substitute({v: number(k)})) for k in lanes}
            case Let(_, Load(memory, place)) if memory.startswith("in"):
                here.add((memory, place))
    return len(here) + inside


def registers_of(tree):
    """How many registers the totals take."""
    made = [s.memory for s in statements(tree.body) if isinstance(s, Allocate)]
    return sum(-(-m.size // m.lanes) if m.space == "register" else 10**6 for m in made)


# %%
plain = parsed(matmul(8, 16, 5))
print(loads(plain.body), "loads for", 8 * 16 * 5, "multiplications")
print(registers_of(plain), "register for totals")

# %% tags=["question"]
q7 = question(
    "q7",
    answer="matmul_steps",
    points=4,
    title="A matrix product, step by step",
    hints=(
        "Vectors first: split j by 2 * lanes, then ji by lanes; jii is the vector, jio counts the "
        "two of a tile. Rows: split i by 4.",
        "Each of jii, jio and ii moves past r, and ii past jo as well: the sum runs outside of the "
        "tile then. A vector cannot be passed: sink jii first, and vectorize it.",
        "After its sink each of jio and ii is written out, with unroll.",
    ),
)


@q7.runs
def _steps(answer, rows, columns, depth, lanes, registers):
    return answer(lanes)


@q7.judges
def _few_loads(got, want, rows, columns, depth, lanes, registers):
    text = matmul(rows, columns, depth)
    try:
        tree = after(text, got)
    except Refused as why:
        return f"refused: {why}"
    if trouble := trouble_in(tree):
        return trouble
    if not np.array_equal(numbers_of(tree)["out0"], numbers_of(parsed(text))["out0"]):
        return "the numbers are others than before"
    vectors = [s for s in statements(tree.body) if isinstance(s, Loop) and s.kind == "vector"]
    if any(s.variable.size != lanes for s in vectors):
        return f"a vector has {lanes} lanes on this machine"
    if registers_of(tree) > registers:
        return f"the totals take {registers_of(tree)} registers, and there are {registers}"
    made, most = loads(tree.body), loads(after(text, want).body)
    return "" if made <= most else f"{made} loads; a tile of 4 rows and 2 vectors makes {most}"


@q7.visible("by hand")
def _():
    yield case("8 x 16, lanes of 4", 8, 16, 5, 4, 12)
    yield case("4 x 16, lanes of 8", 4, 16, 3, 8, 12)


@q7.hidden("other sizes", points=4)
def _(rng):
    for lanes in (2, 4, 8):
        rows, columns = 4 * rng.randint(2, 3), 2 * lanes * rng.randint(2, 3)
        depth = rng.randrange(3, 6)
        yield case(f"lanes of {lanes}", rows, columns, depth, lanes, 12)


# %%
@tl.answer("matmul_steps", points=4)
def matmul_steps(lanes):
    """The steps from a product's plain loops to a tile of 4 rows and 2 vectors."""
    ### BEGIN SOLUTION return a list of tuples
    return [
        ("split", "i", 4),
        ("split", "j", 2 * lanes),
        ("split", "ji", lanes),
        ("sink", "jii", ("r",)),
        ("vectorize", "jii"),
        ("sink", "jio", ("r",)),
        ("unroll", "jio"),
        ("sink", "ii", ("jo", "r")),
        ("unroll", "ii"),
    ]
    ### END SOLUTION


# %%
tl.check("q7")

# %% [markdown]
# ## It runs on your steps
#
# Where a C compiler is there, your steps become the recipe of the framework's own product, and a
# clock says what they are worth, beside NumPy's library. Where there is none, look at the tree.

# %%
print(shown(after(matmul(8, 16, 5), matmul_steps(4))))


def mine(cook, nest, lanes, machine):
    """My steps, for every product that has these loops."""
    for name, *arguments in matmul_steps(lanes):
        cook.do(getattr(transforms, name), *arguments)


def nothing(cook, nest, lanes, machine):
    """The plain loops."""


# %%
try:
    A, B = (tl.Tensor.rand(384, 384, device="c").realize() for _ in range(2))
    for recipe in (nothing, mine):
        with tl.using({"recipe.reduction": recipe}):
            print(f"{recipe.__name__:8} {1e3 * tl.profile(A @ B).seconds:6.2f} ms")
    print(f"numpy    {1e3 * tl.profile(A.to('numpy').realize() @ B.to('numpy')).seconds:6.2f} ms")
except tl.DeviceError as error:
    print(error)

# %%
tl.course.card()
