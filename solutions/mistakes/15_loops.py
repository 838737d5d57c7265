"""Known mistakes of chapter 15: edits of the model answers, and whole answers.

The sentence of each is what its author reads. Edits are laid out by hand.
"""

# fmt: off

# ------------------------------------------------ q1. How fast can it be at best?

q1.mistake("Both are limits: the lower one counts.",
           replace="min(", by="max(")
q1.mistake("The machine's own speed is a limit, too: the roof is flat there.",
           replace="min(speed, bandwidth * operations / moved)",
           by="bandwidth * operations / moved")
q1.mistake("What arrives with the bytes is a limit, too: bandwidth * operations / moved.",
           replace="min(speed, bandwidth * operations / moved)", by="speed")
q1.mistake("Operations for each byte: operations / moved, not the other way round.",
           replace="operations / moved", by="moved / operations")
q1.mistake("Asked for are operations a second, not the seconds.",
           replace="min(speed, bandwidth * operations / moved)",
           by="max(operations / speed, moved / bandwidth)")
q1.mistake("The slope is what arrives a second: bandwidth times operations / moved.",
           replace="bandwidth * operations", by="operations")
q1.mistake("A program does both at once: the lower limit counts, not the sum.",
           replace="min(speed, bandwidth * operations / moved)",
           by="speed + bandwidth * operations / moved")

# ------------------------------------------------ q2. Rounds written out

q2.mistake('The kind is called "unrolled".',
           replace='"unrolled"', by='"unroll"')
q2.mistake('That is one instruction for all rounds. Written out is "unrolled".',
           replace='"unrolled"', by='"vector"')
q2.mistake("Inside the loop stays what was there: replace the kind alone.",
           replace='kind="unrolled"', by='kind="unrolled", body=loop.body[:1]')
q2.mistake("change returns a tuple of statements: mind the comma in (x,).",
           replace='(replace(loop, kind="unrolled"),)', by='replace(loop, kind="unrolled")')
q2.mistake("Only the loop of this name is meant: hand `name` to each_loop.",
           replace="(function, name,", by='(function, "i",')


@q2.wrong("The function that comes back is as it was: each_loop gives a new one.")
def dropped(function, name):
    each_loop(function, name, lambda loop: (replace(loop, kind="unrolled"),))
    return function


@q2.wrong("A loop inside another has this name, too: each_loop looks everywhere.")
def outermost_only(function, name):
    body = tuple(
        replace(s, kind="unrolled") if isinstance(s, Loop) and s.variable.name == name else s
        for s in function.body
    )
    return replace(function, body=body)


# ------------------------------------------------ q3. Two loops change places

q3.mistake("With more in its body than one loop they cannot change places: raise Refused.",
           replace="raise Refused(f\"{name} does not stand right around one other loop\")\n"
                   "        (inner,) = loop.body\n",
           by="pass\n"
              "        inner = next(s for s in loop.body if isinstance(s, Loop))\n")
q3.mistake("The inner loop comes outside: the outer one stands in its body.",
           replace="(replace(inner, body=(replace(loop, body=inner.body),)),)",
           by="(replace(loop, body=(replace(inner, body=inner.body),)),)")
q3.mistake("One loop got lost: inner around loop around the inner body.",
           replace="(replace(inner, body=(replace(loop, body=inner.body),)),)",
           by="(replace(loop, body=inner.body),)")
q3.mistake("Both must hold for a change: a single statement, and that a loop. Refuse with or.",
           replace="!= 1 or not", by="!= 1 and not")
q3.mistake("A single statement that is no loop is refused as well.",
           replace=" or not isinstance(loop.body[0], Loop)", by="")
q3.mistake("There may be more behind the first loop: ask for len(loop.body) == 1.",
           replace="len(loop.body) != 1 or not isinstance", by="not isinstance")
q3.mistake("Refused is the exception for what does not fit; others say that something broke.",
           replace="raise Refused(", by="raise ValueError(")
q3.mistake("Where it does not fit, refuse with a reason; the old loop would say that all is well.",
           replace='raise Refused(f"{name} does not stand right around one other loop")',
           by="return (loop,)")


@q3.wrong("The names change places and the loops stay: then the places in memory are others.")
def names_exchanged(function, name):
    def change(loop):
        if len(loop.body) != 1 or not isinstance(loop.body[0], Loop):
            raise Refused("no single loop")
        (inner,) = loop.body
        return (replace(loop, variable=inner.variable,
                        body=(replace(inner, variable=loop.variable, kind=loop.kind),)),)

    return each_loop(function, name, change)


# ------------------------------------------------ q4. A loop in blocks

q4.mistake("The last rounds are missing: one block more, of what is left.",
           replace="((blocks, by, 0), (1, left, blocks * by))", by="((blocks, by, 0),)")
q4.mistake("The rest begins where the blocks end: first is blocks * by.",
           replace="blocks * by", by="0")
q4.mistake("A block further is `size` rounds further: the block's index times size.",
           replace='variable(f"{name}o", count) * size', by='variable(f"{name}o", count)')
q4.mistake("Both indices count: the block's and the round's.",
           replace='variable(f"{name}o", count) * size + variable(f"{name}i", size) + first',
           by='variable(f"{name}o", count) * size + first')
q4.mistake("What has no rounds is left out: ask for count and size.",
           replace="if count and size:", by="if True:")
q4.mistake("A rest of no rounds is left out: ask for size, too.",
           replace="if count and size:", by="if count:")
q4.mistake("No whole block is no loop: ask for count, too.",
           replace="if count and size:", by="if size:")
q4.mistake("Blocks outside, the rounds of a block inside.",
           replace='                inner = Loop(Variable(f"{name}i", size), body, loop.kind)\n',
           by='                inner = Loop(Variable(f"{name}o", count), body, loop.kind)\n'
              "                count, size = size, count\n")
q4.mistake("A block of no rounds never ends: raise Refused for by < 1.",
           replace='raise Refused("a block has at least one round")', by="by = 1")
q4.mistake("Blocks of one round are blocks: refuse by < 1 only.",
           replace="by < 1", by="by <= 1")
q4.mistake("The new loops are of the old one's kind.",
           replace="body, loop.kind)", by="body)")
q4.mistake("The body still has the old variable in it: substituted(loop.body, {...}).",
           replace="substituted(loop.body, {loop.variable: i})", by="loop.body")

# ------------------------------------------------ q5. All rounds at once

q5.mistake("No processor has vectors of any length: 2, 4, 8 or 16, else Refused.",
           replace="loop.variable.size not in (2, 4, 8, 16)", by="loop.variable.size > 16")
q5.mistake("There are vectors of 16 numbers, and of 2.",
           replace="(2, 4, 8, 16)", by="(4, 8)")
q5.mistake("Inside may be plain lines only: ask each statement of loop.body.",
           replace="not all(isinstance(s, Let | Store | Accumulate) for s in loop.body)",
           by="not loop.body")
q5.mistake("Accumulate is a plain line, too.",
           replace="Let | Store | Accumulate", by="Let | Store")
q5.mistake("All of them must be plain lines: any is too few.",
           replace="not all(", by="not any(")
q5.mistake("Registers along a vector hold several numbers: widened at the end.",
           replace="replace(function, body=widened(function.body, name))", by="function")
q5.mistake('The kind is "vector".',
           replace='kind="vector"', by='kind="unrolled"')
q5.mistake("widened gives a body: put it into the function with replace.",
           replace="replace(function, body=widened(function.body, name))",
           by="widened(function.body, name)")
q5.mistake("The other way round: refuse the sizes that are not among these.",
           replace="not in (2", by="in (2")
q5.mistake("Refused is the exception for what does not fit.",
           replace='raise Refused(f"{name} has {loop.variable.size} rounds")',
           by="return (loop,)")

# ------------------------------------------------ q6. What fits the registers

q6.mistake("The loaded vectors need registers, too: rows * vectors + vectors + 1.",
           replace="rows * vectors + vectors + 1", by="rows * vectors + 1")
q6.mistake("The number of a row needs a register, too: + 1.",
           replace="rows * vectors + vectors + 1", by="rows * vectors + vectors")
q6.mistake("All of them may be used: <=.",
           replace="+ 1 <= registers", by="+ 1 < registers")
q6.mistake("The fewest loads for each multiplication: min, not max.",
           replace="min(", by="max(")
q6.mistake("The largest tile is not always the best: compare loads, rows + vectors, too.",
           replace="(tile[0] + tile[1]) / (tile[0] * tile[1])", by="-(tile[0] * tile[1])")
q6.mistake("First the rows, then the vectors.",
           replace="(rows, vectors)\n", by="(vectors, rows)\n")
q6.mistake("Among equals the one with fewer vectors: let vectors count in the outer loop.",
           replace="        for vectors in range(1, registers)\n"
                   "        for rows in range(1, registers)\n",
           by="        for rows in range(1, registers)\n"
              "        for vectors in range(1, registers)\n")
q6.mistake("The loaded vectors are as many as the tile has columns of them, not as it has rows.",
           replace="rows * vectors + vectors + 1", by="rows * vectors + rows + 1")
q6.mistake("The tile is asked for, (rows, vectors), not how many loads it makes.",
           replace="return min(tiles, key=lambda tile: (tile[0] + tile[1]) / (tile[0] * tile[1]))",
           by="return min((tile[0] + tile[1]) / (tile[0] * tile[1]) for tile in tiles)")

# ------------------------------------------------ q7. A matrix product, step by step

q7.mistake("The rows of a tile must be written out: what they share is loaded once only then.",
           replace='        ("unroll", "ii"),\n', by="")
q7.mistake("The two vectors of a tile must be written out, too.",
           replace='        ("unroll", "jio"),\n', by="")
q7.mistake("Without vectors each load brings a single number.",
           replace='        ("vectorize", "jii"),\n', by="")
q7.mistake("A tile of 2 rows makes more loads: split i by 4.",
           replace='("split", "i", 4)', by='("split", "i", 2)')
q7.mistake("A tile of one vector makes more loads: split j by 2 * lanes.",
           replace='("split", "j", 2 * lanes)', by='("split", "j", lanes)')
q7.mistake("A loop is in blocks before its parts have names: split j before ji.",
           replace='        ("split", "j", 2 * lanes),\n        ("split", "ji", lanes),\n',
           by='        ("split", "ji", lanes),\n        ("split", "j", 2 * lanes),\n')
q7.mistake("The rows stand outside of the sum: sink ii past jo and r.",
           replace='        ("sink", "ii", ("jo", "r")),\n', by="")
q7.mistake("The vector stands around the sum, which is no plain line: sink jii past r first.",
           replace='        ("sink", "jii", ("r",)),\n', by="")
q7.mistake("jo stands between ii and r: ii must pass it, too.",
           replace='("jo", "r")', by='("r",)')
q7.mistake("Along r the lanes would be parts of one total: the vector lies along j.",
           replace='        ("split", "ji", lanes),\n        ("sink", "jii", ("r",)),\n'
                   '        ("vectorize", "jii"),\n',
           by='        ("split", "ji", lanes),\n        ("vectorize", "r"),\n')
q7.mistake("8 rows of 2 vectors need 16 registers: more than there are.",
           replace='("split", "i", 4)', by='("split", "i", 8)')


@q7.wrong("That are the plain loops: no step is taken.")
def no_step(lanes):
    return []


@q7.wrong("A step is a tuple: the name of a transform and its arguments.")
def one_text(lanes):
    return ["split i 4", "vectorize j"]
