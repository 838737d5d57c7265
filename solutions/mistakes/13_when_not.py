"""Known mistakes of chapter 13: edits of the model answers, and whole answers.

The sentence of each is what its author reads. Edits are laid out by hand.
"""

# fmt: off

# ------------------------------------------------ q1. Store, or compute again?

q1.mistake("Stored, the value is also written once: 1 for the write, and a read for each kernel.",
           replace="len(inputs) + 1 + len(reads)", by="len(inputs) + len(reads)")
q1.mistake("The kernel that stores the value must read its inputs first.",
           replace="len(inputs) + 1 + len(reads)", by="1 + len(reads)")
q1.mistake("Each kernel reads the stored value: add len(reads).",
           replace="len(inputs) + 1 + len(reads)", by="len(inputs) + 1 + 1")
q1.mistake("What a kernel reads anyway costs nothing more: take those names out.",
           replace="set(inputs) - set(names)", by="set(inputs)")
q1.mistake("Missing are the inputs that a kernel does not read yet, not the other way round.",
           replace="set(inputs) - set(names)", by="set(names) - set(inputs)")
q1.mistake("Count the inputs that are new for a kernel, not those that it has.",
           replace="set(inputs) - set(names)", by="set(inputs) & set(names)")
q1.mistake("A float32 has 4 bytes, and each name stands for `size` of them.",
           replace="4 * size * store, 4 * size * again", by="size * store, size * again")
q1.mistake("Each name stands for `size` numbers: multiply by size.",
           replace="4 * size * store, 4 * size * again", by="4 * store, 4 * again")
q1.mistake("First the way that stores, then the one that computes again.",
           replace="4 * size * store, 4 * size * again", by="4 * size * again, 4 * size * store")
q1.mistake("Both amounts are asked for, not the smaller one.",
           replace="return 4 * size * store, 4 * size * again",
           by="return min(4 * size * store, 4 * size * again)")


@q1.wrong("Each kernel computes for itself: what one has read, the other must read again.")
def read_by_any(size, inputs, reads):
    store = len(inputs) + 1 + len(reads)
    again = len(set(inputs).difference(*reads))
    return 4 * size * store, 4 * size * again


# ------------------------------------------------ q2. A value that is repeated

q2.mistake("Not repeated is one copy: ask for use.copies > 1.",
           replace="use.copies > 1", by="use.copies > 0")
q2.mistake("A single number is computed again sooner than read from memory: node.size > 1.",
           replace=" and node.size > 1", by="")
q2.mistake("Inside its reader each copy would compute it again: STORE.",
           replace="STORE,", by="FUSE,")
q2.mistake("Look at all readers before you say None: the return stands behind the loop.",
           replace="    return None", by="        return None")
q2.mistake("The reader's op is the fact, use.reader.op.name, not the node's own.",
           replace="use.reader.op.name", by="node.op.name")
q2.mistake("node.size is how many numbers it has; nbytes are its bytes.",
           replace="{node.size} numbers", by="{node.nbytes} numbers")
q2.mistake("How often each number is read is use.copies, not how many readers there are.",
           replace="{use.copies} times", by="{len(readers)} times")
q2.mistake("Both must hold: it is repeated, and it is more than one number.",
           replace="> 1 and", by="> 1 or")
q2.mistake("An answer is a pair: STORE and the reason.",
           replace=', f"{name} reads each of its {node.size} numbers {use.copies} times"',
           by="")
q2.mistake("Say in because what is repeated how often: the numbers of this case.",
           replace='f"{name} reads each of its {node.size} numbers {use.copies} times"',
           by='f"{name} repeats it"')
q2.mistake("Repeated is what has copies; how many readers there are is another question.",
           replace="use.copies > 1 and", by="len(readers) > 1 and")

# ------------------------------------------------ q3. One sum at a time

q3.mistake("Only a reduction must wait: ask for node.op.kind == 'reduce'.",
           replace='node.op.kind == "reduce" and ', by="")
q3.mistake("Where no reduction runs yet there is room: ask for home.reduction.",
           replace=" and home.reduction is not None", by="")
q3.mistake("The other way round: it waits where a reduction runs.",
           replace="is not None", by="is None")
q3.mistake("It waits in a kernel of its own: STORE.",
           replace="STORE,", by="FUSE,")
q3.mistake("Both must hold: the node is a reduction, and one runs already.",
           replace='"reduce" and', by='"reduce" or')
q3.mistake("There are sums and maxima: ask for the kind, 'reduce'.",
           replace='node.op.kind == "reduce"', by='node.op.name == "sum"')
q3.mistake("What runs there is home.reduction, not the node that you were asked about.",
           replace="runs {home.reduction}", by="runs {node}")
q3.mistake("Say in because which reduction runs there: home.reduction.",
           replace='f"{home} already runs {home.reduction}"', by='"another one runs there"')
q3.mistake("An answer is a pair: STORE and the reason.",
           replace='STORE, f"{home} already runs {home.reduction}"', by="STORE")
q3.mistake("The reader may be a sum's neighbour: what counts is what its kernel runs.",
           replace="home.reduction is not None", by='home.root.op.kind == "reduce"')
q3.mistake("The kind is 'reduce'; 'elementwise' are mul, add and the like.",
           replace='"reduce"', by='"elementwise"')

# ------------------------------------------------ q4. A total that several need

q4.mistake("One kernel alone may run the loop itself: len(homes) > 1.",
           replace="len(homes) > 1", by="len(homes) > 0")
q4.mistake("Only for reductions: other values are weighed by another rule.",
           replace='node.op.kind == "reduce" and ', by="")
q4.mistake("Each of them would run the whole loop: STORE.",
           replace="return STORE,", by="return FUSE,")
q4.mistake("What each would read is the input of the reduction, not its few results.",
           replace="node.inputs[0].nbytes", by="node.nbytes")
q4.mistake("Bytes, not numbers: nbytes.",
           replace="node.inputs[0].nbytes", by="node.inputs[0].size")
q4.mistake("Each of them would read it once: say what one reads, not what all read together.",
           replace="size_of(node.inputs[0].nbytes)",
           by="size_of(len(homes) * node.inputs[0].nbytes)")
q4.mistake("Both must hold: a reduction, and more than one kernel.",
           replace='"reduce" and', by='"reduce" or')
q4.mistake("Two are several: more than one, not more than two.",
           replace="len(homes) > 1", by="len(homes) > 2")
q4.mistake("There are sums and maxima: ask for the kind, 'reduce'.",
           replace='node.op.kind == "reduce"', by='node.op.name == "sum"')
q4.mistake("An answer is a pair: STORE and the reason.",
           replace='STORE, f"{len(homes)} kernels read it; each would read {amount}"', by="STORE")
q4.mistake("How many kernels read it belongs to the reason: len(homes).",
           replace='f"{len(homes)} kernels read it; each would read {amount}"',
           by='f"each would read {amount}"')

# ------------------------------------------------ q5. Several readers

q5.mistake("The value is also written once: 1 + len(homes).",
           replace="(1 + len(homes))", by="len(homes)")
q5.mistake("Each kernel reads what was stored: 1 + len(homes).",
           replace="(1 + len(homes))", by="2")
q5.mistake("What a kernel reads anyway costs nothing more: below - reads(home, node).",
           replace="below - reads(home, node)", by="below")
q5.mistake("Each kernel reads for itself: add up over all homes.",
           replace="for home in homes for x", by="for home in homes[:1] for x")
q5.mistake("The other way round: store if storing moves less.",
           replace="STORE if store < again else FUSE", by="FUSE if store < again else STORE")
q5.mistake("If both move the same, nothing is gained by storing: fuse.",
           replace="store < again", by="store <= again")
q5.mistake("needs(node) may be None: then too many nodes lead to it, and it is stored.",
           replace="    if below is None:\n"
                   '        return STORE, "too many nodes lead to it"\n', by="")
q5.mistake("Where so many nodes lead to it that nobody could compute them again, it is stored.",
           replace='return STORE, "too', by='return FUSE, "too')
q5.mistake("One kernel alone needs no scales: None for fewer than two.",
           replace="    if len(homes) < 2:\n"
                   "        return None\n", by="")
q5.mistake("Two kernels are several: None for fewer than two.",
           replace="len(homes) < 2", by="len(homes) < 3")
q5.mistake("An answer is a pair: the verdict and the reason.",
           replace=', f"storing moves {size_of(store)}, recomputing {size_of(again)}"', by="")
q5.mistake("Bytes, not how many nodes: add up x.nbytes.",
           replace="sum(x.nbytes for", by="sum(1 for")
q5.mistake("Both amounts belong to the reason: storing and recomputing.",
           replace='f"storing moves {size_of(store)}, recomputing {size_of(again)}"',
           by='f"storing moves {size_of(store)}"')

# ------------------------------------------------ q6. Microseconds from bytes

q6.mistake("Both go on at once: the longer time counts, not their sum.",
           replace="max(memory, arithmetic),", by="memory + arithmetic,")
q6.mistake("The kernel is not done before both are: the longer time counts.",
           replace="max(memory, arithmetic),", by="min(memory, arithmetic),")
q6.mistake("Bytes are divided by the bandwidth, operations by the speed.",
           replace="moved / bandwidth, operations / speed",
           by="moved / speed, operations / bandwidth")
q6.mistake("Seconds are bytes divided by bytes a second, not multiplied.",
           replace="moved / bandwidth, operations / speed",
           by="moved * bandwidth, operations * speed")
q6.mistake("The longer of the two says which it is.",
           replace=">=", by="<=")
q6.mistake("If both take equally long, it is memory.",
           replace=">=", by=">")
q6.mistake("Seconds are asked for, not microseconds.",
           replace="max(memory, arithmetic),", by="1e6 * max(memory, arithmetic),")
q6.mistake("One pair for each kernel: the return stands behind the loop.",
           replace="    return found", by="        return found")
q6.mistake("The time first, then the word.",
           replace='(max(memory, arithmetic), "memory" if memory >= arithmetic else "arithmetic")',
           by='("memory" if memory >= arithmetic else "arithmetic", max(memory, arithmetic))')
q6.mistake("First the bytes, then the operations: in this order they stand in each pair.",
           replace="for moved, operations in", by="for operations, moved in")

# ------------------------------------------------ q7. Two kernels instead of four

THREE = "Here two kernels read the exponentials. exp(x - log(s)) needs only a number for each row."

q7.mistake(THREE,
           replace="(scores - total.log()).exp()", by="scores.exp() / total")
q7.mistake("Along the rows: axis 1.",
           replace="sum(1, keepdims=True)", by="sum(0, keepdims=True)")
q7.mistake("That is the logarithm of softmax: its exponential is missing.",
           replace="(scores - total.log()).exp()", by="scores - total.log()")
q7.mistake("The logarithm of the sum is taken away, not the sum.",
           replace="total.log()", by="total")
q7.mistake("A quotient of powers is a power of a difference: minus.",
           replace="scores - total", by="scores + total")
q7.mistake("The sum is one of exponentials: scores.exp().sum(...).",
           replace="scores.exp().sum", by="scores.sum")
q7.mistake("A mean is a sum divided by how many: the rows would not add up to 1.",
           replace=".sum(1, keepdims=True)", by=".mean(1, keepdims=True)")


@q7.wrong("Those are the framework's four kernels. Between -50 and 50 no maximum is needed.")
def softmax_itself(scores):
    return scores.softmax(1)


@q7.wrong("Between -50 and 50 nothing overflows: the maximum costs a kernel, and is not needed.")
def with_the_maximum(scores):
    top = scores.max(1, keepdims=True)
    total = (scores - top).exp().sum(1, keepdims=True)
    return (scores - top - total.log()).exp()


@q7.wrong("Rows that add up to 1 are not enough: softmax takes exponentials first.")
def no_exponential(scores):
    return scores / scores.sum(1, keepdims=True)


# ------------------------------------------------ q8. Divide at the end

q8.mistake("Along the rows: axis 1, a number for each row.",
           replace="values).sum(1) / weights.sum(1)", by="values).sum(0) / weights.sum(0)")
q8.mistake("The weights must add up to 1: divide by their sum.",
           replace=" / weights.sum(1)", by="")
q8.mistake("The weights are exponentials of the scores.",
           replace="scores.exp()", by="scores")
q8.mistake("Divide by the sum of the weights, not by the sum of the values.",
           replace="/ weights.sum(1)", by="/ values.sum(1)")
q8.mistake("The values are weighted before they are added up.",
           replace="(weights * values).sum(1)", by="values.sum(1)")
q8.mistake("One number for each row: without keepdims.",
           replace="values).sum(1) / weights.sum(1)",
           by="values).sum(1, keepdims=True) / weights.sum(1, keepdims=True)")
q8.mistake("The mean of all products divides by how many there are: sum them up.",
           replace="(weights * values).sum(1)", by="(weights * values).mean(1)")
q8.mistake("Each row has its own sum of weights: sum(1).",
           replace="/ weights.sum(1)", by="/ weights.sum()")


@q8.wrong("Right, but the probabilities are stored and read again: divide at the end.")
def softmax_first(scores, values):
    return (scores.softmax(1) * values).sum(1)


@q8.wrong("Those are the weighted values: add them up along the rows.")
def not_added_up(scores, values):
    return scores.softmax(1) * values
