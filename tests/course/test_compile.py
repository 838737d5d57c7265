"""Part C: what earns nothing where an answer decides what a compiler does, and what earns all."""

import pytest

from tests.course.classroom import bodies, grade, spec_of

UNUSUAL = {
    "12_fusion": {
        "q2": """
def kernels_of(lines, stored):
    readers = {}
    for name, inputs in lines:
        for x in inputs:
            readers.setdefault(x, []).append(name)
    def home(name):
        kernels = {home(r) for r in readers.get(name, [])}
        return name if name in stored or len(kernels) != 1 else kernels.pop()
    return {name: home(name) for name, _ in lines}""",
        "q3": """
def my_compute_where_used(node, readers, homes):
    if len(homes) > 1:
        return STORE, "several kernels read it"
    return FUSE, f"no write and no read: {size_of(node.nbytes * 2)} less traffic\"""",
        "q5": """
def shared_reads(lines, one, other):
    inputs = dict(lines)
    def waits(name, goal):
        return name in goal or any(waits(x, goal) for x in inputs.get(name, []))
    if any(waits(n, other) for n in one) or any(waits(n, one) for n in other):
        return None
    read = lambda names: {x for n in names for x in inputs[n]}
    return len(read(one).intersection(read(other)))""",
    },
    "13_when_not": {
        "q2": """
def my_repeated(node, readers, homes):
    most = [use for use in readers if use[1] > 1]
    if not most or node.shape.count(1) == len(node.shape):
        return None
    use = most[0]
    return "store", f"{use.reader.op.name}: {node.size} numbers, each {use.copies} times\"""",
        "q7": """
def quick_softmax(scores):
    return (scores - scores.exp().sum(1).log().reshape(-1, 1)).exp()""",
        "q8": """
def expected(scores, values):
    return (scores.exp() * values).sum(1) * (scores.exp().sum(1) ** -1)""",
    },
    "15_loops": {
        "q3": """
def interchange(function, name):
    def change(loop):
        match loop.body:
            case (Loop() as inner,):
                around = Loop(loop.variable, inner.body, loop.kind)
                return (Loop(inner.variable, (around,), inner.kind),)
        raise Refused("no")
    return each_loop(function, name, change)""",
        "q4": """
def my_split(function, name, by, rest="tile"):
    if by <= 0:
        raise Refused("too few")
    def nest(loop, count, size, first):
        index = first + variable(f"{name}i", size) + size * variable(f"{name}o", count)
        body = substituted(loop.body, {loop.variable: index})
        inner = replace(loop, variable=Variable(f"{name}i", size), body=body)
        return replace(loop, variable=Variable(f"{name}o", count), body=(inner,))
    def change(loop):
        whole, left = loop.variable.size // by, loop.variable.size % by
        made = (nest(loop, whole, by, 0),) if whole else ()
        return made + ((nest(loop, 1, left, whole * by),) if left else ())
    return each_loop(function, name, change)""",
        "q7": """
def matmul_steps(lanes):
    return [["split", "j", lanes], ["split", "jo", 2], ["sink", "ji", ["r"]], ["vectorize", "ji"],
            ["sink", "joi", ["r"]], ["unroll", "joi"], ["split", "i", 4],
            ["sink", "ii", ["joo", "r"]], ["unroll", "ii"]]""",
    },
    "16_capture": {
        "q2": """
def record(program, memory):
    class Recorder:
        def __init__(self):
            self.tape, self.memory = [], {**memory}
        def __call__(self, op, *inputs, out):
            self.tape += [[op, list(inputs), out]]
            self.memory = {**self.memory, out: OPS[op](*map(self.memory.get, inputs))}
    recorder = Recorder()
    program(recorder)
    return recorder.tape, recorder.memory""",
        "q5": """
class capture:
    def __init__(self, program):
        self.program, self.tapes = program, {}
    def __call__(self, memory):
        tapes = self.tapes.setdefault(frozenset((k, len(v)) for k, v in memory.items()), [])
        if len(tapes) > 1 and tapes[-1] == tapes[-2]:
            return replay_all(tapes[-1], memory)
        tape, after = record_all(self.program, memory)
        tapes.append(tape)
        return after""",
    },
}
CHEATS = {
    "12_fusion": {
        "a rule that always fuses": ("q3", """
def my_compute_where_used(node, readers, homes):
    return FUSE, f"saves {size_of(2 * node.nbytes)} of traffic\""""),
        "every amount at once": ("q3", """
def my_compute_where_used(node, readers, homes):
    every = " ".join(size_of(n) for n in range(1, 2000))
    return (FUSE, every) if len(homes) == 1 else None"""),
        "the rule that is taken out": ("q3", """
def my_compute_where_used(node, readers, homes):
    from tinylearn.schedule import rules
    return rules.compute_where_used.default(node, readers, homes)"""),
        "the next rule that fuses": ("q3", """
def my_compute_where_used(node, readers, homes):
    return next(r for r in RULES if r.name == "fuse.epilogue")(node, readers, homes)"""),
        "a check that is always content": ("q4", """
def my_free_move(node, readers, homes):
    import sys
    frame = sys._getframe(1)
    while frame:
        frame.f_globals["unlike_in_any"] = frame.f_globals["unlike"] = lambda *_: ""
        frame = frame.f_back"""),
        "a deep pile of brackets": ("q6", """
def my_same_loop(first, second, shared):
    pile = []
    for _ in range(1000):
        pile = [pile]
    return JOIN, pile"""),
        "a long reason": ("q6", """
def my_same_loop(first, second, shared):
    return JOIN, "1 B " * 10_000_000"""),
    },
    "13_when_not": {
        "never store": ("q5", """
def my_recompute_or_store(node, readers, homes):
    return (FUSE, "storing moves 1 B, recomputing 1 B") if len(homes) > 1 else None"""),
        "the helper of the rule that is taken out": ("q2", """
def my_repeated(node, readers, homes):
    return next(r for r in RULES if r.name == "fuse.padded").default(node, readers, homes)"""),
        "numbers on the spot": ("q7", """
def quick_softmax(scores):
    x = np.exp(scores.numpy())
    return Tensor(x / x.sum(1, keepdims=True), requires_grad=False)"""),
        "a schedule that counts one": ("q8", """
def expected(scores, values):
    import sys
    frame = sys._getframe(1)
    while frame:
        frame.f_globals["schedule"] = lambda nodes: type("S", (), {"kernels": [1]})
        frame = frame.f_back
    return (scores.softmax(1) * values).sum(1)"""),
        "everything is expected": ("q6", """
def predicted(kernels, bandwidth, speed):
    class Any(float):
        __eq__ = lambda self, other: True
    return [(Any(), "memory")] * len(kernels)"""),
    },
    "15_loops": {
        "the tree as it was": ("q4", """
def my_split(function, name, by, rest="tile"):
    return function"""),
        "always refused": ("q5", """
def my_vectorize(function, name):
    raise Refused("it does not fit")"""),
        "the loops of the result around nothing": ("q4", """
def my_split(function, name, by, rest="tile"):
    def change(loop):
        n = max(1, loop.variable.size // max(by, 1))
        inner = Loop(Variable(f"{name}i", by), loop.body[:0])
        return (Loop(Variable(f"{name}o", n), (inner,)),)
    return each_loop(function, name, change)"""),
        "a loop without end": ("q2", """
def my_unroll(function, name):
    endless = lambda loop: (replace(loop, variable=Variable(name, 10**15), kind="unrolled"),)
    return each_loop(function, name, endless)"""),
        "memory without end": ("q3", """
def interchange(function, name):
    (most, *others) = function.arguments
    return replace(function, arguments=(replace(most, shape=(10**7, 10**7)), *others))"""),
        "a text that is no tree": ("q2", """
def my_unroll(function, name):
    import builtins
    builtins.shown = lambda tree: "(" * 100_000
    transformed.__globals__["shown"] = lambda tree: "f(x: float32[9])\\n    " + "-" * 15_000
    return function"""),
        "steps that build too much": ("q7", """
def matmul_steps(lanes):
    return [("split", "i" + "o" * k, 1) for k in range(30)]"""),
        "more steps than there are": ("q7", """
def matmul_steps(lanes):
    return [("unroll", "i")] * 10_000"""),
        "another transform": ("q7", """
def matmul_steps(lanes):
    return [("__init__", "i"), ("stage", "t0", "", ("i", "r"))]"""),
        "a wider vector than there is": ("q7", """
def matmul_steps(lanes):
    return [("split", "i", 4), ("split", "j", 16), ("sink", "ji", ("r",)), ("vectorize", "ji"),
            ("sink", "ii", ("jo", "r")), ("unroll", "ii")]"""),
    },
    "16_capture": {
        "run it every time": ("q5", """
def capture(program):
    return lambda memory: record_all(program, memory)[1]"""),
        "a program that says it did not run": ("q5", """
def capture(program):
    def run(memory):
        after = record_all(program, memory)[1]
        program.runs = min(program.runs, 2)
        return after
    return run"""),
        "both answers at once": ("q4", """
def refused(program):
    return "loss mean size s is read here\""""),
        "as many as there are names": ("q6", """
def most_alive(tape, inputs, results):
    return len({*inputs, *results, *(out for _, _, out in tape)})"""),
    },
}  # fmt: skip
CHAPTERS = sorted(CHEATS)


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """{chapter: {student: {question: result}}}: each trick, and the unusual answers together."""
    found = {}
    for chapter in CHAPTERS:
        students = {name: [answered(chapter, *tried)] for name, tried in CHEATS[chapter].items()}
        unusual = UNUSUAL[chapter].items()
        students["unusual"] = [answered(chapter, question, text) for question, text in unusual]
        folder = tmp_path_factory.mktemp(chapter)
        found[chapter], summary = grade(spec_of(chapter), students, folder)
        assert not summary.ungraded
    return found


def answered(chapter, question, text):
    """A cell that answers a question."""
    return f'@tl.answer("{bodies(chapter)[question]["name"]}")\n{text.strip()}'


@pytest.mark.parametrize(("chapter", "name"), [(c, name) for c in CHAPTERS for name in CHEATS[c]])
def test_a_trick_earns_nothing_and_is_told_why(graded, chapter, name):
    result = graded[chapter][name][CHEATS[chapter][name][0]]
    assert result.points == 0 and result.status in ("wrong", "error")
    assert result.message


@pytest.mark.parametrize(("chapter", "question"), [(c, q) for c in CHAPTERS for q in UNUSUAL[c]])
def test_an_unusual_answer_that_is_right_earns_all(graded, chapter, question):
    result = graded[chapter]["unusual"][question]
    assert result.status == "passed", result.message
