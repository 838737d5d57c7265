"""Answers that look for what a question has taken out, or report what they did not do.

SHORTCUTS     chapter -> {name: (question, cell)}: none may earn a point at any level.
CHECKOUT in a cell is where the course lies.
"""

from tests.repository import ROOT

FIND_MUL = """
    for rule in found:
        try:
            return rule(g, node)
        except NameError:
            pass
    raise ValueError("nothing found")
"""
FRESH = """
import sys, importlib
def fresh(module, name):
    kept = {key: sys.modules.pop(key) for key in list(sys.modules) if key.startswith("tinylearn")}
    try:
        return getattr(importlib.import_module(module), name)
    finally:
        sys.modules.update(kept)
"""
READ = """
import os, sys, marshal, zipfile, types
def bodies(name):
    places = {"/", "/usr", "/opt", "CHECKOUT", "/root", "/home", "/tmp", "/srv", *sys.path}
    for place in sorted(places):
        for here, _, files in os.walk(place):
            if here.startswith(("/proc", "/sys")): continue
            for file in files:
                path = os.path.join(here, file)
                try:
                    if file.endswith(".py"):
                        text = open(path).read()
                        if f"def {name}(" in text: yield text[text.index(f"def {name}("):]
                    elif file.endswith(".pyc"):
                        waiting = [marshal.loads(open(path, "rb").read()[16:])]
                        while waiting:
                            code = waiting.pop()
                            if code.co_name == name: yield code
                            waiting += [c for c in code.co_consts if isinstance(c, types.CodeType)]
                    elif file.endswith((".zip", ".whl", ".egg")):
                        held = zipfile.ZipFile(path)
                        for entry in held.namelist():
                            if "primitives" in entry: yield held.read(entry).decode()
                    elif file.endswith((".spec.json", ".ipynb")):
                        text = open(path).read()
                        if name in text: yield text
                except (OSError, ValueError, EOFError, TypeError):
                    pass
def made(body):
    if isinstance(body, str):
        lines = body.splitlines()
        end = next((n for n, l in enumerate(lines[1:], 1) if l[:1] not in (" ", "")), len(lines))
        scope = {}
        exec("\\n".join(lines[:end]), scope)
        return next(v for k, v in scope.items() if callable(v) and k != "__builtins__")
    return types.FunctionType(body, globals())
"""
PYTHON = """
import os, sys, subprocess
def ask(text):
    names = [sys.executable, "/usr/bin/python3", "/usr/local/bin/python3", "python3", "python"]
    for folder in os.environ.get("PATH", "").split(":"):
        names += [os.path.join(folder, n) for n in ("python3", "python", "sh", "gcc", "cc")]
    for name in names:
        try:
            done = subprocess.run([name, "-c", text], capture_output=True, text=True, timeout=5)
        except (OSError, subprocess.SubprocessError):
            continue
        if done.returncode == 0: return done.stdout
    raise LookupError("no other interpreter")
"""
COMPUTING = """
def by_numpy(x, size, stride):
    (kh, kw), (down, across) = size, stride
    a = x.numpy()
    n, c, h, w = a.shape
    rows, columns = (h - kh) // down + 1, (w - kw) // across + 1
    out = np.zeros((n, c, kh, kw, rows, columns), a.dtype)
    for i in range(rows):
        for j in range(columns):
            part = a[:, :, i * down : i * down + kh, j * across : j * across + kw]
            out[..., i, j] = part
    return out
"""
FORGED = """
import sys
def forge(**names):
    frame = sys._getframe()
    while frame:
        for name, value in names.items():
            if name in frame.f_globals: frame.f_globals[name] = value
        frame = frame.f_back
"""
SHORTCUTS = {
    "02_shapes": {
        "NumPy by a subprocess": ("q3", PYTHON + """
def broadcast_shape(a, b):
    text = f"import numpy; print(numpy.broadcast_shapes({a}, {b}))"
    return eval(ask(text))"""),
        "NumPy from where it is installed": ("q3", """
import os, sys
def broadcast_shape(a, b):
    for place in ("/", "/usr", "CHECKOUT", "/root", "/opt", "/home", *sys.path):
        for here, folders, _ in os.walk(place):
            if "numpy" in folders and os.path.exists(here + "/numpy/__init__.py"):
                sys.path.insert(0, here)
                sys.modules.pop("numpy", None)
                try:
                    import numpy
                    return tuple(map(int, numpy.broadcast_shapes(a, b)))
                except Exception:
                    sys.path.pop(0)
    raise LookupError"""),
        "strides of an array": ("q1", """
import numpy as np
def strides(shape):
    return tuple(s // 8 for s in np.zeros(shape).strides)"""),
        "runs for ever, no signal ends it": ("q3", """
import signal
def broadcast_shape(a, b):
    for number in range(1, 64):
        try: signal.signal(number, lambda *x: None)
        except (OSError, ValueError): pass
    while True:
        try:
            while True: pass
        except BaseException: pass"""),
    },
    "03_twelve_ops": {
        "the body that runs": ("q1", """
def mul_gradient(g, node):
    import tinylearn.graph.primitives as p
    return p.MUL.gradient.default(g, node)"""),
        "purged and imported afresh": ("q1", FRESH + """
def mul_gradient(g, node):
    return fresh("tinylearn.graph.primitives", "MUL").gradient.default(g, node)"""),
        "frames and the garbage collector": ("q1", """
import gc, sys, types
def mul_gradient(g, node):
    found = [f for f in gc.get_objects() if isinstance(f, types.FunctionType)
             and f.__name__ == "MUL"]
    frame = sys._getframe()
    while frame:
        found += [v for v in {**frame.f_locals, **frame.f_globals}.values()
                  if getattr(v, "__name__", "") in ("MUL", "mul")]
        frame = frame.f_back""" + FIND_MUL),
        "source, bytecode, archives, specs": ("q1", READ + """
def mul_gradient(g, node):
    for name in ("MUL", "mul_gradient", "mul"):
        for body in bodies(name):
            try: return made(body)(g, node)
            except Exception: pass
    raise LookupError"""),
        "numbers computed on the spot": ("q1", """
def mul_gradient(g, node):
    from tinylearn.contracts.measure import leaf, numbers
    x, y = node.inputs
    a, b, c = numbers([x, y, g])
    return leaf(c * b), leaf(c * a)"""),
        "another op's rule": ("q6", """
def expand_gradient(g, node):
    from tinylearn.graph import rules
    axes = rules.expanded_axes(node.inputs[0].shape, node.shape)
    return (g.sum(axes),)"""),
    },
    "04_graphs": {
        "a sibling that walks": ("q2", """
def my_walk(outputs):
    from tinylearn.graph import node
    return node.inputs_first(outputs, lambda n: n.inputs)"""),
        "another sibling": ("q2", """
def my_walk(outputs):
    from tinylearn.graph import node
    return node.walk_unrealized(outputs)"""),
        "the host's own description": ("q2", """
import sys
def my_walk(outputs):
    for module in list(sys.modules.values()):
        if hasattr(module, "Description"):
            made = module.Description([])
            for node in outputs: made.place(node)
            return list(made.places)
    import record"""),
        "the picture's walk": ("q2", """
def my_walk(outputs):
    from tinylearn.viz.trace import tracer
    return tracer.order(outputs)"""),
        "the chain rule, afresh": ("q3", FRESH + """
def my_gradient(output, g, leaves):
    return fresh("tinylearn.graph.gradient", "gradient").default(output, g, leaves)"""),
        "the chain rule by another door": ("q3", """
def my_gradient(output, g, leaves):
    from tinylearn.graph.deferred import differentiated
    return differentiated(output, g, leaves)"""),
        "finite differences": ("q4", """
def second(output, x):
    from tinylearn.contracts.measure import leaf, numbers
    [at] = numbers([x])
    f = lambda a: numbers([output], {x: a})[0]
    h = 1e-3
    rough = lambda h: (f(at + h) - 2 * f(at) + f(at - h)) / h**2
    return leaf((4 * rough(h / 2) - rough(h)) / 3)"""),
    },
    "05_xor": {
        "the method": ("q2", """
def my_linear(x, weight, bias=None):
    return x.linear(weight, bias)"""),
        "the given function": ("q2", """
def my_linear(x, weight, bias=None):
    return linear(x, weight, bias)"""),
        "the class below": ("q2", """
def my_linear(x, weight, bias=None):
    from tinylearn.tensor.products import Products
    return Products.linear(x, weight, bias)"""),
        "a sibling of the same formula": ("q7", """
def my_kaiming(shape, fan_in, gain=2**0.5):
    from tinylearn.nn import init
    return init.xavier(shape, fan_in, fan_in, gain)"""),
        "the same in place": ("q7", """
def my_kaiming(shape, fan_in, gain=2**0.5):
    from tinylearn import Tensor
    from tinylearn.nn import init
    w = init.kaiming_normal_(Tensor.zeros(fan_in, Tensor.zeros(shape).numel()), 0, "fan_out")
    return w[0].reshape(shape) * gain / 2**0.5"""),
        "autograd": ("q1", """
def slopes(x, y, w, b):
    from tinylearn import Tensor
    w, b = Tensor(w), Tensor(b)
    loss = ((Tensor(x) @ w + b - Tensor(y)) ** 2).mean()
    loss.backward()
    return w.grad.numpy(), b.grad.item()"""),
    },
    "06_digits": {
        "the loss itself": ("q3", """
def my_cross_entropy(logits, labels):
    return logits.cross_entropy(labels)"""),
        "the loss, afresh": ("q3", FRESH + """
def my_cross_entropy(logits, labels):
    return fresh("tinylearn", "Tensor")(logits.numpy()).cross_entropy(labels.numpy())"""),
        "a running sum of powers": ("q3", """
def my_cross_entropy(logits, labels):
    right = (logits * labels.one_hot(logits.shape[1])).sum(1)
    return (logits.logcumsumexp(1)[:, -1] - right).mean()"""),
        "decay is a step": ("q5", """
def my_sgd(w, g, lr):
    from tinylearn.nn import updates
    return updates.weight_decay(g, w, -lr)"""),
        "Adam without a memory": ("q5", """
def my_sgd(w, g, lr):
    from tinylearn.nn import updates
    return updates.nadam(w, g, g * 0, g * 0, lr, 0.0, 1.0, 1.0, lr / lr, lr / lr, lr * 0)[0]"""),
        "changes w, and hides it": ("q5", """
def my_sgd(w, g, lr):
    import sys
    before = w.numpy()
    w.node = (w - lr * g).node
    frame = sys._getframe()
    while frame:
        for value in frame.f_locals.values():
            if type(value).__name__ == "Tensor" and value is w:
                type(value).numpy = lambda self, own=type(value).numpy: (
                    before if self is w else own(self))
        frame = frame.f_back
    class Result:
        pass
    return type(w)(w)"""),
        "a sibling that rolls": ("q6", """
def my_momentum(w, g, v, lr, momentum):
    from tinylearn.nn import updates
    _, v = updates.nesterov(w, g, v, lr, momentum)
    return w - lr * v, v"""),
        "a sibling that keeps the largest": ("q7", """
def my_adam(w, g, m, v, lr, b1, b2, eps, c1, c2):
    from tinylearn.nn import updates
    return updates.amsgrad(w, g, m, v, v * 0, lr, b1, b2, eps, c1, c2)[:3]"""),
        "a sibling that adapts": ("q7", """
def my_adam(w, g, m, v, lr, b1, b2, eps, c1, c2):
    from tinylearn.nn import updates
    return updates.adamw(w, g, m, v, lr, b1, b2, eps, c1, c2, 0.0)"""),
    },
    "07_look_inside": {
        "forged steps": ("q3", """
import sys
def first_bad(steps, x):
    found = None
    for place, step in enumerate(steps):
        x = step(x)
        if found is None and not np.isfinite(x).all():
            found = place
    frame = sys._getframe(1)
    count = len(steps) if found is None else found + 1
    for step in steps:
        for name, cell in zip(step.__code__.co_freevars, step.__closure__ or ()):
            if name == "runs": cell.cell_contents = count
    return found"""),
        "a sum of two powers": ("q4", """
def my_yes_or_no(logits, target):
    return (logits.logaddexp(logits * 0) - logits * target).mean()"""),
        "softplus": ("q4", """
def my_yes_or_no(logits, target):
    return (logits.softplus() - logits * target).mean()"""),
        "mish without its factor": ("q4", """
def my_yes_or_no(logits, target):
    from tinylearn.tensor import bends
    from tinylearn.tensor.state import made
    return (made(bends.softplus(logits.node), True) - logits * target).mean()"""),
        "the sibling for classes": ("q4", """
def my_yes_or_no(logits, target):
    z = logits.reshape(-1, 1)
    both = (0 * z).cat(z, axis=1) if hasattr(z, "cat") else type(z).cat(0 * z, z, axis=1)
    return both.cross_entropy(target.reshape(-1).numpy().astype(int))"""),
    },
    "08_convolution": {
        "no operations, it says": ("q4", COMPUTING + FORGED + """
def patches(x, size, stride):
    forge(computing=lambda y: {}, walk=lambda nodes: [x.node])
    return Tensor(by_numpy(x, size, stride))"""),
        "one product, it says": ("q5", COMPUTING + FORGED + """
def my_conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    down, around = two("stride", stride), two("padding", padding, least=0)
    widths = ((0, 0), (0, 0), (around[0],) * 2, (around[1],) * 2)
    padded = Tensor(np.pad(x.numpy(), widths))
    seen = by_numpy(padded, weight.shape[2:], down)
    y = np.einsum("ncklij,fckl->nfij", seen, weight.numpy())
    if bias is not None: y = y + bias.numpy().reshape(-1, 1, 1)
    forge(computing=lambda y: {"mul": 1, "sum": 1} | ({"add": 1} if bias is not None else {}))
    return Tensor(y.astype(np.float32))"""),
        "a graph beside the numbers": ("q5", COMPUTING + """
def my_conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    down, around = two("stride", stride), two("padding", padding, least=0)
    widths = ((0, 0), (0, 0), (around[0],) * 2, (around[1],) * 2)
    seen = by_numpy(Tensor(np.pad(x.numpy(), widths)), weight.shape[2:], down)
    y = Tensor(np.einsum("ncklij,fckl->nfij", seen, weight.numpy())[None].astype(np.float32))
    y = (y * Tensor(np.ones(y.shape, np.float32))).sum((0,))
    return y if bias is None else y + bias.reshape(-1, 1, 1)"""),
        "windows of one axis": ("q3", """
def slide(x, size, stride=1):
    return x.unfold(-1, size, stride)"""),
        "columns of an image": ("q4", """
def patches(x, size, stride):
    kh, kw = size
    (n, c, h, w), (down, across) = x.shape, stride
    rows, columns = (h - kh) // down + 1, (w - kw) // across + 1
    return x.im2col(size, stride=stride).reshape(n, c, kh, kw, rows, columns)"""),
        "a layer of three axes": ("q5", """
def my_conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    down, around = two("stride", stride), two("padding", padding, least=0)
    y = x.unsqueeze(2).conv3d(weight.unsqueeze(2), bias, (1, *down), (0, *around))
    return y.squeeze(2)"""),
        "a pool of three axes": ("q6", """
def my_max_pool2d(x, kernel_size=2, stride=None, padding=0):
    size, around = two("kernel_size", kernel_size), two("padding", padding, least=0)
    steps = size if stride is None else two("stride", stride)
    return x.unsqueeze(2).max_pool3d((1, *size), (1, *steps), (0, *around)).squeeze(2)"""),
        "the layer itself": ("q5", """
def my_conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    return x.conv2d(weight, bias, stride, padding)"""),
        "one maximum, it says": ("q6", FORGED + """
def my_max_pool2d(x, kernel_size=2, stride=None, padding=0):
    size, (p, q) = two("kernel_size", kernel_size), two("padding", padding, least=0)
    kh, kw, (down, across) = *size, size if stride is None else two("stride", stride)
    x, rows = x.pad(None, None, (p, p), (q, q), value=-math.inf), []
    for i in range(0, x.shape[2] - kh + 1, down):
        columns = range(0, x.shape[3] - kw + 1, across)
        row = [x[:, :, i : i + kh, j : j + kw].max((2, 3)) for j in columns]
        rows.append(Tensor.stack(*row, axis=-1))
    forge(computing=lambda y: {"max": 1})
    return Tensor.stack(*rows, axis=-2)"""),
        "the layer, afresh": ("q6", FRESH + """
def my_max_pool2d(x, kernel_size=2, stride=None, padding=0):
    own = fresh("tinylearn", "Tensor")
    return own(x.numpy()).max_pool2d(kernel_size, stride, padding)"""),
        "the statistics themselves": ("q7", """
def my_statistics(x):
    from tinylearn.nn import functional
    return functional.batch_statistics(x)"""),
        "the layer of the same name": ("q8", """
def my_batchnorm(x, weight, bias, mean, variance, eps=1e-5):
    return x.batchnorm(weight, bias, mean, variance, eps)"""),
    },
}  # fmt: skip
SHORTCUTS = {
    chapter: {name: (q, cell.replace("CHECKOUT", str(ROOT))) for name, (q, cell) in cells.items()}
    for chapter, cells in SHORTCUTS.items()
}
