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
# # Nothing runs yet
#
# `x * y` computes nothing. It makes a node that remembers what to compute, and so does the chain
# rule: the gradient of a graph is another graph. In this chapter you write the two functions at the
# heart of the framework, and get second derivatives for nothing.
#
# | question | you write | points |
# |---|---|---|
# | q1 | `ops`: count what a graph will do | 1 |
# | q2 | `graph.walk`: every node after its inputs | 3 |
# | q3 | `graph.gradient`: the chain rule on graphs | 4 |
# | q4 | `second`: the gradient of a gradient | 2 |

# %%
import tinylearn as tl

tl.course.exercise("04_graphs")
tl.course.load_mine()  # your rules from chapter 3, if you have them

# %% [markdown]
# ## Graphs by hand
#
# `leaf` makes a node from numbers; `numbers` computes nodes, one after the other. In between
# nothing runs: look at what `node` is before its numbers are asked for. `built` is for the checks.

# %% tags=["setup"]
import numpy as np

from tinylearn.contracts.measure import leaf, numbers
from tinylearn.graph.gradient import gradient
from tinylearn.graph.node import walk


def built(recipe, width=2):
    """Nodes made from a recipe: a number makes a leaf, a list an op on earlier nodes."""
    made = []
    for step in recipe:
        if isinstance(step, (list, tuple)):
            op, *inputs = [step[0], *(made[place] for place in step[1:])]
            operator = {"add": "__add__", "mul": "__mul__"}.get(op, op)
            made.append(getattr(inputs[0], operator)(*inputs[1:]))
        else:
            made.append(leaf(step + np.arange(width) / 2))
    return made


LONG = {  # two long recipes; ["sin", 300] stands for the first 300 steps of one
    "sin": [0.5, *(["sin", place] for place in range(10_000))],
    "add": [0.25, 0.5, *(["add", place + 1, 0] for place in range(3_000))],
}
MADE = {op: built(recipe) for op, recipe in LONG.items()}  # once, for all checks


def beginning(recipe, of):
    """A recipe's steps (of LONG) or nodes (of MADE) where it names a long one; else None."""
    return of[recipe[0]][: recipe[1]] if isinstance(recipe[0], str) else None


# %%
x = leaf(np.array([1.0, 2.0]))
y = leaf(np.array([3.0, 4.0]))
node = (x * y + x).exp()
print(node, "made by", node.op, "from", node.inputs)
print(numbers([node])[0])

# %% [markdown]
# ## q1. What will it do? (1 point)
#
# `walk([output])` lists every node below `output`, each once. Count how often each op occurs, by
# its name, `node.op.name`. Sources, whose `node.op.kind` is `"source"`, are not counted.
#
# Predict the counts for `(x * y + x).exp()` first.

# %% tags=["question"]
from tinylearn.course.question import case, question


def _recipe(rng, size, leaves=2):
    """A random graph without two equal steps; its last step reads the one before."""
    steps = [round(rng.uniform(0.2, 0.9), 3) for _ in range(leaves)]
    while len(steps) < size:
        op = rng.choice(("add", "mul", "sin", "mul"))
        inputs = sorted(rng.randrange(len(steps)) for _ in range(1 if op == "sin" else 2))
        if [op, *inputs] not in steps:
            steps.append([op, *inputs])
    return [*steps, ["mul", rng.randrange(leaves), size - 1]]


q1 = question(
    "q1",
    answer="ops",
    points=1,
    title="What will it do?",
    hints=(
        "Go through walk([output]) and keep a dictionary from names to counts.",
        "Leave out nodes whose op.kind is 'source'.",
        "counts[name] = counts.get(name, 0) + 1",
    ),
)


@q1.runs
def _count(answer, recipe):
    return answer(built(recipe)[-1])


@q1.visible("by hand")
def _():
    yield case("(x * y + x).exp()", [1.0, 3.0, ["mul", 0, 1], ["add", 2, 0], ["exp", 3]])
    yield case("a leaf does nothing", [1.0])


@q1.hidden("random graphs", points=1)
def _(rng):
    for size in (5, 9, 14):
        yield case(f"{size + 1} steps", _recipe(rng, size))
    number = round(rng.uniform(0.1, 0.9), 3)
    yield case("one step that is read twice", [number, ["sin", 0], ["exp", 1], ["mul", 2, 1]])


# %%
@tl.answer("ops", points=1)
def ops(output):
    """{name of an op: how many nodes below `output` do it}, sources left out."""
    ### BEGIN SOLUTION return a dictionary
    counts = {}
    for node in walk([output]):
        if node.op.kind != "source":
            counts[node.op.name] = counts.get(node.op.name, 0) + 1
    return counts
    ### END SOLUTION


# %%
tl.check("q1")

# %% [markdown]
# ## q2. Walk (3 points)
#
# The framework's own `walk` takes a list of outputs and gives a list: every node below them, each
# once, inputs before their readers. It is q5 of chapter 1 on real graphs, with two differences:
# there may be several outputs, and the graphs are long. A recurrent network of 1,000 steps is a
# chain of 10,000 ops, so no function may call itself once per node.
#
# From the moment your check passes, every graph in tinylearn is walked by your code.

# %% tags=["question"]
q2 = question(
    "q2",
    answer="my_walk",
    part="graph.walk",
    forbid=("tinylearn.graph.node.inputs_first", "tinylearn.graph.node.walk_unrealized"),
    points=3,
    title="Walk",
    hints=(
        "Keep a stack of (node, done) pairs, beginning with all outputs, done=False.",
        "Pop a pair. If done, append the node to the result. If not, and the node is new, push "
        "(node, True) and then (x, False) for each input x.",
        "A set of nodes already seen keeps each node to one place: `node in seen` is enough, "
        "nodes are their own keys.",
    ),
)


@q2.runs
def _walked(answer, recipe, outputs):
    made = beginning(recipe, MADE) or built(recipe)
    places = {node: place for place, node in enumerate(made)}
    lent, found = [made[place] for place in outputs], []
    for _ in range(2 if len(made) < 100 else 1):  # nothing may be left of the first call
        nodes = answer(lent)
        if nodes is None or isinstance(nodes, (set, frozenset, dict)):
            return type(nodes).__name__
        some = zip(nodes, range(10 * len(made)))  # a generator may never end
        found.append([places.get(node, -1) for node, _ in some])
    first, again = found[0], found[-1]
    return first if first == again else {"first": first, "called again": again}


@q2.judges
def _is_a_walk(got, want, recipe, outputs):
    if isinstance(got, dict):
        texts = ((name, _is_a_walk(part, want, recipe, outputs)) for name, part in got.items())
        return next((f"{name}: {text}" for name, text in texts if text), "")
    if not isinstance(got, list) or not all(type(place) is int for place in got):
        return f"expected a list of nodes, got {str(got)[:80]}"
    if -1 in got:
        return "the list holds something that is not in the graph"
    if len(set(got)) < len(got):
        return f"{len(got)} entries for {len(set(got))} nodes: each node belongs there once"
    if set(got) != set(want):
        missing, extra = len(set(want) - set(got)), len(set(got) - set(want))
        return f"{missing} nodes are missing, {extra} do not belong to the outputs"
    seen, steps = set(), beginning(recipe, LONG) or recipe
    for place in got:
        step = steps[place]
        for needed in step[1:] if isinstance(step, (list, tuple)) else ():
            if needed not in seen:
                return f"step {place}, {step}, stands before its input, step {needed}"
        seen.add(place)
    return ""


@q2.visible("by hand")
def _():
    diamond = [1.0, ["exp", 0], ["sin", 0], ["mul", 1, 2]]
    yield case("a diamond", diamond, [3])
    yield case("a long and a short way", [1.0, ["exp", 0], ["sin", 1], ["mul", 2, 0]], [3])
    yield case("two outputs", diamond, [1, 2])
    yield case("one leaf", [1.0], [0])


@q2.hidden("random graphs", points=2)
def _(rng):
    for size in (6, 10, 16):
        yield case(f"{size + 1} steps", _recipe(rng, size), [size])
    yield case("several outputs", _recipe(rng, 9), [rng.randrange(3, 8), 9])
    length = rng.randrange(3, 7)
    long = [round(rng.uniform(0.1, 0.9), 3), *(["sin", place] for place in range(length))]
    yield case("a long and a short way", [*long, ["mul", length, 0]], [length + 1])
    yield case("a short and a long way", [*long, ["mul", 0, length]], [length + 1])


@q2.hidden("10,000 ops and ladders", points=1)
def _(rng):
    start = round(rng.uniform(0.1, 0.9), 3)
    size = rng.randrange(60, 90)
    yield case("a ladder", [start, *(["mul", place, place] for place in range(size))], [size])
    yield case("a chain", ["sin", 10_001], [10_000])


# %%
@tl.answer("graph.walk", points=3)
def my_walk(outputs):
    """All nodes below `outputs`, each once, inputs before their readers."""
    ### BEGIN SOLUTION return a list of nodes
    out, seen, waiting = [], set(), [(node, False) for node in outputs]
    while waiting:
        node, done = waiting.pop()
        if done:
            out.append(node)
        elif node not in seen:
            seen.add(node)
            waiting.append((node, True))
            waiting += [(x, False) for x in node.inputs]
    return out
    ### END SOLUTION


# %%
tl.check("q2")

# %% [markdown]
# ## q3. The chain rule on graphs (4 points)
#
# `gradient(output, g, leaves)` gets the gradient `g` that arrives at the output, and gives a
# dictionary: for each leaf that something reaches, the graph of its gradient. It is q6 of chapter
# 1, and each op brings its own rule: `node.op.gradient(g, node)` gives one graph for each input, or
# `None` where nothing flows.
#
# What meets at a node is added up: `a + b` on nodes makes a node. Nothing is computed.

# %% tags=["question"]
q3 = question(
    "q3",
    answer="my_gradient",
    part="graph.gradient",
    graphs=True,
    points=4,
    title="The chain rule on graphs",
    hints=(
        "Begin with grads = {output: g} and go through reversed(walk([output])).",
        "Skip a node that has received nothing. For the others, zip node.inputs with what the "
        "rule answers, and leave out None.",
        "grads[x] = grads[x] + gx if x in grads else gx; at the end keep the leaves only.",
    ),
)


@q3.runs
def _gradients(answer, recipe, leaves, g):
    made = beginning(recipe, MADE) or built(recipe)
    wanted = [made[place] for place in leaves]
    found = answer(made[-1], leaf(np.array(g)), wanted)
    others = len([node for node in found if node not in wanted])
    return [*(numbers([found[x]])[0] if x in found else None for x in wanted), others]


@q3.visible("by hand")
def _():
    yield case("x * y", [2.0, 5.0, ["mul", 0, 1]], [0, 1], [1.0, 1.0])
    yield case("x * x", [2.0, ["mul", 0, 0]], [0], [1.0, 1.0])
    yield case("exp(x) * x: two ways to x", [1.0, ["exp", 0], ["mul", 1, 0]], [0], [1.0, 10.0])
    yield case("a leaf that nothing reaches", [2.0, 3.0, ["exp", 0]], [0, 1], [1.0, 1.0])


@q3.hidden("random graphs", points=3)
def _(rng):
    for size in (6, 9, 13):
        g = [round(rng.uniform(-2, 2), 3), round(rng.uniform(-2, 2), 3)]
        both = [["mul", 0, size], ["mul", 1, size + 1]]  # whatever came before, both are reached
        yield case(f"{size + 3} steps", [*_recipe(rng, size), *both], [0, 1], g)


@q3.hidden("long chains, x + x, a leaf out of reach", points=1)
def _(rng):
    g = [round(rng.uniform(-2, 2), 3), round(rng.uniform(-2, 2), 3)]
    start = round(rng.uniform(0.1, 0.9), 3)
    yield case("x + x", [start, ["add", 0, 0]], [0], g)
    yield case("a leaf that nothing reaches", [start, 0.25, ["sin", 0]], [0, 1], g)
    chosen = [start, 0.25, ["less", 0, 1], ["where", 2, 0, 1], ["mul", 3, 0]]
    yield case("a condition, to which nothing flows", chosen, [0, 1], g)
    yield case("the output is a leaf itself", [start], [0], g)
    yield case("a leaf in the middle", [start, ["sin", 0], ["mul", 1, 0]], [1, 0], g)
    yield case("a long chain", ["add", rng.randrange(2_500, 3_000)], [1, 0], g)


# %%
@tl.answer("graph.gradient", points=4)
def my_gradient(output, g, leaves):
    """{leaf: graph of the gradient for that leaf}, without leaves that nothing reaches."""
    ### BEGIN SOLUTION return a dictionary from leaves to graphs
    grads = {output: g}
    for node in reversed(walk([output])):
        if node in grads and node.inputs:
            for x, gx in zip(node.inputs, node.op.gradient(grads[node], node)):
                if gx is not None:
                    grads[x] = grads[x] + gx if x in grads else gx
    return {x: grads[x] for x in leaves if x in grads}
    ### END SOLUTION


# %%
tl.check("q3")

# %% [markdown]
# ## q4. The gradient of a gradient (2 points)
#
# A gradient is a graph like any other. So it has a gradient, too. `second(output, x)` is the graph
# of the second derivative of `output` by `x`, number by number: for $x^3$ it is $6x$.
#
# Use `gradient(output, g, leaves)`, which is given. What is the `g` that arrives at an output when
# you ask for a plain derivative?

# %% tags=["question"]
q4 = question(
    "q4",
    answer="second",
    graphs=True,
    points=2,
    title="The gradient of a gradient",
    hints=(
        "A plain derivative has g = 1 everywhere: output.const_like(1.0).",
        "first = gradient(output, output.const_like(1.0), [x])[x] is a graph again.",
        "Do the same to first. If x is not in the answer, the derivative is zero: "
        "x.const_like(0.0).",
    ),
)


@q4.runs
def _curvature(answer, recipe, width=2):
    made = built(recipe, width)
    return numbers([answer(made[-1], made[0])])[0]


@q4.visible("by hand")
def _():
    yield case("x * x * x", [2.0, ["mul", 0, 0], ["mul", 1, 0]])
    yield case("sin(x)", [1.0, ["sin", 0]])
    yield case("a straight line has no curvature", [1.0, 3.0, ["mul", 0, 1]])


@q4.hidden("random graphs", points=1.5)
def _(rng):
    for size in (5, 7, 9):
        text = f"{size + 1} steps on {size - 2} numbers"
        bent = [*_recipe(rng, size), ["mul", 0, 0], ["mul", size, size + 1]]
        yield case(text, bent, size - 2)


@q4.hidden("straight lines and constants", points=0.5)
def _(rng):
    a, b = round(rng.uniform(0, 1), 3), round(rng.uniform(0, 1), 3)
    yield case("x + y", [a, b, ["add", 0, 1]])
    yield case("y * y does not depend on x", [a, b, ["mul", 1, 1]])
    yield case("and one that bends", [a, b, ["mul", 0, 1], ["mul", 2, 0]])


# %%
@tl.answer("second", points=2)
def second(output, x):
    """The graph of the second derivative of `output` by the leaf `x`, number by number."""
    ### BEGIN SOLUTION return a node of the shape of x
    for _ in range(2):
        output = gradient(output, output.const_like(1.0), [x]).get(x, x.const_like(0.0))
    return output
    ### END SOLUTION


# %%
tl.check("q4")

# %% [markdown]
# ## It runs on your code
#
# Forward and backward are one graph. Count its ops before anything runs, then walk a chain that no
# recursion survives, by your own walk.

# %%
x = tl.Tensor(np.linspace(-1, 1, 5), requires_grad=True)
y = (x * x).tanh().sum()
y.backward()
print("forward ", ops(y.node))
print("backward", ops(x.grad.node))

# %%
deep = leaf(np.zeros(3))
for _ in range(10_000):
    deep = deep.sin() + 1.0
print(len(tl.Part.table["graph.walk"]([deep])), "nodes walked")

# %%
tl.course.card()
