"""Answers that report what they did not do: calls, changes in place, operations, graphs.

FORGED     chapter -> {name: (question, cell)}: none may earn a point
"""

REACHING = """
import sys
def frames():
    frame = sys._getframe(1)
    while frame:
        yield frame
        frame = frame.f_back
"""
STEPS = """
def all_of(steps, x):
    found = None
    for place, step in enumerate(steps):
        x = step(x)
        if found is None and not np.isfinite(x).all():
            found = place
    return found
"""
DESCRIBED = """
def describe(steps, after):
    Description = next(f.f_globals for f in frames() if "Description" in f.f_globals)["Description"]
    honest = Description.of
    def of(self, value):
        shown, places, made = honest(self, value)
        whole = steps if isinstance(steps, list) else steps(made, shown[1])
        Description.of = honest
        return [["tensor", len(whole) - 1], places if after is None else after, whole]
    Description.of = of
"""
FORESEEN = """
def others(seed, *arrays):
    random = np.random.default_rng(seed)
    return [a * random.uniform(0.6, 1.4, a.shape) for a in arrays]
"""
PICKS = """
def picks(channels, high, wide):
    every = np.eye(channels * high * wide, dtype=np.float32)
    return every.reshape(-1, channels, high, wide)
"""
FORGED = {
    "05_xor": {
        "right for two sets of numbers": ("q2", FORESEEN + """
def my_linear(x, weight, bias=None):
    given = [t.numpy() for t in (x, weight, bias) if t is not None]
    steps = []
    for a, w, *b in (given, others(7, *given)):
        steps.append(Tensor((a @ w.T + sum(b)).astype(np.float32)))
    known = (x - Tensor(given[0])).abs().max() < 1e-6
    return known.where(*steps) + 0 * weight.sum()"""),
    },
    "07_look_inside": {
        "the steps below those that count": ("q3", STEPS + """
def first_bad(steps, x):
    inner = [cell.cell_contents for step in steps for cell in step.__closure__ or ()]
    return all_of([step for step in inner if callable(step)], x)"""),
        "asked for without the steps": ("q3", REACHING + """
import base64
def first_bad(steps, x):
    [line] = {f.f_locals["send"] for f in frames() if "send" in f.f_locals}
    [number] = {f.f_locals["number"] for f in frames() if "number" in f.f_locals}
    found = None
    for place in range(len(steps)):
        text = base64.b64encode(x.astype("<f8").tobytes()).decode()
        sent = {"array": ["float64", list(x.shape), text]}
        kind, shape, text = line.ask({"asked": [number, place, sent]})["array"]
        x = np.frombuffer(base64.b64decode(text), kind).reshape(shape)
        if found is None and not np.isfinite(x).all():
            found = place
    return found"""),
        "asked for beforehand, in another case": ("q3", REACHING + STEPS + """
known = {}
def first_bad(steps, x):
    here = next(f for f in frames() if f.f_code.co_name == "answer_job")
    if not known:
        import sys
        host = sys.modules["__main__"]
        for number, (start, held) in enumerate(here.f_locals["job"]["calls"]):
            asking = host.remote.Asking(number, here.f_locals["send"].ask)
            places = range(len(held))
            known[number] = all_of([asking.remote(place) for place in places],
                                   host.values.decode(start))
    return known[here.f_locals["number"]]"""),
        "a count of its own in the result": ("q3", REACHING + STEPS + """
def first_bad(steps, x):
    place = all_of(steps, x)
    count = len(steps) if place is None else place + 1
    return (place, f"{count} steps were run")"""),
        "the messages about calls held back": ("q3", REACHING + STEPS + """
def first_bad(steps, x):
    host = next(f.f_globals for f in frames() if "Line" in f.f_globals)
    Line = host["Line"]
    if not hasattr(Line, "results"):
        Line.results, sent = {}, Line.ask
        def ask(self, message):
            key = repr(message)
            if key not in Line.results:
                Line.results[key] = sent(self, message)
            return Line.results[key]
        Line.ask = ask
    return all_of(steps, x)"""),
        ".grad spoiled, and the look before it, too": ("q2", REACHING + """
def gradient_sizes(loss, weights):
    loss.backward()
    found = [g.pow(2).mean().sqrt().item() for g in loss.gradient(*weights)]
    for frame in frames():
        if "before" in frame.f_locals and "kept" in frame.f_locals:
            frame.f_locals["kept"].clear()
    return found"""),
        ".grad spoiled, and nobody looks": ("q2", REACHING + """
def gradient_sizes(loss, weights):
    for frame in frames():
        if frame.f_code.co_name == "call" and "state" in frame.f_globals:
            frame.f_globals["state"] = lambda *_: 0
    loss.backward()
    sizes = [g.pow(2).mean().sqrt().item() for g in loss.gradient(*weights)]
    return sizes"""),
        "the sum of two powers, by its own op": ("q4", """
def my_yes_or_no(logits, target):
    both = Tensor.stack(logits * 0, logits, axis=0)
    return (both.logsumexp(0) - logits * target).mean()"""),
        "the share of two, by its logarithm": ("q4", """
def my_yes_or_no(logits, target):
    both = Tensor.stack(logits * 0, logits, axis=0).log_softmax(0)
    return -(both[0] * (1 - target) + both[1] * target).mean()"""),
        "the truth as numbers of its own": ("q4", """
def my_yes_or_no(logits, target):
    truth = Tensor(target.numpy(), requires_grad=False)
    return (logits.relu() - logits * truth + (1 + (-logits.abs()).exp()).log()).mean()"""),
        "the same loss of probabilities": ("q4", """
def my_yes_or_no(logits, target):
    return logits.sigmoid().binary_cross_entropy(target)"""),
        "the loss, in a description of its own": ("q4", REACHING + DESCRIBED + """
def my_yes_or_no(logits, target):
    name = "tinylearn.tensor.losses.binary_cross_entropy_with_logits"
    describe([["leaf", 0], ["leaf", 1], [name, [0, 1], ("mean",)]], [0, 1])
    return logits.mean()"""),
    },
    "06_digits": {
        "right for two sets of numbers": ("q5", FORESEEN + """
def my_sgd(w, g, lr):
    here, there = (w.numpy(), g.numpy()), others(7, w.numpy(), g.numpy())
    known = (w - Tensor(here[0])).abs().max() < 1e-6
    step = [Tensor((w - lr * g).astype(np.float32)) for w, g in (here, there)]
    return known.where(*step)"""),
        "a name for what is absent": ("q5", REACHING + DESCRIBED + """
def my_sgd(w, g, lr):
    describe([["leaf", 0], ["leaf", 1], ["tinylearn.nn.updates.sgd", [0, 1], (lr,)]], [0, 1])
    return w * 1"""),
    },
    "08_convolution": {
        "windows by a description of a filter": ("q4", REACHING + DESCRIBED + PICKS + """
def patches(x, size, stride):
    n, c, h, w = x.shape
    places = (h - size[0]) // stride[0] + 1, (w - size[1]) // stride[1] + 1
    describe([["leaf", 0], ["data", picks(c, *size)],
              ["tinylearn.tensor.windows.conv2d", [0, 1], (((0, 0), (0, 0)), stride, (1, 1), 1)],
              ["reshape", [2], (n, c, *size, *places)]], [0])
    return x * 1"""),
        "the largest by a filter in a description": ("q6", REACHING + DESCRIBED + PICKS + """
def my_max_pool2d(x, kernel_size=2, stride=None, padding=0):
    size, around = two("kernel_size", kernel_size), two("padding", padding, least=0)
    steps = size if stride is None else two("stride", stride)
    n, c = x.shape[:2]
    seen = x.pad(None, None, *[(p, p) for p in around], value=-1e38)
    places = [(m - k) // s + 1 for m, k, s in zip(seen.shape[2:], size, steps)]
    made = Tensor(np.zeros((n, c * size[0] * size[1], *places), np.float32))
    change = lambda steps, at: [
        *steps, ["data", picks(c, *size)],
        ["tinylearn.tensor.windows.conv2d", [at, len(steps)], (((0, 0),) * 2, steps_of, (1, 1), 1)],
        ["reshape", [len(steps) + 1], (n, c, size[0] * size[1], *places)],
        ["max", [len(steps) + 2], (2,)],
        ["reshape", [len(steps) + 3], (n, c, *places)]]
    steps_of = steps
    describe(change, None)
    return seen"""),
        "the largest by comparisons, and one max for show": ("q6", """
def my_max_pool2d(x, kernel_size=2, stride=None, padding=0):
    (kh, kw), (p, q) = two("kernel_size", kernel_size), two("padding", padding, least=0)
    down, across = (kh, kw) if stride is None else two("stride", stride)
    x = x.pad(None, None, (p, p), (q, q), value=-math.inf)
    rows, columns = (x.shape[2] - kh) // down + 1, (x.shape[3] - kw) // across + 1
    best = None
    for i in range(kh):
        for j in range(kw):
            seen = x[:, :, i : i + rows * down : down, j : j + columns * across : across]
            best = seen if best is None else (best < seen).where(seen, best)
    return best.unsqueeze(-1).max(-1)"""),
    },
}  # fmt: skip
