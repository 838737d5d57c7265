"""Known mistakes of chapter 02: edits of the model answers, and whole answers.

The sentence of each is what its author reads. Edits are laid out by hand.
"""

# fmt: off

# ------------------------------------------------ q1. Strides

q1.mistake("The strides are in the opposite order: the last axis is the one with stride 1.",
           replace="    for size in reversed(shape):\n"
                   "        out.insert(0, step)\n",
           by="    for size in shape:\n"
              "        out.append(step)\n")
q1.mistake("Each stride is the product of the sizes after its axis, its own size not included.",
           replace="        out.insert(0, step)\n"
                   "        step *= size\n",
           by="        step *= size\n"
              "        out.insert(0, step)\n")


@q1.wrong("The stride is a product of all later sizes, not only the size of the next axis.")
def next_size_only(shape):
    return tuple([*shape[1:], 1]) if shape else ()


q1.mistake("NumPy counts strides in bytes; here they count numbers.",
           replace="out, step = [], 1", by="out, step = [], 8")
q1.mistake("Multiply by the size of the axis, and do not divide: step *= size.",
           replace="step *= size", by="step //= size")
q1.mistake("Sizes multiply: step *= size. Added up they say nothing about places in memory.",
           replace="step *= size", by="step += size")
q1.mistake("Put each stride in front of those of later axes: out.insert(0, step).",
           replace="out.insert(0, step)", by="out.append(step)")
q1.mistake("The last axis has stride 1, not 0: begin with step = 1.",
           replace="step = [], 1", by="step = [], 0", worth=0)
q1.mistake("Return a tuple of all strides; this is the number of all places.",
           replace="return tuple(out)", by="return step", worth=0)
q1.mistake("An axis of size 1 counts like any other: its stride is the product of what follows.",
           replace="out.insert(0, step)", by="out.insert(0, step if size > 1 else 0)")
q1.mistake("The last axis is one too: walk through all of them.",
           replace="reversed(shape)", by="reversed(shape[1:])", worth=0)
q1.mistake("Strides grow from the last axis to the first: walk through reversed(shape).",
           replace="reversed(shape)", by="shape", worth=0)
q1.mistake("Nothing comes back: end with return tuple(out).",
           replace="return tuple(out)", by="tuple(out)", worth=0)
q1.mistake("Without axes there are no strides: begin with an empty list.",
           replace="return tuple(out)", by="return tuple(out) or (1,)")


@q1.wrong("Only the LATER sizes are multiplied, and not those in front as well.", worth=0)
def all_other_sizes(shape):
    whole = 1
    for size in shape:
        whole *= size
    return tuple(whole // max(1, size) for size in shape)


@q1.wrong("Strides grow from the last axis to the first: walk through reversed(shape).", worth=0)
def from_the_front(shape):
    out, step = [], 1
    for size in shape:
        step *= size
        out.append(step)
    return tuple(out)


q1.mistake("The return stands inside the loop: only the last axis is looked at.",
           replace="        step *= size\n    return", by="        step *= size\n        return")
q1.mistake("The step never grows: after each axis, step *= size.",
           replace="        step *= size\n", by="")
q1.mistake("One step along the last axis moves one place: begin with step = 1.",
           replace="out, step = [], 1", by="out, step = [], 2")
q1.mistake("Every stride goes to the very front: out.insert(0, step).",
           replace="out.insert(0, step)", by="out.insert(1, step)")

# ------------------------------------------------ q2. Where a number lies

PLACE = "start + sum(i * s for i, s in zip(index, strides))"
q2.mistake("Add start: the number at index (0, 0, ...) need not lie at place 0.",
           replace=PLACE, by="sum(i * s for i, s in zip(index, strides))")
q2.mistake("Multiply each index by its own stride before adding.",
           replace="sum(i * s for i, s in zip(index, strides))", by="sum(index) * sum(strides)")
q2.mistake("The index and the strides go in the same order, first axis with first stride.",
           replace="zip(index, strides)", by="zip(index, reversed(strides))")
q2.mistake("start is where the index (0, 0, ...) lies: it is added, not taken away.",
           replace=PLACE, by=PLACE.replace("start +", "-start +"), worth=0)
q2.mistake("Index and stride are multiplied, not added.",
           replace=PLACE, by=PLACE.replace("i * s", "i + s"), worth=0)
q2.mistake("Each axis counts: add up over all of them.",
           replace=PLACE, by="start + index[0] * strides[0]", worth=0)
q2.mistake("The places of the axes add up: sum, and not a product.",
           replace=PLACE, by="start + int(np.prod([i * s for i, s in zip(index, strides)]))",
           worth=0)
q2.mistake("start counts once, not once for each axis.",
           replace=PLACE, by="sum(start + i * s for i, s in zip(index, strides))", worth=0)
q2.mistake("A place is one number: the sum of all axes.",
           replace=PLACE, by="tuple(i * s for i, s in zip(index, strides))", worth=0)
q2.mistake("An index counts from 0: index 1 is one step further, not none.",
           replace=PLACE, by=PLACE.replace("i * s", "(i - 1) * s"), worth=0)
q2.mistake("Nothing comes back: put return before the place.",
           replace="return " + PLACE, by=PLACE, worth=0)
q2.mistake("A negative stride walks backwards: leave its sign as it is.",
           replace=PLACE, by=PLACE.replace("i * s", "i * abs(s)"), worth=0)
q2.mistake("Tuples are not multiplied: go through their pairs, zip(index, strides).",
           replace=PLACE, by="start + index * strides", worth=0)


@q2.wrong("start + ... alone changes nothing: keep the sum, start += index * stride.", worth=0)
def sum_not_kept(index, strides, start=0):
    for i, s in zip(index, strides):
        start + i * s
    return start


q2.mistake("Index and stride are multiplied, and not divided.",
           replace="i * s for", by="i // s for")
q2.mistake("The strides count, whatever the index is: add up the products i * s.",
           replace="i * s for", by="s for")
q2.mistake("Add the sum to start; start minus the sum walks backwards.",
           replace="start + sum", by="start - sum")

# ------------------------------------------------ q3. Which shapes go together

q3.mistake("Shapes are aligned at the right end, not at the left.",
           replace="(*[1] * (longest - len(a)), *a), (*[1] * (longest - len(b)), *b)",
           by="(*a, *[1] * (longest - len(a))), (*b, *[1] * (longest - len(b)))")


@q3.wrong("Sizes that differ, and are both not 1, must raise ValueError.")
def takes_the_larger(a, b):
    longest = max(len(a), len(b))
    a, b = (*[1] * (longest - len(a)), *a), (*[1] * (longest - len(b)), *b)
    return tuple(max(x, y) for x, y in zip(a, b))


@q3.wrong("A 1 stretches to the other size even if that is 0: max(0, 1) gives 1.")
def one_beats_zero(a, b):
    longest = max(len(a), len(b))
    a, b = (*[1] * (longest - len(a)), *a), (*[1] * (longest - len(b)), *b)
    for x, y in zip(a, b):
        if x != y and 1 not in (x, y):
            raise ValueError(f"{a} and {b}")
    return tuple(max(x, y) for x, y in zip(a, b))


@q3.wrong("zip stops at the shorter shape: give the shorter one ones in front first.")
def forgot_the_longer_part(a, b):
    out = []
    for x, y in zip(reversed(a), reversed(b)):
        if x != y and 1 not in (x, y):
            raise ValueError(f"{a} and {b}")
        out.insert(0, y if x == 1 else x)
    return tuple(out)


q3.mistake("Sizes that differ are an error only if neither is 1: 1 not in (x, y).",
           replace="if x != y and 1 not in (x, y):", by="if x != y:", worth=0)
q3.mistake("A 1 gives way to the other size, on either side.",
           replace="out.append(y if x == 1 else x)", by="out.append(x)", worth=0)
q3.mistake("A 1 gives way to the other size, on either side.",
           replace="out.append(y if x == 1 else x)", by="out.append(y)", worth=0)
q3.mistake("Where sizes do not go together raise a ValueError; nothing else says it.",
           replace='raise ValueError(f"{a} and {b} do not go together")', by="return None")
q3.mistake("A TypeError says that something is of the wrong kind; here it is a ValueError.",
           replace="raise ValueError(", by="raise TypeError(")
q3.mistake("Both may be the shorter one: put ones in front of b as well.",
           replace="(*[1] * (longest - len(b)), *b)", by="b", worth=0)
q3.mistake("A size of 0 is a size: only 1 is stretched.",
           replace="1 not in (x, y)", by="1 not in (x, y) and 0 not in (x, y)")
q3.mistake("Return a tuple: shapes are tuples.",
           replace="return tuple(out)", by="return len(out)", worth=0)
q3.mistake("Sizes that differ, and are both not 1, must raise ValueError.",
           replace='raise ValueError(f"{a} and {b} do not go together")', by="pass")
q3.mistake("An error is raised, not returned: raise ValueError(...).",
           replace="raise ValueError(", by="return ValueError(")
q3.mistake("assert raises AssertionError; asked for is raise ValueError(...).",
           replace='raise ValueError(f"{a} and {b} do not go together")', by="assert False")
q3.mistake("Nothing comes back: end with return tuple(out).",
           replace="return tuple(out)", by="tuple(out)")
q3.mistake("The sizes are in the opposite order.",
           replace="return tuple(out)", by="return tuple(out[::-1])")
q3.mistake("A missing axis counts as 1, not as 0.",
           replace="(*[1] * (longest - len(a)), *a), (*[1] * (longest - len(b)), *b)",
           by="(*[0] * (longest - len(a)), *a), (*[0] * (longest - len(b)), *b)")
q3.mistake("Shapes of different lengths go together as well: put ones in front of the shorter.",
           replace="    longest = max(len(a), len(b))\n",
           by="    longest = max(len(a), len(b))\n"
              "    if len(a) != len(b):\n"
              "        raise ValueError\n")


@q3.wrong("The longer shape alone is not the answer: look at every pair of sizes.", worth=0)
def the_longer_one(a, b):
    return a if len(a) >= len(b) else b


q3.mistake("Sizes go together if they are EQUAL: raise where x != y.",
           replace="x != y and", by="x == y and")
q3.mistake("The list stays empty: append one size for each pair.",
           replace="        out.append(y if x == 1 else x)\n", by="")
q3.mistake("Look at all pairs: the return stands behind the loop.",
           replace="    return tuple(out)", by="        return tuple(out)")
q3.mistake("`or` refuses too much: it is an error only if the sizes differ AND neither is 1.",
           replace="x != y and 1 not in (x, y)", by="x != y or 1 not in (x, y)")
q3.mistake("Fill up to the LONGER shape: max(len(a), len(b)).",
           replace="longest = max(", by="longest = min(")
q3.mistake("Sizes are not multiplied: a pair gives the one that is not 1.",
           replace="y if x == 1 else x", by="x * y")
q3.mistake("Sizes are not added: a pair gives the one that is not 1.",
           replace="y if x == 1 else x", by="x + y - 1")

# ------------------------------------------------ q4. The way back


@q4.wrong("Missing axes are summed away, and you do that; axes of size 1 must be summed as well.")
def forgot_axes_of_one(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    return g


@q4.wrong("A number that was used many times adds what it receives; you take the mean.")
def takes_the_mean(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0) / max(1, len(g))
    for axis, size in enumerate(shape):
        if size == 1:
            g = g.sum(axis=axis, keepdims=True) / max(1, g.shape[axis])
    return g


@q4.wrong("An axis of size 1 must stay: sum with keepdims=True, so that its size becomes 1.")
def lost_the_axis(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    ones = tuple(axis for axis, size in enumerate(shape) if size == 1)
    return g.sum(axis=ones) if ones else g


q4.mistake("Missing axes are in front, because shapes are aligned at the right: sum over axis 0.",
           replace="g.sum(axis=0)", by="g.sum(axis=-1)")


@q4.wrong("You pick one of the copies; every copy counts, so sum over them.")
def picks_one(g, shape):
    while g.ndim > len(shape):
        g = g[0]
    for axis, size in enumerate(shape):
        if size == 1:
            g = g.take([0], axis=axis)
    return g


q4.mistake("Axes of size 1 are handled, and the missing ones in front are not: sum over axis 0.",
           replace="    while g.ndim > len(shape):\n"
                   "        g = g.sum(axis=0)\n",
           by="")
q4.mistake("Several axes may be missing: sum as long as g has too many, with while.",
           replace="while g.ndim", by="if g.ndim")
q4.mistake("Only axes of size 1 were stretched: look at the sizes of shape.",
           replace="if size == 1:", by="if size != 1:")
q4.mistake("That keeps the largest of the copies; every copy counts, so sum over them.",
           replace="g = g.sum(axis=0)", by="g = g.max(axis=0, initial=0)")
q4.mistake("A sum without an axis adds up everything: name the axis.",
           replace="g = g.sum(axis=axis, keepdims=True)", by="g = g.sum(keepdims=True)")
q4.mistake("Nothing comes back: end with return g.",
           replace="    return g", by="    g", worth=0)


@q4.wrong("A reshape puts numbers in other places and adds none up: sum over the axes.")
def reshaped(g, shape):
    return g.reshape(shape)


@q4.wrong("That stretches; the way back is a sum over what was stretched.")
def stretched_again(g, shape):
    return np.broadcast_to(g, shape)


@q4.wrong("Missing axes are not always one, and axes of size 1 are summed as well.")
def first_axis_alone(g, shape):
    return g.sum(axis=0)


@q4.wrong("First the missing axes: as long as they are there, `shape` counts other axes than g.")
def missing_axes_last(g, shape):
    for axis, size in enumerate(shape):
        if size == 1:
            g = g.sum(axis=axis, keepdims=True)
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    return g


q4.mistake("A sum without an axis adds up everything: name the axis.",
           replace="g = g.sum(axis=0)", by="g = g.sum()")
q4.mistake("Which axes are too many is told by their number: g.ndim > len(shape).",
           replace="g.ndim > len(shape)", by="g.ndim >= len(shape) and g.ndim")
