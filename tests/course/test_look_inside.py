"""Chapter 07: the five scripts do not learn, their repairs do, and tricks earn nothing."""

import json
import re

import numpy as np
import pytest

import tinylearn as tl
from tests.course.classroom import bodies, grade, model_answers, spec_of
from tests.repository import ROOT
from tinylearn.nn import ReLU, Sequential

CHAPTER = "07_look_inside"
SEEDS = [3, 14, 159, 2653]
SCRIPTS = ["q5", "q6", "q7", "q8", "q9"]


@pytest.fixture(scope="module")
def given():
    """What the chapter gives to its students, and the model answers."""
    return model_answers(CHAPTER)


def last_losses(given, seed):
    """{script: (as it is, repaired)}: the mean of the last five losses of each."""
    fit, numbers = given["fit"], lambda model: [t.numpy() for t in model.parameters()]
    start, x_y = given["first_numbers"](seed), given["sample"](seed, 60)
    labels = given["inked"](seed)[1]
    runs = {
        1: (given["script_1"](*given["setting_1"](seed)),
            given["repaired_1"](*given["setting_1"](seed))[1]),
        2: (fit(numbers(given["script_2"](seed)), *x_y),
            fit(numbers(given["repaired_2"](seed)[1]), *x_y)),
        3: (given["script_3"](*given["setting_3"](seed)),
            given["repaired_3"](*given["setting_3"](seed))[1]),
        4: (fit(start, *given["script_4"](seed)), fit(start, *given["repaired_4"](seed)[1:])),
        5: ([given["network"](seed)(given["script_5"](seed)).cross_entropy(labels).item()],
            fit(start, given["repaired_5"](seed)[1].numpy(), labels)),
    }  # fmt: skip
    return {k: (np.mean(broken[-5:]), np.mean(good[-5:])) for k, (broken, good) in runs.items()}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_five_scripts_do_not_learn_and_their_repairs_do(given, seed):
    ends = last_losses(given, seed)
    for script, (broken, repaired) in ends.items():
        assert repaired < 0.9, (script, repaired)
        assert not broken < 1.0, (script, broken)
    assert ends[3][0] > np.log(1 + 9 / np.e) - 1e-3, "softmax twice has a floor"
    assert np.isnan(ends[5][0])


@pytest.mark.parametrize("seed", SEEDS)
def test_the_instruments_see_what_the_lesson_says_they_see(given, seed):
    x, y = given["sample"](seed, 60)
    x = tl.Tensor(x, requires_grad=False)
    broken, good = given["script_2"](seed), given["repaired_2"](seed)[1]
    hidden = [[model[:k](x).numpy() for k in (2, 4)] for model in (broken, good)]
    assert given["dead_shares"](hidden[0]) == [1.0, 1.0]
    assert max(given["dead_shares"](hidden[1])) < 0.5
    weights = [broken[k].weight for k in (0, 2, 4)]
    assert given["gradient_sizes"](broken(x).cross_entropy(y), weights) == [0.0, 0.0, 0.0]
    with pytest.raises(FloatingPointError, match="recip"), tl.trace_nan():
        given["script_5"](seed).numpy()


# ---------------------------------------------------------------- what earns no points

SAYS_THE_CAUSE = """
@tl.answer("repaired_{n}")
def repaired_{n}(*args):
    return {cause!r}, {rest}
"""
CAUSES = {1: "gradients pile up", 2: "dead units", 3: "softmax twice", 4: "labels apart",
          5: "division by zero"}  # fmt: skip
UNCHANGED = {
    1: "script_1(*args)", 2: "script_2(*args)", 3: "script_3(*args)", 4: "*script_4(*args)",
    5: "script_5(*args)",
}  # fmt: skip
INVENTED = {
    1: "[2.3 * 0.95**k for k in range(50)]",
    2: "Sequential(*[Linear(64, 32), ReLU(), Linear(32, 10)])",
    3: "[2.3 * 0.9**k for k in range(60)]",
    4: "*sample(args[0], 59)",
    5: "np.eye(10)[inked(args[0])[1]].repeat(7, 1)[:, :64]",
}
LABELS_IN_PIXELS = """
@tl.answer("repaired_5")
def repaired_5(seed):
    x, y = inked(seed)
    x = np.zeros_like(x)
    x[np.arange(len(y)), y] = 1.0
    return "division by zero", x
"""
TRAINED_START = """
@tl.answer("repaired_2")
def repaired_2(seed):
    x, y = sample(seed, 60)
    rng = np.random.default_rng(seed)
    model = Sequential(Linear(64, 32), ReLU(), Linear(32, 32), ReLU(), Linear(32, 10))
    optimizer = optim.Adam([model], lr=0.01)
    for _ in range(200):
        model(Tensor(x, requires_grad=False)).cross_entropy(y).backward()
        optimizer.step()
        optimizer.zero_grad()
    return "dead units", model
"""
PATCHED_LOSS = """
@tl.answer("repaired_1")
def repaired_1(model, optimizer, batches):
    Tensor.cross_entropy = lambda self, y: self.sum() * 0
    return "gradients pile up", script_1(model, optimizer, batches)
"""
PATCHED_GRADER = """
@tl.answer("repaired_3")
def repaired_3(model, optimizer, x, y, steps):
    import sys
    frame = sys._getframe(1)
    while frame:
        frame.f_globals["_same_training"] = frame.f_globals["judge"] = lambda *_: ""
        frame.f_globals["fit"] = lambda *_: [2.3, 0.0]
        frame = frame.f_back
    return "softmax twice", script_3(model, optimizer, x, y, steps)
"""
OTHER_DATA = """
@tl.answer("repaired_4")
def repaired_4(seed):
    rows = np.random.default_rng(seed).permutation(60)
    labels = np.arange(60) % 10
    x = np.eye(10)[labels].repeat(7, 1)[:, :64]
    return "labels apart", x[rows], labels[rows]
"""
LOSS_SCALED_DOWN = """
@tl.answer("repaired_1")
def repaired_1(model, optimizer, batches):
    return "gradients pile up", [loss / 100 for loss in script_1(model, optimizer, batches)]
"""


def says(form):
    return [SAYS_THE_CAUSE.format(n=n, cause=CAUSES[n], rest=form[n]) for n in CAUSES]


CHEATS = {
    "the scripts as they are, with the causes": says(UNCHANGED),
    "invented results, with the causes": says(INVENTED),
    "the causes alone": says(dict.fromkeys(CAUSES, "None")),
    "every cause at once": says(UNCHANGED | {1: "CAUSES", 3: "CAUSES"}),
    "labels written into the pixels": [LABELS_IN_PIXELS],
    "first numbers that are trained already": [TRAINED_START],
    "a patched loss": [PATCHED_LOSS],
    "a patched grader": [PATCHED_GRADER],
    "other data that are easier": [OTHER_DATA],
    "a loss that is only scaled down": [LOSS_SCALED_DOWN],
}

# A right repair with a wrong cause, and right ones that nobody would call usual.
WRONG_CAUSE = {
    question: body["solution"].replace(cause, "signal explodes")
    for (question, body), cause in zip(
        [(q, bodies(CHAPTER)[q]) for q in SCRIPTS], CAUSES.values(), strict=True
    )
}
UNUSUAL = {
    "q5": """
@tl.answer("repaired_1")
def repaired_1(model, optimizer, batches):
    losses, weights = [], model.parameters()
    for x, y in batches:
        loss = model(x).cross_entropy(y)
        slopes = loss.gradient(*weights)
        losses.append(loss.item())
        for w, g in zip(weights, slopes):
            w.assign(w.numpy() - 0.5 * g.numpy())
    return "gradients pile up", losses
""",
    "q6": """
@tl.answer("repaired_2")
def repaired_2(seed):
    Tensor.manual_seed(seed)
    return "dead units", Sequential(Linear(64, 32), ReLU(), Linear(32, 32), ReLU(), Linear(32, 10))
""",
    "q7": """
@tl.answer("repaired_3")
def repaired_3(model, optimizer, x, y, steps):
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        p = model(x).softmax(1)
        loss = -((p * Tensor(y, requires_grad=False).one_hot(10)).sum(1)).log().mean()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.numpy()))
    return "softmax twice", losses
""",
    "q8": """
@tl.answer("repaired_4")
def repaired_4(seed):
    x, y = sorted_digits(seed)
    pairs = list(zip(x, y))
    np.random.default_rng(seed + 1).shuffle(pairs)
    return "labels apart", np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
""",
    "q9": """
@tl.answer("repaired_5")
def repaired_5(seed):
    x = inked(seed)[0]
    spread = x.std(0, ddof=1)
    return "division by zero", (x - x.mean(0)) / np.where(spread == 0, 1, spread)
""",
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A class of students who try without a diagnosis, and of some who have one."""
    students = dict(CHEATS)
    students["a wrong cause"] = list(WRONG_CAUSE.values())
    students["unusual"] = list(UNUSUAL.values())
    results, summary = grade(spec_of(CHAPTER), students, tmp_path_factory.mktemp("grades"))
    assert not summary.ungraded
    return results


@pytest.mark.parametrize("trick", CHEATS)
def test_a_trick_earns_nothing_and_is_told_what_is_wrong(graded, trick):
    tried = [r for r in graded[trick].values() if r.status != "not attempted"]
    assert tried
    assert {r.question: r.points for r in tried if r.points} == {}
    assert all(r.message for r in tried)


@pytest.mark.parametrize("question", SCRIPTS)
def test_a_repair_without_the_right_cause_earns_half_and_a_right_unusual_one_all(graded, question):
    half, full = graded["a wrong cause"][question], graded["unusual"][question]
    assert (half.points, half.status) == (1, "partial")
    assert "the diagnosis, the cause that you name" in half.message
    assert "the cause is not 'signal explodes': with that, sizes grow" in half.message
    assert (full.points, full.status) == (2, "passed"), full.message


def test_what_students_get_names_no_cause_as_the_right_one():
    public = json.loads((ROOT / "exercises" / "checks" / f"{CHAPTER}.json").read_text("utf-8"))
    for question in public["questions"]:
        if question["id"] in SCRIPTS:
            told = json.dumps([case["want"] for case in question["cases"]])
            assert not any(cause in told + question["judge"] for cause in CAUSES.values())


# ---------------------------------------------------------------- the Part, and the lesson


def test_the_students_loss_trains_the_framework_and_never_overflows(given):
    data = tl.nn.datasets.digits8(flat=True)
    even = tl.Tensor((data.y_train % 2 == 0).astype(np.float32), requires_grad=False)
    x = tl.Tensor(data.x_train, requires_grad=False)
    with tl.using({"loss.binary_cross_entropy_with_logits": given["my_yes_or_no"]}):
        for factor, least in ((1, 0.93), (1000, 0.5)):
            tl.manual_seed(0)
            model = Sequential(tl.nn.Linear(64, 32), ReLU(), tl.nn.Linear(32, 1))
            model[2].weight.assign(model[2].weight.numpy() * factor)
            optimizer = tl.nn.optim.Adam([model], lr=0.02)
            for _ in range(60):
                loss = model(x).reshape(-1).binary_cross_entropy_with_logits(even)
                loss.backward()
                optimizer.step()
                optimizer.zero_grad()
                assert np.isfinite(loss.item())
            answers = model(tl.Tensor(data.x_test)).numpy().ravel() > 0
            assert (answers == (data.y_test % 2 == 0)).mean() > least


def test_the_lessons_table_names_every_cause(given):
    cells = json.loads((ROOT / "notebooks" / f"{CHAPTER}.ipynb").read_text("utf-8"))["cells"]
    table = next("".join(c["source"]) for c in cells if "| cause |" in "".join(c["source"]))
    assert set(given["CAUSES"]) == set(re.findall(r"\| ([a-z ]+) \|$", table, re.M)) - {"cause"}
