"""Right answers in odd form, by chapter and question: each is worth all points, in a notebook too.

Each row: the question, what is odd about it, and the cells in which it stands.
"""

from tests.course.odd_learning import LEARNING

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
}  # fmt: skip
ODD |= LEARNING
