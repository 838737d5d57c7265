"""Right answers in odd form to chapters 05 to 08; the table goes on from odd_answers.py."""

LEARNING = {
    "05_xor": [
        ("q1", "a list, a Python float", """
@tl.answer("slopes")
def slopes(x, y, w, b):
    e = [float(r @ w + b - t) for r, t in zip(x, y)]
    n = len(y)
    return [[2 * sum(d * r[k] for d, r in zip(e, x)) / n for k in range(2)], 2 * sum(e) / n]"""),
        ("q1", "a namedtuple of arrays", """
from typing import NamedTuple
class Slopes(NamedTuple):
    w: np.ndarray
    b: float
@tl.answer("slopes")
def slopes(x, y, w, b):
    e = x @ w + b - y
    return Slopes(np.einsum("ij,i->j", x, e) * 2 / y.size, np.array(2 * e.mean()))"""),
        ("q2", "einsum by hand", """
@tl.answer("nn.linear")
def my_linear(x, weight, bias=None):
    y = (weight @ x.transpose()).transpose() if x.ndim == 2 else x @ weight.transpose()
    return y + bias if bias is not None else y"""),
        ("q3", "a list", """
@tl.answer("merged")
def merged(w1, b1, w2, b2):
    return [np.dot(w2, w1).tolist(), (b2 + np.dot(w2, b1)).tolist()]"""),
        ("q4", "Python lists", """
@tl.answer("folds")
def folds(a):
    return [[1, 1], [1, 1]], [0, -a], [[1 / a, -2 / a]], [0]"""),
        ("q5", "reduce", """
from functools import reduce
@tl.answer("network")
def network(x, layers):
    *hidden, (weight, bias) = layers
    h = reduce(lambda h, layer: linear(h, *layer).relu(), hidden, x)
    return linear(h, weight, bias)"""),
        ("q6", "a generator", """
@tl.answer("sizes")
def sizes(x, weights):
    for weight in weights:
        x = linear(x, weight).relu()
        yield float(np.sqrt((x.numpy() ** 2).mean()))"""),
        ("q7", "a normal distribution", """
@tl.answer("init.kaiming")
def my_kaiming(shape, fan_in, gain=2**0.5):
    return Tensor.randn(*shape) * (gain / fan_in**0.5)"""),
    ],
    "06_digits": [
        ("q1", "a list", """
@tl.answer("split")
def split(x, y, order, tests):
    front, back = np.split(order, [tests])
    return [x[back], y[back], x[front], y[front]]"""),
        ("q2", "a generator", """
@tl.answer("minibatches")
def minibatches(order, size):
    for start in range(0, len(order), size):
        yield order[start : start + size]"""),
        ("q2", "lists of lists", """
@tl.answer("minibatches")
def minibatches(order, size):
    order = list(map(int, order))
    return [order[k : k + size] for k in range(0, len(order), size)]"""),
        ("q3", "by the softmax of differences", """
@tl.answer("loss.cross_entropy")
def my_cross_entropy(logits, labels):
    right = (logits * labels.one_hot(logits.shape[1])).sum(1, keepdim=True)
    top = logits.max(1, keepdim=True)
    total = (logits - top).exp().sum(1, keepdim=True).log() + top
    return (total - right).mean()"""),
        ("q4", "a list", """
@tl.answer("entropy_slope")
def entropy_slope(logits, labels):
    e = np.exp(logits - logits.max(1)[:, None])
    p = e / e.sum(1)[:, None] - np.eye(logits.shape[1])[labels]
    return (p / len(labels)).tolist()"""),
        ("q5", "a lambda", 'my_sgd = tl.answer("optim.sgd")(lambda w, g, lr: w + g * -lr)'),
        ("q6", "a list", """
@tl.answer("optim.momentum")
def my_momentum(w, g, v, lr, momentum):
    new = [None, v * momentum + g]
    new[0] = w - new[1] * lr
    return new"""),
        ("q7", "a list", """
@tl.answer("optim.adam")
def my_adam(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    m = m + (1 - beta1) * (g - m)
    v = v + (1 - beta2) * (g * g - v)
    step = (m / correction1) / ((v / correction2).sqrt() + eps)
    return [w - lr * step, m, v]"""),
        ("q8", "a NumPy number", """
@tl.answer("accuracy")
def accuracy(logits, labels):
    return np.mean(np.argmax(logits, 1) == labels)"""),
        ("q9", "a progress bar", """
from tqdm import tqdm
@tl.answer("train")
def train(model, optimizer, batches):
    losses = ()
    for x, y in tqdm(batches):
        optimizer.zero_grad()
        loss = model(x).cross_entropy(y)
        loss.backward()
        optimizer.step()
        losses += (float(loss.numpy()),)
    optimizer.zero_grad()
    return losses"""),
    ],
    "07_look_inside": [
        ("q1", "a generator", """
@tl.answer("dead_shares")
def dead_shares(outputs):
    return (np.mean(~np.any(h, axis=0)) for h in outputs)"""),
        ("q1", "an array", """
@tl.answer("dead_shares")
def dead_shares(outputs):
    return np.array([(np.abs(h).max(0) == 0).mean() for h in outputs])"""),
        ("q2", "a tuple of NumPy numbers", """
@tl.answer("gradient_sizes")
def gradient_sizes(loss, weights):
    return tuple(np.sqrt(np.mean(np.square(g.numpy()))) for g in loss.gradient(*weights))"""),
        ("q3", "a NumPy integer", """
@tl.answer("first_bad")
def first_bad(steps, x):
    for place in np.arange(len(steps)):
        x = steps[place](x)
        if np.isnan(x).any() or np.isinf(x).any():
            return place"""),
        ("q2", "arrays of no axis", """
@tl.answer("gradient_sizes")
def gradient_sizes(loss, weights):
    return [(g.square().mean() ** 0.5).numpy() for g in loss.gradient(*weights)]"""),
        ("q3", "accumulate", """
from itertools import accumulate
@tl.answer("first_bad")
def first_bad(steps, x):
    results = accumulate(steps, lambda y, step: step(y), initial=x)
    next(results)
    return next((k for k, y in enumerate(results) if not np.isfinite(y).all()), None)"""),
        ("q3", "recursion", """
@tl.answer("first_bad")
def first_bad(steps, x, place=0):
    if not steps:
        return None
    head, *tail = steps
    y = head(x)
    return place if not np.all(np.isfinite(y)) else first_bad(tail, y, place + 1)"""),
        ("q4", "on one side", """
@tl.answer("loss.binary_cross_entropy_with_logits")
def my_yes_or_no(logits, target):
    z = (1 - 2 * target) * logits
    return (z.relu() + (1 + (-z.abs()).exp()).log()).mean()"""),
        ("q5", "a generator", """
@tl.answer("repaired_1")
def repaired_1(model, optimizer, batches):
    yield "gradients pile up"
    losses = []
    for x, y in batches:
        optimizer.zero_grad()
        loss = model(x).cross_entropy(y)
        loss.backward()
        optimizer.step()
        losses.append(loss.numpy())
    yield losses"""),
        ("q5", "a list", """
@tl.answer("repaired_1")
def repaired_1(model, optimizer, batches):
    found = []
    for x, y in batches:
        optimizer.zero_grad()
        loss = model(x).cross_entropy(y)
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return ["gradients pile up", tuple(found)]"""),
        ("q7", "a list", """
@tl.answer("repaired_3")
def repaired_3(model, optimizer, x, y, steps):
    found = np.zeros(steps)
    for step in range(steps):
        loss = model(x).cross_entropy(y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found[step] = loss.item()
    return ["softmax twice", found]"""),
        ("q7", "a namedtuple of a map", """
from collections import namedtuple
Found = namedtuple("Found", "cause losses")
@tl.answer("repaired_3")
def repaired_3(model, optimizer, x, y, steps):
    def one(_):
        loss = model(x).cross_entropy(y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return np.float32(loss.item())
    return Found("softmax twice", map(one, range(steps)))"""),
        ("q8", "labels as floats", """
@tl.answer("repaired_4")
def repaired_4(seed):
    rows = np.column_stack(sorted_digits(seed))
    np.random.default_rng(seed).shuffle(rows)
    return "labels apart", Tensor(rows[:, :-1]), rows[:, -1]"""),
        ("q8", "a list", """
@tl.answer("repaired_4")
def repaired_4(seed):
    x, y = sorted_digits(seed)
    order = np.random.default_rng(seed).permutation(len(x))
    return ["labels apart", x[order].tolist(), Tensor(y[order], requires_grad=False)]"""),
        ("q9", "a list", """
@tl.answer("repaired_5")
def repaired_5(seed):
    x = inked(seed)[0]
    return ["division by zero", (x - x.mean(0)) / np.maximum(x.std(0), 1e-9)]"""),
    ],
    "08_convolution": [
        ("q1", "a list of lists", """
@tl.answer("by_loops")
def by_loops(image, kernel):
    (h, w), (rows, columns) = kernel.shape, image.shape
    return [
        [float((image[i : i + h, j : j + w] * kernel).sum()) for j in range(columns - w + 1)]
        for i in range(rows - h + 1)
    ]"""),
        ("q2", "a NumPy integer", """
@tl.answer("places")
def places(size, kernel, stride, padding):
    return np.int32(len(range(0, size + 2 * padding - kernel + 1, stride)))"""),
        ("q7", "a list", """
@tl.answer("nn.batch_statistics")
def my_statistics(x):
    axes = tuple(axis for axis in range(x.ndim) if axis != 1)
    return [x.mean(axes), x.var(axes, correction=0)]"""),
        ("q8", "a reciprocal first", """
@tl.answer("nn.batchnorm")
def my_batchnorm(x, weight, bias, mean, variance, eps=1e-5):
    def wide(t):
        return t.reshape(-1, *[1] * (x.ndim - 2))
    scale = 1 / (variance + eps).sqrt()
    scale = scale if weight is None else scale * weight
    y = (x - wide(mean)) * wide(scale)
    return y if bias is None else y + wide(bias)"""),
        ("q9", "a list", """
@tl.answer("remembered")
def remembered(mean, variance, x, momentum):
    axes = tuple(k for k in range(x.ndim) if k != 1)
    n = x.size // x.shape[1]
    fresh = x.var(axes) * n / (n - 1)
    mean = mean + momentum * (x.mean(axes) - mean)
    return [mean, (1 - momentum) * variance + momentum * fresh]"""),
    ],
}  # fmt: skip
