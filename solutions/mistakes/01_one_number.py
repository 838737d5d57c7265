"""More known mistakes of chapter 01, most of them as edits of the solution."""

RISE = "(f(x + h) - f(x - h)) / (2 * h)"
q1.mistake(
    "The run is 2 * h, not 2: without h the result changes with the step.",
    replace=RISE, by="(f(x + h) - f(x - h)) / 2",
)  # fmt: skip
q1.mistake(
    "The rise is a difference of the two values, not their sum.",
    replace=RISE, by="(f(x + h) + f(x - h)) / (2 * h)",
)  # fmt: skip
q1.mistake(
    "You step to the left only. Step to both sides: the error shrinks from h to h * h.",
    replace=RISE, by="(f(x) - f(x - h)) / h",
)  # fmt: skip
q1.mistake(
    "h is handed in, and may be large: use it as it is.",
    replace="return " + RISE, by="h = 1e-5\n    return " + RISE,
)  # fmt: skip
q1.mistake(
    "That is the rise alone: divide it by the run, 2 * h.",
    replace=RISE, by="f(x + h) - f(x - h)",
)  # fmt: skip
q1.mistake(
    "A slope has a sign: leave out abs.",
    replace=RISE, by="abs(f(x + h) - f(x - h)) / (2 * h)",
)  # fmt: skip
q1.mistake(
    "// rounds down to a whole number: divide with /.",
    replace=RISE, by="(f(x + h) - f(x - h)) // (2 * h)",
)  # fmt: skip
q1.mistake(
    "The run is divided by, not multiplied with: rise / (2 * h).",
    replace=RISE, by="(f(x + h) - f(x - h)) * (2 * h)",
)  # fmt: skip
q1.mistake(
    "That is a value of f; its slope is a rise divided by a run.",
    replace=RISE, by="f(x)", worth=0,
)  # fmt: skip
q1.mistake(
    "f is asked h to the right and h to the left, not half as far: f(x + h) and f(x - h).",
    replace=RISE, by="(f(x + h / 2) - f(x - h / 2)) / h",
)  # fmt: skip
q1.mistake(
    "Brackets around the rise: / binds more tightly than -.",
    replace=RISE, by="f(x + h) - f(x - h) / (2 * h)", worth=0,
)  # fmt: skip
q1.mistake(
    "Leave all digits: a slope is a number like any other, and is not rounded.",
    replace=RISE, by="round((f(x + h) - f(x - h)) / (2 * h), 2)",
)  # fmt: skip
q1.mistake(
    "Nothing comes back: put return before the slope.",
    replace="return " + RISE, by=RISE, worth=0,
)  # fmt: skip

SUM = "Value(x.data + y.data, (x, y), (1.0, 1.0))"
q2.mistake("Add, and do not multiply: x.data + y.data.",
           replace=SUM, by="Value(x.data * y.data, (x, y), (1.0, 1.0))")  # fmt: skip
q2.mistake("The slopes are missing: one for each input, (1.0, 1.0).",
           replace=SUM, by="Value(x.data + y.data, (x, y))")  # fmt: skip
q2.mistake("There are two inputs, so there are two slopes: (1.0, 1.0).",
           replace=SUM, by="Value(x.data + y.data, (x, y), (1.0,))")  # fmt: skip
q2.mistake("A Value made of nothing, with slope 0, passes nothing back: both slopes are 1.",
           replace=SUM, by="Value(x.data + y.data, (x, y), (0.0, 0.0))")  # fmt: skip
q2.mistake("The inputs are the Values x and y themselves: no numbers, and no copies.",
           replace=SUM, by="Value(x.data + y.data, (x.data, y.data), (1.0, 1.0))")  # fmt: skip
q2.mistake("Both numbers belong into the sum: x.data + y.data.",
           replace=SUM, by="Value(x.data, (x, y), (1.0, 1.0))", worth=0)  # fmt: skip
q2.mistake("y is as much an input as x: (x, y).",
           replace=SUM, by="Value(x.data + y.data, (x,), (1.0,))")  # fmt: skip
q2.mistake("x and y are Values: add up their numbers, x.data + y.data.",
           replace=SUM, by="Value(x + y, (x, y), (1.0, 1.0))", worth=0)  # fmt: skip
q2.mistake("The inputs are ONE argument, and the slopes another: (x, y) and (1.0, 1.0).",
           replace=SUM, by="Value(x.data + y.data, x, y)", worth=0)  # fmt: skip
q2.mistake("The slopes are a tuple with one number for each input: (1.0, 1.0).",
           replace=SUM, by="Value(x.data + y.data, (x, y), 1.0)", worth=0)  # fmt: skip
q2.mistake("The slopes of a sum are 1 and 1, whatever the numbers are.",
           replace=SUM, by="Value(x.data + y.data, (x, y), (x.data, y.data))", worth=0)  # fmt: skip
q2.mistake("Nothing comes back: put return before the new Value.",
           replace="return " + SUM, by=SUM, worth=0)  # fmt: skip
q2.mistake("The inputs are the Values x and y themselves: no numbers, and no copies.",
           replace=SUM,
           by="Value(x.data + y.data, (Value(x.data), Value(y.data)), (1.0, 1.0))")  # fmt: skip
q2.mistake("The slopes go into `local`; grad is filled in by backward, and adds up from 0.",
           replace="return " + SUM,
           by="x.grad = y.grad = 1.0\n    return " + SUM, worth=0)  # fmt: skip

PRODUCT = "Value(x.data * y.data, (x, y), (y.data, x.data))"
q3.mistake("Multiply, and do not add: x.data * y.data.",
           replace=PRODUCT, by="Value(x.data + y.data, (x, y), (y.data, x.data))")  # fmt: skip
q3.mistake("The new Value does not know its inputs: pass (x, y) as the second argument.",
           replace=PRODUCT, by="Value(x.data * y.data)")  # fmt: skip
q3.mistake("The slopes are missing: y.data for x, and x.data for y.",
           replace=PRODUCT, by="Value(x.data * y.data, (x, y))")  # fmt: skip
q3.mistake("You return a plain number; backward needs a Value that remembers x and y.",
           replace=PRODUCT, by="x.data * y.data")  # fmt: skip
q3.mistake("Each slope is the OTHER number alone: not the product.",
           replace=PRODUCT,
           by="Value(x.data * y.data, (x, y), (x.data * y.data, x.data * y.data))")  # fmt: skip
q3.mistake("Each slope is the OTHER number: y.data for x, and x.data for y.",
           replace=PRODUCT, by="Value(x.data * y.data, (x, y), (y.data, y.data))")  # fmt: skip
q3.mistake("The slopes are swapped: x gets y.data, and y gets x.data.",
           replace=PRODUCT, by="Value(x.data * y.data, (y, x), (y.data, x.data))")  # fmt: skip
q3.mistake("x and y are Values: multiply their numbers, x.data * y.data.",
           replace=PRODUCT, by="Value(x * y, (x, y), (y.data, x.data))", worth=0)  # fmt: skip
q3.mistake("Nothing comes back: put return before the new Value.",
           replace="return " + PRODUCT, by=PRODUCT, worth=0)  # fmt: skip
q3.mistake("grad is not known yet, and is still 0: the slopes are y.data and x.data alone.",
           replace=PRODUCT,
           by="Value(x.data * y.data, (x, y), (y.data * x.grad, x.data * y.grad))",
           worth=0)  # fmt: skip

BENT = "Value(t, (x,), (1 - t * t,))"
q4.mistake("The tangent is another function: math.tanh, with an h.",
           replace="math.tanh(x.data)", by="math.tan(x.data)", worth=0)  # fmt: skip
q4.mistake("math.erf looks like tanh and is another function: math.tanh.",
           replace="math.tanh(x.data)", by="math.erf(x.data)", worth=0)  # fmt: skip
q4.mistake("The slope falls with t * t: 1 MINUS t * t.",
           replace=BENT, by="Value(t, (x,), (1 + t * t,))", worth=0)  # fmt: skip
q4.mistake("The slope is not 1: the further from 0, the flatter, 1 - t * t.",
           replace=BENT, by="Value(t, (x,), (1.0,))")  # fmt: skip
q4.mistake("The new Value does not know its input: pass (x,) as the second argument.",
           replace=BENT, by="Value(t)", worth=0)  # fmt: skip
q4.mistake("You return a plain number; backward needs a Value that remembers x.",
           replace=BENT, by="t", worth=0)  # fmt: skip
q4.mistake("One number in a tuple needs its comma: (1 - t * t,).",
           replace=BENT, by="Value(t, (x,), (1 - t * t))", worth=0)  # fmt: skip
q4.mistake("The slope is that of this number, not of the one before: 1 - t * t.",
           replace=BENT, by="Value(t, (x,), (t,))", worth=0)  # fmt: skip
q4.mistake("x is a Value: its number is x.data.",
           replace="math.tanh(x.data)", by="math.tanh(x)", worth=0)  # fmt: skip
q4.mistake("The inputs are a tuple of one: (x,), with its comma.",
           replace=BENT, by="Value(t, (x), (1 - t * t,))", worth=0)  # fmt: skip
q4.mistake("1 - t * t is something else than (1 - t) squared.",
           replace=BENT, by="Value(t, (x,), ((1 - t) ** 2,))", worth=0)  # fmt: skip
q4.mistake("The number of the new Value is t, and 1 - t * t is its slope.",
           replace=BENT, by="Value(1 - t * t, (x,), (t,))", worth=0)  # fmt: skip
q4.mistake("That is the sigmoid, from 0 to 1; tanh goes from -1 to 1.",
           replace="t = math.tanh(x.data)", by="t = 1 / (1 + math.exp(-x.data))",
           worth=0)  # fmt: skip
q4.mistake("math.exp overflows far from zero; math.tanh does not.",
           replace="t = math.tanh(x.data)",
           by="t = (math.exp(2 * x.data) - 1) / (math.exp(2 * x.data) + 1)")  # fmt: skip
q4.mistake("Nothing comes back: put return before the new Value.",
           replace="return " + BENT, by=BENT, worth=0)  # fmt: skip

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
           replace="return out", by="return out[:-1]")  # fmt: skip
q5.mistake(
    "You put inputs back and forget the number itself: put (value, True) back first.",
    replace="            waiting.append((value, True))\n", by="", worth=0,
)  # fmt: skip
q5.mistake(
    "Append a number when its inputs are done, not when they are put back.",
    replace="            waiting.append((value, True))\n", by="            out.append(value)\n",
)  # fmt: skip
q5.mistake(
    "The inputs are missing: put them back as (x, False).",
    replace="            waiting += [(x, False) for x in value.inputs]\n", by="", worth=0,
)  # fmt: skip
q5.mistake(
    "Every input counts, not the first alone.",
    replace="for x in value.inputs]", by="for x in value.inputs[:1]]",
)  # fmt: skip
q5.mistake("That is a set: it has no order. Return the list.",
           replace="return out", by="return set(out)", worth=0)  # fmt: skip
q5.mistake("Return the Values themselves, not their numbers.",
           replace="return out", by="return [value.data for value in out]", worth=0)  # fmt: skip
q5.mistake("Nothing comes back: end with return out.",
           replace="    return out", by="    out", worth=0)  # fmt: skip

STILL_ZERO = (
    "Every grad is still 0: begin with slopes[id(result)] = 1.0, and at the end add what each "
    "value received to its grad."
)
q6.mistake(
    "order is turned round for whoever uses it next: reversed(order) leaves it as it is.",
    replace="    for value in reversed(order):", by="    order.reverse()\n    for value in order:",
)  # fmt: skip
q6.mistake(STILL_ZERO,
           replace="    slopes[id(result)] = 1.0\n", by="", worth=0)  # fmt: skip
q6.mistake("Begin with 1 at the result alone, and 0 at every other value.",
           replace="id(value): 0.0", by="id(value): 1.0")  # fmt: skip
q6.mistake("Multiply the local slope by the value's own, do not add them.",
           replace="slope * slopes[id(value)]", by="slope + slopes[id(value)]")  # fmt: skip
q6.mistake("Every value gets its grad: the last loop goes through all of order.",
           replace="    for value in order:\n        value.grad",
           by="    for value in order[:1]:\n        value.grad", worth=0)  # fmt: skip
q6.mistake("Every value gets its grad, also those that are no leaves.",
           replace="    for value in order:\n        value.grad",
           by="    for value in order:\n        if not value.inputs: value.grad")  # fmt: skip
q6.mistake("What is handed back adds up with a plus: += and not -=.",
           replace="value.grad += slopes", by="value.grad -= slopes", worth=0)  # fmt: skip
q6.mistake(
    STILL_ZERO,
    replace="    for value in order:\n        value.grad += slopes[id(value)]\n",
    by="    return slopes\n", worth=0,
)  # fmt: skip
q6.mistake(
    "Each input has a slope of its own: zip(value.inputs, value.local).",
    replace="zip(value.inputs, value.local)", by="zip(value.inputs, value.local[:1] * 2)",
)  # fmt: skip
q6.mistake(
    "value.grad is what earlier calls left: hand on what THIS call brought, slopes[id(value)].",
    replace="slope * slopes[id(value)]", by="slope * value.grad", worth=0,
)  # fmt: skip
q6.mistake(
    "What is handed back adds up with a plus: += and not -=.",
    replace="slopes[id(x)] +=", by="slopes[id(x)] -=",
)  # fmt: skip
q6.mistake(
    "The result hands on as well, and first of all: reversed(order) begins with it.",
    replace="reversed(order)", by="reversed(order[:-1])", worth=0,
)  # fmt: skip
q6.mistake(
    "`local` is the whole slope: x.data is in it already, where it belongs.",
    replace="slope * slopes[id(value)]", by="slope * x.data * slopes[id(value)]", worth=0,
)  # fmt: skip


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
def by_recursion(result, order):
    def push(value, slope):
        value.grad += slope
        for x, local in zip(value.inputs, value.local):
            push(x, slope * local)

    push(result, 1.0)
