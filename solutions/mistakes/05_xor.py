"""More known mistakes of chapter 05."""


@q5.wrong("layers belongs to whoever calls: go through it, and take nothing out of it.")
def takes_the_layers_out(x, layers):
    weight, bias = layers.pop()
    for before in layers:
        x = linear(x, *before).relu()
    return linear(x, weight, bias)


@q7.wrong("The same numbers in another place are not drawn: randn or uniform.", worth=0)
def evenly_spaced_and_rolled(shape, fan_in, gain=2**0.5):
    bound, size = gain * (3 / fan_in) ** 0.5, int(np.prod(shape))
    numbers = np.roll(np.linspace(-bound, bound, size), int(Tensor.rand(1).item() * size))
    return Tensor(numbers.reshape(shape).astype(np.float32))


@q7.wrong("Numbers at equal distances in a random order are not drawn: randn or uniform.", worth=0)
def evenly_spaced_and_mixed(shape, fan_in, gain=2**0.5):
    bound, size = gain * (3 / fan_in) ** 0.5, int(np.prod(shape))
    numbers = np.linspace(-bound, bound, size)[Tensor.rand(size).numpy().argsort()]
    return Tensor(numbers.reshape(shape).astype(np.float32))


q1.mistake(
    "The error is the answer MINUS y: e = x @ w + b - y.",
    replace="e = x @ w + b - y",
    by="e = x @ w + b + y",
)
q1.mistake(
    "The bias is added: e = x @ w + b - y.", replace="e = x @ w + b - y", by="e = x @ w - b - y"
)
q1.mistake(
    "Both slopes have the factor 2: it is missing at b.", replace="2 * e.mean()", by="e.mean()"
)
q1.mistake(
    "The slope by b is one number: the mean over all rows.", replace="2 * e.mean()", by="2 * e"
)

q2.mistake("Points are rows and stand on the left: x @ weight.transpose().",
           replace="x @ weight.transpose()", by="weight.transpose() @ x")  # fmt: skip
q2.mistake("* multiplies number by number: a weighted sum also adds up. Use @.",
           replace="x @ weight.transpose()", by="x * weight.transpose()")  # fmt: skip
q2.mistake("The bias is added.", replace="y + bias", by="y - bias")

q4.mistake("The second sum is taken away: -2 / a.", replace="-2 / a", by="2 / a")
q4.mistake("Both sums grow with a: divide both by a.", replace="-2 / a", by="-2")
q4.mistake("Both sums grow with a: divide both by a.", replace="[1 / a", by="[1.0")

LAYER = "        x = linear(x, weight).relu()\n"
SIZE = "        found.append((x * x).mean().sqrt().item())\n"
q6.mistake("That is the size of what goes into each layer: first the layer, then its size.",
           replace=LAYER + SIZE, by=SIZE + LAYER)  # fmt: skip
q6.mistake("found = [] stands inside the loop, so that each layer begins a new list.",
           replace="x = linear", by="found, x = [], linear")  # fmt: skip
q6.mistake("Plain numbers are asked for: .item() makes one of a Tensor.",
           replace=".sqrt().item()", by=".sqrt()")  # fmt: skip
q6.mistake("The mean is missing: first the squares, then their MEAN, then the root.",
           replace=".mean().sqrt()", by=".sqrt()")  # fmt: skip
q6.mistake("The squares are missing: first the SQUARES, then their mean, then the root.",
           replace="(x * x).mean()", by="x.mean()")  # fmt: skip

q7.mistake("The gain is missing: whoever calls says what follows the layer.",
           replace="gain * (3", by="(3")  # fmt: skip
q7.mistake("fan_in is missing: more inputs, smaller weights.", replace="3 / fan_in", by="3")
q7.mistake("The root is missing: bound**2 / 3 is the variance, so the bound is a root.",
           replace="(3 / fan_in) ** 0.5", by="(3 / fan_in)")  # fmt: skip
q7.mistake("Between bound and bound there is one number only: low is MINUS bound.",
           replace="low=-bound", by="low=bound")  # fmt: skip
