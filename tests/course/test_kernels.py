"""Kernels that are graded: read beside the answer, run beside the grader on numbers of its own."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest

import tinylearn as tl
from tests.course.classroom import bodies, grade, spec_data, spec_of
from tests.repository import ROOT
from tinylearn.course.costs import fault
from tinylearn.course.grade.launches import hidden_numbers, looked_through
from tinylearn.course.inside.traces import tracing
from tinylearn.course.inside.values import BadValue
from tinylearn.course.question import Open
from tinylearn.course.spec import seed_for
from tinylearn.course.student.asked import CheckFailed
from tinylearn.devices.simulator.faults import RaceError
from tinylearn.loops.phases import Launch

CHAPTER = "17_threads"
HEAD = "import tinylearn as tl\nimport numpy as np\n"
RIGHT = """@tl.answer("fahrenheit", points=2)
@tl.kernel
def fahrenheit(out, celsius):
    i = tl.thread.x
    out[i] = celsius[i] * 1.8 + 32
"""


@tl.kernel
def twice(out, x):
    i = tl.block.x * tl.threads.x + tl.thread.x
    if i < out.size:
        out[i] = x[i] * 2


ARRAYS = np.zeros(7, np.float32), np.arange(7, dtype=np.float32)
ASKED = Launch((2, 1, 1), (4, 1, 1))


def packed(**changes):
    """What a process hands over for one launch of `twice`, with texts exchanged in its tree."""
    data = twice[2, 4].traced(*ARRAYS).packed()
    for old, new in changes.get("tree", ()):
        assert old in data["tree"]
        data["tree"] = data["tree"].replace(old, new)
    return data | {key: value for key, value in changes.items() if key != "tree"}


# ---------------------------------------------------------------- trees from a stranger


def test_an_honest_tree_runs_as_it_did_where_it_was_read():
    out = np.zeros(7, np.float32)
    report = looked_through(packed(), ASKED, ARRAYS).run((out, ARRAYS[1]))
    assert np.array_equal(out, 2 * ARRAYS[1])
    assert report.text() == twice[2, 4](out, ARRAYS[1]).text()


FORGED = {
    "another number of threads": [("for tx in 4, thread.x", "for tx in 8, thread.x")],
    "a loop of blocks too many": [("for bx in 2, block.x", "for bx in 9, block.x")],
    "an output that says it is only read": [("out: float32", "const out: float32")],
    "an array of another size": [("x: float32[7]", "x: float32[9]")],
    "an argument more": [("x: float32[7]", "x: float32[7], y: float32[7]")],
    "an operation on whole arrays": [("mul(", "reshape(")],
    "a name that nothing makes": [("out[4*bx + tx] = ", "out[4*bx + tx] = nobody")],
    "a place that is no place": [("out[4*bx + tx]", "out[__import__('os')]")],
    "a barrier inside the threads' loop": [
        ("            if", "            barrier\n            if")
    ],
    "no function": [("twice(", "(")],
    "brackets inside brackets": [("out[4*bx + tx]", f"out[{'(' * 400}tx{')' * 400}]")],
    "a line without an end": [("out[4*bx + tx]", f"out[{'1 + ' * 5000}tx]")],
    "many lines": [("            if", "            barrier\n" * 3000 + "            if")],
}


@pytest.mark.parametrize("what", FORGED)
def test_a_tree_that_no_kernel_gives_is_refused(what):
    with pytest.raises(BadValue, match="not a kernel's tree"):
        looked_through(packed(tree=FORGED[what]), ASKED, ARRAYS)


@pytest.mark.parametrize(
    "changes",
    [{"lines": []}, {"lines": [10**9] * 6}, {"rows": [3]}, {"tree": []}, {"first": "one"}],
    ids=str,
)
def test_lines_that_belong_to_no_statement_are_refused(changes):
    data = packed() | changes
    with pytest.raises(BadValue, match="not a kernel's tree"):
        looked_through(data, ASKED, ARRAYS)


@pytest.mark.parametrize("data", [None, 3, "text", [], {}, {"tree": "x"}], ids=repr)
def test_what_is_no_launch_at_all_is_refused(data):
    with pytest.raises(BadValue):
        looked_through(data, ASKED, ARRAYS)


@pytest.mark.parametrize("rounds", [10**6, 10**12, 10**300])
def test_a_tree_that_would_run_for_ever_is_refused_in_words(rounds):
    lines = twice[2, 4].traced(*ARRAYS).packed()["tree"].splitlines()
    start = next(n for n, row in enumerate(lines) if "thread.x" in row) + 1
    inside = ["    " + row for row in lines[start:]]
    text = "\n".join([*lines[:start], f"{' ' * 12}for k in {rounds}", *inside])
    first = packed()["first"]
    data = packed() | {"tree": text}
    data |= {key: [first, *data[key]] for key in ("lines", "counted")}
    with pytest.raises(tl.KernelError, match="statements, and a check waits for"):
        looked_through(data, ASKED, ARRAYS)


def test_a_tree_that_wants_all_memory_is_refused_in_words():
    @tl.kernel
    def greedy(out, x):
        kept = tl.shared(500_000_000)
        kept[tl.thread.x] = x[tl.thread.x]
        out[tl.thread.x] = kept[tl.thread.x]

    data = greedy[1, 4].traced(*ARRAYS).packed()
    with pytest.raises(tl.KernelError, match="numbers of memory"):
        looked_through(data, Launch((1, 1, 1), (4, 1, 1)), ARRAYS)


def test_a_race_is_seen_where_the_tree_runs():
    one = packed(tree=[("out[4*bx + tx]", "out[0]")])
    with pytest.raises(RaceError, match=r"two threads touch out\[0\]"):
        looked_through(one, ASKED, ARRAYS).run(ARRAYS)


def test_a_kernel_is_read_without_any_number():
    handed = hidden_numbers([np.float32([1, 2, 3]), 4, (np.int32([5]),)])
    assert handed[0].dtype == np.float32 and not handed[0].any() and not handed[2][0].any()
    assert handed[1] == 4

    def run(kernel, x):
        out = np.zeros_like(x)
        return [out, kernel[1, 3](out, x).total.requests]

    found = tracing(run)(twice, handed[0])
    assert [data["tree"].splitlines()[0] for data in found] == [
        "twice(out: float32[3], const x: float32[3])"
    ]


# ---------------------------------------------------------------- the verdict

WANT = [np.float32([1, 2]), {"requests of warps": 4}]


@pytest.mark.parametrize(
    ("got", "says"),
    [
        ([np.float32([1, 2]), {"requests of warps": 4}], ""),
        ([np.float32([1, 2]), {"requests of warps": 1}], ""),
        ([np.float32([1, 2]), {"requests of warps": 5}], "5 requests of warps; 4 are enough"),
        ([np.float32([1, 3]), {"requests of warps": 1}], "1 of 2 numbers differ"),
        ([np.float32([1, np.nan]), {"requests of warps": 4}], "no thread stored there"),
        ("nonsense", "expected"),
    ],
)
def test_numbers_come_first_and_then_what_they_cost(got, says):
    found = fault(got, WANT)
    assert says in found and bool(found) == bool(says)
    assert isinstance(found, Open) == ("enough" in says)


# ---------------------------------------------------------------- whole submissions

CHEATS = {
    "a kernel for the visible sizes": """
@tl.answer("fahrenheit", points=2)
@tl.kernel
def fahrenheit(out, celsius):
    i = tl.thread.x
    if out.size == 3 or out.size == 1 or out.size == 40:
        out[i] = celsius[i] * 1.8 + 32
""",
    "numbers that were looked at": """
class Peeping:
    def __getitem__(self, sizes):
        def launch(out, celsius, **options):
            out[:] = celsius * 1.8 + 32
            return tl.kernel(nothing)[1, 1](out)
        return launch
fahrenheit = tl.answer("fahrenheit")(Peeping())
""",
    "a function that computes with NumPy": """
@tl.answer("fahrenheit", points=2)
def fahrenheit(out, celsius):
    out[:] = celsius * 1.8 + 32
""",
    "one thread that does all": """
@tl.answer("fahrenheit", points=2)
@tl.kernel
def fahrenheit(out, celsius):
    if tl.thread.x == 0:
        for k in range(out.size):
            out[k] = celsius[k] * 1.8 + 32
""",
    "a kernel that is read as another one": """
import tinylearn.kernels.traced as traced
old = traced.Traced.packed
def packed(self):
    data = old(self)
    data["tree"] = data["tree"].replace("celsius", "out")
    return data
traced.Traced.packed = packed
@tl.answer("fahrenheit", points=2)
@tl.kernel
def fahrenheit(out, celsius):
    i = tl.thread.x
    out[i] = celsius[i] * 1.8 + 32
""",
    "an answer that waits for ever": """
@tl.answer("fahrenheit", points=2)
@tl.kernel
def fahrenheit(out, celsius):
    i = tl.thread.x
    for k in range(10**9):
        out[i] = celsius[i] * 1.8 + 32
""",
}
PLAIN = """@tl.answer("fahrenheit", points=2)
def fahrenheit(out, celsius):
    i = tl.thread.x
    out[i] = celsius[i] * 1.8 + 32
"""


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    submissions = {f"s{n:02}": [HEAD + code] for n, code in enumerate(CHEATS.values())}
    submissions |= {"right": [HEAD, RIGHT], "plain": [HEAD, PLAIN]}
    results, _ = grade(spec_of(CHAPTER), submissions, tmp_path_factory.mktemp("kernels"))
    return {who: found["q1"] for who, found in results.items()}


@pytest.mark.parametrize("who", ["right", "plain"])
def test_a_right_kernel_earns_all_points_also_without_its_decorator(graded, who):
    assert graded[who].points == 2, graded[who]


@pytest.mark.parametrize("number", range(len(CHEATS)), ids=list(CHEATS))
def test_a_kernel_that_does_not_do_the_work_earns_nothing(graded, number):
    assert graded[f"s{number:02}"].points == 0, graded[f"s{number:02}"]


def test_a_hidden_case_says_that_one_thread_does_the_work(graded):
    number = list(CHEATS).index("one thread that does all")
    hidden = next(c for c in graded[f"s{number:02}"].checks if not c.is_visible)
    assert re.search(r"\d+ requests of warps; \d+ are enough", hidden.message)


def test_no_size_of_a_hidden_case_stands_in_a_visible_one():
    spec = spec_of(CHAPTER)
    assert spec_data(CHAPTER)["questions"]["q1"]["world"] == "tinylearn"
    for question in spec.questions:
        seed = seed_for(b"secret", CHAPTER, "anybody", question.id)
        visible, hidden = [], []
        for check in question.checks:
            cases = check.cases(seed)
            (visible if check.is_visible else hidden).extend(shapes(c.args) for c in cases)
        assert not [found for found in hidden if found in visible], question.id


def shapes(args):
    return [a.shape if isinstance(a, np.ndarray) else a for a in args]


# ---------------------------------------------------------------- beside the student


def test_a_failed_check_names_launch_arguments_line_thread_and_mistake(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYLEARN_MINE", str(tmp_path))
    tl.course.exercise(CHAPTER, ROOT / "exercises")

    @tl.answer("difference", points=2)
    @tl.kernel
    def difference(out, a, b):
        i = tl.block.x * tl.threads.x + tl.thread.x
        out[i] = a[i] - b[i]

    with pytest.raises(CheckFailed) as failed:
        tl.check("q2")
    says = str(failed.value)
    assert 'difference[3, 4](*tl.course.arguments("q2", 2))' in says
    assert re.search(r"\n +a +array \(10,\): \[0, 1, 2", says)
    assert "block (2, 0, 0), thread (2, 0, 0)   test_kernels.py, line" in says
    assert "out[i] = a[i] - b[i]\nTry an `if` around it that holds where place < 10" in says


@pytest.mark.parametrize("chapter", ["17_threads", "18_memory"])
def test_no_line_of_a_model_kernel_stands_in_what_students_get(chapter):
    checks = (ROOT / "exercises" / "checks" / f"{chapter}.json").read_text("utf-8")
    data = json.loads(checks)
    for question in data["questions"]:
        known = json.dumps([value for case in question["cases"] for value, _ in case["known"]])
        reference = bodies(chapter)[question["id"]]["reference"]
        code = [row.strip() for row in reference.splitlines() if " = " in row]
        assert [row for row in code if row in known] == [], question["id"]


def test_a_kernel_that_passed_is_kept_in_a_file_that_runs_by_itself(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYLEARN_MINE", str(tmp_path))
    tl.course.exercise(CHAPTER, ROOT / "exercises")

    @tl.answer("fahrenheit", points=2)
    @tl.kernel
    def fahrenheit(out, celsius):
        i = tl.thread.x
        out[i] = celsius[i] * 1.8 + 32

    tl.check("q1")
    [kept] = tmp_path.glob("*.py")
    script = "import numpy as np\nout = np.zeros(1, np.float32)\n"
    script += "tl.kernel(fahrenheit)[1, 1](out, np.ones(1, np.float32) * 100)\nprint(out)\n"
    (tmp_path / "run.py").write_text(kept.read_text("utf-8") + script, "utf-8")
    run = [sys.executable, str(tmp_path / "run.py")]
    assert subprocess.check_output(run, cwd=ROOT, text=True) == "[212.]\n"


def test_a_stub_says_that_it_is_not_attempted(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYLEARN_MINE", str(tmp_path))
    tl.course.exercise(CHAPTER, ROOT / "exercises")

    @tl.answer("fahrenheit", points=2)
    @tl.kernel
    def fahrenheit(out, celsius):
        raise NotImplementedError("not attempted yet")

    with pytest.raises(CheckFailed, match="fahrenheit is not attempted yet"):
        tl.check("q1")
