"""Known mistakes of chapter 17: edits of the model answers, and whole answers.

The sentence of each is what its author reads. Edits are laid out by hand.
"""

# fmt: off

# ------------------------------------------------ q1. A map

q1.mistake("Several threads want one place. Each has a place of its own, which tl.thread.x "
           "says, and no loop over the others' places.",
           replace="tl.thread.x", by="tl.block.x")
q1.mistake("1.8 times as many, and 32 more: the 32 is missing.",
           replace=" * 1.8 + 32", by=" * 1.8")
q1.mistake("Multiply first, then add 32: brackets change the order.",
           replace="celsius[i] * 1.8 + 32", by="(celsius[i] + 32) * 1.8")
q1.mistake("That is the way back, from Fahrenheit to Celsius.",
           replace="celsius[i] * 1.8 + 32", by="(celsius[i] - 32) / 1.8")
q1.mistake("You store over the input. The result belongs into out, the first argument.",
           replace="out[i] =", by="celsius[i] =")
q1.mistake("Several threads want one place. Each has a place of its own, which tl.thread.x "
           "says, and no loop over the others' places.",
           replace="out[i]", by="out[0]")
q1.mistake("Every thread reads the first temperature; its own stands at place i.",
           replace="celsius[i]", by="celsius[0]")
q1.mistake("Places begin at 0, and so do threads: the last thread would stand behind the array.",
           replace="i = tl.thread.x", by="i = tl.thread.x + 1")
q1.mistake("The last thread does nothing. There are exactly as many threads as numbers, so "
           "none is too many.",
           replace="out[i] =", by="if i < out.size - 1: out[i] =")
q1.mistake("A kernel returns nothing: it stores its number into out.",
           replace="out[i] =", by="return")
q1.mistake("2 times and 30 more is what people say in their heads; 1.8 times and 32 more is "
           "exact.",
           replace="* 1.8 + 32", by="* 2 + 30")


@q1.wrong("Several threads want one place. Each has a place of its own, which tl.thread.x "
          "says, and no loop over the others' places.")
def everybody_does_all(out, celsius):
    for k in range(out.size):
        out[k] = celsius[k] * 1.8 + 32


@q1.wrong("Right numbers, but one thread does the work of all while the others watch. Let each "
          "thread store one number.")
def the_first_does_all(out, celsius):
    if tl.thread.x == 0:
        for k in range(out.size):
            out[k] = celsius[k] * 1.8 + 32


# ------------------------------------------------ q2. A zip over blocks

q2.mistake("tl.thread.x begins at 0 in every block, so threads of two blocks meet. Count the "
           "threads of the blocks before, too.",
           replace="tl.block.x * tl.threads.x + tl.thread.x", by="tl.thread.x")
q2.mistake("Before block 2 there are two whole blocks of threads: multiply tl.block.x by "
           "tl.threads.x.",
           replace="tl.block.x * tl.threads.x + tl.thread.x", by="tl.block.x + tl.thread.x")
q2.mistake("A block has tl.threads.x threads. tl.blocks.x is how many blocks there are.",
           replace="tl.threads.x", by="tl.blocks.x")
q2.mistake("Blocks and threads are exchanged: neighbours stand in one block, so the block "
           "counts in steps of tl.threads.x, and the thread in steps of 1.",
           replace="tl.block.x * tl.threads.x + tl.thread.x",
           by="tl.thread.x * tl.blocks.x + tl.block.x - 0 * tl.threads.x")
q2.mistake("Keep out all threads that have no number, and nobody else: i < out.size.",
           replace="i < out.size", by="i >= 0")
q2.mistake("Keep out all threads that have no number, and nobody else: i < out.size.",
           replace="i < out.size", by="i <= out.size")
q2.mistake("The guard keeps one too many out: the thread at place out.size - 1 has a number.",
           replace="i < out.size", by="i < out.size - 1")
q2.mistake("Guard the place among all threads, not the thread's number in its block.",
           replace="if i <", by="if tl.thread.x <")
q2.mistake("a - b, not b - a.",
           replace="a[i] - b[i]", by="b[i] - a[i]")
q2.mistake("That is the sum; the difference is asked for.",
           replace="a[i] - b[i]", by="a[i] + b[i]")
q2.mistake("b has a number for each place: read both at the same place i.",
           replace="b[i]", by="b[0]")
q2.mistake("The number of threads in a block is tl.threads.x. 4 is right for the first "
           "checks only.",
           replace="tl.threads.x", by="4")


@q2.wrong("Right numbers, but thread 0 of each block does the work of its whole block.")
def one_thread_for_each_block(out, a, b):
    if tl.thread.x == 0:
        for k in range(tl.threads.x):
            i = tl.block.x * tl.threads.x + k
            if i < out.size:
                out[i] = a[i] - b[i]


# ------------------------------------------------ q3. Two axes

q3.mistake("Places count from 0: the last column is columns - 1, and that is where column 0 goes.",
           replace="columns - 1 - j", by="columns - j")
q3.mistake("That is the image itself. Column j comes from as far before the end: columns - 1 - j.",
           replace="columns - 1 - j", by="j")
q3.mistake("That stands on its head: left and right are columns, the second place.",
           replace="image[i, columns - 1 - j]", by="image[rows - 1 - i, j]")
q3.mistake("That is turned by half a circle; a mirror leaves each row where it is.",
           replace="image[i, columns - 1 - j]", by="image[rows - 1 - i, columns - 1 - j]")
q3.mistake("The guard asks for the row alone: threads beside the last column come in as well.",
           replace="i < rows and j < columns", by="i < rows")
q3.mistake("The guard asks for the column alone: threads below the last row come in as well.",
           replace="i < rows and j < columns", by="j < columns")
q3.mistake("Both have to hold, the row AND the column. With or, one of them is enough.",
           replace="i < rows and", by="i < rows or")
q3.mistake("A shape says rows first, then columns.",
           replace="rows, columns = out.shape", by="columns, rows = out.shape")
q3.mistake("The second and the third block go through the same rows as the first one: "
           "tl.block.y * tl.threads.y is missing.",
           replace="tl.block.y * tl.threads.y + tl.thread.y", by="tl.thread.y")
q3.mistake("x goes across, so columns come from x and rows from y. The launch has enough "
           "threads for that way round.",
           replace="tl.block.y * tl.threads.y + tl.thread.y\n"
                   "    j = tl.block.x * tl.threads.x + tl.thread.x",
           by="tl.block.x * tl.threads.x + tl.thread.x\n"
              "    j = tl.block.y * tl.threads.y + tl.thread.y")
q3.mistake("The guard keeps the last column out.",
           replace="j < columns", by="j < columns - 1")
q3.mistake("The guard keeps the last row out.",
           replace="i < rows", by="i < rows - 1")


@q3.wrong("Right numbers, but neighbours of a warp store a row apart. Let x go across, along "
          "the last axis, where neighbours share a sector.")
def down_before_across(out, image):
    rows, columns = out.shape
    threads = tl.threads.x * tl.threads.y
    block = tl.block.y * tl.blocks.x + tl.block.x
    place = block * threads + tl.thread.y * tl.threads.x + tl.thread.x
    i = place % rows
    j = place // rows
    if j < columns:
        out[i, j] = image[i, columns - 1 - j]


@q3.wrong("Right numbers, but each thread of the first column does a whole row, one number "
          "after the other, while the other threads watch.")
def a_row_for_each(out, image):
    rows, columns = out.shape
    i = tl.block.y * tl.threads.y + tl.thread.y
    if i < rows and tl.block.x + tl.thread.x == 0:
        for j in range(columns):
            out[i, j] = image[i, columns - 1 - j]


# ------------------------------------------------ q4. Broadcasting along one axis

q4.mistake("The row is how many whole rows stand before the place: divide by the number of "
           "columns.",
           replace="place // out.shape[1]", by="place // out.shape[0]")
q4.mistake("What remains is counted in columns: place % columns.",
           replace="place % out.shape[1]", by="place % out.shape[0]")
q4.mistake("Both are counted in columns, shape[1]: a row has as many numbers as there are "
           "columns.",
           replace="out.shape[1]\n"
                   "    j = place % out.shape[1]",
           by="out.shape[0]\n"
              "    j = place % out.shape[0]")
q4.mistake("// and % are exchanged: // says how many whole rows, % how far into the row.",
           replace="place // out.shape[1]\n"
                   "    j = place %",
           by="place % out.shape[1]\n"
              "    j = place //")
q4.mistake("Each column has a factor: read it at j.",
           replace="factor[j]", by="factor[i]")
q4.mistake("Each row has an offset: read it at i.",
           replace="offset[i]", by="offset[j]")
q4.mistake("factor and offset are exchanged: times the factor, plus the offset.",
           replace="x[i, j] * factor[j] + offset[i]", by="x[i, j] * offset[i] + factor[j]")
q4.mistake("Keep out all threads that have no number, and nobody else: place < out.size.",
           replace="place < out.size", by="place >= 0")
q4.mistake("Keep out all threads that have no number, and nobody else: place < out.size.",
           replace="place < out.size", by="place <= out.size")
q4.mistake("out.shape[0] is the number of rows. A guard for single numbers asks out.size.",
           replace="place < out.size", by="place < out.shape[0]")
q4.mistake("The factor is missing.",
           replace=" * factor[j]", by="")
q4.mistake("The offset is missing.",
           replace=" + offset[i]", by="")
q4.mistake("The offset is added last: only x is multiplied.",
           replace="x[i, j] * factor[j] + offset[i]", by="(x[i, j] + offset[i]) * factor[j]")
q4.mistake("tl.thread.x begins at 0 in every block: count the threads of the blocks before, too.",
           replace="tl.block.x * tl.threads.x + tl.thread.x", by="tl.thread.x")


@q4.wrong("Right numbers, but each thread does a whole row, and most threads have none.")
def a_thread_for_each_row(out, x, factor, offset):
    i = tl.block.x * tl.threads.x + tl.thread.x
    if i < out.shape[0]:
        for j in range(out.shape[1]):
            out[i, j] = x[i, j] * factor[j] + offset[i]


# ------------------------------------------------ q5. More numbers than threads

LOOP = "for place in range(i, out.size, step):\n        out[place] = max(x[place], 0.0)"

q5.mistake("Each thread does one number, and there are more numbers than threads: a loop is "
           "missing.",
           replace=LOOP,
           by="if i < out.size:\n"
              "        out[i] = max(x[i], 0.0)")
q5.mistake("Threads of all blocks take part in a round: the step is tl.blocks.x * tl.threads.x.",
           replace="step = tl.blocks.x * tl.threads.x", by="step = tl.threads.x")
q5.mistake("A round of all threads is as many numbers as there are threads in all blocks, "
           "not as there are blocks.",
           replace="step = tl.blocks.x * tl.threads.x", by="step = tl.blocks.x")
q5.mistake("The step is a product: that many blocks, each of that many threads.",
           replace="tl.blocks.x * tl.threads.x", by="tl.blocks.x + tl.threads.x")
q5.mistake("Each thread starts at its own place. From 0 they would all do the same.",
           replace="range(i, out.size", by="range(0, out.size")
q5.mistake("The last number is left out: range ends before its second number already.",
           replace="range(i, out.size,", by="range(i, out.size - 1,")
q5.mistake("Places begin at 0: nobody does the first number.",
           replace="range(i, ", by="range(i + 1, ")
q5.mistake("max keeps the larger of two: 0 where the number is negative.",
           replace="max(x[place]", by="min(x[place]")
q5.mistake("abs turns negative numbers round; they should become 0.",
           replace="max(x[place], 0.0)", by="abs(x[place])")
q5.mistake("The loop's place is the one to read and to store at; i is only where it begins.",
           replace="max(x[place]", by="max(x[i]")
q5.mistake("The loop's place is the one to read and to store at; i is only where it begins.",
           replace="out[place] =", by="out[i] =")
q5.mistake("tl.thread.x begins at 0 in every block: count the threads of the blocks before, too.",
           replace="tl.block.x * tl.threads.x + tl.thread.x", by="tl.thread.x")


@q5.wrong("Rounded down: what is left behind the whole rounds belongs to somebody as well.")
def whole_rounds_only(out, x):
    step = tl.blocks.x * tl.threads.x
    i = tl.block.x * tl.threads.x + tl.thread.x
    for k in range(out.size // step):
        out[k * step + i] = max(x[k * step + i], 0.0)


@q5.wrong("Rounded up, but without a guard: in the last round some threads have no number.")
def rounds_without_a_guard(out, x):
    step = tl.blocks.x * tl.threads.x
    i = tl.block.x * tl.threads.x + tl.thread.x
    for k in range(-(-out.size // step)):
        out[k * step + i] = max(x[k * step + i], 0.0)


@q5.wrong("Right numbers, but each thread has a stretch of its own, so the threads of a warp "
          "look far apart each time. Let neighbours take neighbours, and go on by a whole "
          "round.",
          worth=1.5)
def a_stretch_for_each(out, x):
    step = tl.blocks.x * tl.threads.x
    each = -(-out.size // step)
    i = tl.block.x * tl.threads.x + tl.thread.x
    for k in range(each):
        place = i * each + k
        if place < out.size:
            out[place] = max(x[place], 0.0)


@q5.wrong("Right numbers, but one thread does them all. Each shall do every so many-th.", worth=0)
def a_thread_for_all(out, x):
    if tl.block.x * tl.threads.x + tl.thread.x == 0:
        for place in range(out.size):
            out[place] = max(x[place], 0.0)


# ------------------------------------------------ q6. Nobody waits

CHOICE = "x[i] * (2.0 if even else 1.0) + (0.0 if even else 1.0)"


@q6.wrong("Right numbers, but each warp goes both ways. Choose the numbers that differ, and "
          "let all threads compute on one line.")
def both_ways(out, x):
    i = tl.block.x * tl.threads.x + tl.thread.x
    if i < out.size:
        if i % 2 == 0:
            out[i] = x[i] * 2
        else:
            out[i] = x[i] + 1


@q6.wrong("Right numbers, and the warps stay together, but a warp now looks at every second "
          "number and moves twice the sectors. Choose a number instead of a way.")
def dealt_out_anew(out, x):
    half = tl.threads.x // 2
    t = tl.thread.x
    i = tl.block.x * tl.threads.x + (t * 2 if t < half else (t - half) * 2 + 1)
    if tl.threads.x % 2 == 1:
        i = tl.block.x * tl.threads.x + t
    even = i % 2 == 0
    if i < out.size:
        out[i] = x[i] * (2.0 if even else 1.0) + (0.0 if even else 1.0)


@q6.wrong("The guard is right, but an if inside divides the warps once more: choose the "
          "factor with 2.0 if even else 1.0.")
def one_if_left(out, x):
    i = tl.block.x * tl.threads.x + tl.thread.x
    if i < out.size:
        factor = 1.0
        extra = 1.0
        if i % 2 == 0:
            factor = 2.0
            extra = 0.0
        out[i] = x[i] * factor + extra


q6.mistake("Even and odd are exchanged: place 0 is even, and its number is doubled.",
           replace="i % 2 == 0", by="i % 2 == 1")
q6.mistake("Whether the PLACE is even decides. Over blocks of an odd size the thread's "
           "number says something else.",
           replace="even = i % 2", by="even = tl.thread.x % 2")
q6.mistake("Even is what leaves no remainder by 2: i % 2. i // 2 counts pairs.",
           replace="i % 2", by="i // 2")
q6.mistake("At even places 1 is added as well.",
           replace="(0.0 if even else 1.0)", by="1.0")
q6.mistake("At odd places the number is doubled as well.",
           replace="(2.0 if even else 1.0)", by="2.0")
q6.mistake("Doubled at all places: at odd ones 1 is added instead.",
           replace=CHOICE, by="x[i] * 2.0")
q6.mistake("1 more at all places: at even ones the number is doubled instead.",
           replace=CHOICE, by="x[i] + 1.0")
q6.mistake("Doubled means times 2; you square it.",
           replace="x[i] * (2.0 if even else 1.0)", by="x[i] * (x[i] if even else 1.0)")
q6.mistake("A guard is missing: the last block may have more threads than numbers.",
           replace="i < out.size", by="i >= 0")
q6.mistake("The guard keeps the last number out.",
           replace="i < out.size", by="i < out.size - 1")

# ------------------------------------------------ q7. A bug hunt outside of arrays

q7.mistake("The guard still lets one too many in: i < out.size.",
           replace="i < out.size", by="i <= out.size")
q7.mistake("Place -1 is still read by the first thread: max(i - 1, 0) is never below 0.",
           replace="max(i - 1, 0)", by="i - 1")
q7.mistake("The last thread still reads behind the last place: min(i + 1, x.size - 1) is "
           "never above it.",
           replace="min(i + 1, x.size - 1)", by="i + 1")
q7.mistake("The last thread still reads behind the last place: min(i + 1, x.size - 1) is "
           "never above it.",
           replace="x.size - 1", by="x.size")
q7.mistake("Place -1 is still read by the first thread: max(i - 1, 0) is never below 0.",
           replace="max(i - 1, 0)", by="min(i - 1, 0)")
q7.mistake("The last thread still reads behind the last place: min(i + 1, x.size - 1) is "
           "never above it.",
           replace="min(i + 1, x.size - 1)", by="max(i + 1, x.size - 1)")
q7.mistake("The ends are skipped and stay what they were. They have a mean as well, with "
           "themselves once more.",
           replace="if i < out.size:", by="if i > 0 and i + 1 < out.size:")
q7.mistake("At the ends the other end is taken, as on a circle. There, the number itself "
           "counts twice.",
           replace="max(i - 1, 0)\n"
                   "        behind = min(i + 1, x.size - 1)",
           by="(i + x.size - 1) % x.size\n"
              "        behind = (i + 1) % x.size")
q7.mistake("A missing neighbour counts as 0 with you. The number itself counts once more instead.",
           replace="x[before] + x[i] + x[behind]",
           by="(x[before] if i > 0 else 0.0) + x[i] + (x[behind] if i + 1 < x.size else 0.0)")
q7.mistake("The mean of three numbers: divide by 3.",
           replace=" / 3", by="")
q7.mistake("Three numbers are added: divide by 3, not by 2.",
           replace=" / 3", by=" / 2")
q7.mistake("Before is i - 1, and behind is i + 1: yours looks at one neighbour twice.",
           replace="max(i - 1, 0)", by="min(i + 1, x.size - 1)")
q7.mistake("The number itself is missing from its mean.",
           replace="x[before] + x[i] + x[behind]", by="x[before] + x[behind]")


@q7.wrong("Right numbers, but one thread of each block goes through all of the block's numbers.")
def one_for_the_block(out, x):
    if tl.thread.x == 0:
        for k in range(tl.threads.x):
            i = tl.block.x * tl.threads.x + k
            if i < out.size:
                before = max(i - 1, 0)
                behind = min(i + 1, x.size - 1)
                out[i] = (x[before] + x[i] + x[behind]) / 3


# ------------------------------------------------ q8. A bug hunt for a race

q8.mistake("The race is still there. All threads have to have read before the first one stores: "
           "the barrier belongs in between.",
           replace="    tl.barrier()\n", by="")
q8.mistake("Only some threads come to a barrier inside an if, and would wait for ever. Close "
           "the if first, then the barrier, then a second if.",
           replace="    tl.barrier()\n"
                   "    if i + 1 < x.size:\n"
                   "        x[i] = mean",
           by="        tl.barrier()\n"
              "        x[i] = mean")
q8.mistake("The race is still there. All threads have to have read before the first one stores: "
           "the barrier belongs in between.",
           replace="    tl.barrier()\n    if i + 1 < x.size:\n        x[i] = mean",
           by="    if i + 1 < x.size:\n        x[i] = mean\n    tl.barrier()")
q8.mistake("The race is still there. All threads have to have read before the first one "
           "stores: the barrier belongs in between.",
           replace="    mean = 0.0\n"
                   "    if i + 1 < x.size:\n"
                   "        mean = (x[i] + x[i + 1]) / 2\n"
                   "    tl.barrier()\n",
           by="    tl.barrier()\n"
              "    mean = 0.0\n"
              "    if i + 1 < x.size:\n"
              "        mean = (x[i] + x[i + 1]) / 2\n")
q8.mistake("Without the second guard every thread stores its mean: the last number stays, "
           "and some threads have no number at all.",
           replace="    tl.barrier()\n"
                   "    if i + 1 < x.size:\n"
                   "        x[i] = mean",
           by="    tl.barrier()\n"
              "    if i < x.size:\n"
              "        x[i] = mean")
q8.mistake("The next one of the last number does not exist: i + 1 < x.size.",
           replace="mean = 0.0\n    if i + 1 <", by="mean = 0.0\n    if i <")
q8.mistake("That is the sum; the mean is half of it.",
           replace=" / 2", by="")
q8.mistake("The next one is at i + 1; the same number twice gives the number itself.",
           replace="x[i + 1]) / 2", by="x[i]) / 2")
q8.mistake("Each number becomes a mean, not the next number.",
           replace="(x[i] + x[i + 1]) / 2", by="x[i + 1]")
q8.mistake("That is half the way to the next number, without the number: (x[i] + x[i + 1]) / 2.",
           replace="(x[i] + x[i + 1]) / 2", by="(x[i + 1] - x[i]) / 2")
q8.mistake("Brackets: the sum is halved, not the second number alone.",
           replace="(x[i] + x[i + 1]) / 2", by="x[i] + x[i + 1] / 2")
q8.mistake("The mean goes to the number's own place, i, not to the next one's.",
           replace="x[i] = mean", by="x[i + 1] = mean")


@q8.wrong("One thread walks through all numbers. It never meets anybody, and a thousand "
          "others wait.")
def one_walks(x):
    if tl.thread.x == 0:
        for k in range(x.size - 1):
            x[k] = (x[k] + x[k + 1]) / 2


@q8.wrong("The last number stays: it has no next one. With you it is halved.")
def zero_behind_the_end(x):
    i = tl.thread.x
    mean = 0.0
    if i < x.size:
        mean = (x[i] + (x[i + 1] if i + 1 < x.size else 0.0)) / 2
    tl.barrier()
    if i < x.size:
        x[i] = mean


# ------------------------------------------------ q9. In place

q9.mistake("Every thread exchanges, so each pair is exchanged by two threads, who meet. Half "
           "of a row's threads are enough.",
           replace="j < columns // 2", by="j < columns")
q9.mistake("With an odd number of columns the one in the middle stays: columns // 2, rounded "
           "down, may work. But fewer leave a pair out.",
           replace="columns // 2", by="(columns - 1) // 2")
q9.mistake("Places count from 0: the partner of column 0 is columns - 1.",
           replace="table[i, j] = table[i, columns - 1 - j]\n"
                   "        table[i, columns - 1 - j] = first",
           by="table[i, j] = table[i, columns - j]\n"
              "        table[i, columns - j] = first")
q9.mistake("first is gone when you need it: you store over table[i, j] before its number is kept.",
           replace="first = table[i, j]\n        table[i, j] = table[i, columns - 1 - j]",
           by="table[i, j] = table[i, columns - 1 - j]\n        first = table[i, j]")
q9.mistake("Only one of the two places is stored to: the right half of the row stays.",
           replace="        table[i, columns - 1 - j] = first\n", by="")
q9.mistake("Only one of the two places is stored to: the left half of the row stays.",
           replace="        table[i, j] = table[i, columns - 1 - j]\n", by="")
q9.mistake("That exchanges rows; asked for is the order inside each row.",
           replace="if i < rows and j < columns // 2:\n"
                   "        first = table[i, j]\n"
                   "        table[i, j] = table[i, columns - 1 - j]\n"
                   "        table[i, columns - 1 - j] = first",
           by="if i < rows // 2 and j < columns:\n"
              "        first = table[i, j]\n"
              "        table[i, j] = table[rows - 1 - i, j]\n"
              "        table[rows - 1 - i, j] = first")
q9.mistake("Threads below the last row come in: guard the row as well.",
           replace="i < rows and j", by="j")
q9.mistake("A shape says rows first, then columns.",
           replace="rows, columns = table.shape", by="columns, rows = table.shape")
q9.mistake("Only the first block's columns are turned: tl.block.x * tl.threads.x is missing in j.",
           replace="j = tl.block.x * tl.threads.x + tl.thread.x", by="j = tl.thread.x")
q9.mistake("Each pair is turned in the first row of blocks only: tl.block.y * tl.threads.y "
           "is missing in i.",
           replace="i = tl.block.y * tl.threads.y + tl.thread.y", by="i = tl.thread.y")
q9.mistake("The guard keeps the last row out.",
           replace="i < rows and", by="i < rows - 1 and")


@q9.wrong("Right numbers, but the first thread of each row turns all of it, one pair after "
          "the other.")
def the_first_of_each_row(table):
    i = tl.block.y * tl.threads.y + tl.thread.y
    rows, columns = table.shape
    if i < rows and tl.block.x + tl.thread.x == 0:
        for j in range(columns // 2):
            first = table[i, j]
            table[i, j] = table[i, columns - 1 - j]
            table[i, columns - 1 - j] = first
