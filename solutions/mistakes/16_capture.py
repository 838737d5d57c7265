"""Known mistakes of chapter 16: edits of the model answers, and whole answers.

The sentence of each is what its author reads. Edits are laid out by hand.
"""

# fmt: off

# ------------------------------------------------ q1. Do it again

q1.mistake("Somebody may still hold the memory that was handed in: work on dict(memory).",
           replace="memory = dict(memory)", by="memory = memory")
q1.mistake("Every call of the tape runs: the return stands behind the loop.",
           replace="    return memory", by="        return memory")
q1.mistake("The result goes where the tape says: memory[out].",
           replace="memory[out] =", by="memory[inputs[0]] =")
q1.mistake("All inputs count, not the first alone.",
           replace="for x in inputs]", by="for x in inputs[:1]]")
q1.mistake("An operation wants the numbers that lie at the names, not the names.",
           replace="[memory[x] for", by="[x for")
q1.mistake("The calls run in the order in which they were noted.",
           replace="in tape:", by="in tape[::-1]:")
q1.mistake("The inputs come in their order: a - b is not b - a.",
           replace="for x in inputs", by="for x in reversed(inputs)")
q1.mistake("The memory is asked for, with all its names, not the last result.",
           replace="    return memory", by="    return memory[out] if tape else memory")


@q1.wrong("A call reads what earlier calls have written: look into your own memory, not the old.")
def from_the_old(tape, memory):
    after = dict(memory)
    for op, inputs, out in tape:
        after[out] = OPS[op](*[memory.get(x, after[x]) for x in inputs])
    return after


# ------------------------------------------------ q2. A program becomes a tape

q2.mistake("Somebody may still hold the memory that was handed in: work on dict(memory).",
           replace="memory, tape = dict(memory), []", by="memory, tape = memory, []")
q2.mistake("A call is noted, and done: the next one may need its result.",
           replace="        memory[out] = OPS[op](*[memory[x] for x in inputs])\n", by="")
q2.mistake("A call is done, and noted: tape.append((op, inputs, out)).",
           replace="        tape.append((op, inputs, out))\n", by="        pass\n")
q2.mistake("The tape holds names, not the numbers that lie there now.",
           replace="tape.append((op, inputs, out))",
           by="tape.append((op, [memory[x] for x in inputs], out))")
q2.mistake("Nobody has run the program: program(call).",
           replace="    program(call)\n", by="")
q2.mistake("First the tape, then the memory.",
           replace="return tape, memory", by="return memory, tape")
q2.mistake("The order on the tape is (op, inputs, out).",
           replace="(op, inputs, out))", by="(op, out, inputs))")
q2.mistake("One run is one tape: the program ran twice.",
           replace="    program(call)\n", by="    program(call)\n    program(call)\n")
q2.mistake("The latest call belongs to the end of the tape.",
           replace="tape.append((op, inputs, out))", by="tape.insert(0, (op, inputs, out))")
q2.mistake("What was written last stands in the memory: memory[out], in each call.",
           replace="memory[out] = OPS", by="memory.setdefault(out, None)\n        OPS")

# ------------------------------------------------ q3. What Python decides

q3.mistake("One may be longer than the other: compare the lengths behind the loop.",
           replace="None if len(one) == len(two) else min(len(one), len(two))", by="None")
q3.mistake("The first difference is asked for: return at once.",
           replace="            return place\n", by="            last = place\n")
q3.mistake("A difference is where the calls are not equal.",
           replace="a != b", by="a == b")
q3.mistake("The shorter tape says where they part.",
           replace="min(len(one), len(two))", by="max(len(one), len(two))")
q3.mistake("Places are counted from 0.",
           replace="            return place\n", by="            return place + 1\n")
q3.mistake("All of a call counts: what is read and written, too, not the operation alone.",
           replace="a != b", by="a[0] != b[0]")
q3.mistake("Equal tapes have no difference: None.",
           replace="None if len(one) == len(two) else min", by="min")
q3.mistake("The place is asked for, not the call.",
           replace="            return place\n", by="            return a\n")
q3.mistake("Where a call is written to counts as well: compare the whole call.",
           replace="a != b", by="a[:2] != b[:2]")


@q3.wrong("True and False do not say where: the place is asked for.")
def whether(one, two):
    return one != two


# ------------------------------------------------ q4. A value that is read inside

q4.mistake("A value is read: raise, or the tape would be taken for the whole program.",
           replace='raise ValueError(f"{name} is read here: return it, and read it outside")',
           by="return [0.0]")
q4.mistake("Say which value is read: its name belongs into the text.",
           replace='f"{name} is read here: return it, and read it outside"',
           by='"a value is read here"')
q4.mistake("Any other error is the program's own: except ValueError, not Exception.",
           replace="except ValueError", by="except Exception")
q4.mistake("A program that reads has no tape: return the text of the error.",
           replace="return str(error)", by="return tape")
q4.mistake("A text is asked for, not None.",
           replace="return str(error)", by="return None")
q4.mistake("Calls are noted: tape.append((op, inputs, out)).",
           replace="        tape.append((op, inputs, out))\n", by="        pass\n")
q4.mistake("A call belongs to the end of the tape.",
           replace="tape.append((op, inputs, out))", by="tape.insert(0, (op, inputs, out))")
q4.mistake("The order on the tape is (op, inputs, out).",
           replace="(op, inputs, out))", by="(op, out, inputs))")
q4.mistake("Nobody has run the program: program(call, read).",
           replace="        program(call, read)\n", by="        pass\n")
q4.mistake("A program is handed call first, then read.",
           replace="program(call, read)", by="program(read, call)")
q4.mistake("The text is asked for where a value is read: catch your own error.",
           replace="        return str(error)\n", by="        raise error\n")

# ------------------------------------------------ q5. Record, compare, replay

NEVER = "Nothing is ever replayed: keep each size's last tape outside of run, and what is settled."

q5.mistake("One recording is not enough: it settles when two in a row are the same.",
           replace="        if last.get(key) == tape:\n            settled[key] = tape\n",
           by="        settled[key] = tape\n")
q5.mistake("A tape is for one size: the key holds the lengths, too.",
           replace="(name, len(numbers))", by="(name, 1)")
q5.mistake("The names in memory count, too: not the lengths alone.",
           replace="(name, len(numbers))", by="len(numbers)")
q5.mistake(NEVER,
           replace="        if key in settled:\n"
                   "            return replay_all(settled[key], memory)\n", by="")
q5.mistake("In a row: the last recording counts, not the first one ever.",
           replace="        last[key] = tape\n", by="        last.setdefault(key, tape)\n")
q5.mistake(NEVER,
           replace="        last[key] = tape\n", by="")
q5.mistake("Each size has a last tape of its own: last.get(key).",
           replace="last.get(key) == tape", by="tape in last.values()")
q5.mistake(NEVER,
           replace="len(numbers))", by="tuple(numbers))")
q5.mistake("A run gives the memory afterwards, the first one, too.",
           replace="        return after\n", by="        return memory\n")
q5.mistake("capture gives a function; it does not run the program yet.",
           replace="    return run", by="    return run({})")
q5.mistake(NEVER,
           replace="    last, settled = {}, {}\n\n    def run(memory):\n",
           by="    def run(memory):\n        last, settled = {}, {}\n")


@q5.wrong("Two in a row: a tape that came once, some calls ago, may be an accident.")
def seen_before(program):
    seen, settled = {}, {}

    def run(memory):
        key = tuple(sorted((name, len(numbers)) for name, numbers in memory.items()))
        if key in settled:
            return replay_all(settled[key], memory)
        tape, after = record_all(program, memory)
        if tape in seen.setdefault(key, []):
            settled[key] = tape
        seen[key].append(tape)
        return after

    return run


# ------------------------------------------------ q6. How much memory does a tape need?

q6.mistake("Results stay alive to the end.",
           replace="last.get(x, 0) > t or x in results", by="last.get(x, 0) > t")
q6.mistake("What a call reads is alive while it writes: drop it after the count.",
           replace="        alive.add(out)\n        most = max(most, len(alive))\n",
           by="")
q6.mistake("Nothing is dropped: a name ends with the last call that reads it.",
           replace="alive = {x for x in alive if last.get(x, 0) > t or x in results}", by="pass")
q6.mistake("A name ends with its last use, not one call later.",
           replace="last.get(x, 0) > t", by="last.get(x, 0) >= t")
q6.mistake("The most at any time, not what is left at the end.",
           replace="    return most", by="    return len(alive)")
q6.mistake("An input that nobody reads needs no place.",
           replace="{x for x in inputs if x in last or x in results}", by="set(inputs)")
q6.mistake("The inputs are in memory before the first call.",
           replace="{x for x in inputs if x in last or x in results}", by="set()")
q6.mistake("An input may be a result as well: then it stays, though nobody reads it.",
           replace="x in last or x in results}", by="x in last}")
q6.mistake("Names are asked for at the same time, not all that ever were.",
           replace="    return most", by="    return len({*last, *inputs})")
q6.mistake("What is written takes a place, too, also if nobody reads it.",
           replace="alive.add(out)", by="alive |= {out} if last[out] > t else set()")
