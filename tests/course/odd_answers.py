"""Right answers in odd form, by chapter and question: each is worth all points, in a notebook too.

Each row: the question, what is odd about it, and the cells in which it stands.
"""

ODD = {
    "01_one_number": [
        ("q1", "a lambda", """
tl.answer("slope")(lambda f, x, h=1e-5: (f(x + h) - f(x - h)) / (h + h))"""),
        ("q1", "a partial", """
from functools import partial
def my_slope(side, f, x, h=1e-5):
    return (f(x + side * h) - f(x - h)) / (2 * h)""", """
slope = tl.answer("q1")(partial(my_slope, 1))"""),
        ("q1", "a callable object", """
class Slope:
    two = 1
    def __call__(self, f, x, h=1e-5):
        return (f(x + h) - f(x - h)) / (self.two * h)""", "Slope.two = 2", "slope = Slope()"),
        ("q1", "a fraction of floats", """
from fractions import Fraction
@tl.answer("slope")
def slope(f, x, h=1e-5):
    return Fraction((f(x + h) - f(x - h)) / (2 * h))"""),
        ("q1", "a table filled later", 'STEPS = {}', """
@tl.answer("slope", points=2)
def slope(f, x, h=1e-5):
    return (f(x + h) - f(x - h)) / (STEPS["two"] * h)""", """
for name, size in (("one", 1), ("two", 2)):
    STEPS[name] = size"""),
        ("q1", "magics around it", "%matplotlib inline\n!pip install \\\n   something", """
%%time
tl.hint("q1")
files = !ls
@tl.answer("slope")
def slope(f, x, h=1e-5):
    return (f(x + h) - f(x - h)) / (2 * h)"""),
        ("q1", "a helper module", "%%writefile odd_helpers.py\ntwice = lambda h: 2 * h", """
import odd_helpers
@tl.answer("slope")
def slope(f, x, h=1e-5):
    return (f(x + h) - f(x - h)) / odd_helpers.twice(h)"""),
        ("q2", "integers and a list", """
@tl.answer("add")
def add(x, y):
    return Value(x.data + y.data, [x, y], [1, 1])"""),
        ("q2", "the inputs in the other order", """
@tl.answer("add")
def add(x, y):
    return Value(y.data + x.data, (y, x), (True, 1.0))"""),
        ("q2", "a subclass", """
class Sum(Value):
    def __init__(self, x, y):
        super().__init__(x.data + y.data, (x, y), (1.0, 1.0))
add = tl.answer("add")(Sum)"""),
        ("q3", "the inputs in the other order", """
@tl.answer("mul", points=1)
def mul(x, y):
    return Value(x.data * y.data, (y, x), (x.data, y.data))"""),
        ("q3", "a method put into the class", """
Value.__mul__ = lambda x, y: Value(x.data * y.data, (x, y), (y.data, x.data))""", """
@tl.answer("mul")
def mul(x, y):
    return x * y"""),
        ("q4", "a star import, under a condition", """
from math import *
if __name__ == "__main__":
    @tl.answer("tanh")
    def my_tanh(x):
        e = exp(-2 * abs(x.data))
        t = copysign((1 - e) / (1 + e), x.data)
        return Value(t, (x,), (4 * e / (1 + e) ** 2,))"""),
        ("q4", "a dataclass of cells before", "from __future__ import annotations", """
from dataclasses import dataclass
@dataclass
class Curve:
    name: Unknown
    def __call__(self, x):
        t = getattr(math, self.name)(x.data)
        return Value(t, [x], [1 - t**2])""", 'tanh = Curve("tanh")'),
        ("q5", "a generator", """
@tl.answer("order")
def order(result):
    seen = {}
    waiting = [iter((result,))]
    path = []
    while waiting:
        for value in waiting[-1]:
            if id(value) not in seen:
                seen[id(value)] = value
                path.append(value)
                waiting.append(iter(value.inputs))
                break
        else:
            waiting.pop()
            if path and waiting:
                yield path.pop()"""),
        ("q5", "a tuple, recursive", """
import sys
sys.setrecursionlimit(50_000)
def visit(value, seen):
    if value not in seen:
        for x in value.inputs:
            visit(x, seen)
        seen[value] = True
    return seen""", """
@tl.answer("q5")
def order(result):
    return tuple(visit(result, {}))"""),
        ("q6", "a Counter inside, a helper below", """
@tl.answer("backward", points=3)
def backward(result, order):
    found = slopes_of(result, order)
    for value in order:
        value.grad += found[id(value)]
    return found""", """
from collections import Counter
def slopes_of(result, order):
    found = Counter({id(result): 1.0})
    for value in order[::-1]:
        for x, local in zip(value.inputs, value.local):
            found[id(x)] += local * found[id(value)]
    return found"""),
    ],
    "02_shapes": [
        ("q1", "a list", """
@tl.answer("strides")
def strides(shape):
    out = [1] * len(shape)
    for k in range(len(shape) - 2, -1, -1):
        out[k] = out[k + 1] * shape[k + 1]
    return out"""),
        ("q1", "reversed accumulate", """
from itertools import accumulate
from operator import mul
strides = tl.answer("q1")(
    lambda shape: reversed([*accumulate(shape[:0:-1], mul, initial=1)][: len(shape)])
)"""),
        ("q2", "a keyword-only loop and a counter", """
calls = 0
@tl.answer("offset")
def offset(index, strides, start=0):
    global calls
    calls += 1
    place = start
    for i, s in zip(index, strides):
        place += i * s
    return place"""),
        ("q2", "a float that is whole", """
@tl.answer("offset")
def offset(index, strides, start=0):
    return start + sum(float(i) * s for i, s in zip(index, strides))"""),
        ("q3", "an error of its own kind", """
class DoNotFit(ValueError):
    pass
@tl.answer("broadcast_shape")
def broadcast_shape(a, b):
    a, b = list(a), list(b)
    while len(a) < len(b): a.insert(0, 1)
    while len(b) < len(a): b.insert(0, 1)
    out = []
    for pair in zip(a, b):
        match pair:
            case (x, y) if x == y: out.append(x)
            case (1, y): out.append(y)
            case (x, 1): out.append(x)
            case _: raise DoNotFit(pair)
    return out"""),
        ("q3", "zip_longest and namedtuples", """
from collections import namedtuple
from itertools import zip_longest
Pair = namedtuple("Pair", "x y")""", """
def size(pair):
    if pair.x != pair.y and 1 not in pair:
        raise ValueError("no")
    return pair.y if pair.x == 1 else pair.x""", """
@tl.answer("q3")
def broadcast_shape(a, b):
    return tuple(size(Pair(*p)) for p in zip_longest(a[::-1], b[::-1], fillvalue=1))[::-1]"""),
        ("q4", "Python lists", """
@tl.answer("unbroadcast", points=3)
def unbroadcast(g, shape):
    g = np.asarray(g)
    g = g.sum(tuple(range(g.ndim - len(shape))))
    axes = tuple(k for k, n in enumerate(shape) if n == 1)
    return (g.sum(axes, keepdims=True) if axes else g).tolist()"""),
        ("q4", "long doubles", """
@tl.answer("unbroadcast")
def unbroadcast(g, shape):
    g = np.asarray(g, np.longdouble)
    while g.ndim > len(shape):
        g = np.add.reduce(g)
    for axis in range(g.ndim):
        if shape[axis] == 1:
            g = np.add.reduce(g, axis=axis, keepdims=True)
    return g"""),
    ],
    "03_twelve_ops": [
        ("q1", "a list", """
@tl.answer("gradient.mul")
def mul_gradient(g, node):
    return [g * other for other in node.inputs[::-1]]"""),
        ("q1", "a registered decorator", "RULES = {}", """
def rule(name):
    def keep(function):
        RULES[name] = function
        return function
    return keep""", """
@rule("mul")
def times(g, x, y):
    return g * y, g * x""", """
@tl.answer("q1")
def mul_gradient(g, node):
    return RULES["mul"](g, *node.inputs)"""),
        ("q2", "a list", """
@tl.answer("gradient.exp", points=1)
def exp_gradient(g, node):
    return [node * g]"""),
        ("q3", "a list, mask by mask", """
@tl.answer("gradient.where")
def where_gradient(g, node):
    c, *_ = node.inputs
    return [None, c.where(g, g.const_like(0.0)), c.where(g.const_like(0.0), g)]"""),
        ("q4", "a lambda", """
tl.answer("gradient.sum")(lambda g, node: [g.expand(node.inputs[0].shape)])"""),
        ("q5", "the other way round", """
@tl.answer("q5")
def max_gradient(g, node):
    (x,) = node.inputs
    top = node.expand(x.shape)
    mask = x.less(top).where(0.0 * x, 0.0 * x + 1.0)
    return [mask * (g * mask.sum(node.arg).recip()).expand(x.shape)]"""),
        ("q6", "a list of axes", """
@tl.answer("gradient.expand")
def expand_gradient(g, node):
    shape = node.inputs[0].shape
    return [g.sum(tuple(k for k in range(len(shape)) if shape[k] != node.shape[k]))]"""),
        ("q7", "lists for tuples", """
@tl.answer("gradient.permute")
def permute_gradient(g, node):
    back = [0] * len(node.arg)
    for place, axis in enumerate(node.arg):
        back[axis] = place
    return [g.permute(back)]"""),
        ("q7", "np.argsort", """
@tl.answer("gradient.permute")
def permute_gradient(g, node):
    return (g.permute(tuple(np.argsort(node.arg))),)"""),
        ("q8", "lists for tuples", """
@tl.answer("gradient.pad")
def pad_gradient(g, node):
    x = node.inputs[0]
    return [g.shrink([(a, a + n) for (a, b), n in zip(node.arg, x.shape)])]"""),
    ],
    "04_graphs": [
        ("q1", "a Counter", """
from collections import Counter
@tl.answer("ops")
def ops(output):
    return Counter(node.op.name for node in walk([output]) if node.op.kind != "source")"""),
        ("q1", "a defaultdict", """
from collections import defaultdict
@tl.answer("ops")
def ops(output):
    counts = defaultdict(int)
    for node in walk([output]):
        if node.op.kind != "source":
            counts[node.op.name] += 1
    return counts"""),
        ("q2", "a helper named like what is given", """
def walk(node, seen, out):
    waiting = [(node, iter(node.inputs))]
    seen.add(node)
    while waiting:
        node, rest = waiting[-1]
        for x in rest:
            if x not in seen:
                seen.add(x)
                waiting.append((x, iter(x.inputs)))
                break
        else:
            out.append(node)
            waiting.pop()""", """
@tl.answer("graph.walk", points=3)
def my_walk(outputs):
    seen, out = set(), []
    for node in outputs:
        if node not in seen:
            walk(node, seen, out)
    return out"""),
        ("q3", "a defaultdict of lists", """
from functools import reduce
from operator import add
@tl.answer("graph.gradient")
def my_gradient(output, g, leaves):
    found = {output: [g]}
    for node in walk([output])[::-1]:
        if node not in found:
            continue
        total = reduce(add, found[node])
        found[node] = [total]
        if node.inputs:
            for x, gx in zip(node.inputs, node.op.gradient(total, node)):
                if gx is not None:
                    found.setdefault(x, []).append(gx)
    return {x: reduce(add, found[x]) for x in leaves if x in found}"""),
        ("q4", "a helper used twice", """
def slope(y, x):
    return gradient(y, y.const_like(1.0), [x]).get(x, x.const_like(0.0))
second = tl.answer("second")(lambda output, x: slope(slope(output, x), x))"""),
    ],
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
