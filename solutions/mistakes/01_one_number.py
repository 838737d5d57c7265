"""Known mistakes of chapter 01: edits of the model answers, and whole answers.

The sentence of each is what its author reads. Edits are laid out by hand.
"""

# fmt: off

# ------------------------------------------------ q1. A slope from two values

RISE = "(f(x + h) - f(x - h)) / (2 * h)"
q1.mistake("The two places x + h and x - h are 2 * h apart, but you divide by h.",
           replace=RISE, by="(f(x + h) - f(x - h)) / h")
q1.mistake("You step to the right only. Step to both sides: the error shrinks from h to h * h.",
           replace=RISE, by="(f(x + h) - f(x)) / h")
q1.mistake("`/ 2 * h` divides by 2 and then multiplies by h. Put 2 * h in brackets.",
           replace=RISE, by="(f(x + h) - f(x - h)) / 2 * h")
q1.mistake("The sign is turned round: right minus left, not left minus right.",
           replace="f(x + h) - f(x - h)", by="f(x - h) - f(x + h)")
q1.mistake(
    "The run is 2 * h, not 2: without h the result changes with the step.",
    replace=RISE, by="(f(x + h) - f(x - h)) / 2",
)
q1.mistake(
    "The rise is a difference of the two values, not their sum.",
    replace=RISE, by="(f(x + h) + f(x - h)) / (2 * h)",
)
q1.mistake(
    "You step to the left only. Step to both sides: the error shrinks from h to h * h.",
    replace=RISE, by="(f(x) - f(x - h)) / h",
)
q1.mistake(
    "h is handed in, and may be large: use it as it is.",
    replace="return " + RISE, by="h = 1e-5\n    return " + RISE,
)
q1.mistake(
    "That is the rise alone: divide it by the run, 2 * h.",
    replace=RISE, by="f(x + h) - f(x - h)",
)
q1.mistake(
    "A slope has a sign: leave out abs.",
    replace=RISE, by="abs(f(x + h) - f(x - h)) / (2 * h)",
)
q1.mistake(
    "// rounds down to a whole number: divide with /.",
    replace=RISE, by="(f(x + h) - f(x - h)) // (2 * h)",
)
q1.mistake(
    "The run is divided by, not multiplied with: rise / (2 * h).",
    replace=RISE, by="(f(x + h) - f(x - h)) * (2 * h)",
)
q1.mistake(
    "That is a value of f; its slope is a rise divided by a run.",
    replace=RISE, by="f(x)", worth=0,
)
q1.mistake(
    "f is asked h to the right and h to the left, not half as far: f(x + h) and f(x - h).",
    replace=RISE, by="(f(x + h / 2) - f(x - h / 2)) / h",
)
q1.mistake(
    "Brackets around the rise: / binds more tightly than -.",
    replace=RISE, by="f(x + h) - f(x - h) / (2 * h)", worth=0,
)
q1.mistake(
    "Leave all digits: a slope is a number like any other, and is not rounded.",
    replace=RISE, by="round((f(x + h) - f(x - h)) / (2 * h), 2)",
)
q1.mistake(
    "Nothing comes back: put return before the slope.",
    replace="return " + RISE, by=RISE, worth=0,
)
q1.mistake("A slope compares two values: take f(x - h) away from f(x + h).",
           replace=RISE, by="f(x + h) / (2 * h)")
q1.mistake("Rise over run: the difference of the values stands above, 2 * h below.",
           replace=RISE, by="(2 * h) / (f(x + h) - f(x - h))")
q1.mistake("f is asked near x, at x + h and x - h; h alone is a place near 0.",
           replace=RISE, by="(f(h) - f(-h)) / (2 * h)")
q1.mistake("A step is added and taken away: x + h and x - h, not x * h.",
           replace="(f(x + h) -", by="(f(x * h) -")
q1.mistake("Both steps are of the length h: the run is 2 * h.",
           replace="(2 * h)", by="(3 * h)")
q1.mistake("Half of the run is too little: from x - h to x + h it is 2 * h.",
           replace="(2 * h)", by="(h / 2)")

# ------------------------------------------------ q2. Add

SUM = "Value(x.data + y.data, (x, y), (1.0, 1.0))"
q2.mistake("The slopes of a sum are 1 and 1; y and x are those of a product.",
           replace="(1.0, 1.0)", by="(y.data, x.data)")
q2.mistake("The new Value does not know its inputs: pass (x, y) as the second argument.",
           replace=SUM, by="Value(x.data + y.data)")
q2.mistake("You return a plain number; backward needs a Value that remembers x and y.",
           replace=SUM, by="x.data + y.data")


@q2.wrong("You change x itself; make a new Value, x is still needed.")
def changes_x(x, y):
    x.data = x.data + y.data
    return x


q2.mistake("Add, and do not multiply: x.data + y.data.",
           replace=SUM, by="Value(x.data * y.data, (x, y), (1.0, 1.0))")
q2.mistake("The slopes are missing: one for each input, (1.0, 1.0).",
           replace=SUM, by="Value(x.data + y.data, (x, y))")
q2.mistake("There are two inputs, so there are two slopes: (1.0, 1.0).",
           replace=SUM, by="Value(x.data + y.data, (x, y), (1.0,))")
q2.mistake("A Value made of nothing, with slope 0, passes nothing back: both slopes are 1.",
           replace=SUM, by="Value(x.data + y.data, (x, y), (0.0, 0.0))")
q2.mistake("The inputs are the Values x and y themselves: no numbers, and no copies.",
           replace=SUM, by="Value(x.data + y.data, (x.data, y.data), (1.0, 1.0))")
q2.mistake("Both numbers belong into the sum: x.data + y.data.",
           replace=SUM, by="Value(x.data, (x, y), (1.0, 1.0))", worth=0)
q2.mistake("y is as much an input as x: (x, y).",
           replace=SUM, by="Value(x.data + y.data, (x,), (1.0,))")
q2.mistake("x and y are Values: add up their numbers, x.data + y.data.",
           replace=SUM, by="Value(x + y, (x, y), (1.0, 1.0))", worth=0)
q2.mistake("The inputs are ONE argument, and the slopes another: (x, y) and (1.0, 1.0).",
           replace=SUM, by="Value(x.data + y.data, x, y)", worth=0)
q2.mistake("The slopes are a tuple with one number for each input: (1.0, 1.0).",
           replace=SUM, by="Value(x.data + y.data, (x, y), 1.0)", worth=0)
q2.mistake("The slopes of a sum are 1 and 1, whatever the numbers are.",
           replace=SUM, by="Value(x.data + y.data, (x, y), (x.data, y.data))", worth=0)
q2.mistake("Nothing comes back: put return before the new Value.",
           replace="return " + SUM, by=SUM, worth=0)
q2.mistake("The inputs are the Values x and y themselves: no numbers, and no copies.",
           replace=SUM,
           by="Value(x.data + y.data, (Value(x.data), Value(y.data)), (1.0, 1.0))")
q2.mistake("The slopes go into `local`; grad is filled in by backward, and adds up from 0.",
           replace="return " + SUM,
           by="x.grad = y.grad = 1.0\n    return " + SUM, worth=0)
q2.mistake("Second comes what it was made from, third the slopes: (x, y) and then (1.0, 1.0).",
           replace="(x, y), (1.0, 1.0)", by="(1.0, 1.0), (x, y)")
q2.mistake("Add, and do not take away: x.data + y.data.",
           replace="x.data + y.data", by="x.data - y.data")
q2.mistake("A sum grows with each of its inputs: both slopes are +1.",
           replace="(1.0, 1.0)", by="(1.0, -1.0)")
q2.mistake("First comes the number, then the inputs: Value(x.data + y.data, (x, y), ...).",
           replace="x.data + y.data, (x, y)", by="(x, y), x.data + y.data")

# ------------------------------------------------ q3. Multiply

PRODUCT = "Value(x.data * y.data, (x, y), (y.data, x.data))"
q3.mistake("The slopes are swapped: x gets y.data, and y gets x.data.",
           replace="(y.data, x.data)", by="(x.data, y.data)")
q3.mistake("The slopes of a product are not 1: how much does x * y grow if x grows by one?",
           replace="(y.data, x.data)", by="(1.0, 1.0)")
q3.mistake("The local slopes must be plain numbers: y.data and x.data, not the Values themselves.",
           replace="(y.data, x.data)", by="(y, x)")
q3.mistake("Multiply, and do not add: x.data * y.data.",
           replace=PRODUCT, by="Value(x.data + y.data, (x, y), (y.data, x.data))")
q3.mistake("The new Value does not know its inputs: pass (x, y) as the second argument.",
           replace=PRODUCT, by="Value(x.data * y.data)")
q3.mistake("The slopes are missing: y.data for x, and x.data for y.",
           replace=PRODUCT, by="Value(x.data * y.data, (x, y))")
q3.mistake("You return a plain number; backward needs a Value that remembers x and y.",
           replace=PRODUCT, by="x.data * y.data")
q3.mistake("Each slope is the OTHER number alone: not the product.",
           replace=PRODUCT,
           by="Value(x.data * y.data, (x, y), (x.data * y.data, x.data * y.data))")
q3.mistake("Each slope is the OTHER number: y.data for x, and x.data for y.",
           replace=PRODUCT, by="Value(x.data * y.data, (x, y), (y.data, y.data))")
q3.mistake("The slopes are swapped: x gets y.data, and y gets x.data.",
           replace=PRODUCT, by="Value(x.data * y.data, (y, x), (y.data, x.data))")
q3.mistake("x and y are Values: multiply their numbers, x.data * y.data.",
           replace=PRODUCT, by="Value(x * y, (x, y), (y.data, x.data))", worth=0)
q3.mistake("Nothing comes back: put return before the new Value.",
           replace="return " + PRODUCT, by=PRODUCT, worth=0)
q3.mistake("grad is not known yet, and is still 0: the slopes are y.data and x.data alone.",
           replace=PRODUCT,
           by="Value(x.data * y.data, (x, y), (y.data * x.grad, x.data * y.grad))",
           worth=0)
q3.mistake("Second comes what it was made from, third the slopes (y.data, x.data).",
           replace="(x, y), (y.data, x.data)", by="(y.data, x.data), (x, y)")
q3.mistake("Multiply, and do not divide: x.data * y.data.",
           replace="x.data * y.data", by="x.data / y.data")
q3.mistake("A product has two factors: x.data * y.data.",
           replace="x.data * y.data", by="x.data")
q3.mistake("If y is positive the product grows with x: the slopes keep their sign.",
           replace="(y.data, x.data)", by="(-y.data, -x.data)")

# ------------------------------------------------ q4. Bend

BENT = "Value(t, (x,), (1 - t * t,))"


@q4.wrong("The slope is 1 - t * t with t = tanh(x), not with x itself.")
def slope_of_x(x):
    return Value(math.tanh(x.data), (x,), (1 - x.data * x.data,))


q4.mistake("1 - t is not the slope: t must be squared.",
           replace="1 - t * t", by="1 - t")
q4.mistake("t * (1 - t) is the slope of the sigmoid; that of tanh is 1 - t * t.",
           replace="1 - t * t", by="t * (1 - t)")
q4.mistake("math.exp overflows far from zero; math.tanh does not.",
           replace="    t = math.tanh(x.data)\n",
           by="    a, b = math.exp(x.data), math.exp(-x.data)\n"
              "    t = (a - b) / (a + b)\n")
q4.mistake("The tangent is another function: math.tanh, with an h.",
           replace="math.tanh(x.data)", by="math.tan(x.data)", worth=0)
q4.mistake("math.erf looks like tanh and is another function: math.tanh.",
           replace="math.tanh(x.data)", by="math.erf(x.data)", worth=0)
q4.mistake("The slope falls with t * t: 1 MINUS t * t.",
           replace=BENT, by="Value(t, (x,), (1 + t * t,))", worth=0)
q4.mistake("The slope is not 1: the further from 0, the flatter, 1 - t * t.",
           replace=BENT, by="Value(t, (x,), (1.0,))")
q4.mistake("The new Value does not know its input: pass (x,) as the second argument.",
           replace=BENT, by="Value(t)", worth=0)
q4.mistake("You return a plain number; backward needs a Value that remembers x.",
           replace=BENT, by="t", worth=0)
q4.mistake("One number in a tuple needs its comma: (1 - t * t,).",
           replace=BENT, by="Value(t, (x,), (1 - t * t))", worth=0)
q4.mistake("The slope is that of this number, not of the one before: 1 - t * t.",
           replace=BENT, by="Value(t, (x,), (t,))", worth=0)
q4.mistake("x is a Value: its number is x.data.",
           replace="math.tanh(x.data)", by="math.tanh(x)", worth=0)
q4.mistake("The inputs are a tuple of one: (x,), with its comma.",
           replace=BENT, by="Value(t, (x), (1 - t * t,))", worth=0)
q4.mistake("1 - t * t is something else than (1 - t) squared.",
           replace=BENT, by="Value(t, (x,), ((1 - t) ** 2,))", worth=0)
q4.mistake("The number of the new Value is t, and 1 - t * t is its slope.",
           replace=BENT, by="Value(1 - t * t, (x,), (t,))", worth=0)
q4.mistake("That is the sigmoid, from 0 to 1; tanh goes from -1 to 1.",
           replace="t = math.tanh(x.data)", by="t = 1 / (1 + math.exp(-x.data))", worth=0)
q4.mistake("math.exp overflows far from zero; math.tanh does not.",
           replace="t = math.tanh(x.data)",
           by="t = (math.exp(2 * x.data) - 1) / (math.exp(2 * x.data) + 1)")
q4.mistake("Nothing comes back: put return before the new Value.",
           replace="return " + BENT, by=BENT, worth=0)
q4.mistake("The slope is 1 at 0 and falls from there: 1 MINUS t * t.",
           replace="1 - t * t", by="t * t - 1")
q4.mistake("Something is missing in front: the slope is 1 - t * t.",
           replace="1 - t * t", by="t * t")
q4.mistake("That is the slope at 0 alone, the steepest: 1 - t * t, which changes with x.",
           replace="1 - t * t", by="1 - t / t")

# ------------------------------------------------ q5. Every number after its inputs


@q5.wrong("A number that is used twice appears twice: remember what you have seen.")
def forgot_what_was_seen(result):
    out = []
    for value in result.inputs:
        out += forgot_what_was_seen(value)
    return out + [result]


q5.mistake("The list is the wrong way round: inputs come first, the result last.",
           replace="return out", by="return out[::-1]")


@q5.wrong(
    "You list a number when you first meet it. With a long and a short way to the same input "
    "that is too early: append it after its inputs are done."
)
def listed_when_met(result):
    out, seen, waiting = [], set(), [result]
    while waiting:
        value = waiting.pop(0)
        if id(value) not in seen:
            seen.add(id(value))
            out.append(value)
            waiting += value.inputs
    return out[::-1]


@q5.wrong("Right for small graphs; for a long chain use a list of your own, not recursion.")
def by_recursion(result):
    out, seen = [], set()

    def visit(value):
        if id(value) not in seen:
            seen.add(id(value))
            for x in value.inputs:
                visit(x)
            out.append(value)

    visit(result)
    return out


@q5.wrong(
    "A default argument is made once, for all calls: a second call finds everything seen already. "
    "Begin with a new set inside the function."
)
def seen_for_all_calls(result, seen=set()):  # noqa: B006
    out, waiting = [], [(result, False)]
    while waiting:
        value, done = waiting.pop()
        if done:
            out.append(value)
        elif value not in seen:
            seen.add(value)
            waiting.append((value, True))
            waiting += [(x, False) for x in value.inputs]
    return out


@q5.wrong("Two numbers may be equal and still be two: remember id(value), not value.data.")
def seen_by_number(result):
    out, seen, waiting = [], set(), [(result, False)]
    while waiting:
        value, done = waiting.pop()
        if done:
            out.append(value)
        elif value.data not in seen:
            seen.add(value.data)
            waiting.append((value, True))
            waiting += [(x, False) for x in value.inputs]
    return out


q5.mistake("The result itself belongs to the list, as its last entry.",
           replace="return out", by="return out[:-1]")
q5.mistake("You put inputs back and forget the number itself: put (value, True) back first.",
           replace="            waiting.append((value, True))\n", by="", worth=0)
q5.mistake("Append a number when its inputs are done, not when they are put back.",
           replace="            waiting.append((value, True))\n",
           by="            out.append(value)\n")
q5.mistake("The inputs are missing: put them back as (x, False).",
           replace="            waiting += [(x, False) for x in value.inputs]\n", by="", worth=0)
q5.mistake("Every input counts, not the first alone.",
           replace="for x in value.inputs]", by="for x in value.inputs[:1]]")
q5.mistake("That is a set: it has no order. Return the list.",
           replace="return out", by="return set(out)", worth=0)
q5.mistake("Return the Values themselves, not their numbers.",
           replace="return out", by="return [value.data for value in out]", worth=0)
q5.mistake("Nothing comes back: end with return out.",
           replace="    return out", by="    out", worth=0)
q5.mistake("Each number is walked once: ask whether it was seen, and note it, seen.add(id(value)).",
           replace="elif id(value) not in seen:", by="else:")
q5.mistake("Each number is walked once: ask whether it was seen, and note it, seen.add(id(value)).",
           replace="            seen.add(id(value))\n", by="")
q5.mistake("The pair is (number, whether its inputs are done): the inputs go back with False.",
           replace="[(x, False) for x in value.inputs]", by="[(x, True) for x in value.inputs]")

# ------------------------------------------------ q6. The chain rule

STILL_ZERO = (
    "Every grad is still 0: begin with slopes[id(result)] = 1.0, and at the end add what each "
    "value received to its grad."
)


@q6.wrong("A value that is used twice must add what it receives: += and not =.")
def overwrites(result, order):
    slopes = {id(value): 0.0 for value in order} | {id(result): 1.0}
    for value in reversed(order):
        for x, slope in zip(value.inputs, value.local):
            slopes[id(x)] = slope * slopes[id(value)]
    for value in order:
        value.grad += slopes[id(value)]


@q6.wrong("You hand back the local slope alone: multiply it by the slope of the value itself.")
def forgot_the_chain(result, order):
    slopes = {id(value): 0.0 for value in order} | {id(result): 1.0}
    for value in reversed(order):
        for x, slope in zip(value.inputs, value.local):
            slopes[id(x)] += slope
    for value in order:
        value.grad += slopes[id(value)]


q6.mistake("You walk from the inputs up; slopes travel from the result down: reversed(order).",
           replace="    slopes = {id(value): 0.0 for value in order}\n"
                   "    slopes[id(result)] = 1.0\n"
                   "    for value in reversed(order):\n",
           by="    slopes = {id(value): 0.0 for value in order} | {id(result): 1.0}\n"
              "    for value in order:\n")


@q6.wrong(
    "A second call starts from what the first one left in grad, and hands it back again. "
    "Collect this call's slopes elsewhere and add them at the end."
)
def starts_from_old_grads(result, order):
    result.grad = 1.0
    for value in reversed(order):
        for x, slope in zip(value.inputs, value.local):
            x.grad += slope * value.grad


@q6.wrong("You set grad instead of adding to it: after a second call it must have doubled.")
def sets_grad(result, order):
    slopes = {id(value): 0.0 for value in order} | {id(result): 1.0}
    for value in reversed(order):
        for x, slope in zip(value.inputs, value.local):
            slopes[id(x)] += slope * slopes[id(value)]
    for value in order:
        value.grad = slopes[id(value)]


q6.mistake("order is turned round for whoever uses it next: reversed(order) leaves it as it is.",
           replace="    for value in reversed(order):",
           by="    order.reverse()\n    for value in order:")
q6.mistake(STILL_ZERO,
           replace="    slopes[id(result)] = 1.0\n", by="", worth=0)
q6.mistake("Begin with 1 at the result alone, and 0 at every other value.",
           replace="id(value): 0.0", by="id(value): 1.0")
q6.mistake("Multiply the local slope by the value's own, do not add them.",
           replace="slope * slopes[id(value)]", by="slope + slopes[id(value)]")
q6.mistake("Every value gets its grad: the last loop goes through all of order.",
           replace="    for value in order:\n        value.grad",
           by="    for value in order[:1]:\n        value.grad", worth=0)
q6.mistake("Every value gets its grad, also those that are no leaves.",
           replace="    for value in order:\n        value.grad",
           by="    for value in order:\n        if not value.inputs: value.grad")
q6.mistake("What is handed back adds up with a plus: += and not -=.",
           replace="value.grad += slopes", by="value.grad -= slopes", worth=0)
q6.mistake(STILL_ZERO,
           replace="    for value in order:\n"
                   "        value.grad += slopes[id(value)]\n",
           by="    return slopes\n", worth=0)
q6.mistake("Each input has a slope of its own: zip(value.inputs, value.local).",
           replace="zip(value.inputs, value.local)", by="zip(value.inputs, value.local[:1] * 2)")
q6.mistake(
    "value.grad is what earlier calls left: hand on what THIS call brought, slopes[id(value)].",
    replace="slope * slopes[id(value)]", by="slope * value.grad", worth=0,
)
q6.mistake("What is handed back adds up with a plus: += and not -=.",
           replace="slopes[id(x)] +=", by="slopes[id(x)] -=")
q6.mistake("The result hands on as well, and first of all: reversed(order) begins with it.",
           replace="reversed(order)", by="reversed(order[:-1])", worth=0)
q6.mistake("`local` is the whole slope: x.data is in it already, where it belongs.",
           replace="slope * slopes[id(value)]", by="slope * x.data * slopes[id(value)]", worth=0)


@q6.wrong(
    "A second call starts from what the first one left in grad, and hands it back again. "
    "Collect this call's slopes elsewhere and add them at the end."
)
def adds_to_old_grads(result, order):
    result.grad += 1.0
    for value in reversed(order):
        for x, slope in zip(value.inputs, value.local):
            x.grad += slope * value.grad


@q6.wrong("Two Values may be equal and still be two: remember slopes by id(value).", worth=0)
def slopes_by_number(result, order):
    slopes = {value.data: 0.0 for value in order} | {result.data: 1.0}
    for value in reversed(order):
        for x, slope in zip(value.inputs, value.local):
            slopes[x.data] += slope * slopes[value.data]
    for value in order:
        value.grad += slopes[value.data]


@q6.wrong("Right for small graphs; for a long chain go through reversed(order), without recursion.")
def steps_by_recursion(result, order):
    def push(value, slope):
        value.grad += slope
        for x, local in zip(value.inputs, value.local):
            push(x, slope * local)

    push(result, 1.0)


q6.mistake("The slope of the value is enough for no input: multiply the local slope by it.",
           replace="slope * slopes[id(value)]", by="slopes[id(value)]")
q6.mistake("slopes is asked by id(...): two Values may be equal, and are still two.",
           replace="slopes[id(x)] +=", by="slopes[x] +=")
q6.mistake("How much the result grows with itself is 1: slopes[id(result)] = 1.0.",
           replace="slopes[id(result)] = 1.0", by="slopes[id(result)] = result.data")
q6.mistake("All inputs of a value get their share, before the next value.",
           replace="            slopes[id(x)] += slope * slopes[id(value)]",
           by="            slopes[id(x)] += slope * slopes[id(value)]\n            break")
q6.mistake("The chain multiplies: slope * slopes[id(value)], and does not divide.",
           replace="slope * slopes[id(value)]", by="slope / (slopes[id(value)] or 1.0)")
