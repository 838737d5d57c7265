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
# # One number at a time
#
# In this chapter you build a machine that differentiates any formula, one number at a time: about
# forty lines, all yours. At the end it fits a curve.
#
# Work from top to bottom. A cell that begins with `@tl.answer` is yours to fill; the cell below
# it checks your work at once. When you are stuck, run `tl.hint("q1")`, and again for the next
# hint: hints and attempts cost nothing.
#
# | question | you write | points |
# |---|---|---|
# | q1 | `slope`: the slope of a function from two of its values | 2 |
# | q2 | `add` | 1 |
# | q3 | `mul` | 1 |
# | q4 | `tanh` | 2 |
# | q5 | `order`: every number after its inputs | 3 |
# | q6 | `backward`: the chain rule | 3 |

# %%
import math

import tinylearn as tl

tl.course.exercise("01_one_number")

# %% [markdown]
# ## q1. A slope from two values (2 points)
#
# The slope of $f$ at $x$ says how fast $f$ grows there. Without knowing any rule of calculus you
# can measure it: step a little to the right, step a little to the left, and divide the rise by
# the run.
#
# Before you write it: for $f(x) = x^2$ at $x = 3$, a step of 0.1 to the right alone gives 6.1. What
# do the two sides together give?

# %% tags=["question"]
from tinylearn.course.question import Code, case, question

q1 = question(
    "q1",
    answer="slope",
    points=2,
    rtol=1e-6,
    title="A slope from two values",
    hints=(
        "You need f at two places: a little to the right of x, and a little to the left.",
        "The rise is f(x + h) - f(x - h). How far apart are x + h and x - h?",
        "They are 2 * h apart: divide the rise by 2 * h, the brackets included.",
    ),
)


@q1.visible("by hand")
def _():
    yield case("x * x at 3", Code("lambda x: x * x"), 3.0)
    yield case("a straight line", Code("lambda x: 5 * x + 2"), -1.0)
    yield case("the step that is meant", Code("lambda x: x * x * x"), 2.0)
    yield case("a large step shows the formula", Code("lambda x: x * x * x"), 2.0, 0.5)


@q1.hidden("random cubics", points=1)
def _(rng):
    for sign in (1, -1, 1, -1, 1):  # some rise and some fall, for everybody
        a, c = (sign * round(rng.uniform(0.1, 3), 3) for _ in range(2))
        x, h = round(rng.uniform(-2, 2), 3), round(rng.uniform(0.1, 0.7), 3)
        b = math.copysign(round(rng.uniform(0.1, 3), 3), sign * x)
        yield case("a cubic", Code(f"lambda x: {a} * x * x * x + {b} * x * x + {c} * x"), x, h)


@q1.hidden("functions that are not polynomials", points=1)
def _(rng):
    for text in ("abs(x)", "2.0 ** x", "1 / (4 + x)"):
        x, h = round(rng.uniform(-2, 2), 3), round(rng.uniform(0.1, 0.7), 3)
        yield case(text, Code(f"lambda x: {text}"), x, h)


# %%
@tl.answer("slope", points=2)
def slope(f, x, h=1e-5):
    """The slope of f at x, measured from f(x + h) and f(x - h)."""
    ### BEGIN SOLUTION return the rise divided by the run
    return (f(x + h) - f(x - h)) / (2 * h)
    ### END SOLUTION


# %%
tl.check("q1")

# %% [markdown]
# ## A number that remembers
#
# Measuring costs two evaluations for every input: a network with a million weights would need two
# million. The way out: let every number remember how it was made. `Value` is given; read it, then
# teach it three operations.
#
# `local` holds one slope for each input: how much this number changes if that input grows by one.

# %% tags=["setup"]
import math


class Value:
    """A number that remembers the numbers it was made from.

    inputs   the Values it was made from
    local    for each input, d self / d input: a plain number
    grad     d result / d self, filled in by backward
    """

    def __init__(self, data, inputs=(), local=()):
        self.data = float(data)
        self.inputs = tuple(inputs)
        self.local = tuple(local)
        self.grad = 0.0

    def __repr__(self):
        return f"Value({self.data:.4g}, grad={self.grad:.4g})"


# %% [markdown]
# ## q2. Add (1 point)
#
# If $x$ grows by one, $x + y$ grows by one. Return a new `Value` with its data, its inputs and
# its two local slopes.

# %% tags=["question"]
q2 = question(
    "q2",
    answer="add",
    points=1,
    title="Add",
    hints=(
        "Make a new Value; leave x and y as they are.",
        "The second argument of Value is (x, y); the third has one slope for each of them.",
        "Both slopes are 1: Value(x.data + y.data, (x, y), (1.0, 1.0)).",
    ),
)


@q2.runs
def _made_from_two(answer, a, b):
    x, y = Value(a), Value(b)
    z = answer(x, y)
    if not isinstance(z, Value):
        return {"no Value, but": z}
    names = {id(x): "x", id(y): "y"}
    inputs, local = [names.get(id(i), "?") for i in z.inputs], list(z.local)
    if inputs == ["y", "x"]:  # the order is free, as long as the slopes keep to it
        inputs, local = inputs[::-1], local[::-1]
    return [z.data, inputs, local, [x.data, y.data], [z.grad, x.grad, y.grad]]


@q2.judges
def _same_value(got, want, *args):
    if isinstance(got, dict):
        return f"expected a Value, got {got.get('no Value, but')!r:.80}"
    if not isinstance(got, list) or len(got) != 5:
        return f"expected a Value, got {got!r:.80}"
    what = ("data", "inputs", "local slopes", "data of the inputs afterwards", "grads afterwards")
    for name, mine, right in zip(what, got, want):
        if isinstance(right, list):
            same = isinstance(mine, list) and len(mine) == len(right)
            same = same and all(
                a == b if isinstance(b, str) else isinstance(a, int | float) and abs(a - b) < 1e-9
                for a, b in zip(mine, right)
            )
        else:
            same = type(mine) in (int, float) and abs(mine - right) < 1e-9
        if not same:
            return f"{name}: expected {right}, got {mine}"
    return ""


@q2.visible("two numbers")
def _():
    yield case("2 + 5", 2.0, 5.0)
    yield case("with a negative", -1.5, 0.25)


@q2.hidden("random numbers", points=1)
def _(rng):
    for _ in range(4):
        yield case("two numbers", round(rng.uniform(-9, 9), 3), round(rng.uniform(-9, 9), 3))


# %%
@tl.answer("add", points=1)
def add(x, y):
    """A Value for x + y."""
    ### BEGIN SOLUTION return Value(data, inputs, local)
    return Value(x.data + y.data, (x, y), (1.0, 1.0))
    ### END SOLUTION


# %%
tl.check("q2")

# %% [markdown]
# ## q3. Multiply (1 point)
#
# If $x$ grows by one, $x \cdot y$ grows by $y$.

# %% tags=["question"]
q3 = question(
    "q3",
    answer="mul",
    points=1,
    title="Multiply",
    hints=(
        "It looks like add, with other slopes.",
        "d(x * y) / dx is y, and d(x * y) / dy is x.",
        "The slopes are the numbers y.data and x.data, in this order.",
    ),
)
q3.runs(_made_from_two)
q3.judges(_same_value)


@q3.visible("two numbers")
def _():
    yield case("2 * 5", 2.0, 5.0)
    yield case("with a zero", 0.0, -3.0)


@q3.hidden("random numbers", points=1)
def _(rng):
    for _ in range(4):
        yield case("two numbers", round(rng.uniform(-9, 9), 3), round(rng.uniform(-9, 9), 3))


# %%
@tl.answer("mul", points=1)
def mul(x, y):
    """A Value for x * y."""
    ### BEGIN SOLUTION return Value(data, inputs, local)
    return Value(x.data * y.data, (x, y), (y.data, x.data))
    ### END SOLUTION


# %%
tl.check("q3")

# %% [markdown]
# ## q4. Bend (2 points)
#
# With sums and products alone every formula stays a polynomial. `math.tanh` bends: it squeezes any
# number into the space between -1 and 1. With $t = \tanh(x)$ its slope is $1 - t^2$: you can
# compute it from the result.

# %% tags=["question"]
q4 = question(
    "q4",
    answer="tanh",
    points=2,
    title="Bend",
    hints=(
        "tanh has one input: inputs is (x,), local is one number in a tuple.",
        "Compute t = math.tanh(x.data) first. The slope is a formula in t.",
        "Value(t, (x,), (1 - t * t,)): mind the comma that makes a tuple of one.",
    ),
)


@q4.runs
def _made_from_one(answer, a):
    x = Value(a)
    z = answer(x)
    if not isinstance(z, Value):
        return {"no Value, but": z}
    inputs = ["x" if i is x else "?" for i in z.inputs]
    return [z.data, inputs, list(z.local), [x.data], [z.grad, x.grad]]


q4.judges(_same_value)


@q4.visible("two numbers")
def _():
    yield case("at 0 the slope is 1", 0.0)
    yield case("at 0.5", 0.5)


@q4.hidden("random numbers", points=1)
def _(rng):
    for _ in range(4):
        yield case("a number", round(rng.uniform(-2, 2), 3))


@q4.hidden("far away, where the slope vanishes", points=1)
def _(rng):
    yield case("far to the right", round(rng.uniform(720, 900), 2))
    yield case("far to the left", round(rng.uniform(-900, -720), 2))
    yield case("and near by", round(rng.uniform(0.4, 1.2), 3))


# %%
@tl.answer("tanh", points=2)
def tanh(x):
    """A Value for tanh(x)."""
    ### BEGIN SOLUTION return Value(data, inputs, local)
    t = math.tanh(x.data)
    return Value(t, (x,), (1 - t * t,))
    ### END SOLUTION


# %%
tl.check("q4")

# %% [markdown]
# ## q5. Every number after its inputs (3 points)
#
# To hand slopes back from the result to the inputs, each number must wait until all of its readers
# are done. So write `order(result)`: the list of all Values below `result`, itself included, each
# once and each after its inputs.
#
# Draw the diamond $a \to b, c \to d$ before you write: which orders are allowed?
#
# A formula can be long. Your function should manage a chain of 5,000 numbers, and Python allows
# only about 1,000 function calls inside each other: keep your own list of what is to be visited.

# %% tags=["question"]
q5 = question(
    "q5",
    answer="order",
    points=3,
    title="Every number after its inputs",
    hints=(
        "Remember what you have seen, by id(value), so that a shared number appears once.",
        "Step through the stack in the lesson, Figure 5: how often does each box come off, and "
        "what is different the second time?",
        "The stack holds pairs (value, done). What comes off with False and was not seen goes back "
        "with True, its inputs above it; what comes off with True is appended to the result.",
    ),
)


@q5.runs
def _order_of(answer, made_from):
    made = []
    for inputs in made_from:  # two and two with the same number: they are still two
        made.append(Value(len(made) // 2, [made[i] for i in inputs], [1.0] * len(inputs)))
    places = {id(value): place for place, value in enumerate(made)}
    found = []
    for _ in range(2 if len(made) < 100 else 1):  # nothing may be left of the first call
        values = answer(made[-1])
        if values is None or isinstance(values, (set, frozenset, dict, Value)):
            return type(values).__name__
        some = zip(values, range(10 * len(made)))  # a generator may never end
        found.append([places.get(id(value), -1) for value, _ in some])
    first, again = found[0], found[-1]
    return first if first == again else {"first": first, "called again": again}


@q5.judges
def _is_an_order(got, want, made_from):
    if isinstance(got, dict):
        texts = ((name, _is_an_order(part, want, made_from)) for name, part in got.items())
        return next((f"{name}: {text}" for name, text in texts if text), "")
    if not isinstance(got, list) or not all(type(place) is int for place in got):
        return f"expected a list of Values, got a {got!r:.80}"
    if -1 in got:
        return "the list holds something that is not below the result"
    if len(set(got)) < len(got):
        twice = next(place for place in got if got.count(place) > 1)
        return f"number {twice} is in the list {got.count(twice)} times; each belongs there once"
    if set(got) != set(want):
        missing = sorted(set(want) - set(got))
        if missing:
            return f"number {missing[0]} is missing; the list has {len(got)} of {len(want)}"
        return f"number {min(set(got) - set(want))} is not below the result"
    seen = set()
    for place in got:
        for needed in made_from[place]:
            if needed not in seen:
                return f"number {place} stands before its input {needed}: {got[:12]}"
        seen.add(place)
    return ""


@q5.visible("small graphs")
def _():
    yield case("one number", [[]])
    yield case("a diamond", [[], [0], [0], [1, 2]])
    yield case("a long and a short way", [[], [0], [1], [2, 0]])
    yield case("x * x", [[], [0, 0]])


@q5.hidden("random graphs", points=2)
def _(rng):
    for size in (5, 9, 14):
        graph = [[], []]
        while len(graph) < size:
            graph.append([rng.randrange(len(graph)) for _ in range(rng.choice((1, 2, 2)))])
        graph.append([len(graph) - 1, rng.randrange(len(graph))])
        yield case(f"{len(graph)} numbers", graph)
    length = rng.randrange(3, 7)
    yield case("a long and a short way", [[], *([i] for i in range(length)), [length, 0]])


@q5.hidden("long chains and ladders of diamonds", points=1)
def _(rng):
    length = rng.randrange(4000, 5000)
    yield case("a ladder", [[]] + [[i, i] for i in range(rng.randrange(60, 90))])
    yield case("a long chain", [[]] + [[i] for i in range(length)])


# %%
@tl.answer("order", points=3)
def order(result):
    """All Values below `result`, each once and after its inputs; `result` is the last."""
    ### BEGIN SOLUTION return a list of Values
    out, seen, waiting = [], set(), [(result, False)]
    while waiting:
        value, done = waiting.pop()
        if done:
            out.append(value)
        elif id(value) not in seen:
            seen.add(id(value))
            waiting.append((value, True))
            waiting += [(x, False) for x in value.inputs]
    return out
    ### END SOLUTION


# %%
tl.check("q5")

# %% [markdown]
# ## q6. The chain rule (3 points)
#
# Now hand the slopes back. The result changes by 1 if the result grows by 1. Go from the result to
# the inputs: each number hands `local * (its own slope)` to each of its inputs, and **a number that
# is used twice receives twice, and adds**.
#
# `backward(result, order)` gets the list from q5. Each call adds `d result / d value` to the
# `grad` of every value in it: after two calls every `grad` is exactly doubled. So collect this
# call's slopes somewhere else, and add them to the `grad`s at the end.

# %% tags=["question"]
q6 = question(
    "q6",
    answer="backward",
    points=3,
    title="The chain rule",
    hints=(
        "Start a dictionary with 0.0 for every value, by id(value), and 1.0 for the result.",
        "Walk reversed(order). For each pair in zip(value.inputs, value.local) add to the "
        "input's slope.",
        "The amount is slope * slopes[id(value)]. At the end: value.grad += slopes[id(value)].",
    ),
)


@q6.runs
def _grads_of(answer, made_from, times):
    made = []
    for pairs in made_from:  # two and two with the same number: they are still two
        number = len(made) // 2 + 2
        made.append(Value(number, [made[i] for i, _ in pairs], [slope for _, slope in pairs]))
    for _ in range(times):
        answer(made[-1], list(made))
    return [value.grad for value in made]


def _random_graph(rng, size):
    graph = [[], []]
    while len(graph) < size:
        inputs = [rng.randrange(len(graph)) for _ in range(rng.choice((1, 2, 2)))]
        graph.append([[i, round(rng.uniform(-2, 2), 2)] for i in inputs])
    last = [[len(graph) - 1, 1.5], [rng.randrange(len(graph)), round(rng.uniform(-2, 2), 2)]]
    return [*graph, last]


@q6.visible("small graphs")
def _():
    chain = [[], [[0, 3.0]], [[1, 2.0]]]
    diamond = [[], [[0, 3.0]], [[0, 5.0]], [[1, 1.0], [2, 1.0]]]
    yield case("a chain: slopes multiply", chain, 1)
    yield case("a diamond: slopes add", diamond, 1)
    yield case("x * x: one input used twice", [[], [[0, 3.0], [0, 3.0]]], 1)
    yield case("called twice: every grad doubles", [*diamond, [[3, 2.0]]], 2)


@q6.hidden("random graphs", points=2)
def _(rng):
    for size in (6, 10, 15):
        yield case(f"{size + 1} numbers", _random_graph(rng, size), 1)


@q6.hidden("called more than once, and long chains", points=1)
def _(rng):
    yield case("called twice", _random_graph(rng, 8), 2)
    yield case("called three times", _random_graph(rng, 5), 3)
    length = rng.randrange(3000, 4000)
    yield case("a long chain", [[]] + [[[i, 1.0]] for i in range(length)], 1)


# %%
@tl.answer("backward", points=3)
def backward(result, order):
    """Add d result / d value to the grad of every value in `order`."""
    ### BEGIN SOLUTION add to value.grad for every value
    slopes = {id(value): 0.0 for value in order}
    slopes[id(result)] = 1.0
    for value in reversed(order):
        for x, slope in zip(value.inputs, value.local):
            slopes[id(x)] += slope * slopes[id(value)]
    for value in order:
        value.grad += slopes[id(value)]
    ### END SOLUTION


# %%
tl.check("q6")

# %% [markdown]
# ## It runs on your code
#
# Forty lines, all yours. Here they fit a curve: two bent lines, added, approach five points.
# Python's `+` and `*` are taught to call your functions.


# %%
def number(x):
    return x if isinstance(x, Value) else Value(x)


Value.__add__ = Value.__radd__ = lambda x, y: add(number(x), number(y))
Value.__mul__ = Value.__rmul__ = lambda x, y: mul(number(x), number(y))

points = [(-2.0, 0.4), (-1.0, -0.8), (0.0, 0.0), (1.0, 0.8), (2.0, -0.4)]
weights = [Value(w) for w in (1.0, 0.1, 1.5, 0.4, -0.1, -1.5)]


def curve(x):
    a, b, c, d, e, f = weights
    return c * tanh(a * x + b) + f * tanh(d * x + e)


# %%
for step in range(800):
    loss = Value(0.0)
    for x, y in points:
        error = curve(x) + -y
        loss = loss + error * error
    for w in weights:
        w.grad = 0.0
    backward(loss, order(loss))
    for w in weights:
        w.data -= 0.02 * w.grad
    if step % 100 == 0:
        print(f"step {step:3}: loss {loss.data:.4f}")

# %% [markdown]
# What you have built is the heart of every framework. In chapter 3 the numbers become arrays and
# the three operations become twelve; in chapter 4 the walk you wrote in q5 runs on the framework's
# own graphs.

# %%
tl.course.card()
