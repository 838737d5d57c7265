"""Known mistakes of chapter 04: edits of the model answers, and whole answers.

The sentence of each is what its author reads. Edits are laid out by hand.
"""

# fmt: off

# ------------------------------------------------ q1. What will it do?

q1.mistake("Sources are already there: leave out nodes whose op.kind is 'source'.",
           replace='        if node.op.kind != "source":\n'
                   "            counts[node.op.name] = counts.get(node.op.name, 0) + 1\n",
           by="        counts[node.op.name] = counts.get(node.op.name, 0) + 1\n")


@q1.wrong("You count the op of the output alone: go through walk([output]).")
def only_the_output(output):
    return {output.op.name: 1} if output.inputs else {}


@q1.wrong("An op that occurs three times counts 3, not 1.")
def each_once(output):
    return {node.op.name: 1 for node in walk([output]) if node.op.kind != "source"}


q1.mistake("Count the ops that compute: sources are the ones to leave out.",
           replace='!= "source"', by='== "source"', worth=0)
q1.mistake("The name of an op is node.op.name; its kind is shared by many.",
           replace="counts[node.op.name] = counts.get(node.op.name, 0) + 1",
           by="counts[node.op.kind] = counts.get(node.op.kind, 0) + 1", worth=0)
q1.mistake("The first time counts 1: begin at 0.",
           replace="counts.get(node.op.name, 0)", by="counts.get(node.op.name, 1)", worth=0)
q1.mistake("walk([output]) lists every node; the inputs of the output alone are too few.",
           replace="walk([output])", by="[*output.inputs, output]", worth=0)
q1.mistake("The dictionary is asked for, op by op, not the number of all of them.",
           replace="return counts", by="return sum(counts.values())", worth=0)
q1.mistake("The return stands inside the loop: only the first op is counted.",
           replace="    return counts", by="        return counts", worth=0)
q1.mistake("walk takes a list of outputs: walk([output]).",
           replace="walk([output])", by="walk(output)", worth=0)
q1.mistake("The keys are names, texts like 'mul': node.op.name.",
           replace="counts[node.op.name] = counts.get(node.op.name, 0) + 1",
           by="counts[node.op] = counts.get(node.op, 0) + 1", worth=0)
q1.mistake("The output is an op as well: go through all of walk([output]).",
           replace="walk([output])", by="walk([output])[:-1]", worth=0)
q1.mistake("Nothing comes back: end with return counts.",
           replace="    return counts", by="    counts", worth=0)


@q1.wrong("Each node counts once, however many read it: walk([output]) lists it once.", worth=0)
def once_for_each_way(output):
    counts, waiting = {}, [output]
    while waiting:
        node = waiting.pop()
        if node.op.kind != "source":
            counts[node.op.name] = counts.get(node.op.name, 0) + 1
        waiting += node.inputs
    return counts


q1.mistake("Add 1 to what was counted: counts.get(name, 0) + 1.",
           replace="counts.get(node.op.name, 0) + 1", by="counts.get(node.op.name, 0)")
q1.mistake("Counts are added up, not doubled: + 1 for each node.",
           replace="counts.get(node.op.name, 0) + 1", by="counts.get(node.op.name, 1) * 2")
q1.mistake("The first argument of get is the key, the second what is taken where there is none.",
           replace="counts.get(node.op.name, 0)", by="counts.get(0, node.op.name)")

# ------------------------------------------------ q2. Walk


@q2.wrong("A node that is read twice appears twice: remember which nodes you have seen.")
def no_memory(outputs):
    out = []
    for node in outputs:
        out += [*no_memory(node.inputs), node]
    return out


q2.mistake("The list is the wrong way round: inputs first, outputs last.",
           replace="return out", by="return out[::-1]")


@q2.wrong("Right for small graphs; a chain of 10,000 ops needs a stack of your own, no recursion.")
def recursive(outputs):
    out, seen = [], set()

    def visit(node):
        if node not in seen:
            seen.add(node)
            for x in node.inputs:
                visit(x)
            out.append(node)

    for node in outputs:
        visit(node)
    return out


q2.mistake("You walk from the first output only; there may be several.",
           replace="[(node, False) for node in outputs]", by="[(outputs[0], False)]")
q2.mistake("outputs belongs to whoever calls: begin with a list of your own.",
           replace="waiting = [], set(), [(node, False) for node in outputs]",
           by="waiting = [], set(), [(outputs.pop(), False) for _ in range(len(outputs))]")
q2.mistake("A node is listed when its inputs are done, not when it is met.",
           replace="waiting.append((node, True))", by="out.append(node)")
q2.mistake("The node itself is forgotten: put (node, True) back before its inputs.",
           replace="            waiting.append((node, True))\n", by="", worth=0)
q2.mistake("The inputs are missing: put them back as (x, False).",
           replace="            waiting += [(x, False) for x in node.inputs]\n", by="", worth=0)
q2.mistake("Every input counts, not the first alone.",
           replace="for x in node.inputs]", by="for x in node.inputs[:1]]")
q2.mistake("The outputs themselves belong to the list.",
           replace="return out",
           by="return [node for node in out if node not in outputs]", worth=0)
q2.mistake("Nothing comes back: end with return out.",
           replace="return out", by="out", worth=0)
q2.mistake("Begin with one pair for each output: (node, False) for node in outputs.",
           replace="[(node, False) for node in outputs]", by="[(outputs, False)]", worth=0)


@q2.wrong("A node is listed when its inputs are done, not when it is met.")
def listed_when_met(outputs):
    out, seen, waiting = [], set(), list(outputs)
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            out.append(node)
            waiting += node.inputs
    return out[::-1]


@q2.wrong("A node is listed when its inputs are done, not when it is met.")
def listed_row_by_row(outputs):
    out, seen, waiting = [], set(), list(outputs)
    while waiting:
        node = waiting.pop(0)
        if node not in seen:
            seen.add(node)
            out.append(node)
            waiting += node.inputs
    return out[::-1]


@q2.wrong("A set has no order: return the list.", worth=0)
def a_set(outputs):
    return set(walk(outputs))


q2.mistake("A default is made once, for all calls: begin with a new set inside the function.",
           replace="def my_walk(outputs):\n"
                   '    """All nodes below `outputs`, each once, inputs before their readers."""\n'
                   "    out, seen, waiting = [], set(), [(node, False) for node in outputs]",
           by="def my_walk(outputs, seen=set()):\n"
              '    """All nodes below `outputs`, each once, inputs before their readers."""\n'
              "    out, waiting = [], [(node, False) for node in outputs]")
q2.mistake("Each node is walked once: ask whether it was seen, and note it, seen.add(node).",
           replace="            seen.add(node)\n", by="")
q2.mistake("Each node is walked once: ask whether it was seen, and note it, seen.add(node).",
           replace="elif node not in seen:", by="else:")
q2.mistake("The inputs go back as not done yet: (x, False).",
           replace="[(x, False) for x in node.inputs]", by="[(x, True) for x in node.inputs]")

# ------------------------------------------------ q3. The chain rule on graphs

MEET = "grads[x] = grads[x] + gx if x in grads else gx"
q3.mistake("Where two gradients meet they are added; you keep the last one.",
           replace="grads[x] + gx if x in grads else gx", by="gx")
q3.mistake("Begin with the g you are given, not with ones.",
           replace="{output: g}", by="{output: g.const_like(1.0)}")
q3.mistake("Return the leaves you were asked for and no other nodes.",
           replace="{x: grads[x] for x in leaves if x in grads}", by="grads")
q3.mistake("Each node hands on what IT has received, grads[node], not the g of the output.",
           replace="grads[node]", by="g")
q3.mistake("A leaf that nothing reaches has no gradient: leave it out, do not look it up.",
           replace="{x: grads[x] for x in leaves if x in grads}",
           by="{x: grads[x] for x in leaves}")
q3.mistake("A rule answers None where nothing flows, for a condition: leave that out.",
           replace="if gx is not None:", by="if True:")
q3.mistake("Walk from the output down: reversed(walk([output])).",
           replace="reversed(walk([output]))", by="walk([output])")
q3.mistake("Where two gradients meet they are added; you keep the first one.",
           replace=MEET, by="grads.setdefault(x, gx)")
q3.mistake("Where two gradients meet they are added, not multiplied.",
           replace=MEET, by=MEET.replace("+", "*"))
q3.mistake("The keys are the leaves, and what belongs to them are graphs: a dictionary.",
           replace="return {x: grads[x] for x in leaves if x in grads}",
           by="return [grads[x] for x in leaves if x in grads]", worth=0)
q3.mistake("A leaf that was asked for may have inputs of its own: every node hands on.",
           replace="if node in grads and node.inputs:",
           by="if node in grads and node.inputs and node not in leaves:")
q3.mistake("The first gradient that arrives has nothing to be added to: gx alone.",
           replace=MEET, by="grads[x] = grads[x] + gx", worth=0)
q3.mistake("Return what `leaves` asks for: a leaf there may have inputs of its own.",
           replace="for x in leaves if x in grads", by="for x in grads if not x.inputs")
q3.mistake("A leaf that nothing reaches has no gradient: leave it out, without None.",
           replace="grads[x] for x in leaves if x in grads", by="grads.get(x) for x in leaves")
q3.mistake("A leaf that nothing reaches is left out; whoever wants zeros makes them.",
           replace="grads[x] for x in leaves if x in grads",
           by="grads.get(x, x.const_like(0.0)) for x in leaves")
q3.mistake("The keys are the leaves, and what belongs to them are graphs: a dictionary.",
           replace="{x: grads[x] for x in leaves if x in grads}",
           by="{place: grads[x] for place, x in enumerate(leaves) if x in grads}", worth=0)
q3.mistake("The output hands on first: reversed(walk([output])) begins with it.",
           replace="reversed(walk([output]))", by="walk([output])[-2::-1]", worth=0)
q3.mistake("A rule takes what arrives first, then the node: gradient(grads[node], node).",
           replace="gradient(grads[node], node)", by="gradient(node, grads[node])", worth=0)


@q3.wrong("Right for small graphs; for a long one go through reversed(walk([output])).")
def recursive_gradient(output, g, leaves):
    grads = {}

    def push(node, g):
        grads[node] = grads[node] + g if node in grads else g
        for x, gx in zip(node.inputs, node.op.gradient(g, node) if node.inputs else ()):
            if gx is not None:
                push(x, gx)

    push(output, g)
    return {x: grads[x] for x in leaves if x in grads}


q3.mistake("What was there stands first and stays: grads[x] + gx, and no minus.",
           replace="grads[x] + gx if", by="grads[x] - gx if")
q3.mistake("zip gives each input with its gradient; go through all pairs, without a break.",
           replace="                    grads[x] = grads[x] + gx if x in grads else gx",
           by="                    grads[x] = grads[x] + gx if x in grads else gx\n"
              "                    break")
q3.mistake("A node that nothing has reached has nothing to hand on: ask `node in grads` first.",
           replace="if node in grads and node.inputs:", by="if node.inputs:")

# ------------------------------------------------ q4. The gradient of a gradient

ONCE = "output = gradient(output, output.const_like(1.0), [x]).get(x, x.const_like(0.0))"


@q4.wrong("That is the first derivative; take the gradient of it once more.")
def first_only(output, x):
    return gradient(output, output.const_like(1.0), [x]).get(x, x.const_like(0.0))


@q4.wrong("The square of the slope is something else: take the gradient of the gradient.")
def squared_slope(output, x):
    first = gradient(output, output.const_like(1.0), [x]).get(x, x.const_like(0.0))
    return first * first


@q4.wrong("The second time g is 1 again: with g = first you get first times the curvature.")
def first_as_g(output, x):
    first = gradient(output, output.const_like(1.0), [x]).get(x, x.const_like(0.0))
    return gradient(first, first, [x]).get(x, x.const_like(0.0))


@q4.wrong("Where nothing depends on x the answer has no entry for it: the derivative is zero.")
def forgot_zero(output, x):
    first = gradient(output, output.const_like(1.0), [x])[x]
    return gradient(first, first.const_like(1.0), [x])[x]


q4.mistake("That is the third derivative: take the gradient twice.",
           replace="range(2)", by="range(3)")
q4.mistake("That is the function itself: take the gradient of its gradient.",
           replace="range(2)", by="range(0)", worth=0)
q4.mistake("A second derivative is not 0 in general: take the gradient of the gradient.",
           replace="return output", by="return x.const_like(0.0)", worth=0)
q4.mistake("g is 1 for every number, not 2.",
           replace="output.const_like(1.0)", by="output.const_like(2.0)")
q4.mistake("A plain derivative has a 1 for every number, however many: output.const_like(1.0).",
           replace="output.const_like(1.0)", by="leaf(np.ones(2))")
q4.mistake("The leaves are a list: [x].",
           replace="[x])", by="x)", worth=0)
q4.mistake("gradient gives a dictionary: take the graph that belongs to x out of it.",
           replace=ONCE, by=ONCE.removesuffix(".get(x, x.const_like(0.0))"), worth=0)
q4.mistake("g is a graph like any other: output.const_like(1.0), not a plain number.",
           replace="output.const_like(1.0)", by="1.0", worth=0)
q4.mistake("0.0 is a number; the zero of a derivative is a graph, x.const_like(0.0).",
           replace="x.const_like(0.0)", by="0.0")


@q4.wrong("Where nothing depends on x the answer has no entry for it: the derivative is zero.")
def forgot_zero_once(output, x):
    first = gradient(output, output.const_like(1.0), [x])[x]
    return gradient(first, first.const_like(1.0), [x]).get(x, x.const_like(0.0))


q4.mistake("The second argument of get is taken where nothing depends on x: a zero, and no one.",
           replace="x.const_like(0.0)", by="x.const_like(1.0)")
q4.mistake("g is a graph of ones; the output itself has its shape and other numbers.",
           replace="output.const_like(1.0), [x]", by="output, [x]")
