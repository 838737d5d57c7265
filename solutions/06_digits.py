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


@q1.wrong("The order of the four is x_train, y_train, x_test, y_test.")
def images_first(x, y, order, tests):
    train, test = order[tests:], order[:tests]
    return x[train], x[test], y[train], y[test]


@q1.wrong("The rows of the exam are order[:tests], by the order as well.")
def exam_not_shuffled(x, y, order, tests):
    return x[order[tests:]], y[order[tests:]], x[:tests], y[:tests]


@q1.wrong("x[order] is in the order already: pick by it once.")
def ordered_twice(x, y, order, tests):
    x, y = x[order], y[order]
    return x[order[tests:]], y[order[tests:]], x[order[:tests]], y[order[:tests]]


@q1.wrong("Leave the rows in the order in which they come: no sorting.")
def sorted_again(x, y, order, tests):
    train, test = np.sort(order[tests:]), np.sort(order[:tests])
    return x[train], y[train], x[test], y[test]


@q1.wrong("order[:-tests] leaves out the LAST rows; all but the first are order[tests:].")
def exam_in_the_training(x, y, order, tests):
    train, test = order[:-tests], order[:tests]
    return x[train], y[train], x[test], y[test]


@q1.wrong("Return the four arrays side by side, not as two pairs.")
def two_pairs(x, y, order, tests):
    train, test = order[tests:], order[:tests]
    return (x[train], y[train]), (x[test], y[test])


@q1.wrong("x and y belong together: pick the rows of both by the same order.")
def answers_not_shuffled(x, y, order, tests):
    return x[order[tests:]], y[tests:], x[order[:tests]], y[:tests]


@q1.wrong("The FIRST rows of the order are for the exam, and all others for the training.")
def last_rows(x, y, order, tests):
    rest, exam = order[: len(order) - tests], order[len(order) - tests :]
    return x[rest], y[rest], x[exam], y[exam]


@q1.wrong("Use the order: the rows of a file are often sorted, and the first are of one kind.")
def without_order(x, y, order, tests):
    return x[tests:], y[tests:], x[:tests], y[:tests]


@q1.wrong("The training set comes first: x_train, y_train, x_test, y_test.")
def exam_first(x, y, order, tests):
    rows = order[:tests]
    return x[rows], y[rows], x[order[tests:]], y[order[tests:]]


@q1.wrong(
    "An exam whose questions were practised says nothing: leave the test rows out of training."
)
def overlapping(x, y, order, tests):
    return x[order], y[order], x[order[:tests]], y[order[:tests]]


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


@q2.wrong("The last rows are missing: the last batch may be shorter.")
def drops_the_rest(order, size):
    return [order[k * size : (k + 1) * size] for k in range(len(order) // size)]


@q2.wrong("When the rows divide evenly there is no empty batch at the end.")
def empty_batch(order, size):
    return [order[k * size : (k + 1) * size] for k in range(len(order) // size + 1)]


@q2.wrong("`size` is the number of rows in a batch, not the number of batches.")
def that_many_batches(order, size):
    return list(np.array_split(order, size))


@q2.wrong("The batches overlap: the next one begins where the last one ended.")
def overlapping_batches(order, size):
    return [order[start : start + size] for start in range(len(order))]


@q2.wrong("A slice goes from start to start + size: order[start : start + size].")
def ends_at_size(order, size):
    return [order[start:size] for start in range(0, len(order), size)]


@q2.wrong("A slice ends BEFORE its second number: order[start : start + size], without + 1.")
def one_too_many(order, size):
    return [order[start : start + size + 1] for start in range(0, len(order), size)]


@q2.wrong("All batches but the last have `size` rows; array_split makes them about equally long.")
def evened_out(order, size):
    return list(np.array_split(order, -(-len(order) // size)))


@q2.wrong("Cut the order as it comes: without sorting it, and not the places in it.")
def places(order, size):
    rows = np.arange(len(order))
    return [rows[start : start + size] for start in range(0, len(order), size)]


@q2.wrong("In sequence: a batch is a slice, order[start : start + size], not every size-th row.")
def every_sizeth_row(order, size):
    return [order[start::size] for start in range(size)]


@q2.wrong("A reshape needs rows that divide evenly, and here they need not: cut slices.")
def reshaped(order, size):
    return list(order.reshape(-1, size))


@q2.wrong("range(0, len(order), size) goes up to the end: len(order) - 1 loses the last row.")
def one_row_lost(order, size):
    return [order[start : start + size] for start in range(0, len(order) - 1, size)]


@q2.wrong("The return stands inside the loop: only the first batch is made.")
def first_batch(order, size):
    return [order[:size]]


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


@q3.wrong("exp(1000) is infinite: first take the largest score of each row away from it.")
def naive(logits, labels):
    p = logits.exp() / logits.exp().sum(1, keepdim=True)
    return -((p * labels.one_hot(logits.shape[1])).sum(1).log()).mean()


@q3.wrong("Each row needs its own largest score: with one for all, the others' exp becomes 0.")
def one_maximum(logits, labels):
    below = logits - logits.max()
    right = (below * labels.one_hot(logits.shape[1])).sum(1)
    return (below.exp().sum(1).log() - right).mean()


@q3.wrong("The loss is the mean over the batch, not the sum.")
def summed(logits, labels):
    below = logits - logits.max(1, keepdim=True)
    right = (below * labels.one_hot(logits.shape[1])).sum(1)
    return (below.exp().sum(1).log() - right).sum()


@q3.wrong("Add up over the classes first, .sum(1): the mean is over the rows, not over all scores.")
def mean_over_all(logits, labels):
    scores = logits - logits.max(1, keepdim=True)
    losses = scores.exp().sum(1, keepdim=True).log() - scores
    return (losses * labels.one_hot(logits.shape[1])).mean()


@q3.wrong("Each row has a right class of its own: pick it with one_hot; [:, labels] picks columns.")
def columns_picked(logits, labels):
    scores = logits - logits.max(1, keepdim=True)
    return (scores.exp().sum(1).log() - scores[:, labels]).mean()


@q3.wrong("The sign is turned round: the loss is MINUS the logarithm, and never negative.")
def no_minus(logits, labels):
    below = logits - logits.max(1, keepdim=True)
    right = (below * labels.one_hot(logits.shape[1])).sum(1)
    return (right - below.exp().sum(1).log()).mean()


@q3.wrong("That is one minus the probability; the loss is minus its logarithm.")
def no_logarithm(logits, labels):
    below = logits - logits.max(1, keepdim=True)
    p = below.exp() / below.exp().sum(1, keepdim=True)
    return (1 - (p * labels.one_hot(logits.shape[1])).sum(1)).mean()


@q3.wrong("Each row is one example: its exps are added along axis 1, over the classes.")
def down_the_batch(logits, labels):
    below = logits - logits.max(0, keepdim=True)
    logs = below - below.exp().sum(0, keepdim=True).log()
    return -((logs * labels.one_hot(logits.shape[1])).sum(1)).mean()


@q3.wrong("A column of maxima is taken away row by row: .max(1, keepdim=True) keeps the axis.")
def axis_lost(logits, labels):
    below = logits - logits.max(1)
    right = (below * labels.one_hot(logits.shape[1])).sum(1)
    return (below.exp().sum(1).log() - right).mean()


@q3.wrong("The right score is lowered like the others: (below * labels.one_hot(...)).sum(1).")
def right_score_not_lowered(logits, labels):
    below = logits - logits.max(1, keepdim=True)
    right = (logits * labels.one_hot(logits.shape[1])).sum(1)
    return (below.exp().sum(1).log() - right).mean()


@q3.wrong("A probability may be so small that it is 0: take log(sum of exps) minus right score.")
def logarithm_of_a_share(logits, labels):
    share = logits.softmax(1)
    return -((share * labels.one_hot(logits.shape[1])).sum(1).log()).mean()


@q3.wrong("A clamp hides what is wrong by 1,000: take log(sum of exps) minus the right score.")
def clamped(logits, labels):
    share = logits.softmax(1).clamp(1e-7, 1)
    return -((share * labels.one_hot(logits.shape[1])).sum(1).log()).mean()


@q3.wrong("A clamp changes the scores: take the largest of each row away from it instead.")
def clamped_scores(logits, labels):
    logits = logits.clamp(-50, 50)
    right = (logits * labels.one_hot(logits.shape[1])).sum(1)
    return (logits.exp().sum(1).log() - right).mean()


@q3.wrong("one_hot takes the number of classes, logits.shape[1]; shape[0] is that of the rows.")
def hot_for_the_rows(logits, labels):
    below = logits - logits.max(1, keepdim=True)
    right = (below * labels.one_hot(logits.shape[0])).sum(1)
    return (below.exp().sum(1).log() - right).mean()


@q3.wrong("Each row has a sum of its own: .exp().sum(1).")
def one_sum(logits, labels):
    below = logits - logits.max(1, keepdim=True)
    right = (below * labels.one_hot(logits.shape[1])).sum(1)
    return (below.exp().sum().log() - right).mean()


@q3.wrong("Those are the losses of the rows: return their mean.")
def not_averaged(logits, labels):
    below = logits - logits.max(1, keepdim=True)
    right = (below * labels.one_hot(logits.shape[1])).sum(1)
    return below.exp().sum(1).log() - right


@q3.wrong("Return the Tensor itself: a plain number has no gradient.")
def plain_number(logits, labels):
    below = logits - logits.max(1, keepdim=True)
    right = (below * labels.one_hot(logits.shape[1])).sum(1)
    return (below.exp().sum(1).log() - right).mean().item()


@q3.wrong("NumPy ends the graph, and no gradient comes back: work with tensors alone.")
def by_numpy(logits, labels):
    z, y = logits.numpy(), labels.numpy().astype(int)
    z = z - z.max(1, keepdims=True)
    return Tensor(np.mean(np.log(np.exp(z).sum(1)) - z[np.arange(len(y)), y]))


@q3.wrong("cross_entropy is what you write: it runs your function, which calls it again.")
def calls_itself(logits, labels):
    return logits.cross_entropy(labels)


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


@q4.wrong("The loss is a mean: divide by the number of rows.")
def not_divided(logits, labels):
    e = np.exp(logits - logits.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    p[np.arange(len(labels)), labels] -= 1
    return p


@q4.wrong("The loss is a mean over the rows: divide by their number, not by that of all scores.")
def divided_by_all(logits, labels):
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return (powers / powers.sum(1, keepdims=True) - np.eye(logits.shape[1])[labels]) / logits.size


@q4.wrong("At the right class, 1 is taken away from the probability.")
def probabilities_alone(logits, labels):
    e = np.exp(logits - logits.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True) / len(labels)


@q4.wrong("The sign is turned round: probabilities minus truth, for a larger wrong score is worse.")
def truth_minus_p(logits, labels):
    e = np.exp(logits - logits.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    p[np.arange(len(labels)), labels] -= 1
    return -p / len(labels)


@q4.wrong("exp(1000) is infinite: first take the largest score of each row away from it.")
def naive_slope(logits, labels):
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    p[np.arange(len(labels)), labels] -= 1
    return p / len(labels)


@q4.wrong("p[:, labels] picks those columns in EVERY row: each row has a right class of its own.")
def in_every_row(logits, labels):
    e = np.exp(logits - logits.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    p[:, labels] -= 1
    return p / len(labels)


@q4.wrong("Each row needs its own largest score: with one for all, the others' exp becomes 0.")
def one_maximum_for_all(logits, labels):
    e = np.exp(logits - logits.max())
    p = e / e.sum(1, keepdims=True)
    p[np.arange(len(labels)), labels] -= 1
    return p / len(labels)


@q4.wrong("logits is an array: NumPy writes keepdims=True, with an s.")
def tensors_option(logits, labels):
    e = np.exp(logits - logits.max(1, keepdim=True))
    p = e / e.sum(1, keepdims=True)
    p[np.arange(len(labels)), labels] -= 1
    return p / len(labels)


@q4.wrong("Maxima and sums stay columns, one number for each row: keepdims=True in both.")
def axis_lost(logits, labels):
    e = np.exp(logits - logits.max(1))
    p = e / e.sum(1, keepdims=True)
    p[np.arange(len(labels)), labels] -= 1
    return p / len(labels)


@q4.wrong("The 1 is divided by the number of rows, too: subtract first, then divide everything.")
def divided_too_early(logits, labels):
    e = np.exp(logits - logits.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True) / len(labels)
    p[np.arange(len(labels)), labels] -= 1
    return p


@q4.wrong("p[labels] picks whole ROWS; one number in each is p[np.arange(len(labels)), labels].")
def rows_picked(logits, labels):
    e = np.exp(logits - logits.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    p[labels] -= 1
    return p / len(labels)


@q4.wrong("Each row is one example: its softmax goes along axis 1, over the classes.")
def down_the_batch(logits, labels):
    e = np.exp(logits - logits.max(0, keepdims=True))
    p = e / e.sum(0, keepdims=True)
    p[np.arange(len(labels)), labels] -= 1
    return p / len(labels)


@q4.wrong("The 1 is taken away at the right class alone.")
def everywhere(logits, labels):
    e = np.exp(logits - logits.max(1, keepdims=True))
    return (e / e.sum(1, keepdims=True) - 1) / len(labels)


@q4.wrong("The probability MINUS 1 stands at the right class, not -1 in its place: -= 1.")
def minus_one_set(logits, labels):
    e = np.exp(logits - logits.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    p[np.arange(len(labels)), labels] = -1
    return p / len(labels)


@q4.wrong("Every row has a softmax of its own: divide by its own sum, .sum(1, keepdims=True).")
def one_softmax(logits, labels):
    e = np.exp(logits - logits.max(1, keepdims=True))
    p = e / e.sum()
    p[np.arange(len(labels)), labels] -= 1
    return p / len(labels)


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


@q5.wrong("That goes uphill: the step is against the gradient.")
def uphill(w, g, lr):
    return w + lr * g


@q5.wrong("That is the step alone: return the weight after it.")
def step_alone(w, g, lr):
    return -lr * g


@q5.wrong("The learning rate is missing: it says how far to go.")
def without_lr(w, g, lr):
    return w - g


@q5.wrong("lr belongs to the gradient; the weight itself is kept as it is.")
def everything_times_lr(w, g, lr):
    return lr * (w - g)


@q5.wrong("The old w is changed: return a new one, w - lr * g, and leave w as it is.")
def in_place(w, g, lr):
    return w.assign(w - lr * g)


@q5.wrong("Nothing is returned: w - lr * g is the new weight, return it.")
def nothing_returned(w, g, lr):
    w = w - lr * g


@q5.wrong("The gradient is multiplied by lr: a small rate makes a small step.")
def divided_by_lr(w, g, lr):
    return w - g / lr


@q5.wrong("w and g are exchanged: from the weight, lr times the gradient is taken away.")
def exchanged(w, g, lr):
    return g - lr * w


@q5.wrong("Each weight goes by its own gradient, not by the mean of all.")
def mean_gradient(w, g, lr):
    return w - lr * g.mean()


@q5.wrong("The step does not depend on the weight's size: w - lr * g, without w in the product.")
def in_proportion(w, g, lr):
    return w * (1 - lr * g)


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


@q6.wrong("The weight moves by the NEW velocity, the one with this gradient in it.")
def old_velocity(w, g, v, lr, momentum):
    return w - lr * v, momentum * v + g


@q6.wrong("The whole gradient is added; (1 - momentum) * g makes a mean, as in Adam.")
def mean_instead(w, g, v, lr, momentum):
    v = momentum * v + (1 - momentum) * g
    return w - lr * v, v


@q6.wrong("lr stands outside of v: v is made of gradients, and the weight's step is lr * v.")
def lr_inside(w, g, v, lr, momentum):
    v = momentum * v + lr * g
    return w - v, v


@q6.wrong("The velocity is forgotten: return the new v, not the old one.")
def v_not_kept(w, g, v, lr, momentum):
    return w - lr * (momentum * v + g), v


@q6.wrong("The weight comes first in the tuple: the new w, then the new v.")
def swapped(w, g, v, lr, momentum):
    v = momentum * v + g
    return v, w - lr * v


@q6.wrong("v is made of gradients as they are; the minus and lr stand in the weight's step.")
def step_as_velocity(w, g, v, lr, momentum):
    v = momentum * v - lr * g
    return w + v, v


@q6.wrong("v adds the gradient up, with a plus; the minus stands in the weight's step.")
def velocity_downhill(w, g, v, lr, momentum):
    v = momentum * v - g
    return w + lr * v, v


@q6.wrong("That goes uphill: the weight moves AGAINST the velocity, w - lr * v.")
def uphill(w, g, v, lr, momentum):
    v = momentum * v + g
    return w + lr * v, v


@q6.wrong("Return two things: the new w and the new v.")
def weight_alone(w, g, v, lr, momentum):
    return w - lr * (momentum * v + g)


@q6.wrong("The velocity is used once: w - lr * v. With a second push it is Nesterov's momentum.")
def a_second_push(w, g, v, lr, momentum):
    v = momentum * v + g
    return w - lr * (g + momentum * v), v


@q6.wrong("momentum belongs to the old v alone; the whole gradient is added.")
def momentum_for_both(w, g, v, lr, momentum):
    v = momentum * (v + g)
    return w - lr * v, v


@q6.wrong("The learning rate is missing: the weight moves by lr * v.")
def without_lr(w, g, v, lr, momentum):
    v = momentum * v + g
    return w - v, v


@q6.wrong("v keeps only the share `momentum` of itself, or it never slows down.")
def nothing_lost(w, g, v, lr, momentum):
    v = v + g
    return w - lr * v, v


@q6.wrong("The weight follows the velocity, not the gradient: w - lr * v.")
def by_the_gradient(w, g, v, lr, momentum):
    v = momentum * v + g
    return w - lr * g, v


@q6.wrong("`momentum` is the share that v KEEPS, not the one that it loses.")
def share_lost(w, g, v, lr, momentum):
    v = (1 - momentum) * v + g
    return w - lr * v, v


@q6.wrong("v keeps the share `momentum`, and the WHOLE gradient is added.")
def shares_exchanged(w, g, v, lr, momentum):
    v = (1 - momentum) * v + momentum * g
    return w - lr * v, v


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


@q7.wrong("Both means start at zero and are too small at first: divide by the corrections.")
def no_correction(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    return w - lr * m / (v.sqrt() + eps), m, v


@q7.wrong("eps is added to the root, not under it.")
def eps_under_the_root(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    return w - lr * (m / correction1) / (v / correction2 + eps).sqrt(), m, v


@q7.wrong("beta1 belongs to m, and beta2 to v.")
def betas_exchanged(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    m, v = beta2 * m + (1 - beta2) * g, beta1 * v + (1 - beta1) * g * g
    return w - lr * (m / correction1) / ((v / correction2).sqrt() + eps), m, v


@q7.wrong(
    "A running mean takes only the share 1 - beta of what is new: (1 - beta1) * g, and so on."
)
def all_of_the_new(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    m, v = beta1 * m + g, beta2 * v + g * g
    return w - lr * (m / correction1) / ((v / correction2).sqrt() + eps), m, v


@q7.wrong("v is a mean of SQUARES: g * g, never negative.")
def no_square(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g
    return w - lr * (m / correction1) / ((v / correction2).sqrt() + eps), m, v


@q7.wrong("The root is missing: m is divided by the ROOT of the mean square.")
def no_square_root(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    return w - lr * (m / correction1) / (v / correction2 + eps), m, v


@q7.wrong("Return m and v as they are: corrected ones would be corrected again at the next step.")
def corrected_for_good(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    m = (beta1 * m + (1 - beta1) * g) / correction1
    v = (beta2 * v + (1 - beta2) * g * g) / correction2
    return w - lr * m / (v.sqrt() + eps), m, v


@q7.wrong("The shares are turned round: m KEEPS beta1 and takes 1 - beta1 of the gradient.")
def shares_turned_round(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    m = (1 - beta1) * m + beta1 * g
    v = (1 - beta2) * v + beta2 * g * g
    return w - lr * (m / correction1) / ((v / correction2).sqrt() + eps), m, v


@q7.wrong("m and v are too small at first: DIVIDE by the corrections, which are below 1.")
def multiplied(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    return w - lr * (m * correction1) / ((v * correction2).sqrt() + eps), m, v


@q7.wrong("The corrections are given ready to use: divide by them, not by 1 minus them.")
def one_minus_correction(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    return w - lr * (m / (1 - correction1)) / ((v / (1 - correction2)).sqrt() + eps), m, v


@q7.wrong("v is too small at first, too: divide it by correction2.")
def one_correction(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    return w - lr * (m / correction1) / (v.sqrt() + eps), m, v


@q7.wrong("The correction belongs to v, under the root: (v / correction2).sqrt().")
def correction_after_the_root(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    return w - lr * (m / correction1) / (v.sqrt() / correction2 + eps), m, v


@q7.wrong("First the new m and v, then the step with them.")
def old_means(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    w = w - lr * (m / correction1) / ((v / correction2).sqrt() + eps)
    return w, beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g


@q7.wrong("That goes uphill: w MINUS the step.")
def uphill(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    return w + lr * (m / correction1) / ((v / correction2).sqrt() + eps), m, v


@q7.wrong("Brackets around the divisor: / binds more tightly than +, and eps belongs to the root.")
def no_brackets(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    return w - lr * (m / correction1) / (v / correction2).sqrt() + eps, m, v


@q7.wrong("eps is missing: without it a weight whose gradients are all 0 divides 0 by 0.")
def no_eps(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    return w - lr * (m / correction1) / (v / correction2).sqrt(), m, v


@q7.wrong("The new m and v are forgotten: return them, not the old ones.")
def means_not_kept(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    mean = beta1 * m + (1 - beta1) * g
    square = beta2 * v + (1 - beta2) * g * g
    return w - lr * (mean / correction1) / ((square / correction2).sqrt() + eps), m, v


@q7.wrong("The step goes by the mean m, not by the last gradient alone.")
def by_the_gradient(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    return w - lr * g / ((v / correction2).sqrt() + eps), m, v


@q7.wrong("v is the mean of the squared GRADIENTS, g * g, not of m.")
def squares_of_the_mean(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * m * m
    return w - lr * (m / correction1) / ((v / correction2).sqrt() + eps), m, v


@q7.wrong("Return three things: the new w, m and v.")
def weight_alone(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    return w - lr * (m / correction1) / ((v / correction2).sqrt() + eps)


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


@q8.wrong("That is how many; divide by the number of rows for the share.")
def counted(logits, labels):
    return float((logits.argmax(1) == labels).sum())


@q8.wrong("Each row is one example: look for the largest score along axis 1.")
def down_the_rows(logits, labels):
    return float(np.mean([place == label for place, label in zip(logits.argmax(0), labels)]))


@q8.wrong("The answer is WHERE the highest score stands, argmax(1), and not the score itself.")
def highest_scores(logits, labels):
    return float((logits.max(1) == labels).mean())


@q8.wrong("That is the share of WRONG answers.")
def error_rate(logits, labels):
    return float((logits.argmax(1) != labels).mean())


@q8.wrong("Each row is one example: look for the largest score along axis 1, argmax(1).")
def one_for_each_class(logits, labels):
    return float((logits.argmax(0) == labels).mean())


@q8.wrong("That is one answer for all rows; each row has its own: argmax(1).")
def one_for_all(logits, labels):
    return float((logits.argmax() == labels).mean())


@q8.wrong("A number from 0 to 1, not percent.")
def percent(logits, labels):
    return 100 * float((logits.argmax(1) == labels).mean())


@q8.wrong("A share of the rows: divide by len(labels), not by the number of classes.")
def divided_by_the_classes(logits, labels):
    return float((logits.argmax(1) == labels).sum() / logits.shape[1])


@q8.wrong("all() asks whether every answer is right; the share is the mean of True and False.")
def all_or_nothing(logits, labels):
    return float((logits.argmax(1) == labels).all())


@q8.wrong("The answer is where the LARGEST score stands: argmax.")
def lowest(logits, labels):
    return float((logits.argmin(1) == labels).mean())


@q8.wrong("That says which answers are right: take the mean of True and False.")
def one_by_one(logits, labels):
    return logits.argmax(1) == labels


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


@q9.wrong("The gradients pile up: forget them with zero_grad() before the next backward().")
def never_forgets(model, optimizer, batches):
    losses = []
    for x, y in batches:
        loss = model(x).cross_entropy(y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@q9.wrong("step() finds no gradient: backward() comes before it, and zero_grad() only after it.")
def forgets_too_early(model, optimizer, batches):
    losses = []
    for x, y in batches:
        loss = model(x).cross_entropy(y)
        loss.backward()
        optimizer.zero_grad()
        optimizer.step()
        losses.append(loss.item())
    return losses


@q9.wrong("Nothing is learned: optimizer.step() is missing.")
def no_step(model, optimizer, batches):
    losses = []
    for x, y in batches:
        loss = model(x).cross_entropy(y)
        loss.backward()
        optimizer.zero_grad()
        losses.append(loss.item())
    return losses


@q9.wrong("Return all losses, one for each batch, not only the last.")
def last_loss_only(model, optimizer, batches):
    for x, y in batches:
        loss = model(x).cross_entropy(y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return loss.item()


@q9.wrong("cross_entropy takes the raw scores: softmax is inside of it already.")
def softmax_twice(model, optimizer, batches):
    losses = []
    for x, y in batches:
        loss = model(x).softmax(1).cross_entropy(y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return losses


@q9.wrong("The loss is taken before the step; after it the model is another one.")
def measured_afterwards(model, optimizer, batches):
    losses = []
    for x, y in batches:
        model(x).cross_entropy(y).backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(model(x).cross_entropy(y).item())
    return losses


@q9.wrong("A step for EACH batch: step() and zero_grad() stand inside the loop.")
def one_step_at_the_end(model, optimizer, batches):
    losses = []
    for x, y in batches:
        loss = model(x).cross_entropy(y)
        loss.backward()
        losses.append(loss.item())
    optimizer.step()
    optimizer.zero_grad()
    return losses


@q9.wrong("The return stands inside the loop: it goes through the first batch alone.")
def returns_in_the_loop(model, optimizer, batches):
    for x, y in batches:
        loss = model(x).cross_entropy(y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return [loss.item()]


@q9.wrong("Return the losses themselves, a list with one for each batch, not their mean.")
def averaged(model, optimizer, batches):
    losses = []
    for x, y in batches:
        loss = model(x).cross_entropy(y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return sum(losses) / len(losses)


@q9.wrong("The loss of a classifier is asked for: model(x).cross_entropy(y), not a squared error.")
def squared_error(model, optimizer, batches):
    losses = []
    for x, y in batches:
        scores = model(x)
        loss = (scores - y.one_hot(scores.shape[1])).square().mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return losses


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
