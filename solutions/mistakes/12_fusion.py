"""Known mistakes of chapter 12: edits of the model answers, and whole answers.

The sentence of each is what its author reads. Edits are laid out by hand.
"""

# fmt: off

# ------------------------------------------------ q1. What one kernel moves

q1.mistake("What the kernel has made itself is in a register, and not read from memory.",
           replace="len(used - made)", by="len(used)")
q1.mistake("A float32 has 4 bytes: multiply by 4.",
           replace="4 * size * len(used - made), 4 * size * len(stored)",
           by="size * len(used - made), size * len(stored)")
q1.mistake("Only what is stored is written: the other lines stay in registers.",
           replace="len(stored)", by="len(made)")
q1.mistake("Each name stands for `size` numbers: multiply by size.",
           replace="4 * size * len(used - made), 4 * size * len(stored)",
           by="4 * len(used - made), 4 * len(stored)")
q1.mistake("First the bytes that are read, then those that are written.",
           replace="4 * size * len(used - made), 4 * size * len(stored)",
           by="4 * size * len(stored), 4 * size * len(used - made)")
q1.mistake("Two numbers are asked for, what is read and what is written, not their sum.",
           replace="(used - made), 4 * size * len(stored)",
           by="(used - made) + 4 * size * len(stored)")
q1.mistake("Not only the stored lines are made here: take all names in `made` out of what is read.",
           replace="used - made", by="used - set(stored)")
q1.mistake("The bits are asked for nowhere: a float32 has 4 bytes.",
           replace="4 * size * len(used - made), 4 * size * len(stored)",
           by="32 * size * len(used - made), 32 * size * len(stored)")
q1.mistake("The kernel reads sources, too, and a stored name is written, not read.",
           replace="len(used - made)", by="len(used & made)")


@q1.wrong("A name that is used twice is read once: collect the names in a set.")
def each_use_is_a_read(lines, stored, size):
    made = {name for name, _ in lines}
    reads = [x for _, inputs in lines for x in inputs if x not in made]
    return 4 * size * len(reads), 4 * size * len(stored)


@q1.wrong("That is one kernel for each line. In one kernel what a line makes is not read again.")
def a_kernel_for_each_line(lines, stored, size):
    reads = sum(len(set(inputs)) for _, inputs in lines)
    return 4 * size * reads, 4 * size * len(lines)


# ------------------------------------------------ q2. A scheduler in five lines

q2.mistake("Begin with the last line: readers must have a kernel before a value's own turn comes.",
           replace="reversed(lines)", by="lines")
q2.mistake("What is asked for is stored, and begins a kernel, even where one kernel reads it.",
           replace="len(homes) == 1 and name not in stored", by="len(homes) == 1")
q2.mistake("What two kernels read is computed in neither: it begins a kernel of its own.",
           replace="homes.pop() if len(homes) == 1 and", by="min(homes) if homes and")
q2.mistake("A value is computed where its reader is: in home[reader].",
           replace="home[reader] for reader", by="reader for reader")
q2.mistake("Fuse where there is one kernel, not where there are several.",
           replace="homes.pop() if len(homes) == 1", by="min(homes) if len(homes) > 1")
q2.mistake("Nothing is fused: what one kernel alone reads is computed there.",
           replace="homes.pop() if len(homes) == 1 and name not in stored else name", by="name")
q2.mistake("Only what is not among the stored may be fused.",
           replace="name not in stored", by="name in stored")
q2.mistake("Both must hold: one kernel reads it, and nobody asked for it.",
           replace="homes.pop() if len(homes) == 1 and", by="min(homes) if len(homes) == 1 or")
q2.mistake("The dictionary is asked for, not the set of kernels.",
           replace="return home", by="return set(home.values())")
q2.mistake("The return stands inside the loop: only the last line is placed.",
           replace="    return home", by="        return home")


@q2.wrong("Count kernels, not lines: two readers in one kernel compute there with one copy.")
def readers_counted(lines, stored):
    home = {}
    for name, _ in reversed(lines):
        readers = [reader for reader, inputs in lines if name in inputs]
        home[name] = home[readers[0]] if len(readers) == 1 and name not in stored else name
    return home


@q2.wrong("Everything in one kernel stores only the last line: what else is asked for is missing.")
def all_in_one(lines, stored):
    return dict.fromkeys([name for name, _ in lines], lines[-1][0])


# ------------------------------------------------ q3. When is A * B + C one kernel?

q3.mistake("Where another kernel reads it, too, the rule says nothing: ask for len(homes) == 1.",
           replace="if len(homes) == 1:", by="if homes:")
q3.mistake("The numbers would be written and read again: twice node.nbytes.",
           replace="2 * node.nbytes", by="node.nbytes")
q3.mistake("Bytes, not numbers: node.nbytes.",
           replace="2 * node.nbytes", by="2 * node.size")
q3.mistake("Where one kernel reads it, the value is computed there: FUSE.",
           replace="FUSE,", by="STORE,")
q3.mistake("The other way round: fuse what exactly one kernel reads.",
           replace="len(homes) == 1", by="len(homes) != 1")
q3.mistake("An answer is a pair: FUSE and the reason, a text with the bytes that are saved.",
           replace='FUSE, f"saves {size_of(2 * node.nbytes)} of traffic"', by="FUSE")
q3.mistake("The reason belongs to this case: say with size_of how many bytes are saved.",
           replace='f"saves {size_of(2 * node.nbytes)} of traffic"', by='"saves traffic"')
q3.mistake("Two readers in one kernel are one home: count the kernels, len(homes).",
           replace="len(homes)", by="len(readers)")
q3.mistake("Bytes as a reader wants them, with their unit: size_of(2 * node.nbytes).",
           replace="size_of(2 * node.nbytes)", by="2 * node.nbytes")
q3.mistake("A sum or a move that one kernel reads counts as well: ask about nothing but homes.",
           replace="if len(homes) == 1:",
           by='if len(homes) == 1 and node.op.kind == "elementwise":')

# ------------------------------------------------ q4. A move on the way

q4.mistake("However many kernels read it: a move costs an index in each, and no traffic.",
           replace='node.op.kind == "move"', by='node.op.kind == "move" and len(homes) == 1')
q4.mistake("Only moves: for all other nodes the answer is None.",
           replace='if node.op.kind == "move":', by="if homes:")
q4.mistake("A move on the way is free: FUSE.",
           replace="return FUSE,", by="return STORE,")
q4.mistake("The facts are how many kernels read it, len(homes), not how many nodes.",
           replace="{len(homes)} kernels", by="{len(readers)} kernels")
q4.mistake("Say which op they read through: node.op.name.",
           replace="through this {node.op.name}", by="through it")
q4.mistake("For one kernel it says '1 kernel reads', without an s.",
           replace='"1 kernel reads" if len(homes) == 1 else f"{len(homes)} kernels read"',
           by='f"{len(homes)} kernels read"')
q4.mistake("Count them: f\"{len(homes)} kernels read\".",
           replace='f"{len(homes)} kernels read"', by='"several kernels read"')
q4.mistake("The name of the op is asked for, permute or flip; its kind is always move.",
           replace="this {node.op.name}", by="this {node.op.kind}")
q4.mistake("The kind of a permute is 'move', not 'elementwise'.",
           replace='"move"', by='"elementwise"')
q4.mistake("There are more moves than one: ask for node.op.kind == 'move'.",
           replace='node.op.kind == "move"', by='node.op.name == "permute"')
q4.mistake("An answer is a pair: FUSE and the reason.",
           replace='return FUSE, f"{who} through this {node.op.name}"', by="return FUSE")

# ------------------------------------------------ q5. May two kernels be one loop?

q5.mistake("Look behind the inputs, too: what is below a line is also what is below its inputs.",
           replace="set(read).union(*(below.get(x, ()) for x in read))", by="set(read)")
q5.mistake("Ask in both directions: the other kernel may be the one that waits.",
           replace="((one, other), (other, one)):", by="((one, other),):")
q5.mistake("One line of the kernel that depends on the other is enough: any, not all.",
           replace="any(below", by="all(below")
q5.mistake("What both kernels make is nothing they share: ask what they read, inputs[name].",
           replace="{x for name in kernel for x in inputs[name]} for kernel",
           by="set(kernel) for kernel")
q5.mistake("What both read is asked for, not what any of them reads.",
           replace="reads[0] & reads[1]", by="reads[0] | reads[1]")
q5.mistake("How many names, not which.",
           replace="len(reads[0] & reads[1])", by="sorted(reads[0] & reads[1])")
q5.mistake("Without anything in common the count is 0; None is for kernels that wait.",
           replace="len(reads[0] & reads[1])", by="len(reads[0] & reads[1]) or None")
q5.mistake("A line's inputs are below it, and what is below those: both together.",
           replace="set(read).union(*(below.get(x, ()) for x in read))",
           by="set().union(*(below.get(x, ()) for x in read))")
q5.mistake("All lines of a kernel read, not the first one alone.",
           replace="for name in kernel for x", by="for name in kernel[:1] for x")
q5.mistake("False is no answer here: None where they cannot share a loop.",
           replace="            return None", by="            return -1")
q5.mistake("Ask each kernel about the other one: below[name] of this, and set(rest) of that.",
           replace="set(rest)", by="set(kernel)")

# ------------------------------------------------ q6. Two results of one loop

q6.mistake("Nothing saved is no reason to join: None where saved is 0.",
           replace='(JOIN, f"saves a read of {size_of(saved)}") if saved else None',
           by='(JOIN, f"saves a read of {size_of(saved)}")')
q6.mistake("All shared nodes are saved, not the first alone: add up their bytes.",
           replace="sum(x.nbytes for x in shared)", by="shared[0].nbytes if shared else 0")
q6.mistake("Bytes, not numbers: x.nbytes.",
           replace="x.nbytes", by="x.size")
q6.mistake("Each is read once instead of twice: one read is saved, not two.",
           replace="sum(x.nbytes for x in shared)", by="2 * sum(x.nbytes for x in shared)")
q6.mistake("The verdict is JOIN. FUSE is for what is not stored at all.",
           replace="(JOIN,", by="(FUSE,")
q6.mistake("The reason belongs to this case: say with size_of how many bytes are saved.",
           replace='f"saves a read of {size_of(saved)}"', by='"both read the same"')
q6.mistake("The other way round: JOIN where something is saved, None where nothing is.",
           replace="if saved else None", by="if not saved else None")
q6.mistake("An answer is a pair: JOIN and the reason.",
           replace='(JOIN, f"saves a read of {size_of(saved)}")', by="JOIN")
q6.mistake("The bytes are asked for, not how many nodes: add up x.nbytes.",
           replace="sum(x.nbytes for x in shared)", by="len(shared)")
q6.mistake("Join wherever something is saved: None says that they stay apart.",
           replace='(JOIN, f"saves a read of {size_of(saved)}") if saved else None', by="None")
q6.mistake("first and second are kernels. What both read is handed over as `shared`.",
           replace="in shared", by="in first.stored")
