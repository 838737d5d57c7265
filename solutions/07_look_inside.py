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
# # Look inside
#
# First you build what a diagnosis needs: a count of dead units, the size of the gradients, a search
# for the first `nan`, and a loss that cannot overflow. Then five training scripts arrive that do
# not learn. You look inside, name the cause, and repair them.
#
# | question | you write | points |
# |---|---|---|
# | q1 | `dead_shares`: units that never answer | 2 |
# | q2 | `gradient_sizes`: what arrives at each layer | 2 |
# | q3 | `first_bad`: who made the first nan | 2 |
# | q4 | `loss.binary_cross_entropy_with_logits` | 2 |
# | q5 | script 1: it learns, and then forgets | 2 |
# | q6 | script 2: always 2.3 | 2 |
# | q7 | script 3: a loss with a floor | 2 |
# | q8 | script 4: healthy inside, and learns nothing | 2 |
# | q9 | script 5: nan from the first step on | 2 |

# %%
import tinylearn as tl

tl.course.exercise("07_look_inside")

# %% [markdown]
# What all questions use: a few of the small digits, networks whose first numbers follow from a
# seed, and the list of causes. `fit` trains a network of ReLU layers in plain NumPy. The grader
# runs it on what you hand over, so the losses that count are computed by the grader itself.

# %% tags=["setup"]
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from tinylearn import Tensor
from tinylearn.nn import Linear, ReLU, Sequential, datasets, optim

DIGITS = datasets.digits8(flat=True)

# %% tags=["setup"]
CAUSES = (
    "dead units",
    "signal dies out",
    "signal explodes",
    "learning rate too large",
    "gradients pile up",
    "softmax twice",
    "labels apart",
    "logarithm of zero",
    "division by zero",
    "inputs not scaled",
)

# %% [markdown]
# How each of them shows, in short; the lesson's table says more.

# %% tags=["setup"]
SHOWS = {
    "dead units": "whole columns of what a ReLU gives are exactly 0",
    "signal dies out": "sizes shrink from layer to layer, and are not 0",
    "signal explodes": "sizes grow from layer to layer, before the first step",
    "learning rate too large": "the loss shoots up within the first few steps",
    "gradients pile up": ".grad is not the gradient of the batch",
    "softmax twice": "on one batch the loss stops at a floor of 1.46",
    "labels apart": "digits, drawn with their labels, do not fit together",
    "logarithm of zero": "trace_nan names log",
    "division by zero": "trace_nan names recip",
    "inputs not scaled": "the first loss is large, and a number",
}


# %% tags=["setup"]
def sample(seed, rows):
    """Some of the small digits, as arrays: 64 pixels a row from 0 to 1, and their labels."""
    order = np.random.default_rng(seed).permutation(len(DIGITS.x_train))[:rows]
    return DIGITS.x_train[order], DIGITS.y_train[order]


def probabilities(scores):
    """The softmax of each row."""
    powers = np.exp(scores - scores.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


# %% tags=["setup"]
def first_numbers(seed):
    """Weight and bias of 32 units, weight and bias of 10 scores; the same for the same seed."""
    rng = np.random.default_rng(seed)
    shapes = {(32, 64): 1 / 64**0.5, (32,): 1 / 64**0.5, (10, 32): 1 / 32**0.5, (10,): 1 / 32**0.5}
    return [rng.uniform(-bound, bound, shape) for shape, bound in shapes.items()]


def network(seed):
    """64 pixels, a hidden layer of 32, 10 scores, beginning at first_numbers(seed)."""
    model = Sequential(Linear(64, 32), ReLU(), Linear(32, 10))
    for tensor, numbers in zip(model.parameters(), first_numbers(seed)):
        tensor.assign(numbers.astype(np.float32))
    return model


# %% tags=["setup"]
def fit(weights, x, y, steps=60, lr=0.5):
    """The losses of training layers [weight, bias, weight, bias, ...] on all rows at once."""
    w, one, losses = [np.array(a, float) for a in weights], np.eye(10)[y], []
    for _ in range(steps):
        h = [np.array(x, float)]
        for k in range(0, len(w), 2):
            z = h[-1] @ w[k].T + w[k + 1]
            h.append(np.maximum(z, 0))
        p = probabilities(z)
        losses.append(float(-np.log(np.maximum((p * one).sum(1), 1e-300)).mean()))
        g = (p - one) / len(y)
        for k in range(len(w) - 2, -1, -2):
            back = (g @ w[k]) * (h[k // 2] > 0)
            w[k], w[k + 1], g = w[k] - lr * g.T @ h[k // 2], w[k + 1] - lr * g.sum(0), back
    return losses


# %% [markdown]
# ## q1. Units that never answer (2 points)
#
# `outputs` is a list of arrays, one for each layer: what comes out of its ReLU, a row for each
# example and a column for each unit. A unit is **dead** if it answers 0 to every row. Return the
# share of dead units of each layer, a list of numbers from 0 to 1.

# %% tags=["question"]
from tinylearn.course.question import Code, Open, case, question


def _numbers(rng, *shape, low=-2, high=2):
    count = int(np.prod(shape))
    return np.array([round(rng.uniform(low, high), 3) for _ in range(count)]).reshape(shape)


def _whole(rng, *shape):
    """Whole numbers of float32, as the Part's contract hands them over: sums of them are exact."""
    count = int(np.prod(shape))
    return np.array([rng.randint(4, 9) for _ in range(count)], np.float32).reshape(shape)


q1 = question(
    "q1",
    answer="dead_shares",
    points=2,
    title="Units that never answer",
    hints=(
        "A unit is a column. Is every number in it 0?",
        "(h == 0) is an array of True and False, and .all(0) asks column by column.",
        "[float((h == 0).all(0).mean()) for h in outputs]",
    ),
)


def _activations(rng, rows, units, dead):
    h = np.maximum(_numbers(rng, rows, units), 0)
    h[rng.randrange(rows)] = 0.5  # every unit answers at least once
    h[:, rng.sample(range(units), dead)] = 0
    return h


@q1.visible("by hand")
def _():
    answers = np.array([[1.0, 0, 0, 2, 0], [0, 3, 0, 4, 0], [0, 0, 0, 0, 0]])
    yield case("two of five are dead", [answers])
    yield case("two layers", [np.array([[1.0, 1], [0, 0]]), np.array([[0.0, 0], [0, 0]])])
    yield case("a small answer counts", [np.array([[0.0, 1e-9, 1, 1]] * 3)])


@q1.hidden("random layers", points=2)
def _(rng):
    for _ in range(3):
        shapes = [(rng.randint(3, 6), rng.randint(4, 8), rng.randint(1, 3)) for _ in range(3)]
        yield case("three layers", [_activations(rng, *shape) for shape in shapes])
    small = _activations(rng, 3, 5, 1)
    small[:, rng.randrange(5)] = 1e-9
    yield case("a small answer", [small])


# %%
@tl.answer("dead_shares", points=2)
def dead_shares(outputs):
    """The share of units that are 0 in every row, for each layer's outputs."""
    ### BEGIN SOLUTION return a list with one number for each layer
    return [float((h == 0).all(0).mean()) for h in outputs]
    ### END SOLUTION


# %%
tl.check("q1")

# %% [markdown]
# ## q2. What arrives at each layer (2 points)
#
# `loss` is a tensor, `weights` a list of tensors on which it depends. Return the **root mean
# square** of the loss's gradient by each weight: the root of the mean of its squares, as plain
# numbers.
#
# An instrument must not disturb what it measures. The check measures twice, and the second result
# must be the first.

# %% tags=["question"]
q2 = question(
    "q2",
    answer="gradient_sizes",
    points=2,
    title="What arrives at each layer",
    rtol=1e-4,
    hints=(
        "loss.gradient(*weights) gives one gradient for each weight, and leaves .grad alone.",
        "The root mean square of a tensor g is (g * g).mean().sqrt(), and .item() its number.",
        "[(g * g).mean().sqrt().item() for g in loss.gradient(*weights)]",
    ),
)


@q2.runs
def _measured(answer, x, y, arrays):
    weights = [Tensor(array) for array in arrays]
    for weight in weights:
        weight.grad = weight.detach() + 1  # what a training under way has left there
    h = Tensor(x, requires_grad=False)
    for weight in weights[:-1]:
        h = (h @ weight.transpose()).relu()
    loss = (h @ weights[-1].transpose()).cross_entropy(y)
    sizes = answer(loss, weights), answer(loss, weights)
    left = [None if weight.grad is None else weight.grad.numpy() for weight in weights]
    return {"measured once": sizes[0], "measured twice": sizes[1], "then in .grad": left}


@q2.visible("by hand")
def _():
    one = np.array([[1.0, 2.0]])
    yield case("one layer", one, np.array([0]), [np.ones((2, 2))])
    yield case("two layers", one, np.array([1]), [np.eye(2), np.array([[1.0, 1], [0, 1]])])


@q2.hidden("random networks", points=2)
def _(rng):
    for widths in ((3, 4, 3), (2, 5, 4, 3)):
        weights = [_numbers(rng, n, m) for m, n in pairwise(widths)]
        labels = np.array([rng.randrange(3) for _ in range(6)])
        yield case(f"{len(weights)} layers", _numbers(rng, 6, widths[0]), labels, weights)


# %%
@tl.answer("gradient_sizes", points=2)
def gradient_sizes(loss, weights):
    """The root mean square of the gradient by each weight."""
    ### BEGIN SOLUTION return a list with one number for each weight
    return [(g * g).mean().sqrt().item() for g in loss.gradient(*weights)]
    ### END SOLUTION


# %%
tl.check("q2")

# %% [markdown]
# ## q3. Who made the first nan (2 points)
#
# `steps` are functions from array to array, applied one after the other, beginning with `x`. Find
# the first whose result holds a `nan` or an infinity, and return its place: 0 for the first step.
# Return `None` if all results are good.
#
# Budget: no step runs more than once, and none after the first bad one. The check counts.

# %% tags=["question"]
q3 = question(
    "q3",
    answer="first_bad",
    points=2,
    title="Who made the first nan",
    remote=True,
    hints=(
        "enumerate(steps) gives each place with its step. Keep the result in x for the next one.",
        "np.isfinite(x) is False at every nan and at every infinity.",
        "for place, step in enumerate(steps): x = step(x), then return place if not all finite.",
    ),
)


@q3.runs
def _counted(answer, x, steps):
    runs = 0

    def count(step):
        def counting(value):
            nonlocal runs
            runs += 1
            return step(value)

        return counting

    with np.errstate(all="ignore"):
        place = answer([count(step) for step in steps], x)
    return place, f"{runs} steps were run"


def _step(rng):
    constant = round(rng.uniform(0.5, 2), 2)
    return rng.choice([f"lambda x: x + {constant}", f"lambda x: x * {constant}", "np.tanh"])


@q3.visible("by hand")
def _():
    one = np.array([1.0, 0.0])
    yield case("roots at place 1", np.array([-1.0, -4.0]), [Code("np.tanh"), Code("np.sqrt")])
    steps = [Code("np.floor"), Code("np.log"), Code("np.sin"), Code("np.arccos")]
    yield case("a logarithm of 0 at place 1", np.array([1.5, 0.5]), steps)
    yield case("all good", one, [Code("np.exp"), Code("np.sqrt")])
    yield case("at once", one - 1, [Code("np.sqrt"), Code("np.abs")])


@q3.hidden("random steps", points=2)
def _(rng):
    bad = ["np.log(x - x.min())", "np.exp(1000 * (x == x.max()))", "np.sqrt(x - x.mean())"]
    for k, maker in enumerate(bad):
        before = [Code(_step(rng)) for _ in range(rng.randint(1, 4))]
        after = [Code(_step(rng)) for _ in range(k + 1)]
        steps = [*before, Code(f"lambda x: {maker}"), *after]
        yield case(f"{len(before)} good ones", _numbers(rng, 4), steps)
    grows = [Code("lambda x: x + 5"), Code("np.exp"), Code("np.exp"), Code("np.exp")]
    yield case("each larger than the last", _numbers(rng, 3), grows)
    yield case("all good", _numbers(rng, 3), [Code(_step(rng)) for _ in range(3)])


# %%
@tl.answer("first_bad", points=2)
def first_bad(steps, x):
    """The place of the first step whose result is not finite everywhere, or None."""
    ### BEGIN SOLUTION return a whole number or None
    for place, step in enumerate(steps):
        x = step(x)
        if not np.isfinite(x).all():
            return place
    return None
    ### END SOLUTION


# %%
tl.check("q3")

# %% [markdown]
# ## q4. A logarithm that never meets zero (2 points)
#
# Yes or no: `logits` are scores $z$, `target` is 1 for yes and 0 for no, and both have the same
# shape. The loss of a score is $-\log(\text{sigmoid}(z))$ for a yes and
# $-\log(1 - \text{sigmoid}(z))$ for a no. At a score of 1,000 the sigmoid is 1, and the logarithm
# of 1 - 1 is infinite. Written as
#
# $$\max(z, 0) - z\,y + \log(1 + e^{-|z|})$$
#
# it is the same number, and nothing overflows. Return the mean. This is the Part
# `loss.binary_cross_entropy_with_logits`.

# %% tags=["question"]
q4 = question(
    "q4",
    answer="my_yes_or_no",
    part="loss.binary_cross_entropy_with_logits",
    forbid=(
        "loss.cross_entropy",
        "tinylearn.tensor.losses.Losses.binary_cross_entropy",
        "tinylearn.tensor.reduce.Reduce.log_softmax",
        "tinylearn.tensor.reduce.Reduce.logsumexp",
        "tinylearn.tensor.curves.logaddexp",
        "tinylearn.tensor.running.exponential_sum",
        "tinylearn.tensor.bends.softplus",
        "tinylearn.tensor.functions.Functions.softplus",
        "tinylearn.tensor.functions.Functions.logsigmoid",
        "tinylearn.tensor.functions.Functions.mish",
    ),
    graphs=True,
    points=2,
    title="A logarithm that never meets zero",
    rtol=1e-4,
    atol=1e-6,
    hints=(
        "max(z, 0) is z.relu(), and |z| is z.abs().",
        "The sum has three terms: logits.relu(), minus logits * target, and a logarithm.",
        "(logits.relu() - logits * target + (1 + (-logits.abs()).exp()).log()).mean()",
    ),
)


@q4.runs
def _loss_and_slope(answer, logits, target):
    z = Tensor(logits)
    loss = answer(z, Tensor(target, requires_grad=False))
    return loss.numpy(), loss.gradient(z)[0].numpy()


@q4.visible("by hand")
def _():
    yield case("one yes, one no", np.array([1.0, -2.0]), np.array([1.0, 0.0]))
    yield case("sure and wrong", np.array([1000.0, -1000.0]), np.array([0.0, 1.0]))
    yield case("sure and right", np.array([1000.0, -1000.0]), np.array([1.0, 0.0]))


@q4.hidden("random scores", points=1)
def _(rng):
    for shape in ((4,), (3, 2)):
        kinds = [(1, 1.0), (1, 0.0), (-1, 1.0), (-1, 0.0), (1, 1.0), (-1, 1.0)]
        kinds = rng.sample(kinds[: int(np.prod(shape))], int(np.prod(shape)))
        signs, truth = (np.array(part).reshape(shape) for part in zip(*kinds))
        # No score is 0: there relu and abs have two slopes each, and any between is right.
        yield case(f"shape {shape}", _numbers(rng, *shape, low=0.1) * signs, truth)
    yield case("one score", _numbers(rng, 1, low=0.1), np.array([float(rng.randint(0, 1))]))
    yield case("float32", _whole(rng, 3) / np.float32(4), np.array([0, 1, 0], np.float32))


@q4.hidden("large scores", points=1)
def _(rng):
    large = np.array([rng.uniform(800, 2000) for _ in range(4)]).round(1)
    yield case("sure", large * np.array([1, -1, 1, -1]), np.array([1.0, 0, 0, 1]))


# %%
@tl.answer("loss.binary_cross_entropy_with_logits", points=2)
def my_yes_or_no(logits, target):
    """The mean of -log of the probability that sigmoid(logits) gives to the truth."""
    ### BEGIN SOLUTION return a Tensor of shape ()
    return (logits.relu() - logits * target + (1 + (-logits.abs()).exp()).log()).mean()
    ### END SOLUTION


# %%
tl.check("q4")

# %% [markdown]
# ## Five scripts that do not learn
#
# Each question that follows shows a script with **one** fault. Run it, look inside with your
# instruments, and decide on the cause before you change anything. Then write the repaired version.
# It returns the **cause**, a text from `CAUSES`, in front of what the script itself returns.
#
# - 1 point if the repaired script learns. Change what is broken, and nothing else.
# - 1 point if, besides, the cause is the right one. `tl.check` only looks whether it is in the
#   list: the verdict on your diagnosis comes with the grades.
#
# A seed chooses the digits and the first numbers; the grader uses others than you see here.

# %%
print(*CAUSES, sep="\n")


# %% tags=["question"]
def _trained(answer, setting, verdict=""):
    got = answer(*setting)
    got = tuple(got) if isinstance(got, Iterator) else got
    if not isinstance(got, tuple | list) or len(got) != 2:
        return got
    cause, losses = got
    return (cause if verdict or cause not in CAUSES else "in CAUSES"), losses


def _same_training(got, want, setting, verdict=""):
    if not isinstance(got, tuple | list) or len(got) != 2:
        return Open("return two things: the cause, then the list of losses")
    if isinstance(got[1], str):
        return Open("the cause comes first, then the list of losses")
    kinds = {type(item) for item in (got[1], *(got[1] if isinstance(got[1], list | tuple) else ()))}
    if any(issubclass(kind, np.ndarray) and kind is not np.ndarray for kind in kinds):  # a Tensor's
        return Open("the losses are plain numbers: .item() makes one of a Tensor")
    if not isinstance(got[1], list | tuple | np.ndarray) or np.shape(got[1]) != (len(want[1]),):
        return f"expected a list of {len(want[1])} losses, as the script itself returns"
    losses, right = np.array(got[1], float), np.array(want[1])
    ends, should = losses[-5:].mean(), right[-5:].mean()
    if not ends < should + 0.5:
        return (
            f"it does not learn: the losses end at {ends:.3g}; repaired, they end at {should:.3g}"
        )
    alike = np.isclose(losses, right, 0.05, 0.02)[:20]
    if not alike.all():
        step = int(np.argmin(alike))
        return (
            f"at loss {step} the ways part: {losses[step]:.4g}, where the script with its fault "
            f"alone repaired has {right[step]:.4g}. Change what is broken, and nothing else"
        )
    if got[0] == want[0]:
        return ""
    if not isinstance(got[0], str) or got[0] not in CAUSES:
        return Open(f"Your code names {str(got[0])[:40]!r}, which is not in CAUSES")
    says = f"Your code repairs it, but the cause is not {got[0]!r}: with that, "
    return Open(says + SHOWS[got[0]])


# %% [markdown]
# ## q5. Script 1: it learns, and then forgets (2 points)
#
# Five times through 320 digits, in batches of 32. `setting_1(seed)` gives the network, the
# optimizer and the batches.


# %% tags=["setup"]
def setting_1(seed, rounds=5):
    """A network, its optimizer, and ten batches, as many times as there are rounds."""
    x, y = sample(seed, 320)
    cuts = [slice(k, k + 32) for k in range(0, 320, 32)]
    batches = [(Tensor(x[cut], requires_grad=False), y[cut]) for cut in cuts]
    model = network(seed)
    yield from (model, optim.SGD([model], lr=0.5), batches * rounds)  # made when unpacked


# %% tags=["setup"]
def script_1(model, optimizer, batches):
    """One step for each batch; the losses."""
    found = []
    for x, y in batches:
        loss = model(x).cross_entropy(y)
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found


# %% [markdown]
# *Before you run this:* a network of this size reads 320 digits after a few steps. Does this one?

# %%
from tinylearn.viz import plots

patient, sgd, portions = setting_1(1)
curve = script_1(patient, sgd, portions)
plots.lines(
    {"loss": (np.arange(50), curve)},
    caption="Script 1, step by step.",
    alt=f"A curve that falls from {curve[0]:.1f} to {min(curve):.1f} and climbs again; at the "
    f"end it is {curve[-1]:.1f}.",
)

# %% [markdown]
# Compare what `optimizer.step()` uses, the `.grad` of a weight, with the gradient of one loss.

# %%
images, labels = portions[0]
first = patient[0].weight
print("fresh gradient", gradient_sizes(patient(images).cross_entropy(labels), [first]))
print("in .grad      ", [(first.grad * first.grad).mean().sqrt().item()])

# %% tags=["question"]
q5 = question(
    "q5",
    answer="repaired_1",
    points=2,
    title="Script 1: it learns, and then forgets",
    rtol=0.05,
    atol=0.02,
    hints=(
        "What does .grad hold after one backward(), and after fifty? The cell above measures it.",
        "Every backward() adds to .grad. Which of the loop's four lines is missing?",
        "Between one step() and the next backward(): optimizer.zero_grad().",
    ),
)
q5.runs(_trained)
q5.judges(_same_training)


@q5.visible("seed 1, two rounds")
def _():
    yield case("twenty batches, from setting_1(1, rounds=2)", Code("setting_1(1, 2)"))


@q5.hidden("the loss falls", points=1)
def _(rng):
    for _ in range(2):
        yield case("another seed", Code(f"setting_1({rng.randint(1000, 10**6)})"))


@q5.hidden("the diagnosis", points=1)
def _(rng):
    yield case(
        "the cause that you name", Code(f"setting_1({rng.randint(1000, 10**6)})"), "and the cause"
    )


# %%
@tl.answer("repaired_1", points=2)
def repaired_1(model, optimizer, batches):
    """The cause, and the losses of the repaired script."""
    ### BEGIN SOLUTION return a tuple: the cause from CAUSES, the list of losses
    found = []
    for x, y in batches:
        loss = model(x).cross_entropy(y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        found.append(loss.item())
    return "gradients pile up", found
    ### END SOLUTION


# %%
tl.check("q5")

# %% [markdown]
# ## q6. Script 2: always 2.3 (2 points)
#
# A deeper network: two hidden layers of 32. The script draws its first numbers, uniform, with a
# bound that suits ReLUs, and it is `fit` that trains it.


# %% tags=["setup"]
def script_2(seed):
    """A network with its first numbers: 64 pixels, two hidden layers, 10 scores."""
    rng = np.random.default_rng(seed)
    layers = []
    for into, out in pairwise((64, 32, 32, 10)):
        bound = (6 / into) ** 0.5
        layer = Linear(into, out)
        layer.weight.assign(rng.uniform(-bound, 0, (out, into)).astype(np.float32))
        layer.bias.assign(np.zeros(out, np.float32))
        layers += [layer, ReLU()]
    return Sequential(*layers[:-1])


# %% [markdown]
# *Before you run this:* among ten classes a guess costs 2.3. Will 60 steps do better?

# %%
patient, (images, labels) = script_2(1), sample(1, 60)
curve = fit([tensor.numpy() for tensor in patient.parameters()], images, labels)
print("first", curve[0], "last", curve[-1])

# %% [markdown]
# Now look at what comes out of both ReLUs, with `dead_shares`, and at what arrives at the weights.

# %%
images = Tensor(images, requires_grad=False)
print("dead shares   ", dead_shares([patient[:k](images).numpy() for k in (2, 4)]))
of_all = [patient[k].weight for k in (0, 2, 4)]
print("gradient sizes", gradient_sizes(patient(images).cross_entropy(labels), of_all))

# %% tags=["question"]
q6 = question(
    "q6",
    answer="repaired_2",
    points=2,
    title="Script 2: always 2.3",
    hints=(
        "Pixels are never negative. Which sign has the weighted sum of a unit in this network?",
        "A sum that is never positive never passes the ReLU. Look at the two ends of uniform(...).",
        "Weights need both signs: rng.uniform(-bound, bound, (out, into)).",
    ),
)


@q6.runs
def _drawn(answer, seed, verdict=""):
    got = answer(seed)
    got = tuple(got) if isinstance(got, Iterator) else got
    if not isinstance(got, tuple | list) or len(got) != 2 or not isinstance(got[1], Sequential):
        return type(got).__name__
    cause, model = got
    cause = cause if verdict or cause not in CAUSES else "in CAUSES"
    numbers = [tensor.numpy().astype(np.float16) for tensor in model.parameters()]
    return cause, " ".join(type(layer).__name__ for layer in model), numbers


@q6.judges
def _learns_from_there(got, want, seed, verdict=""):
    if not isinstance(got, tuple | list) or len(got) != 3:
        return Open("return two things: the cause, then the model, a Sequential")
    if got[1] != want[1]:
        return f"the network has changed: expected {want[1]}, got {got[1]}"
    shapes = [np.shape(array) for array in got[2]]
    if shapes != (right := [array.shape for array in want[2]]):
        return f"the network has changed: expected weights and biases {right}, got {shapes}"
    x, y = sample(seed, 60)
    losses = fit(got[2], x, y)
    if not min(losses) < 1.8:
        w1, b1, w2, b2 = (array.astype(float) for array in got[2][:4])
        h1 = np.maximum(x @ w1.T + b1, 0)
        dead = [(h == 0).all(0).mean() for h in (h1, np.maximum(h1 @ w2.T + b2, 0))]
        return Open(
            f"trained from these numbers, the loss goes from {losses[0]:.4g} to {losses[-1]:.4g}; "
            f"it must fall below 1.8. Dead before any training: {dead[0]:.0%} and {dead[1]:.0%}"
        )
    if losses[0] > 10:
        return Open(
            f"the loss is {losses[0]:.3g} before any training, and a guess costs 2.3: these first "
            "numbers explode on the way"
        )
    if losses[0] < 1.8:
        return Open(f"the loss is {losses[0]:.3g} before any training: first numbers know nothing")
    if got[0] == want[0]:
        return ""
    if not isinstance(got[0], str) or got[0] not in CAUSES:
        return Open(f"Your code names {str(got[0])[:40]!r}, which is not in CAUSES")
    says = f"Your code repairs it, but the cause is not {got[0]!r}: with that, "
    return Open(says + SHOWS[got[0]])


@q6.visible("seed 1")
def _():
    yield case("trained by fit on sample(1, 60)", 1)


@q6.hidden("the loss falls", points=1)
def _(rng):
    for _ in range(2):
        yield case("another seed", rng.randint(1000, 10**6))


@q6.hidden("the diagnosis", points=1)
def _(rng):
    yield case("the cause that you name", rng.randint(1000, 10**6), "and the cause")


# %%
@tl.answer("repaired_2", points=2)
def repaired_2(seed):
    """The cause, and the network with repaired first numbers, not yet trained."""
    ### BEGIN SOLUTION return a tuple: the cause from CAUSES, the model
    rng = np.random.default_rng(seed)
    layers = []
    for into, out in pairwise((64, 32, 32, 10)):
        bound = (6 / into) ** 0.5
        layer = Linear(into, out)
        layer.weight.assign(rng.uniform(-bound, bound, (out, into)).astype(np.float32))
        layer.bias.assign(np.zeros(out, np.float32))
        layers += [layer, ReLU()]
    return "dead units", Sequential(*layers[:-1])
    ### END SOLUTION


# %%
tl.check("q6")

# %% [markdown]
# ## q7. Script 3: a loss with a floor (2 points)
#
# Sixteen digits, to be learned by heart: sixty steps of Adam on one batch.


# %% tags=["setup"]
def setting_3(seed, steps=60):
    """A network, its optimizer, one batch, and how many steps to make."""
    model, (x, y) = network(seed), sample(seed, 16)
    optimizer = optim.Adam([model], lr=0.01)
    yield from (model, optimizer, Tensor(x, requires_grad=False), y, steps)


# %% tags=["setup"]
def script_3(model, optimizer, x, y, steps=60):
    """All steps on one batch; the losses."""
    found = []
    for _ in range(steps):
        p = model(x).softmax(1)
        loss = p.cross_entropy(y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        found.append(loss.item())
    return found


# %% tags=["warm"]
script_1(*setting_1(0, 1))
digits, sgd, batches = setting_1(0, 1)
for pixels, numbers in batches[:3]:
    loss = digits(pixels).cross_entropy(numbers)
    loss.backward()
    sgd.step()  # together with the loss, as long as somebody holds it
    sgd.zero_grad()
    loss.item()
digits, adam, pixels, numbers, _ = setting_3(0)
for _ in range(3):
    loss = digits(pixels).cross_entropy(numbers)
    loss.backward()
    adam.step()
    adam.zero_grad()
    loss.item()


# %% [markdown]
# *Before you run this:* sixteen digits, 2,410 numbers to learn. Where should the loss end?

# %%
patient, adam, images, labels, count = setting_3(0)
curve = script_3(patient, adam, images, labels, count)
share = (patient(images).numpy().argmax(1) == labels).mean()
print(f"loss {curve[-1]:.3f}, and {share:.0%} of the sixteen are read")

# %% tags=["question"]
q7 = question(
    "q7",
    answer="repaired_3",
    points=2,
    title="Script 3: a loss with a floor",
    rtol=0.05,
    atol=0.02,
    hints=(
        "The answers are right, and the loss stays high. What does cross_entropy expect?",
        "cross_entropy takes raw scores. Which loss do the scores (1, 0, ..., 0) get, at best?",
        "Hand model(x) to cross_entropy, and not its softmax.",
    ),
)
q7.runs(_trained)
q7.judges(_same_training)


@q7.visible("seed 0, twelve steps")
def _():
    yield case("twelve steps, from setting_3(0, steps=12)", Code("setting_3(0, 12)"))


@q7.hidden("the loss falls", points=1)
def _(rng):
    for _ in range(2):
        yield case("another seed", Code(f"setting_3({rng.randint(1000, 10**6)})"))


@q7.hidden("the diagnosis", points=1)
def _(rng):
    yield case(
        "the cause that you name", Code(f"setting_3({rng.randint(1000, 10**6)})"), "and the cause"
    )


# %%
@tl.answer("repaired_3", points=2)
def repaired_3(model, optimizer, x, y, steps):
    """The cause, and the losses of the repaired script."""
    ### BEGIN SOLUTION return a tuple: the cause from CAUSES, the list of losses
    found = []
    for _ in range(steps):
        loss = model(x).cross_entropy(y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        found.append(loss.item())
    return "softmax twice", found
    ### END SOLUTION


# %%
tl.check("q7")

# %% [markdown]
# ## q8. Script 4: healthy inside, and learns nothing (2 points)
#
# A file of 60 digits, sorted by class. Sorted rows make batches of one class, so the script brings
# them into a random order.


# %% tags=["setup"]
def sorted_digits(seed):
    """60 digits as they stand in the file: first all 0, then all 1, and so on."""
    x, y = sample(seed, 60)
    order = np.argsort(y, kind="stable")
    return x[order], y[order]


def script_4(seed):
    """The digits of the file and their labels, in a random order."""
    x, y = sorted_digits(seed)
    rng = np.random.default_rng(seed)
    x = x[rng.permutation(len(x))]
    y = y[rng.permutation(len(y))]
    return x, y


# %% [markdown]
# *Before you run this:* trained by `fit`, the digits as they stand in the file end at a loss below
# 0.1. A random order makes no difference to it. Or does it?

# %%
print("as in the file", fit(first_numbers(1), *sorted_digits(1))[-1])
print("by script 4   ", fit(first_numbers(1), *script_4(1))[-1])

# %% [markdown]
# No unit is dead, all gradients have a healthy size, nothing is infinite. So look at what goes into
# the network. `plots.images(x, y, caption=..., alt=...)` draws digits with their labels.

# %%
# Look here, before you decide.


# %% tags=["question"]
q8 = question(
    "q8",
    answer="repaired_4",
    points=2,
    title="Script 4: healthy inside, and learns nothing",
    hints=(
        "Draw the first ten digits that script_4 returns, with their labels.",
        "rng.permutation gives another order each time it is called. How often is it called?",
        "order = rng.permutation(len(x)), once; then x[order] and y[order].",
    ),
)


@q8.runs
def _ordered(answer, seed, verdict=""):
    got = answer(seed)
    got = tuple(got) if isinstance(got, Iterator) else got
    if not isinstance(got, tuple | list) or len(got) != 3:
        return got
    cause, x, y = got
    x, y = (t.numpy() if isinstance(t, Tensor) else np.array(t) for t in (x, y))
    y = y.astype(int) if np.array_equal(y, np.rint(y)) else y  # 7.0 is a label as well
    ink = np.rint(16 * x).astype(np.uint8)  # what the pixels were before they were scaled
    return (cause if verdict or cause not in CAUSES else "in CAUSES"), ink, y


@q8.judges
def _belong_together(got, want, seed, verdict=""):
    if not isinstance(got, tuple | list) or len(got) != 3:
        return Open("return three things: the cause, then x, then y")
    cause, ink, y = got
    if np.shape(ink) != want[1].shape or np.shape(y) != want[2].shape:
        return f"expected x {want[1].shape} and y {want[2].shape}, got {ink.shape} and {y.shape}"
    last = min(fit(first_numbers(seed), ink / 16, y))
    if not last < 0.8:
        return Open(f"trained on these rows, the loss ends at {last:.3g}; it must fall below 0.8")
    pairs, right = ([(r.tobytes(), int(k)) for r, k in zip(*p)] for p in (got[1:], want[1:]))
    if sorted(pairs) != sorted(right):
        return Open("these are not all rows of the file, each of them once")
    if (np.diff(y) != 0).sum() < 30:
        return Open("rows of a class still stand together: a batch would hold one class alone")
    if cause == want[0]:
        return ""
    if not isinstance(cause, str) or cause not in CAUSES:
        return Open(f"Your code names {str(cause)[:40]!r}, which is not in CAUSES")
    says = f"Your code repairs it, but the cause is not {cause!r}: with that, "
    return Open(says + SHOWS[cause])


@q8.visible("seed 1")
def _():
    yield case("the rows of seed 1, trained by fit", 1)


@q8.hidden("the loss falls", points=1)
def _(rng):
    for _ in range(2):
        yield case("another seed", rng.randint(1000, 10**6))


@q8.hidden("the diagnosis", points=1)
def _(rng):
    yield case("the cause that you name", rng.randint(1000, 10**6), "and the cause")


# %%
@tl.answer("repaired_4", points=2)
def repaired_4(seed):
    """The cause, and digits and labels of the file in a random order."""
    ### BEGIN SOLUTION return a tuple: the cause from CAUSES, x, y
    x, y = sorted_digits(seed)
    order = np.random.default_rng(seed).permutation(len(x))
    return "labels apart", x[order], y[order]
    ### END SOLUTION


# %%
tl.check("q8")

# %% [markdown]
# ## q9. Script 5: nan from the first step on (2 points)
#
# The scanner writes the ink of each pixel as a number from 0 to 16. The script gives every pixel
# mean 0 and deviation 1 over the rows, which is a good habit.


# %% tags=["setup"]
def inked(seed):
    """40 digits as the scanner wrote them, 64 pixels from 0 to 16, and their labels."""
    x, y = sample(seed, 40)
    return 16 * x, y


def script_5(seed):
    """The digits of this seed; every pixel with mean 0 and deviation 1 over the rows."""
    x = Tensor(inked(seed)[0], requires_grad=False)
    centred = x - x.mean(0)
    deviation = centred.square().mean(0).sqrt()
    return centred / deviation


# %% [markdown]
# *Before you run this:* the network is the one that learned in script 4. Which loss do you expect
# before the first step?

# %%
print("loss", network(1)(script_5(1)).cross_entropy(inked(1)[1]).item())

# %% [markdown]
# Ask who made it. `tl.trace_nan()` stops at the first bad result and says what it was made from.

# %%
try:
    with tl.trace_nan():
        script_5(1).numpy()
except FloatingPointError as error:
    print(error)

# %% tags=["question"]
q9 = question(
    "q9",
    answer="repaired_5",
    points=2,
    title="Script 5: nan from the first step on",
    hints=(
        "trace_nan names an operation, and counts the zeros among its inputs.",
        "A pixel in the corner is blank in every digit: its deviation is 0. What is 0 / 0?",
        "centred / (deviation + 1e-5): blank pixels become 0, and the others hardly change.",
    ),
)


@q9.runs
def _scaled(answer, seed, verdict=""):
    got = answer(seed)
    got = tuple(got) if isinstance(got, Iterator) else got
    if not isinstance(got, tuple | list) or len(got) != 2:
        return got
    cause, x = got
    x = x.numpy() if isinstance(x, Tensor) else np.array(x)
    return (cause if verdict or cause not in CAUSES else "in CAUSES"), x.astype(np.float16)


@q9.judges
def _shifted_and_scaled(got, want, seed, verdict=""):
    if not isinstance(got, tuple | list) or len(got) != 2:
        return Open("return two things: the cause, then the scaled digits")
    cause, x = got
    if np.shape(x) != want[1].shape:
        return f"expected x of shape {want[1].shape}, got {np.shape(x)}"
    if bad := int((~np.isfinite(x)).sum()):
        return Open(f"{bad} numbers are nan or infinite")
    (raw, y), x = inked(seed), x.astype(float)
    a, b = raw - raw.mean(0), x - x.mean(0)
    slope = (a * b).sum(0) / np.maximum((a * a).sum(0), 1e-9)
    if not np.allclose(b, slope * a, atol=4e-3 * max(1.0, float(np.abs(b).max()))):
        return Open("a pixel may be shifted and scaled, over all rows alike; here more was changed")
    off = np.abs(b.std(0) - (raw.std(0) > 0))
    if off.max() > 0.1:
        pixel = int(off.argmax())
        return Open(f"pixel {pixel} varies by {b.std(0)[pixel]:.3g}; scaled, the deviation is 1")
    if np.abs(x.mean(0)).max() > 0.1:
        pixel = int(np.abs(x.mean(0)).argmax())
        return Open(f"pixel {pixel} has the mean {x.mean(0)[pixel]:.3g}; in script 5 it is 0")
    losses = fit(first_numbers(seed), x, y)
    if not min(losses) < 0.8:
        ends = f"from {losses[0]:.3g} to {losses[-1]:.3g}"
        return Open(f"trained on these digits, the loss goes {ends}")
    if cause == want[0]:
        return ""
    if not isinstance(cause, str) or cause not in CAUSES:
        return Open(f"Your code names {str(cause)[:40]!r}, which is not in CAUSES")
    says = f"Your code repairs it, but the cause is not {cause!r}: with that, "
    return Open(says + SHOWS[cause])


@q9.visible("seed 1")
def _():
    yield case("the digits of seed 1, trained by fit", 1)


@q9.hidden("the loss falls", points=1)
def _(rng):
    for _ in range(2):
        yield case("another seed", rng.randint(1000, 10**6))


@q9.hidden("the diagnosis", points=1)
def _(rng):
    yield case("the cause that you name", rng.randint(1000, 10**6), "and the cause")


# %%
@tl.answer("repaired_5", points=2)
def repaired_5(seed):
    """The cause, and the digits with mean 0 and deviation 1 in every pixel that varies."""
    ### BEGIN SOLUTION return a tuple: the cause from CAUSES, the scaled digits
    x = Tensor(inked(seed)[0], requires_grad=False)
    centred = x - x.mean(0)
    deviation = centred.square().mean(0).sqrt()
    return "division by zero", centred / (deviation + 1e-5)
    ### END SOLUTION


# %%
tl.check("q9")

# %% [markdown]
# ## It runs on your code
#
# First, your repairs beside the scripts: the last loss of each, before and after.


# %%
def ends(number, broken, repaired):
    """One line: the last loss of a script and of its repaired version."""
    print(f"script {number}: {broken[-1]:5.2f} before, {repaired[-1]:5.3f} after")


def trained(patient):
    """The losses of a network that fit trains on sample(7, 60)."""
    return fit([tensor.numpy() for tensor in patient.parameters()], *sample(7, 60))


# %%
ends(1, script_1(*setting_1(7)), repaired_1(*setting_1(7))[1])
ends(2, trained(script_2(7)), trained(repaired_2(7)[1]))
ends(3, script_3(*setting_3(7)), repaired_3(*setting_3(7))[1])
ends(4, fit(first_numbers(7), *script_4(7)), fit(first_numbers(7), *repaired_4(7)[1:]))
scaled = Tensor(repaired_5(7)[1]).numpy()
ends(5, [float("nan")], fit(first_numbers(7), scaled, inked(7)[1]))

# %% [markdown]
# And a network that answers yes or no: is this digit even? The framework's own loss is your Part
# now. The second time its first scores are made a hundred times too large, on purpose.
#
# *Before you run this:* the loss stays a number, thanks to you. And the units?


# %%
def even_or_odd(factor):
    """A network for "is it even?", trained by your loss from scores `factor` times too large."""
    x = Tensor(DIGITS.x_train, requires_grad=False)
    even = Tensor((DIGITS.y_train % 2 == 0).astype(np.float32), requires_grad=False)
    Tensor.manual_seed(0)
    model = Sequential(Linear(64, 32), ReLU(), Linear(32, 1))
    model[2].weight.assign(model[2].weight.numpy() * factor)
    optimizer = optim.Adam([model], lr=0.02)
    for _ in (bar := tl.progress(range(200), label=f"scores times {factor}")):
        loss = model(x).reshape(-1).binary_cross_entropy_with_logits(even)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        bar.note(loss=loss.item())
    return model


# %%
for factor in (1, 100):
    patient = even_or_odd(factor)
    right = (patient(Tensor(DIGITS.x_test)).numpy().ravel() > 0) == (DIGITS.y_test % 2 == 0)
    share = dead_shares([patient[:2](Tensor(DIGITS.x_train)).numpy()])[0]
    print(f"scores times {factor}: {right.mean():.1%} of the exam, {share:.0%} of the units dead")

# %% [markdown]
# No `nan`, however large the scores. But most of the hidden units died on the way: your
# `dead_shares` sees it, and the loss alone does not say it.

# %%
tl.course.card()
