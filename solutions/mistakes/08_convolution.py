"""More known mistakes of chapter 08."""

# fmt: off
q1.mistake("Nothing comes back: end with return result.",
           replace="    return result", by="    result", worth=0)
q1.mistake("A window goes from i to i + h and from j to j + w.",
           replace="image[i : i + h, j : j + w]", by="image[i:h, j:w]", worth=0)
q1.mistake("Window and kernel are multiplied, number by number: *, not +.",
           replace="* kernel", by="+ kernel", worth=0)
q1.mistake("One number for each place: .sum() over the whole window.",
           replace="* kernel).sum()", by="* kernel).sum(0)", worth=0)

PLACES = "(size + 2 * padding - kernel) // stride + 1"
q2.mistake("Nothing comes back: put return before the number.",
           replace="return " + PLACES, by=PLACES, worth=0)
q2.mistake("The kernel must lie inside: take it away from the size before you divide.",
           replace=" - kernel", by="", worth=0)
q2.mistake("The 1 is for the first place and stands outside of the division.",
           replace="stride + 1", by="(stride + 1)", worth=0)

q3.mistake("Nothing comes back: put return before the windows.",
           replace="return rows", by="rows", worth=0)
q3.mistake("size zeros at the end fill up the last row: (0, size).",
           replace="(0, size)", by="(0, 1)", worth=0)

q4.mistake("Nothing comes back: put return before the windows.",
           replace="return seen", by="seen", worth=0)

q5.mistake("Nothing comes back: put return before the result.",
           replace="return y if", by="y if", worth=0)
q5.mistake("A convolution adds up: sum, and not mean.",
           replace=".sum((2, 3, 4))", by=".mean((2, 3, 4))", worth=0)
q5.mistake("Pad the image, and not its windows: x.pad(...) stands inside of patches(...).",
           replace="patches(x.pad(None, None, *around), (kh, kw), stride)",
           by="patches(x, (kh, kw), stride).pad(None, None, None, None, *around)")

q6.mistake("Nothing comes back: put return before the largest numbers.",
           replace="return patches", by="patches", worth=0)
q6.mistake("The axes of the window go: .max((2, 3)), without keepdim.",
           replace=".max((2, 3))", by=".max((2, 3), keepdim=True)", worth=0)
q6.mistake("Each window has its own largest number: .max((2, 3)).",
           replace=".max((2, 3))", by=".max()", worth=0)
q6.mistake("The largest of each window, and not its sum.",
           replace=".max((2, 3))", by=".sum((2, 3))", worth=0)
q6.mistake("Infinity always wins: what never wins has a minus, -math.inf.",
           replace="-math.inf", by="math.inf")

PAIR = "x.mean(axes), x.var(axes, correction=0)"
q7.mistake("Nothing comes back: put return before the two.",
           replace="return " + PAIR, by=PAIR, worth=0)
q7.mistake("The mean comes first, then the variance.",
           replace=PAIR, by="x.var(axes, correction=0), x.mean(axes)", worth=0)
q7.mistake("The mean is the sum divided by the count: x.mean(axes).",
           replace="x.mean(axes)", by="x.sum(axes)", worth=0)

q8.mistake("weight is a factor: y * weight.",
           replace="y * weight", by="y + weight", worth=0)
q8.mistake("The bias is added: y + bias.",
           replace="y + bias", by="y - bias", worth=0)
q8.mistake("The mean is taken away: x - mean.",
           replace="(x - mean.reshape", by="(x + mean.reshape", worth=0)

q9.mistake("Nothing comes back: put return before the two.",
           replace="return mean,", by="mean,", worth=0)
q9.mistake("Return both, the mean and the variance.",
           replace="return mean, ", by="return ", worth=0)
q9.mistake("What was remembered keeps the share 1 - momentum, in the variance as well.",
           replace="return mean, (1 - momentum) * variance", by="return mean, momentum * variance",
           worth=0)
q9.mistake("The batch's mean counts, and not its sum.",
           replace="x.mean(axes)", by="x.sum(axes)", worth=0)
# fmt: on


@q7.wrong("NumPy ends the graph, and no gradient comes back: .mean and .var are a Tensor's.")
def one_by_one(x):
    numbers, axes = x.numpy(), (0, *range(2, x.ndim))
    yield Tensor(numbers.mean(axes))
    yield Tensor(numbers.var(axes))


q6.mistake(
    "A number that is only very small may still win: pad with value=-math.inf.",
    replace="value=-math.inf", by="value=-100.0",
)  # fmt: skip
q9.mistake(
    "mean belongs to whoever calls: make a new one, without changing it where it lies.",
    replace="    mean = (1 - momentum) * mean + momentum * x.mean(axes)\n",
    by="    mean *= 1 - momentum\n    mean += momentum * x.mean(axes)\n",
)
