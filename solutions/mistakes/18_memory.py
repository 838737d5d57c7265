"""Known mistakes of chapter 18: edits of the model answers, and whole answers.

The sentence of each is what its author reads. Edits are laid out by hand.
"""

# fmt: off

# ------------------------------------------------ q1. Neighbours read neighbours

q1.mistake("A guard is missing: there are a few threads too many.",
           replace="j < out.size", by="j >= 0")
q1.mistake("The guard keeps the last column out.",
           replace="j < out.size", by="j < out.size - 1")
q1.mistake("The first row is left out: rows begin at 0.",
           replace="range(x.shape[0])", by="range(1, x.shape[0])")
q1.mistake("The last row is left out.",
           replace="range(x.shape[0])", by="range(x.shape[0] - 1)")
q1.mistake("x.shape[0] is the number of rows, and that is how many numbers a column has.",
           replace="range(x.shape[0])", by="range(x.shape[1])")
q1.mistake("total = keeps the last number alone; total += adds it to what is there.",
           replace="total += x", by="total = x")
q1.mistake("The sum begins at 0.",
           replace="total = 0.0", by="total = 1.0")
q1.mistake("x[i, j] is row i, column j: your thread runs along a row.",
           replace="x[i, j]", by="x[j % x.shape[0], i % x.shape[1]]")
q1.mistake("tl.thread.x begins at 0 in every block: count the threads of the blocks before, too.",
           replace="tl.block.x * tl.threads.x + tl.thread.x", by="tl.thread.x")
q1.mistake("The sum is asked for, not the mean.",
           replace="out[j] = total", by="out[j] = total / x.shape[0]")
q1.mistake("That is the sum of the squares.",
           replace="total += x[i, j]", by="total += x[i, j] * x[i, j]")


@q1.wrong("Right numbers, but out is stored to in every round. Keep the sum under a name of the "
          "thread's own, and store it once.")
def stored_in_every_round(out, x):
    j = tl.block.x * tl.threads.x + tl.thread.x
    if j < out.size:
        out[j] = 0.0
        for i in range(x.shape[0]):
            out[j] += x[i, j]


@q1.wrong("Right numbers, but one thread of each block goes through all of the block's "
          "columns, one number after the other.")
def one_for_the_block(out, x):
    if tl.thread.x == 0:
        for k in range(tl.threads.x):
            j = tl.block.x * tl.threads.x + k
            if j < out.size:
                total = 0.0
                for i in range(x.shape[0]):
                    total += x[i, j]
                out[j] = total


# ------------------------------------------------ q2. Each number is loaded once

q2.mistake("Between loading and adding all threads have to wait for each other: a barrier is "
           "missing.",
           replace="    tl.barrier()\n", by="")
q2.mistake("A block of n threads needs n + 2 numbers: the last two threads look 2 places further.",
           replace="tl.shared(tl.threads.x + 2)", by="tl.shared(tl.threads.x)")
q2.mistake("A block of n threads needs n + 2 numbers; n + 1 is one too few.",
           replace="tl.shared(tl.threads.x + 2)", by="tl.shared(tl.threads.x + 1)")
q2.mistake("Who loads the two numbers behind the block's last one? Without them the last two "
           "threads read what nobody stored.",
           replace="    if t < 2 and i + tl.threads.x < x.size:\n"
                   "        near[t + tl.threads.x] = x[i + tl.threads.x]\n",
           by="")
q2.mistake("Two more numbers are needed, and yours loads one: threads 0 AND 1 load a second one.",
           replace="t < 2 and", by="t < 1 and")
q2.mistake("Right numbers, but all threads load a second one where two are enough.",
           replace="near = tl.shared(tl.threads.x + 2)\n"
                   "    if i < x.size:\n"
                   "        near[t] = x[i]\n"
                   "    if t < 2 and",
           by="near = tl.shared(2 * tl.threads.x + 2)\n"
              "    if i < x.size:\n"
              "        near[t] = x[i]\n"
              "    if t < 40 and")
q2.mistake("A block at the end may have no second number to load: guard its place in x as well.",
           replace="t < 2 and i + tl.threads.x < x.size", by="t < 2")
q2.mistake("Guard the loading: threads of the last block may have no number in x.",
           replace="if i < x.size:", by="if i >= 0:")
q2.mistake("Guard the storing by out.size: out is 2 numbers shorter than x.",
           replace="i < out.size", by="i < x.size")
q2.mistake("Three neighbours: the number itself and the next TWO.",
           replace=" + near[t + 2]", by="")
q2.mistake("The second number lies tl.threads.x further on in x as well: x[i + tl.threads.x].",
           replace="= x[i + tl.threads.x]", by="= x[i]")
q2.mistake("Shared memory belongs to one block: its places begin at 0 in each, so read it at t.",
           replace="near[t] + near[t + 1] + near[t + 2]", by="near[i] + near[i + 1] + near[i + 2]")
q2.mistake("The mean is not asked for, but the sum.",
           replace="near[t] + near[t + 1] + near[t + 2]",
           by="(near[t] + near[t + 1] + near[t + 2]) / 3")


@q2.wrong("Right numbers, but each number is loaded up to three times. Load it once into shared "
          "memory, and read it there.")
def three_loads_each(out, x):
    i = tl.block.x * tl.threads.x + tl.thread.x
    tl.barrier()
    if i < out.size:
        out[i] = x[i] + x[i + 1] + x[i + 2]


# ------------------------------------------------ q3. A sum in a few rounds

q3.mistake("A barrier is missing in the rounds: whoever reads s[t + half] has to wait until it is "
           "there.",
           replace="            s[t] = s[t] + s[t + half]\n        tl.barrier()\n",
           by="            s[t] = s[t] + s[t + half]\n")
q3.mistake("A barrier is missing behind the first store: others read what you have just stored.",
           replace="else 0.0\n    tl.barrier()\n", by="else 0.0\n")
q3.mistake("Only some threads come to a barrier inside an if. It belongs behind it, in the while.",
           replace="s[t + half]\n        tl.barrier()", by="s[t + half]\n            tl.barrier()")
q3.mistake("A thread without a number adds nothing: 0.0, not 1.0.",
           replace="else 0.0", by="else 1.0")
q3.mistake("A thread without a number reads behind x: if t < x.size, else 0.0.",
           replace="x[t] if t < x.size else 0.0", by="x[t]")
q3.mistake("What a thread without a number left out of s was never stored, so the tree adds "
           "nan up: let it store 0.0.",
           replace="s[t] = x[t] if t < x.size else 0.0",
           by="if t < x.size:\n"
              "        s[t] = x[t]")
q3.mistake("The last round is missing: go on while half > 0, so that s[1] comes to s[0].",
           replace="half > 0", by="half > 1")
q3.mistake("Half of the threads work in the first round: begin at tl.threads.x // 2.",
           replace="half = tl.threads.x // 2", by="half = tl.threads.x // 4")
q3.mistake("Half by half: half = half // 2.",
           replace="half = half // 2", by="half = half // 4")
q3.mistake("A tree of products; add them up.",
           replace="s[t] + s[t + half]", by="s[t] * s[t + half]")
q3.mistake("The sum of the number itself twice: the other one is s[t + half].",
           replace="s[t] + s[t + half]", by="s[t] + s[t]")
q3.mistake("Every thread stores into total[0], each its own number: thread 0 alone has the sum.",
           replace="if t == 0:\n        total[0] = s[0]", by="total[0] = s[t]")
q3.mistake("The sum stands in s[0] at the end; the other places hold parts of it.",
           replace="total[0] = s[0]", by="total[0] = s[tl.threads.x - 1]")


@q3.wrong("Right, but atomic additions queue up one behind the other. Halve the numbers in "
          "rounds.")
def queueing(total, x):
    t = tl.thread.x
    s = tl.shared(1)
    if t == 0:
        s[0] = 0.0
    tl.barrier()
    if t < x.size:
        tl.atomic_add(s, 0, x[t])
    tl.barrier()
    if t == 0:
        total[0] = s[0]


@q3.wrong("Right, but one thread adds all of them up while the others wait. Halve the "
          "numbers in rounds.")
def one_adds_all(total, x):
    if tl.thread.x == 0:
        found = 0.0
        for k in range(x.size):
            found += x[k]
        total[0] = found


@q3.wrong("Right, but the threads that work stand further and further apart, so more and "
          "more of them want the same bank. Let the first ones work, and add what lies half "
          "the way on.")
def further_and_further_apart(total, x):
    t = tl.thread.x
    s = tl.shared(tl.threads.x)
    s[t] = x[t] if t < x.size else 0.0
    tl.barrier()
    step = 1
    while step < tl.threads.x:
        if t * 2 * step < tl.threads.x:
            s[t * 2 * step] = s[t * 2 * step] + s[t * 2 * step + step]
        tl.barrier()
        step = step * 2
    if t == 0:
        total[0] = s[0]


# ------------------------------------------------ q4. Both ways side by side

q4.mistake("What one thread has stored another one reads: a barrier belongs in between.",
           replace="    tl.barrier()\n", by="")
q4.mistake("The tile is read as it was stored: turned it is tile[across, down].",
           replace="tile[across, down]", by="tile[down, across]")
q4.mistake("The tile's rows come to stand in other blocks' columns: row begins at tl.block.x "
           "* 32.",
           replace="row = tl.block.x * 32 + down\n"
                   "    column = tl.block.y * 32 + across",
           by="row = tl.block.y * 32 + down\n"
              "    column = tl.block.x * 32 + across")
q4.mistake("Right numbers, but out is stored down its columns, a sector for each number. Load a "
           "tile, wait, and let across go along the columns of out.",
           replace="row = tl.block.x * 32 + down\n"
                   "    column = tl.block.y * 32 + across\n"
                   "    if row < out.shape[0] and column < out.shape[1]:\n"
                   "        out[row, column] = tile[across, down]",
           by="row = tl.block.x * 32 + across\n"
              "    column = tl.block.y * 32 + down\n"
              "    if row < out.shape[0] and column < out.shape[1]:\n"
              "        out[row, column] = tile[down, across]")
q4.mistake("Right numbers, but x is read down its columns. Let across go along the columns of x.",
           replace="i = tl.block.y * 32 + down\n"
                   "    j = tl.block.x * 32 + across\n"
                   "    if i < x.shape[0] and j < x.shape[1]:\n"
                   "        tile[down, across] = x[i, j]",
           by="i = tl.block.y * 32 + across\n"
              "    j = tl.block.x * 32 + down\n"
              "    if i < x.shape[0] and j < x.shape[1]:\n"
              "        tile[across, down] = x[i, j]")
q4.mistake("Sectors are as few as can be; now the banks. In a tile of 32 x 32 a column lies "
           "in one bank: make its rows 33 numbers long.",
           worth=3, replace="tl.shared(32, 33)", by="tl.shared(32, 32)")
q4.mistake("34 is even, so every second number of a column lies in one bank with another. 33 "
           "is odd.",
           worth=3, replace="tl.shared(32, 33)", by="tl.shared(32, 34)")
q4.mistake("Guard the row and the column of x: the last blocks stand partly outside.",
           replace="if i < x.shape[0] and j < x.shape[1]:", by="if i < x.shape[0]:")
q4.mistake("Guard the row and the column of out: the last blocks stand partly outside.",
           replace="if row < out.shape[0] and column < out.shape[1]:",
           by="if column < out.shape[1]:")
q4.mistake("The storing has a guard of its own, for row and column: who had a number to read "
           "need not have one to store.",
           replace="row < out.shape[0] and column < out.shape[1]",
           by="i < x.shape[0] and j < x.shape[1]")
q4.mistake("A barrier inside an if is not reached by all threads of the block.",
           replace="    tl.barrier()\n    row", by="        tl.barrier()\n    row")


@q4.wrong("Right numbers, but out is stored down its columns, a sector for each number. Load a "
          "tile, wait, and let across go along the columns of out.")
def straight_away(out, x):
    i = tl.block.y * 32 + tl.thread.y
    j = tl.block.x * 32 + tl.thread.x
    if i < x.shape[0] and j < x.shape[1]:
        out[j, i] = x[i, j]


# ------------------------------------------------ q5. A bug hunt with three faults

EVERY = "for j in range(t, x.shape[1], tl.threads.x):\n        total += x[tl.block.x, j]"

q5.mistake("A barrier is still missing: one thread stores into s, and another reads it.",
           replace="s[t + half]\n        tl.barrier()", by="s[t + half]")
q5.mistake("A barrier is still missing: one thread stores into s, and another reads it.",
           replace="s[t] = total\n    tl.barrier()", by="s[t] = total")
q5.mistake("Numbers are still left out where the columns are no multiple of the threads.",
           replace=EVERY,
           by="each = x.shape[1] // tl.threads.x\n"
              "    for k in range(each):\n"
              "        total += x[tl.block.x, k * tl.threads.x + t]")
q5.mistake("Right numbers, but each thread still goes through a stretch of its own: in each "
           "round the threads of a warp should stand side by side.",
           replace=EVERY,
           by="each = -(-x.shape[1] // tl.threads.x)\n"
              "    for k in range(each):\n"
              "        if t * each + k < x.shape[1]:\n"
              "            total += x[tl.block.x, t * each + k]")
q5.mistake("Rounded up, some threads have no number in the last round: a guard is missing.",
           replace=EVERY,
           by="each = -(-x.shape[1] // tl.threads.x)\n"
              "    for k in range(each):\n"
              "        total += x[tl.block.x, k * tl.threads.x + t]")
q5.mistake("Every block adds up row 0; its own is tl.block.x.",
           replace="x[tl.block.x, j]", by="x[0, j]")
q5.mistake("Each thread begins at its own place t: from 0 they all add up the same numbers.",
           replace="range(t, x", by="range(0, x")
q5.mistake("The step is the number of threads, so that all of them take turns.",
           replace="x.shape[1], tl.threads.x)", by="x.shape[1], tl.blocks.x)")
q5.mistake("total = keeps the last number alone; total += adds it to what is there.",
           replace="total += x", by="total = x")
q5.mistake("The last round is missing: go on while half > 0, so that s[1] comes to s[0].",
           replace="half > 0", by="half > 1")
q5.mistake("The sums of all blocks go to one place: each row has a place of its own, "
           "out[tl.block.x].",
           replace="out[tl.block.x]", by="out[0]")
q5.mistake("The sum stands in s[0]; all threads but thread 0 hold parts of it.",
           replace="if t == 0:",
           by="if t == tl.threads.x - 1 and s[t] > -1e30:\n"
              "        s[0] = s[t]\n"
              "    tl.barrier()\n"
              "    if t == 0:")


@q5.wrong("Right, but atomic additions queue up one behind the other: keep the tree, and "
          "repair it.")
def queueing_rows(out, x):
    t = tl.thread.x
    if t == 0:
        out[tl.block.x] = 0.0
    tl.barrier()
    for j in range(t, x.shape[1], tl.threads.x):
        tl.atomic_add(out, tl.block.x, x[tl.block.x, j])


# ------------------------------------------------ q6. Softmax

q6.mistake("Without the largest number subtracted, exp overflows: 1000 is enough for infinity.",
           replace="np.exp(value - largest)", by="np.exp(value)")
q6.mistake("The largest number is subtracted from each, not the other way round.",
           replace="value - largest", by="largest - value")
q6.mistake("0.0 is the largest where all numbers are below zero: a thread without a number stores "
           "something far below, -3e38.",
           replace="-3.0e38", by="0.0")
q6.mistake("A thread without a number adds nothing to the sum: 0.0.",
           replace="if t < columns else 0.0", by="if t < columns else 1.0")
q6.mistake("All threads read s[0], and one of them may store the next number there already: "
           "a barrier belongs in between.",
           replace="largest = s[0]\n"
                   "    tl.barrier()\n",
           by="largest = s[0]\n")
q6.mistake("Divided by 1: the second tree has to ADD the exponentials up, and each is divided "
           "by that sum.",
           replace="power / s[0]", by="power")
q6.mistake("Divide by the sum of the exponentials, not by the largest number.",
           replace="power / s[0]", by="power / largest")
q6.mistake("That is the logarithm's half of the way: value - largest, without exp, is no share.",
           replace="np.exp(value - largest)", by="(value - largest)")
q6.mistake("The first tree finds the LARGEST: max, not a sum.",
           replace="max(s[t], s[t + half])", by="s[t] + s[t + half]")
q6.mistake("Divided by 1: the second tree has to ADD the exponentials up, and each is divided "
           "by that sum.",
           replace="s[t] + s[t + half]", by="max(s[t], s[t + half])")
q6.mistake("The guard keeps the last column out.",
           replace="if t < columns:", by="if t < columns - 1:")
q6.mistake("Each block stores into its own row, tl.block.x.",
           replace="out[row, t]", by="out[0, t]")
q6.mistake("Threads behind the last column have nothing to store.",
           replace="if t < columns:", by="if t >= 0:")


@q6.wrong("Right numbers, but x is loaded twice. Keep the number under a name of the "
          "thread's own.")
def loaded_twice(out, x):
    row, t, columns = tl.block.x, tl.thread.x, x.shape[1]
    s = tl.shared(tl.threads.x)
    s[t] = x[row, t] if t < columns else -3.0e38
    tl.barrier()
    half = tl.threads.x // 2
    while half > 0:
        if t < half:
            s[t] = max(s[t], s[t + half])
        tl.barrier()
        half = half // 2
    largest = s[0]
    tl.barrier()
    power = np.exp(x[row, t] - largest) if t < columns else 0.0
    s[t] = power
    tl.barrier()
    half = tl.threads.x // 2
    while half > 0:
        if t < half:
            s[t] = s[t] + s[t + half]
        tl.barrier()
        half = half // 2
    if t < columns:
        out[row, t] = power / s[0]


@q6.wrong("Right numbers, but every thread goes through the whole row by itself. Share the "
          "work: two trees.")
def everybody_for_himself(out, x):
    row, t, columns = tl.block.x, tl.thread.x, x.shape[1]
    if t < columns:
        largest = -3.0e38
        for j in range(columns):
            largest = max(largest, x[row, j])
        total = 0.0
        for j in range(columns):
            total += np.exp(x[row, j] - largest)
        out[row, t] = np.exp(x[row, t] - largest) / total


# ------------------------------------------------ q7. A scan

q7.mistake("A barrier is missing: all have to have stored before anybody reads, and all have to "
           "have read before anybody stores. That makes one before the rounds, and two in each.",
           replace="else 0.0\n"
                   "        tl.barrier()\n"
                   "        s[t]",
           by="else 0.0\n"
              "        s[t]")
q7.mistake("A barrier is missing: all have to have stored before anybody reads, and all have to "
           "have read before anybody stores. That makes one before the rounds, and two in each.",
           replace="before\n"
                   "        tl.barrier()\n",
           by="before\n")
q7.mistake("A barrier is missing: all have to have stored before anybody reads, and all have to "
           "have read before anybody stores. That makes one before the rounds, and two in each.",
           replace="else 0.0\n    tl.barrier()\n    step", by="else 0.0\n    step")
q7.mistake("The numbers before the first do not exist: only threads with t >= step have one "
           "to add.",
           replace="s[t - step] if t >= step else 0.0", by="s[t - step]")
q7.mistake("t == step has a partner as well, s[0]: t >= step.",
           replace="t >= step", by="t > step")
q7.mistake("The step doubles from round to round: 1, 2, 4. With 1 more each time it takes "
           "too many rounds, and adds numbers twice.",
           replace="step * 2", by="step + 1")
q7.mistake("The first step is 1: the neighbour.",
           replace="step = 1\n", by="step = 2\n")
q7.mistake("One round more is needed: go on while step < tl.threads.x.",
           replace="step < tl.threads.x", by="step < tl.threads.x // 2")
q7.mistake("A running product; sums are asked for.",
           replace="s[t] + before", by="s[t] * before")
q7.mistake("That is the sum BEFORE each number; its own belongs to it.",
           replace="out[t] = s[t]", by="out[t] = s[t] - x[t]")
q7.mistake("That adds up from the other end: look at t - step, the ones before.",
           replace="s[t - step] if t >= step else 0.0",
           by="s[t + step] if t + step < tl.threads.x else 0.0")
q7.mistake("A thread without a number reads behind x: if t < x.size, else 0.0.",
           replace="x[t] if t < x.size else 0.0", by="x[t]")
q7.mistake("A guard is missing at the end: threads without a number have nothing to store.",
           replace="if t < x.size:", by="if t >= 0:")
q7.mistake("Each thread stores its own sum, s[t]; s[0] is the first number.",
           replace="out[t] = s[t]", by="out[t] = s[0]")


@q7.wrong("Right numbers, but each thread adds up all numbers before its own by itself.")
def everybody_from_the_start(out, x):
    t = tl.thread.x
    total = 0.0
    for k in range(x.size):
        if k <= t:
            total += x[k]
    if t < x.size:
        out[t] = total


@q7.wrong("Right numbers, but one thread walks through all of them while the others wait, "
          "and every sum is read back from memory.")
def one_walks_along(out, x):
    if tl.thread.x == 0:
        out[0] = x[0]
        for k in range(1, x.size):
            out[k] = out[k - 1] + x[k]
