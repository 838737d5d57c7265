# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Digits
#
# All that training needs, from the data to the last step: splitting and batching, the loss of a
# classifier, three optimizers, and the loop. At the end the framework reads handwritten digits with
# your loss and your optimizers inside.
#
# | question | you write | points |
# |---|---|---|
# | q1 | `split`: keep some rows for the exam | 1 |
# | q2 | `minibatches`: rows in portions | 1 |
# | q3 | `loss.cross_entropy`, also for scores of 1,000 | 3 |
# | q4 | `entropy_slope`: what flows back from it | 2 |
# | q5 | `optim.sgd`: a step downhill | 1 |
# | q6 | `optim.momentum`: a heavy ball | 2 |
# | q7 | `optim.adam`, with bias correction | 3 |
# | q8 | `accuracy`: the share that is right | 1 |
# | q9 | `train`: the loop | 2 |

# %%
import tinylearn as tl

tl.course.exercise("06_digits")

# %% tags=["setup"]
import numpy as np

from tinylearn import Tensor
from tinylearn.nn import Linear
from tinylearn.nn.optim import SGD


def constant(array):
    """A Tensor of these numbers that nothing is learned about."""
    return Tensor(array, requires_grad=False)


# %% [markdown]
# ## q1. Keep some for the exam (1 point)
#
# `order` holds the row numbers 0, 1, 2, ... in a random order. The first `tests` of them go into
# the test set, all others into the training set, in the order in which they come. `x` and `y`
# belong together row by row, and must still do so afterwards.

# %% tags=["question"]
from tinylearn.contracts.optimizers import SHAPES
from tinylearn.course.question import case, question


def _numbers(rng, *shape, low=-2, high=2):
    count = int(np.prod(shape))
    return np.array([round(rng.uniform(low, high), 3) for _ in range(count)]).reshape(shape)


def _whole(rng, *shape):
    """Whole numbers of float32, as the Part's contract hands them over: sums of them are exact."""
    count = int(np.prod(shape))
    return np.array([rng.randint(4, 9) for _ in range(count)], np.float32).reshape(shape)


def _order(rng, count):
    return np.array(rng.sample(range(count), count))


q1 = question(
    "q1",
    answer="split",
    points=1,
    title="Keep some for the exam",
    hints=(
        "An array of row numbers picks rows: x[rows].",
        "order[:tests] are the rows of the test set, and order[tests:] all others.",
        "x[order[tests:]], y[order[tests:]], then the same with order[:tests]",
    ),
)


@q1.visible("by hand")
def _():
    x, y = np.array([[0.0], [10], [20], [30], [40]]), np.array([0, 1, 2, 3, 4])
    yield case("five rows, two for the exam", x, y, np.array([3, 0, 4, 2, 1]), 2)


@q1.hidden("random orders", points=1)
def _(rng):
    for rows, tests in ((6, 2), (9, 1), (7, 5)):
        x, y = _numbers(rng, rows, 3), np.arange(rows) + 100
        yield case(f"{rows} rows, {tests} for the exam", x, y, _order(rng, rows), tests)


# %%
@tl.answer("split", points=1)
def split(x, y, order, tests):
    """x_train, y_train, x_test, y_test: the first `tests` rows of the order are for the exam."""
    ### BEGIN SOLUTION return four arrays
    train, test = order[tests:], order[:tests]
    return x[train], y[train], x[test], y[test]
    ### END SOLUTION


# %%
tl.check("q1")

# %% [markdown]
# ## q2. Rows in portions (1 point)
#
# Cut `order` into batches of `size` rows, in sequence. If they do not divide evenly, the last batch
# is shorter: no row is left out, and none comes twice. Return a list of arrays.

# %% tags=["question"]
q2 = question(
    "q2",
    answer="minibatches",
    points=1,
    title="Rows in portions",
    hints=(
        "The batches begin at 0, size, 2 * size, ...",
        "range(0, len(order), size) gives these places.",
        "[order[start : start + size] for start in range(0, len(order), size)]",
    ),
)


@q2.visible("by hand")
def _():
    yield case("ten rows", np.array([6, 1, 4, 0, 9, 5, 8, 2, 3, 7]), 4)
    yield case("they divide evenly", np.array([2, 0, 3, 1]), 2)
    yield case("fewer than a batch", np.array([1, 0]), 5)
    yield case("one is left over", np.array([4, 2, 0, 3, 1]), 2)


@q2.hidden("random orders", points=1)
def _(rng):
    for rows, size in ((11, 4), (13, 4), (8, 4), (5, 1), (3, 9)):
        yield case(f"{rows} rows by {size}", _order(rng, rows), size)


# %%
@tl.answer("minibatches", points=1)
def minibatches(order, size):
    """The order in portions of `size` rows; the last one may be shorter."""
    ### BEGIN SOLUTION return a list of arrays
    return [order[start : start + size] for start in range(0, len(order), size)]
    ### END SOLUTION


# %%
tl.check("q2")

# %% [markdown]
# ## q3. Cross-entropy (3 points)
#
# `logits` has the shape `(batch, classes)`: a score for each class. `labels` has the shape
# `(batch,)`: which class is right. The loss is the mean over the batch of
#
# $$-\log \frac{e^{\text{score of the right class}}}{\sum e^{\text{score}}}$$
#
# Scores of 1,000 must give numbers and not `nan`. Work with tensors alone, so that the result
# stays a graph. You have `logits.max(1, keepdim=True)`, `.exp()`, `.log()`, `.sum(1)`, `.mean()`,
# and `labels.one_hot(classes)`: a row for each label, 1 at the right class and 0 elsewhere.
#
# This is the Part `loss.cross_entropy`.

# %% tags=["question"]
q3 = question(
    "q3",
    answer="my_cross_entropy",
    part="loss.cross_entropy",
    graphs=True,
    points=3,
    title="Cross-entropy",
    forbid=(
        "tinylearn.tensor.reduce.Reduce.log_softmax",
        "tinylearn.tensor.reduce.Reduce.logsumexp",
        "tinylearn.tensor.curves.logaddexp",
        "tinylearn.tensor.running.exponential_sum",
        "tinylearn.tensor.losses.Losses.nll_loss",
        "tinylearn.tensor.losses.below_largest",
    ),
    rtol=1e-4,
    atol=1e-6,
    hints=(
        "Take the largest score of each row away from its row: below = logits - logits.max(1, "
        "keepdim=True). The result does not change, and exp never overflows.",
        "The logarithm of the fraction is: right score minus (below.exp().sum(1)).log().",
        "right = (below * labels.one_hot(logits.shape[1])).sum(1). Then the mean of the "
        "logarithm of the sum minus right.",
    ),
)


@q3.runs
def _entropy(answer, logits, labels):
    z = Tensor(logits)
    loss = answer(z, constant(labels))
    loss.sum().gradient(z)  # an error if no gradient comes back
    return loss.numpy()


@q3.visible("by hand")
def _():
    yield case("two rows", np.array([[0.0, 0.0], [2.0, 1.0]]), np.array([1, 0]))
    yield case("scores of 1,000", np.array([[1000.0, 998.0, 0.0]]), np.array([1]))
    yield case("rows far apart", np.array([[900.0, 901.0], [-900.0, -901.0]]), np.array([0, 1]))
    yield case("sure and wrong by 1,000", np.array([[5.0, 5.0, 1005.0]]), np.array([0]))


@q3.hidden("random scores", points=2)
def _(rng):
    for batch, classes in ((4, 3), (1, 5), (6, 2)):
        labels = np.array([rng.randrange(classes) for _ in range(batch)])
        yield case(f"{batch} rows of {classes}", _numbers(rng, batch, classes), labels)
    yield case("float32", _whole(rng, 3, 4), np.array([rng.randrange(4) for _ in range(3)]))


@q3.hidden("large scores", points=1)
def _(rng):
    labels = np.array([*rng.sample(range(3), 2), *(rng.randrange(3) for _ in range(2))])
    logits = _numbers(rng, 4, 3) + np.array([[900.0], [-900.0], [0.0], [2000.0]])
    yield case("rows far apart", logits, labels)
    logits = _numbers(rng, 3, 4)
    logits[[0, 1, 2], labels[:3]] -= 1000
    yield case("sure and wrong", logits, labels[:3])


# %%
@tl.answer("loss.cross_entropy", points=3)
def my_cross_entropy(logits, labels):
    """The mean of -log of the probability that softmax(logits) gives to the right class."""
    ### BEGIN SOLUTION return a Tensor of shape ()
    below = logits - logits.max(1, keepdim=True)
    right = (below * labels.one_hot(logits.shape[1])).sum(1)
    return (below.exp().sum(1).log() - right).mean()
    ### END SOLUTION


# %%
tl.check("q3")

# %% [markdown]
# ## q4. What flows back (2 points)
#
# The slope of the cross-entropy by the logits, written by hand with NumPy. For one row it is the
# probabilities that softmax gives, minus 1 at the right class; and the loss is a mean over the
# rows. Large scores must work here, too.

# %% tags=["question"]
q4 = question(
    "q4",
    answer="entropy_slope",
    world="numpy",
    points=2,
    title="What flows back",
    forbid=("graph.gradient", "tinylearn.tensor.backward.Backward.backward"),
    hints=(
        "Begin with softmax: e = np.exp(logits - logits.max(1, keepdims=True)), over its row sums.",
        "p[np.arange(len(labels)), labels] is the probability of each right class.",
        "Subtract 1 there, then divide everything by the number of rows.",
    ),
)


@q4.visible("by hand")
def _():
    yield case("one row, undecided", np.array([[0.0, 0.0]]), np.array([1]))
    yield case("two rows", np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]), np.array([2, 0]))
    yield case("scores of 1,000", np.array([[1000.0, 999.0]]), np.array([0]))
    yield case("rows far apart", np.array([[900.0, 901.0], [-900.0, -901.0]]), np.array([0, 1]))


@q4.hidden("random scores", points=2)
def _(rng):
    for batch, classes in ((4, 3), (1, 5), (6, 2)):
        labels = np.array([rng.randrange(classes) for _ in range(batch)])
        logits = _numbers(rng, batch, classes)
        logits[::2] += 2000 * (batch == 6)
        yield case(f"{batch} rows of {classes}", logits, labels)


# %%
@tl.answer("entropy_slope", points=2)
def entropy_slope(logits, labels):
    """The slope of the mean cross-entropy by each logit; an array of the logits' shape."""
    ### BEGIN SOLUTION return an array
    e = np.exp(logits - logits.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    p[np.arange(len(labels)), labels] -= 1
    return p / len(labels)
    ### END SOLUTION


# %%
tl.check("q4")

# %% [markdown]
# ## q5. A step downhill (1 point)
#
# `w` is a weight and `g` its gradient, tensors of equal shapes; `lr`, the learning rate, is a
# single number. Return the new `w`. Nothing is changed in place. This is the Part `optim.sgd`.

# %% tags=["question"]
q5 = question(
    "q5",
    answer="my_sgd",
    part="optim.sgd",
    forbid=(
        "optim.momentum",
        "optim.nesterov",
        "optim.weight_decay",
        "optim.decoupled_decay",
        "optim.adam",
        "optim.adamw",
        "optim.amsgrad",
        "optim.adamax",
        "optim.nadam",
        "optim.radam",
        "optim.adagrad",
        "optim.adadelta",
    ),
    graphs=True,
    points=1,
    title="A step downhill",
    hints=(
        "The gradient points uphill.",
        "The step is lr times the gradient, in the other direction.",
        "return w - lr * g",
    ),
)


@q5.runs
def _step(answer, w, g, lr):
    before = constant(w)
    after = answer(before, constant(g), lr)
    numbers = after.numpy() if isinstance(after, Tensor) else after
    return {"the new w": numbers, "the old w": before.numpy()}


@q5.visible("by hand")
def _():
    yield case("two weights", np.array([1.0, 2.0]), np.array([10.0, -10.0]), 0.1)


@q5.hidden("random weights", points=1)
def _(rng):
    for shape in SHAPES:  # those of the Part's contract
        lr = round(rng.uniform(0.1, 0.9), 3)
        yield case(f"shape {shape}", _numbers(rng, *shape), _numbers(rng, *shape), lr)
    yield case("float32", _whole(rng, 2), _whole(rng, 2), 0.5)


# %%
@tl.answer("optim.sgd", points=1)
def my_sgd(w, g, lr):
    """One step downhill: against the gradient, lr times as far."""
    ### BEGIN SOLUTION return the new w
    return w - lr * g
    ### END SOLUTION


# %%
tl.check("q5")

# %% [markdown]
# ## q6. A heavy ball (2 points)
#
# `v` is the velocity; it starts at zero. It keeps the share `momentum` of itself, and the whole
# gradient is added. The weight then moves against the **new** velocity, lr times as far. Return a
# tuple: the new `w` and the new `v`. This is the Part `optim.momentum`.

# %% tags=["question"]
q6 = question(
    "q6",
    answer="my_momentum",
    part="optim.momentum",
    forbid=(
        "optim.nesterov",
        "optim.adam",
        "optim.adamw",
        "optim.amsgrad",
        "optim.adamax",
        "optim.nadam",
        "optim.radam",
        "optim.adagrad",
        "optim.adadelta",
    ),
    graphs=True,
    points=2,
    title="A heavy ball",
    hints=(
        "First the new velocity, then the weight.",
        "v = momentum * v + g",
        "return w - lr * v, v",
    ),
)


@q6.runs
def _roll(answer, w, gradients, lr, momentum):
    w, v = constant(w), constant(np.zeros_like(w))
    for g in gradients:
        w, v = answer(w, constant(g), v, lr, momentum)
    return w.numpy(), v.numpy()


@q6.visible("by hand")
def _():
    one = np.array([1.0, -1.0])
    yield case("one step", np.zeros(2), [one], 0.1, 0.9)
    yield case("three steps, one gradient", np.zeros(2), [one, one, one], 0.1, 0.75)


@q6.hidden("random steps", points=2)
def _(rng):
    for shape in SHAPES:  # those of the Part's contract
        gradients = [_numbers(rng, *shape) for _ in range(3)]
        lr, momentum = round(rng.uniform(0.1, 0.9), 3), round(rng.uniform(0.3, 0.95), 3)
        yield case(f"shape {shape}", _numbers(rng, *shape), gradients, lr, momentum)
    yield case("float32", _whole(rng, 2), [_whole(rng, 2) for _ in range(3)], 0.5, 0.5)


# %%
@tl.answer("optim.momentum", points=2)
def my_momentum(w, g, v, lr, momentum):
    """A heavy ball: it keeps most of its velocity v, and the gradient gives it a push."""
    ### BEGIN SOLUTION return a tuple: the new w, the new v
    v = momentum * v + g
    return w - lr * v, v
    ### END SOLUTION


# %%
tl.check("q6")

# %% [markdown]
# ## q7. Adam (3 points)
#
# `m` is a running mean of the gradients, of which it keeps the share `beta1`; `v` is one of their
# squares, and keeps the share `beta2`. Both start at zero, so at first they are too small by known
# factors, `correction1` and `correction2`, and are divided by these:
#
# $$w \leftarrow w - \text{lr} \cdot \frac{m / \text{correction}_1}
# {\sqrt{v / \text{correction}_2} + \text{eps}}$$
#
# Return the new `w`, `m` and `v`; `m` and `v` without the correction. This is the Part
# `optim.adam`.

# %% tags=["question"]
q7 = question(
    "q7",
    answer="my_adam",
    part="optim.adam",
    forbid=("optim.adamw", "optim.amsgrad", "optim.nadam", "optim.radam"),
    graphs=True,
    points=3,
    title="Adam",
    hints=(
        "First the new means: m = beta1 * m + (1 - beta1) * g, and v with g * g.",
        "Divide by the corrections only inside the step; m and v themselves stay as they are.",
        "w - lr * (m / correction1) / ((v / correction2).sqrt() + eps), with eps outside the root",
    ),
)


@q7.runs
def _adapt(answer, w, gradients, lr, beta1, beta2, eps):
    w, m, v = constant(w), constant(np.zeros_like(w)), constant(np.zeros_like(w))
    for step, g in enumerate(gradients, 1):
        corrections = 1 - beta1**step, 1 - beta2**step
        w, m, v = answer(w, constant(g), m, v, lr, beta1, beta2, eps, *corrections)
    return w.numpy(), m.numpy(), v.numpy()


@q7.visible("by hand")
def _():
    g = np.array([2.0, -0.5])
    yield case("the first step is lr far", np.zeros(2), [g], 0.1, 0.9, 0.999, 0.0)
    yield case("two steps", np.ones(2), [g, 2 * g], 0.1, 0.9, 0.99, 0.5)


@q7.hidden("random steps", points=2)
def _(rng):
    for shape in SHAPES:  # those of the Part's contract
        gradients = [_numbers(rng, *shape, low=0.5, high=3) for _ in range(3)]
        lr, eps = round(rng.uniform(0.1, 0.9), 3), round(rng.uniform(0.2, 0.5), 3)
        yield case(f"shape {shape}", _numbers(rng, *shape), gradients, lr, 0.8, 0.9, eps)
    yield case("float32", _whole(rng, 2), [_whole(rng, 2) for _ in range(3)], 0.5, 0.8, 0.9, 0.5)


@q7.hidden("a gradient of zero", points=1)
def _(rng):
    g = np.array([0.0, round(rng.uniform(0.1, 1), 3)])
    yield case("nothing to learn in one place", np.ones(2), [g, g], 0.1, 0.9, 0.999, 1e-8)


# %%
@tl.answer("optim.adam", points=3)
def my_adam(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    """The mean gradient over the root of the mean square: about lr far, whatever its size."""
    ### BEGIN SOLUTION return a tuple: the new w, m and v
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    return w - lr * (m / correction1) / ((v / correction2).sqrt() + eps), m, v
    ### END SOLUTION


# %%
tl.check("q7")

# %% [markdown]
# ## q8. How many are right? (1 point)
#
# The model's answer to a row is the class with the highest score. Return the share of the rows
# whose answer is the label, a number from 0 to 1. `logits` and `labels` are NumPy arrays.

# %% tags=["question"]
q8 = question(
    "q8",
    answer="accuracy",
    points=1,
    title="How many are right?",
    hints=(
        "argmax gives the place of the largest number; along which axis?",
        "logits.argmax(1) is the answer of each row. Compare with labels.",
        "float((logits.argmax(1) == labels).mean())",
    ),
)


@q8.visible("by hand")
def _():
    first = np.array([[2.0, 1, 3], [0, 1, 2], [2, 1, 3], [3, 2, 1]])
    logits = np.concatenate([first, [[1, 3, 2], [3, 1, 2], [1, 2, 3], [1, 0, 2]]])
    yield case("five of eight", logits, np.array([0, 2, 0, 2, 1, 0, 2, 2]))
    yield case("all", logits, np.array([2, 2, 2, 0, 1, 0, 2, 2]))


@q8.hidden("random scores", points=1)
def _(rng):
    for batch, classes, wrong in zip((9, 11, 6, 13), (3, 4, 6, 5), rng.sample(range(2, 6), 4)):
        logits = _numbers(rng, batch, classes)
        labels = logits.argmax(1)
        rows = rng.sample(range(batch), wrong)
        labels[rows] = (labels[rows] + rng.randrange(1, classes)) % classes
        yield case(f"{batch} rows", logits, labels)


# %%
@tl.answer("accuracy", points=1)
def accuracy(logits, labels):
    """The share of rows whose highest score is at the label."""
    ### BEGIN SOLUTION return a number from 0 to 1
    return float((logits.argmax(1) == labels).mean())
    ### END SOLUTION


# %%
tl.check("q8")

# %% [markdown]
# ## q9. The loop (2 points)
#
# Go once through `batches`, pairs of tensors `x, y`: compute the cross-entropy of `model(x)`, ask
# for the gradients with `.backward()`, take a step with `optimizer.step()`, and forget the
# gradients with `optimizer.zero_grad()`. Return the losses, a list with one number (`.item()`) for
# each batch.

# %% tags=["question"]
q9 = question(
    "q9",
    answer="train",
    points=2,
    title="The loop",
    rtol=1e-4,
    atol=1e-6,
    hints=(
        "for x, y in batches: and then four things to do for each.",
        "loss = model(x).cross_entropy(y); loss.backward(); then the optimizer's two.",
        "step() needs the gradients, so zero_grad() comes after it. Collect loss.item().",
    ),
)


@q9.runs
def _trained(answer, weight, bias, batches):
    model = Linear(*weight.shape[::-1])
    model.weight.assign(weight.astype(np.float32))
    model.bias.assign(bias.astype(np.float32))
    pairs = [(constant(x.astype(np.float32)), constant(y)) for x, y in batches]
    losses = answer(model, SGD([model], lr=0.5), pairs)
    losses = list(losses) if hasattr(losses, "__next__") else losses  # a generator learns when read
    return losses, model.weight.numpy(), model.bias.numpy()


def _batches(rng, count, classes):
    labels = [np.array([rng.randrange(classes) for _ in range(5)]) for _ in range(count)]
    return [(_numbers(rng, 5, 3), y) for y in labels]


@q9.visible("by hand")
def _():
    x, y = np.eye(3), np.array([0, 1, 1])
    yield case("three batches", np.zeros((2, 3)), np.zeros(2), [(x, y), (2 * x, y), (-x, y)])


@q9.hidden("random batches", points=2)
def _(rng):
    for count, classes in ((3, 2), (4, 4)):
        weight, bias = _numbers(rng, classes, 3), _numbers(rng, classes)
        yield case(f"{count} batches", weight, bias, _batches(rng, count, classes))


# %%
@tl.answer("train", points=2)
def train(model, optimizer, batches):
    """One epoch: a step for each batch; the list of their losses."""
    ### BEGIN SOLUTION return a list with one number for each batch
    losses = []
    for x, y in batches:
        loss = model(x).cross_entropy(y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return losses
    ### END SOLUTION


# %%
tl.check("q9")

# %% [markdown]
# ## It runs on your code
#
# 8,000 handwritten digits to learn from, and 2,000 for the exam. `cross_entropy` and `Adam` compute
# with your Parts now, and what you wrote in earlier chapters joins in, if it is there.

# %%
from tinylearn.nn import ReLU, Sequential, datasets, optim

tl.course.load_mine()
data = datasets.digits(flat=True)
tl.manual_seed(0)
model = Sequential(Linear(784, 256), ReLU(), Linear(256, 10))
optimizer = optim.Adam([model], lr=0.01)
batches = datasets.batches(data.x_train, data.y_train, size=128)
for epoch in tl.progress(range(10), label="training"):
    optimizer.lr = 0.01 if epoch < 6 else 0.002  # large steps first, small ones to settle
    train(model, optimizer, batches)
score = accuracy(model(constant(data.x_test)).numpy(), data.y_test)
print(f"{score:.1%} of the 2,000 digits of the exam are read")

# %%
tl.course.card()
