"""Known mistakes of chapter 05: edits of the model answers, and whole answers.

The sentence of each is what its author reads. Edits are laid out by hand.
"""

# fmt: off

# ------------------------------------------------ q1. Where a line stops learning

q1.mistake("The slope of e * e is 2 * e: a factor 2 is missing.",
           replace="2 * x.T @ e / len(y), 2 * e.mean()", by="x.T @ e / len(y), e.mean()")
q1.mistake("The loss is a mean: divide the sum over the rows by their number.",
           replace="2 * x.T @ e / len(y), 2 * e.mean()", by="2 * x.T @ e, 2 * e.sum()")
q1.mistake("The signs are turned round: the error is the answer minus y.",
           replace="e = x @ w + b - y", by="e = y - x @ w - b")
q1.mistake("The slope by w needs the inputs: multiply each error by its row of x.",
           replace="2 * x.T @ e / len(y)", by="2 * e.mean() * np.ones(2)")
q1.mistake("Each error belongs to its own row: the mean of products is no product of means.",
           replace="2 * x.T @ e / len(y)", by="2 * e.mean() * x.mean(0)")
q1.mistake("Both slopes are means over the rows: divide that by w by their number, too.",
           replace="2 * x.T @ e / len(y)", by="2 * x.T @ e")
q1.mistake("Each weight has a slope of its own: the mean is over the rows alone, along axis 0.",
           replace="2 * x.T @ e / len(y)", by="(2 * e[:, None] * x).mean()")
q1.mistake("Each weight has a slope of its own: the mean is over the rows alone, along axis 0.",
           replace="2 * x.T @ e / len(y)", by="(2 * e[:, None] * x).mean(1)")
q1.mistake("e has one number for each row of x: e[:, None] * x, or all products at once, x.T @ e.",
           replace="2 * x.T @ e / len(y)", by="(2 * e * x).mean(0)")
q1.mistake("w has a slope for each column of x, a sum over the rows: x.T @ e, and not x @ e.",
           replace="2 * x.T", by="2 * x")
q1.mistake("The slope of e * e is 2 * e, by the bias as well: that is the loss itself.",
           replace="2 * e.mean()", by="(e * e).mean()")
q1.mistake("An error has a sign, which says where to go: without abs.",
           replace="e = x @ w + b - y", by="e = abs(x @ w + b - y)")
q1.mistake("The bias belongs to the answer: e = x @ w + b - y.",
           replace="e = x @ w + b - y", by="e = x @ w - y")
q1.mistake("The mean is over the ROWS: divide by len(y), however many numbers x has.",
           replace="2 * x.T @ e / len(y)", by="2 * x.T @ e / x.size")
q1.mistake("There may be any number of rows: divide by len(y), not by 4.",
           replace="2 * x.T @ e / len(y), 2 * e.mean()", by="2 * x.T @ e / 4, 2 * e.sum() / 4")
q1.mistake("The slopes by w come first, then the one by b.",
           replace="2 * x.T @ e / len(y), 2 * e.mean()", by="2 * e.mean(), 2 * x.T @ e / len(y)")
q1.mistake("The error is the answer MINUS y: e = x @ w + b - y.",
           replace="e = x @ w + b - y", by="e = x @ w + b + y")
q1.mistake("The bias is added: e = x @ w + b - y.",
           replace="e = x @ w + b - y", by="e = x @ w - b - y")
q1.mistake("Both slopes have the factor 2: it is missing at b.",
           replace="2 * e.mean()", by="e.mean()")
q1.mistake("The slope by b is one number: the mean over all rows.",
           replace="2 * e.mean()", by="2 * e")

# ------------------------------------------------ q2. Weighted sums

q2.mistake("weight has a row for each output: turn it round with weight.transpose().",
           replace="weight.transpose()", by="weight")


@q2.wrong("bias may be None: then nothing is added.")
def always_a_bias(x, weight, bias=None):
    return x @ weight.transpose() + bias


q2.mistake("Several numbers are neither true nor false: ask `if bias is not None`.",
           replace="y if bias is None else y + bias", by="y + bias if bias else y")


@q2.wrong("The bias is missing: every output begins at its own number.")
def no_bias(x, weight, bias=None):
    return x @ weight.transpose()


@q2.wrong("That multiplies number by number: a weighted sum also adds up. Use @.")
def not_summed(x, weight, bias=None):
    y = x.unsqueeze(-2) * weight
    return y if bias is None else y + bias.unsqueeze(-1)


q2.mistake("Each point is a row of the answer: the points come first, x @ weight.transpose().",
           replace="x @ weight.transpose()", by="weight @ x.transpose()")
q2.mistake("bias has a number for each output, along the last axis: y + bias, as it is.",
           replace="y + bias", by="y + bias.reshape(-1, 1)")


@q2.wrong("The bias is added to the sums, after the product, and not to the inputs.")
def bias_first(x, weight, bias=None):
    return (x if bias is None else x + bias) @ weight.transpose()


q2.mistake("A weighted sum may be negative: the ReLU is a layer of its own.",
           replace="y if bias is None else y + bias",
           by="(y if bias is None else y + bias).relu()")


@q2.wrong("NumPy ends the graph, and no gradient comes back: @, .transpose() and + are a Tensor's.")
def by_numpy(x, weight, bias=None):
    y = x.numpy() @ weight.numpy().T
    return y if bias is None else y + bias.numpy()


@q2.wrong("NumPy ends the graph, and no gradient comes back: @, .transpose() and + are a Tensor's.")
def back_from_numpy(x, weight, bias=None):
    y = x.numpy() @ weight.numpy().T
    return Tensor(y if bias is None else y + bias.numpy())


@q2.wrong("linear runs your function, which calls linear, which runs your function: write it out.")
def calls_itself(x, weight, bias=None):
    return linear(x, weight, bias)


q2.mistake("Points are rows and stand on the left: x @ weight.transpose().",
           replace="x @ weight.transpose()", by="weight.transpose() @ x")
q2.mistake("* multiplies number by number: a weighted sum also adds up. Use @.",
           replace="x @ weight.transpose()", by="x * weight.transpose()")
q2.mistake("The bias is added.",
           replace="y + bias", by="y - bias")

# ------------------------------------------------ q3. Two layers that are one

q3.mistake("The first layer stands next to x, and w2 to the left of all that it gives: w2 @ (...).",
           replace="w2 @ w1", by="w1 @ w2")
q3.mistake("The second layer multiplies the first one's bias too: w2 @ b1 + b2.",
           replace="w2 @ b1 + b2", by="b2")
q3.mistake("The second layer's own bias is missing: w2 @ b1 + b2.",
           replace="w2 @ b1 + b2", by="w2 @ b1")
q3.mistake("b1 has a number for each hidden sum and goes through w2, before b2 is added.",
           replace="w2 @ b1", by="b1")
q3.mistake("That multiplies number by number; layers after each other are a product of matrices.",
           replace="w2 @ w1", by="w2 * w1")
q3.mistake("The weight stands to the left, as in w1 @ x: w2 @ b1 + b2.",
           replace="w2 @ b1", by="b1 @ w2")
q3.mistake("Layers that follow each other multiply: write out w2 @ (w1 @ x + b1) + b2.",
           replace="w2 @ w1, w2 @ b1 + b2", by="w1 + w2, b1 + b2")
q3.mistake("A row for each output, as in w1 and w2: without turning them round.",
           replace="w2 @ w1", by="(w2 @ w1).T")
q3.mistake("The weight comes first, then the bias.",
           replace="w2 @ w1, w2 @ b1 + b2", by="w2 @ b1 + b2, w2 @ w1")
q3.mistake("Nothing stands between these layers: no ReLU, and negative numbers go through.",
           replace="w2 @ w1, w2 @ b1 + b2",
           by="w2 @ np.maximum(w1, 0), w2 @ np.maximum(b1, 0) + b2")

# ------------------------------------------------ q4. Exclusive or, by hand


@q4.wrong("Both sums fold at the same place, so together they fold once. Start one later, at a.")
def folded_once(a):
    ones = np.ones((2, 2))
    return ones, np.zeros(2), np.array([[1 / a, -2 / a]]), np.zeros(1)


@q4.wrong("That is OR: at (a, a) the second sum must take away as much as the first has, twice.")
def inclusive_or(a):
    return np.ones((2, 2)), np.array([0.0, -a]), np.array([[1 / a, -1 / a]]), np.zeros(1)


@q4.wrong("Right for a = 1 only: the sums grow with a, so divide by a at the end.")
def only_for_one(a):
    return np.ones((2, 2)), np.array([0.0, -a]), np.array([[1.0, -2.0]]), np.zeros(1)


@q4.wrong("Right for a = 1 only: the second fold lies where x1 + x2 is a, not 1.")
def fold_at_one(a):
    return np.ones((2, 2)), np.array([0.0, -1.0]), np.array([[1 / a, -2 / a]]), np.zeros(1)


@q4.wrong("The second sum must begin LATER: its bias is -a, so that it is 0 up to x1 + x2 = a.")
def begins_earlier(a):
    return np.ones((2, 2)), np.array([0.0, a]), np.array([[1 / a, -2 / a]]), np.zeros(1)


@q4.wrong("The second fold lies where x1 + x2 is a: a bias of -2 * a folds at the far corner.")
def folds_too_late(a):
    return np.ones((2, 2)), np.array([0.0, -2 * a]), np.array([[1 / a, -2 / a]]), np.zeros(1)


@q4.wrong("The sums grow with a, and the answers must not: divide by a, do not multiply.")
def times_a(a):
    return np.ones((2, 2)), np.array([0.0, -a]), np.array([[a, -2 * a]]), np.zeros(1)


@q4.wrong("Each hidden sum looks at one input alone, and so the corner (a, a) gets both. Add them.")
def one_input_each(a):
    return np.eye(2), np.zeros(2), np.array([[1 / a, 1 / a]]), np.zeros(1)


@q4.wrong("a need not be whole: use it as it is.")
def whole_number(a):
    b1 = np.array([0.0, -float(int(a))])
    return np.ones((2, 2)), b1, np.array([[1 / a, -2 / a]]), np.zeros(1)


q4.mistake("The second sum is taken away: -2 / a.",
           replace="-2 / a", by="2 / a")
q4.mistake("Both sums grow with a: divide both by a.",
           replace="-2 / a", by="-2")
q4.mistake("Both sums grow with a: divide both by a.",
           replace="[1 / a", by="[1.0")

# ------------------------------------------------ q5. A hidden layer, and more


@q5.wrong("No ReLU after the last layer: its answers may be negative.")
def relu_at_the_end(x, layers):
    for weight, bias in layers:
        x = linear(x, weight, bias).relu()
    return x


@q5.wrong("Without a ReLU in between, all layers together are one straight layer: q3.")
def never_folds(x, layers):
    for weight, bias in layers:
        x = linear(x, weight, bias)
    return x


@q5.wrong("The ReLU comes after a layer's sums, not before: the inputs may be negative.")
def relu_first(x, layers):
    for weight, bias in layers:
        x = linear(x.relu(), weight, bias)
    return x


@q5.wrong("The sums begin at their bias: hand it to linear, too.")
def no_biases(x, layers):
    for weight, _ in layers[:-1]:
        x = linear(x, weight).relu()
    return linear(x, layers[-1][0])


@q5.wrong("The last layer is missing: behind the loop comes one more, without a ReLU, then return.")
def last_layer_missing(x, layers):
    for weight, bias in layers[:-1]:
        x = linear(x, weight, bias).relu()
    return x


q5.mistake("What a layer gives is not kept: x = linear(x, weight, bias).relu()",
           replace="x = linear(x, weight, bias).relu()", by="linear(x, weight, bias).relu()")


@q5.wrong("There may be one layer, or many: go through them in a loop.")
def always_two(x, layers):
    (w1, b1), (w2, b2) = layers
    return linear(linear(x, w1, b1).relu(), w2, b2)


@q5.wrong("A layer is a pair: take it apart, for weight, bias in ...")
def pairs_as_weights(x, layers):
    for layer in layers[:-1]:
        x = linear(x, layer).relu()
    return linear(x, layers[-1])


q5.mistake("layers[1:] leaves out the first; all but the last are layers[:-1].",
           replace="layers[:-1]", by="layers[1:]")


@q5.wrong("A ReLU stands after EVERY layer but the last, not after the first alone.")
def one_relu(x, layers):
    for place, (weight, bias) in enumerate(layers):
        x = linear(x, weight, bias)
        if place == 0 and len(layers) > 1:
            x = x.relu()
    return x


@q5.wrong("layers belongs to whoever calls: go through it, and take nothing out of it.")
def takes_the_layers_out(x, layers):
    weight, bias = layers.pop()
    for before in layers:
        x = linear(x, *before).relu()
    return linear(x, weight, bias)


# ------------------------------------------------ q6. How large are the numbers?

LAYER = "        x = linear(x, weight).relu()\n"
SIZE = "        found.append((x * x).mean().sqrt().item())\n"
q6.mistake("Measure after the ReLU: that is what the next layer gets.",
           replace="        x = linear(x, weight).relu()\n"
                   "        found.append((x * x).mean().sqrt().item())\n",
           by="        y = linear(x, weight)\n"
              "        found.append((y * y).mean().sqrt().item())\n"
              "        x = y.relu()\n")
q6.mistake("That is the mean square: take its root.",
           replace="(x * x).mean().sqrt().item", by="(x * x).mean().item")


@q6.wrong("Each layer gets what the one before gave, not the first x again.")
def always_the_first_x(x, weights):
    outputs = [linear(x, weight).relu() for weight in weights]
    return [(y * y).mean().sqrt().item() for y in outputs]


q6.mistake("The root mean square is measured from 0; a standard deviation subtracts the mean.",
           replace="(x * x).mean", by="((x - x.mean()) * (x - x.mean())).mean")
q6.mistake("The root mean square is measured from 0; a standard deviation subtracts the mean.",
           replace="(x * x).mean().sqrt", by="x.std")
q6.mistake("The root mean square is measured from 0; a variance subtracts the mean.",
           replace="(x * x).mean().sqrt", by="x.var")
q6.mistake("That is the mean itself: first the squares, then their mean, then the root.",
           replace="(x * x).mean().sqrt", by="x.mean")


@q6.wrong("That is the length, which grows with how many numbers there are: the mean, not the sum.")
def length(x, weights):
    found = []
    for weight in weights:
        x = linear(x, weight).relu()
        found.append((x * x).sum().sqrt().item())
    return found


@q6.wrong("x is still the batch that came in: keep what the layer gives, x = linear(...).relu()")
def not_kept(x, weights):
    return [(x * x).mean().sqrt().item() for _ in weights]


@q6.wrong("That is the size of the weights; asked for is that of the numbers after each layer.")
def of_the_weights(x, weights):
    return [(w * w).mean().sqrt().item() for w in weights]


q6.mistake("The ReLU is missing: it cuts off what is negative after each layer.",
           replace="linear(x, weight).relu()", by="linear(x, weight)")


@q6.wrong("The return stands inside the loop: only the first layer is measured.")
def returns_in_the_loop(x, weights):
    for weight in weights:
        x = linear(x, weight).relu()
        return [(x * x).mean().sqrt().item()]


q6.mistake("One number for each layer: the size of what comes in is not asked for.",
           replace="found = []", by="found = [(x * x).mean().sqrt().item()]")
q6.mistake("That is the size of what goes into each layer: first the layer, then its size.",
           replace=LAYER + SIZE, by=SIZE + LAYER)
q6.mistake("found = [] stands inside the loop, so that each layer begins a new list.",
           replace="x = linear", by="found, x = [], linear")
q6.mistake("Plain numbers are asked for: .item() makes one of a Tensor.",
           replace=".sqrt().item()", by=".sqrt()")
q6.mistake("The mean is missing: first the squares, then their MEAN, then the root.",
           replace=".mean().sqrt()", by=".sqrt()")
q6.mistake("The squares are missing: first the SQUARES, then their mean, then the root.",
           replace="(x * x).mean()", by="x.mean()")

# ------------------------------------------------ q7. First numbers

q7.mistake("A uniform number within the bound has variance bound**2 / 3: the bound is too small.",
           replace="gain * (3 / fan_in) ** 0.5", by="gain / fan_in**0.5")


@q7.wrong("gain**2 / fan_in is the variance; numbers are multiplied by its root, the deviation.")
def times_the_variance(shape, fan_in, gain=2**0.5):
    return Tensor.randn(*shape) * (gain**2 / fan_in)


@q7.wrong("fan_in counts the inputs of an output, and is given; shape[0] counts the outputs.")
def by_the_outputs(shape, fan_in, gain=2**0.5):
    return Tensor.randn(*shape) * (gain / shape[0] ** 0.5)


@q7.wrong("With equal weights all hidden sums are one and the same: draw random numbers.")
def all_equal(shape, fan_in, gain=2**0.5):
    return Tensor.full(shape, gain / fan_in**0.5)


@q7.wrong("The numbers must be negative as often as positive, with mean 0.")
def never_negative(shape, fan_in, gain=2**0.5):
    return Tensor.rand(*shape) * (gain * (3 / fan_in) ** 0.5)


@q7.wrong("The gain is missing: whoever calls says what follows the layer.")
def without_gain(shape, fan_in, gain=2**0.5):
    return Tensor.randn(*shape) * (1 / fan_in**0.5)


q7.mistake("6 / fan_in holds for a gain of root 2 alone: the bound is gain * (3 / fan_in)**0.5.",
           replace="gain * (3 / fan_in) ** 0.5", by="(6 / fan_in) ** 0.5")


@q7.wrong("fan_in is given; shape[1] is the same only for a layer, not for a bias or a filter.")
def by_the_shape(shape, fan_in, gain=2**0.5):
    return Tensor.randn(*shape) * (gain / shape[1] ** 0.5)


@q7.wrong("The root is of fan_in alone; the gain is squared in the variance: gain / fan_in**0.5.")
def root_of_the_gain(shape, fan_in, gain=2**0.5):
    return Tensor.randn(*shape) * (gain / fan_in) ** 0.5


q7.mistake("The 3 stands under the root: gain * (3 / fan_in)**0.5.",
           replace="(3 / fan_in) ** 0.5", by="3 / fan_in**0.5")


@q7.wrong("bound**2 / 3 must be gain**2 / fan_in, so the 3 goes above the line: (3 / fan_in)**0.5.")
def three_below(shape, fan_in, gain=2**0.5):
    bound = gain / (3 * fan_in) ** 0.5
    return Tensor.uniform(*shape, low=-bound, high=bound)


@q7.wrong("randn has variance 1: multiply by gain / fan_in**0.5.")
def as_drawn(shape, fan_in, gain=2**0.5):
    return Tensor.randn(*shape)


@q7.wrong("More inputs, smaller weights: DIVIDE by the root of fan_in.")
def times_the_root(shape, fan_in, gain=2**0.5):
    return Tensor.randn(*shape) * (gain * fan_in**0.5)


q7.mistake("These numbers are not drawn, and the next layer gets the same: randn or uniform.",
           replace="    return Tensor.uniform(*shape, low=-bound, high=bound)\n",
           by="    numbers = np.linspace(-bound, bound, int(np.prod(shape)))\n"
              "    return Tensor(numbers.reshape(shape).astype(np.float32))\n")


@q7.wrong("Each weight needs a random number of its own: here all rows are the same row.")
def one_row_for_all(shape, fan_in, gain=2**0.5):
    return Tensor.randn(1, *shape[1:]).expand(*shape) * (gain / fan_in**0.5)


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


q7.mistake("The gain is missing: whoever calls says what follows the layer.",
           replace="gain * (3", by="(3")
q7.mistake("fan_in is missing: more inputs, smaller weights.",
           replace="3 / fan_in", by="3")
q7.mistake("The root is missing: bound**2 / 3 is the variance, so the bound is a root.",
           replace="(3 / fan_in) ** 0.5", by="(3 / fan_in)")
q7.mistake("Between bound and bound there is one number only: low is MINUS bound.",
           replace="low=-bound", by="low=bound")
