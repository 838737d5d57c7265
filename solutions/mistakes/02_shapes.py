"""More known mistakes of chapter 02, as edits of the solutions."""

# fmt: off
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

PLACE = "start + sum(i * s for i, s in zip(index, strides))"
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

q3.mistake("Sizes that differ are an error only if neither is 1: 1 not in (x, y).",
           replace="if x != y and 1 not in (x, y):", by="if x != y:", worth=0)
q3.mistake("A 1 gives way to the other size, on either side.",
           replace="out.append(y if x == 1 else x)", by="out.append(x)", worth=0)
q3.mistake("A 1 gives way to the other size, on either side.",
           replace="out.append(y if x == 1 else x)", by="out.append(y)", worth=0)
q3.mistake("Where sizes do not go together raise a ValueError; nothing else says it.",
           replace="raise ValueError(f\"{a} and {b} do not go together\")", by="return None")
q3.mistake("A TypeError says that something is of the wrong kind; here it is a ValueError.",
           replace="raise ValueError(", by="raise TypeError(")
q3.mistake("Both may be the shorter one: put ones in front of b as well.",
           replace="(*[1] * (longest - len(b)), *b)", by="b", worth=0)
q3.mistake("A size of 0 is a size: only 1 is stretched.",
           replace="1 not in (x, y)", by="1 not in (x, y) and 0 not in (x, y)")
q3.mistake("Return a tuple: shapes are tuples.",
           replace="return tuple(out)", by="return len(out)", worth=0)

q4.mistake("Axes of size 1 are handled, and the missing ones in front are not: sum over axis 0.",
           replace="    while g.ndim > len(shape):\n        g = g.sum(axis=0)\n", by="")
q4.mistake("Several axes may be missing: sum as long as g has too many, with while.",
           replace="while g.ndim", by="if g.ndim")
q4.mistake("Only axes of size 1 were stretched: look at the sizes of shape.",
           replace="if size == 1:", by="if size != 1:")
q4.mistake("That keeps the largest of the copies; every copy counts, so sum over them.",
           replace="g = g.sum(axis=0)", by="g = g.max(axis=0, initial=0)")
q4.mistake("A sum without an axis adds up everything: name the axis.",
           replace="g = g.sum(axis=axis, keepdims=True)", by="g = g.sum(keepdims=True)")
# fmt: on
