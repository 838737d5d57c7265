"""Known mistakes of chapter 03: edits of the model answers, and whole answers.

The sentence of each is what its author reads. Edits are laid out by hand.
"""

# fmt: off

# ------------------------------------------------ q1. Multiply

q1.mistake("Each input gets g times the OTHER input.",
           replace="g * y, g * x", by="g * x, g * y")
q1.mistake("Multiply by g: it says how much the result matters further on.",
           replace="g * y, g * x", by="y, x")


@q1.wrong("That is the rule of add. For a product, each input's slope is the other input.")
def rule_of_add(g, node):
    return g, g


@q1.wrong("There are two inputs: return a tuple of two gradients.")
def one_gradient(g, node):
    return (g * node.inputs[1],)


q1.mistake("The factors are multiplied by g, not added to it.",
           replace="g * y, g * x", by="g + y, g + x", worth=0)
q1.mistake("The gradient for x is g * y alone: x itself is no factor of its own slope.",
           replace="g * y, g * x", by="g * y * x, g * x * y", worth=0)
q1.mistake("Each input gets a graph of its own: the second is g * x.",
           replace="g * y, g * x", by="g * y, g * y", worth=0)
q1.mistake("If x grows, the product grows by y: the sign stays.",
           replace="g * y, g * x", by="-g * y, -g * x", worth=0)
q1.mistake("Both inputs need g: the second gradient is g times the other input, too.",
           replace="g * y, g * x", by="g * y, x", worth=0)
q1.mistake("The two gradients are not added up: one belongs to x, the other to y.",
           replace="g * y, g * x", by="g * y + g * x, g * y + g * x", worth=0)
q1.mistake("The gradients are multiplied by g, not divided: g * y and g * x.",
           replace="g * y, g * x", by="g / y, g / x")
q1.mistake("The second gradient belongs to y: it is g times x.",
           replace="g * y, g * x", by="g * y, g * node")
q1.mistake("node.inputs is a tuple of two: x, y = node.inputs.",
           replace="x, y = node.inputs", by="x, y = node.inputs[0]")

# ------------------------------------------------ q2. The exponential

q2.mistake("The slope is exp(x), the result `node`, not x.",
           replace="g * node", by="g * node.inputs[0]")
q2.mistake("Multiply by g: it says how much the result matters further on.",
           replace="g * node", by="node")
q2.mistake("g passes unchanged only where the slope is 1; here the slope is exp(x).",
           replace="g * node", by="g")
q2.mistake("A rule returns a tuple, also for one input: mind the comma in (g * node,).",
           replace="(g * node,)", by="g * node")
q2.mistake("The exponential is its own slope: g * node, and not g over node.",
           replace="(g * node,)", by="(g * node.recip(),)", worth=0)
q2.mistake("node is exp(x) already: without another exp.",
           replace="(g * node,)", by="(g * node.exp(),)", worth=0)
q2.mistake("g and the slope are multiplied, not added.",
           replace="(g * node,)", by="(g + node,)", worth=0)
q2.mistake("g is what arrives, and stays outside of exp: g * node.",
           replace="(g * node,)", by="(g.exp(),)", worth=0)
q2.mistake("g is what arrives, and stays outside of exp: g * node.",
           replace="(g * node,)", by="(g.exp() * node,)", worth=0)
q2.mistake("node.inputs is a tuple, and the slope is `node` itself.",
           replace="(g * node,)", by="(g * node.inputs,)", worth=0)

# ------------------------------------------------ q3. Choose

CHOSEN = "None, condition.where(g, 0.0), condition.where(0.0, g)"
q3.mistake("The two are swapped: where the condition holds, x was chosen.",
           replace=CHOSEN, by="None, condition.where(0.0, g), condition.where(g, 0.0)")


@q3.wrong("The number that was not chosen gets 0, not g.")
def both_get_g(g, node):
    return None, g, g


@q3.wrong("The chosen input gets g itself, not g times its number.")
def times_the_value(g, node):
    condition, x, y = node.inputs
    return None, condition.where(g * x, 0.0), condition.where(0.0, g * y)


q3.mistake("There are three inputs, the condition included: its answer is None.",
           replace=CHOSEN, by="condition.where(g, 0.0), condition.where(0.0, g)")
q3.mistake("The condition is yes or no, and no small step changes it: its gradient is None.",
           replace=CHOSEN, by=CHOSEN.replace("None", "g"), worth=0)
q3.mistake("y was chosen where the condition does not hold: condition.where(0.0, g).",
           replace=CHOSEN, by="None, condition.where(g, 0.0), condition.where(g, 0.0)", worth=0)
q3.mistake("The chosen input gets g, not 1: condition.where(g, 0.0).",
           replace=CHOSEN, by="None, condition.where(g * 0 + 1, 0.0), "
                              "condition.where(0.0, g * 0 + 1)", worth=0)
q3.mistake("What was not chosen had no influence, and gets 0: no minus.",
           replace=CHOSEN, by="None, condition.where(g, -g), condition.where(-g, g)", worth=0)
q3.mistake("A condition is no number to multiply with: condition.where(g, 0.0).",
           replace=CHOSEN, by="None, condition * g, g - condition * g", worth=0)
q3.mistake("What the chosen one gets is g, not its own number.",
           replace=CHOSEN, by="None, condition.where(node.inputs[1], 0.0), "
                              "condition.where(0.0, node.inputs[2])", worth=0)
q3.mistake("The condition chooses: it stands in front, condition.where(g, 0.0).",
           replace=CHOSEN, by="None, g.where(condition, 0.0), g.where(0.0, condition)", worth=0)
q3.mistake("What was not chosen gets 0, not 1.",
           replace="condition.where(g, 0.0), condition.where(0.0, g)",
           by="condition.where(g, 1.0), condition.where(1.0, g)")
q3.mistake("None belongs to the condition, which comes first.",
           replace=CHOSEN, by="condition.where(g, 0.0), condition.where(0.0, g), None")

# ------------------------------------------------ q4. Add up

q4.mistake("g still has the shape of the result: repeat it to the shape of the input.",
           replace="g.expand(node.inputs[0].shape)", by="g")


@q4.wrong("That is the gradient of a mean: every summand of a sum has slope 1, not 1/n.")
def like_a_mean(g, node):
    x = node.inputs[0]
    return (g.expand(x.shape) * (node.size / max(1, x.size)),)


@q4.wrong("The slope of a sum does not depend on the numbers in x: do not multiply by x.")
def multiplied_by_x(g, node):
    x = node.inputs[0]
    return (g.expand(x.shape) * x,)


q4.mistake("A rule returns a tuple, also for one input: mind the comma.",
           replace="(g.expand(node.inputs[0].shape),)",
           by="g.expand(node.inputs[0].shape)", worth=0)
q4.mistake("g still has the shape of the result: repeat it to the shape of the input.",
           replace="node.inputs[0].shape", by="node.shape", worth=0)
q4.mistake("Every summand gets g itself, as it is: no minus.",
           replace="(g.expand", by="(-g.expand", worth=0)
q4.mistake("The gradient is g, repeated, and not the sum itself.",
           replace="(g.expand", by="(node.expand", worth=0)
q4.mistake("expand takes a shape: node.inputs[0].shape.",
           replace="node.inputs[0].shape", by="node.inputs[0]", worth=0)
q4.mistake("A reshape makes no new numbers; expand repeats those that are there.",
           replace="g.expand", by="g.reshape", worth=0)
q4.mistake("Every summand moves the sum, so there is a gradient: None says that nothing flows.",
           replace="(g.expand(node.inputs[0].shape),)", by="(None,)", worth=0)
q4.mistake("A sum has one input: node.inputs[0].",
           replace="node.inputs[0]", by="node.inputs[1]")

# ------------------------------------------------ q5. The largest

SHARE = "share = g * mask.sum(node.arg).recip()"
q5.mistake("Numbers that are equally large share g: divide by how many they are.",
           replace="    share = g * mask.sum(node.arg).recip()\n"
                   "    return (mask * share.expand(x.shape),)\n",
           by="    return (mask * g.expand(x.shape),)\n")


@q5.wrong("Only the largest gets g; the others had no influence and get 0.")
def like_a_sum(g, node):
    return (g.expand(node.inputs[0].shape),)


@q5.wrong("The mask is the wrong way round: x.less(top) is True for those that are NOT largest.")
def mask_turned_round(g, node):
    x = node.inputs[0]
    mask = x.less(node.expand(x.shape)).where(x.const_like(1.0), x.const_like(0.0))
    return (mask * g.expand(x.shape),)


q5.mistake("Divide g by how many winners there are along the axes, not by how many numbers.",
           replace=SHARE, by="share = g * (node.size / x.size)", worth=0)
q5.mistake("The winners get their share of g, not 1: multiply by g.",
           replace=SHARE, by="share = mask.sum(node.arg).recip()", worth=0)
q5.mistake("The share is g DIVIDED by the number of winners: .recip().",
           replace=SHARE, by="share = g * mask.sum(node.arg)")
q5.mistake("The gradient goes where the maximum stands, but it is g, not g times the number.",
           replace="(mask * share.expand(x.shape),)",
           by="(mask * share.expand(x.shape) * x,)", worth=0)
q5.mistake("Every row has winners of its own: count them along node.arg, not over everything.",
           replace="mask.sum(node.arg)", by="mask.sum(tuple(range(x.ndim)))")
q5.mistake("The share has size 1 along the axes: bring it to the shape of x with expand.",
           replace="share.expand(x.shape)", by="share", worth=0)
q5.mistake("node has size 1 along the axes: compare x with node.expand(x.shape).",
           replace="x.less(node.expand(x.shape))", by="x.less(node)", worth=0)
q5.mistake("sum wants to know along which axes: those of the maximum, node.arg.",
           replace="mask.sum(node.arg)", by="mask.sum()", worth=0)
q5.mistake("A rule returns a tuple, also for one input: mind the comma.",
           replace="(mask * share.expand(x.shape),)", by="mask * share.expand(x.shape)", worth=0)
q5.mistake("The losers get 0, and the mask says so: 0.0 where x is less than the top.",
           replace="x.const_like(0.0), x.const_like(1.0)",
           by="x.const_like(-1.0), x.const_like(1.0)")
q5.mistake("The mask is multiplied by the share, not added to it.",
           replace="mask * share.expand(x.shape)", by="mask + share.expand(x.shape)")
q5.mistake("g is divided among the winners: multiply it by .recip(), do not add.",
           replace="g * mask.sum", by="g + mask.sum")

# ------------------------------------------------ q6. Repeat

AXES = "tuple(k for k, (a, b) in enumerate(zip(x.shape, node.shape)) if a != b)"


@q6.wrong("g still has the shape of the result: sum it along the repeated axes.")
def not_summed(g, node):
    return (g,)


q6.mistake("A number that was used many times adds what it receives; you take the mean.",
           replace="g.sum(axes)", by="g.sum(axes) * (x.size / max(1, node.size))")


@q6.wrong("You keep the gradient of one copy; every copy counts, so sum over them.")
def first_copy(g, node):
    return (g.shrink(tuple((0, size) for size in node.inputs[0].shape)),)


q6.mistake("g still has the shape of the result: sum it along the repeated axes.",
           replace="if a != b", by="if a == b", worth=0)
q6.mistake("Only the axes that were repeated are summed, not all of them.",
           replace=AXES, by="tuple(range(len(x.shape)))")
q6.mistake("Any axis may be repeated, not only the first.",
           replace=AXES, by="(0,)", worth=0)
q6.mistake("A rule returns a tuple, also for one input: mind the comma.",
           replace="return (g.sum(axes),)", by="return g.sum(axes)", worth=0)
q6.mistake("Copies add up: sum, and not max.",
           replace="g.sum(axes)", by="g.max(axes)", worth=0)
q6.mistake("sum wants to know along which axes: those that were repeated.",
           replace="g.sum(axes)", by="g.sum()", worth=0)
q6.mistake("expand only repeats; on the way back what was repeated is added up: g.sum(axes).",
           replace="g.sum(axes)", by="g.expand(x.shape)", worth=0)
q6.mistake("A reshape adds nothing up: g.sum(axes).",
           replace="g.sum(axes)", by="g.reshape(x.shape)", worth=0)
q6.mistake("The axes are counted from 0 as they stand: k, not k + 1.",
           replace="k for k,", by="k + 1 for k,")

# ------------------------------------------------ q7. Put the axes back

BACK = "tuple(node.arg.index(axis) for axis in range(len(node.arg)))"
q7.mistake("You apply the same order again. For three axes that is not the way back.",
           replace=BACK, by="node.arg")
q7.mistake("The axes of g are still in the new order: permute them back.",
           replace="g.permute(tuple(node.arg.index(axis) for axis in range(len(node.arg))))",
           by="g")
q7.mistake("Reversing all axes undoes an order only for two of them.",
           replace=BACK, by="tuple(reversed(range(len(node.arg))))")
q7.mistake("The axes of g are still in the new order: permute them back.",
           replace=BACK, by="tuple(sorted(node.arg))", worth=0)
q7.mistake("Turning the list round is not turning the move round.",
           replace=BACK, by="tuple(reversed(node.arg))", worth=0)
q7.mistake("A rule returns a tuple, also for one input: mind the comma.",
           replace=f"(g.permute({BACK}),)", by=f"g.permute({BACK})", worth=0)
q7.mistake("What arrives is g: its axes are put back, not those of the result.",
           replace="(g.permute(", by="(node.permute(", worth=0)
q7.mistake("Axis a of x stands at the place where node.arg holds a: node.arg.index(a).",
           replace=BACK, by="tuple(-axis for axis in node.arg)", worth=0)
q7.mistake("Looking up twice is the way back for three axes only: ask node.arg.index(axis).",
           replace=BACK, by="tuple(node.arg[node.arg[axis]] for axis in range(len(node.arg)))")
q7.mistake("A reshape gives the right shape and leaves the numbers in their order: move the axes.",
           replace=f"g.permute({BACK})", by="g.reshape(node.inputs[0].shape)", worth=0)
q7.mistake("Each axis once, from 0 up: range(len(node.arg)).",
           replace="range(len(node.arg))", by="reversed(range(len(node.arg)))")

# ------------------------------------------------ q8. Cut back

CUT = "tuple((before, before + n) for (before, _), n in zip(node.arg, sizes))"


@q8.wrong("x does not begin at place 0 of g: it begins after the zeros in front.")
def from_the_start(g, node):
    return (g.shrink(tuple((0, size) for size in node.inputs[0].shape)),)


@q8.wrong("g still covers the zeros: cut it back to the part that was x.")
def not_cut(g, node):
    return (g,)


q8.mistake("You cut `after` numbers in front; the pair is (before, after).",
           replace=CUT, by="tuple((a, a + n) for (b, a), n in zip(node.arg, sizes))")
q8.mistake("The second number is where x ends: before + size, not the size alone.",
           replace="(before, before + n) for", by="(before, n) for", worth=0)
q8.mistake("shrink takes (from, to): the pair of widths is something else.",
           replace=CUT, by="node.arg", worth=0)
q8.mistake("The cut is as long as x itself: before + size, where node.shape is too long.",
           replace="sizes = node.inputs[0].shape", by="sizes = node.shape", worth=0)
q8.mistake("A rule returns a tuple, also for one input: mind the comma.",
           replace=f"return (g.shrink({CUT}),)", by=f"return g.shrink({CUT})", worth=0)
q8.mistake("The second bound is the place after the last number: before + size, and no further.",
           replace="(before, before + n) for", by="(before, before + n + 1) for", worth=0)
q8.mistake("Places count from 0: with two zeros in front, x begins at place 2.",
           replace="(before, before + n) for", by="(before + 1, before + 1 + n) for", worth=0)
q8.mistake("Zeros were put around x; the gradient takes a part out of g and adds no more zeros.",
           replace=f"g.shrink({CUT})", by="g.pad(node.arg)", worth=0)
q8.mistake("Widths and sizes go together, axis by axis, in this order: zip(node.arg, sizes).",
           replace="zip(node.arg, sizes)", by="zip(reversed(node.arg), sizes)")
