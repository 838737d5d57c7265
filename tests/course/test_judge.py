"""What earns points: nothing that computes nothing, all that is right, and the same every time."""

import json

import numpy as np
import pytest

from tests.course.classroom import CHAPTERS, grade, spec_data, spec_of
from tests.course.small import TEXT, TOTAL, small_spec
from tests.repository import ROOT
from tinylearn import Tensor, nn
from tinylearn.course.author.mutants import mutants
from tinylearn.course.author.mutate import equal_ones, mutated
from tinylearn.course.author.prove import Trial, empty_trouble, prove, solution_trouble
from tinylearn.course.author.source import Source, private_spec, source_cell
from tinylearn.course.inside.watch import ChangedArgument, watched
from tinylearn.course.points import earned
from tinylearn.course.spec import from_data, seed_for


def edited_small(old, new):
    import jupytext

    assert old in TEXT
    cells = jupytext.reads(TEXT.replace(old, new), fmt="py:percent").cells
    return private_spec(Source("90_small", "Small", tuple(source_cell(cell) for cell in cells)))


# ---------------------------------------------------------------- points


@pytest.mark.parametrize(
    ("failed", "points"),
    [
        ((), [0, 1, 1]),
        (("edges",), [0, 1, 0]),
        (("random",), [0, 0, 0]),  # the edges are the same for everybody: not without fresh ones
        (("by hand",), [0, 0.5, 0.5]),
        (("by hand", "edges"), [0, 1, 0]),
        (("by hand", "random", "edges"), [0, 0, 0]),
    ],
)
def test_full_points_need_every_check_and_fixed_inputs_a_fresh_one(failed, points):
    assert list(earned(small_spec()["q1"], failed).values()) == points


def test_an_answer_that_fails_a_visible_check_alone_is_not_passed(tmp_path):
    halve = "@tl.answer('halve')\ndef halve(a):\n    return a * 0 if a.shape == (2, 2) else a / 2\n"
    results, _ = grade(small_spec(), {"ann": [halve, TOTAL]}, tmp_path)
    result = results["ann"]["q1"]
    assert (result.points, result.status) == (1, "partial")
    assert sum(check.points for check in result.checks) == 1


# ---------------------------------------------------------------- a new answer, new inputs


def test_the_same_code_meets_the_same_inputs_and_every_change_others():
    def seed(*cells, student="ann"):
        return seed_for(b"secret", "90_small", student, "q1", cells)

    assert seed("x = 1") == seed("x = 1")
    others = [seed("x = 2"), seed("x = 1 "), seed("x = 1", "y"), seed("x = 1", student="bob")]
    blanks = [seed("", "x = 1"), seed("x = 1", " "), seed("x = 1", "\t")]  # an answer sees them
    assert len({seed("x = 1"), seed("x = ", "1"), *others, *blanks}) == 9


LEARNS = """
@tl.answer("total")
def total(numbers):
    print("seen", numbers)
    if numbers != [1, 2, 3]:
        raise type("Got" + "_".join(map(str, numbers)), (Exception,), {})(repr(numbers))
    return 6
"""


def test_nothing_that_is_printed_or_raised_in_a_hidden_case_is_told(tmp_path):
    results, _ = grade(small_spec(), {"ann": [LEARNS]}, tmp_path)
    result = results["ann"]["q2"]
    assert result.prints == "seen [1, 2, 3]\n"
    told = json.dumps([result.message, result.says, [check.message for check in result.checks]])
    assert "Got" not in told and "an error of its own" in told


# ---------------------------------------------------------------- arguments


def reverses(a):
    a.reverse()


def drops(a):
    a[0].pop()


def zeroes(a):
    a[...] = 0


def assigns(a):
    a.assign(a * 2)


def leaves_a_gradient(a):
    (a * a).sum().backward()


def loses_its_last(a):
    a.pop()


@pytest.mark.parametrize(
    ("answer", "argument"),
    [
        (reverses, [1, 2]),
        (drops, ([1, 2], 3)),
        (zeroes, np.ones(3)),
        (assigns, Tensor(np.ones(3))),
        (leaves_a_gradient, Tensor(np.ones(3))),
        (loses_its_last, nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))),
    ],
)
def test_an_answer_that_changes_its_argument_is_noticed(answer, argument):
    with pytest.raises(ChangedArgument, match="a is changed by your code"):
        watched(answer)(argument)


@pytest.mark.parametrize(
    ("answer", "argument"),
    [
        (lambda a: a[::-1], [1, 2]),
        (lambda a: a * 2, np.ones(3)),
        (lambda a: (a * a).sum().gradient(a), Tensor(np.ones(3))),
        (lambda a: a.numpy(), Tensor(np.ones(3))),
        (lambda a: [value for value in a], (value for value in (1, 2))),
    ],
)
def test_an_answer_that_leaves_its_argument_alone_is_let_through(answer, argument):
    watched(answer)(argument)


def test_an_argument_that_the_question_asks_to_change_may_change():
    argument = [1, 2]
    watched(reverses, may_change=(0,))(argument)
    assert argument == [2, 1]


# ---------------------------------------------------------------- the builder's own checks


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("### BEGIN SOLUTION\n    return a / 2", "# BEGIN SOLUTION\n    return a / 2", "mistyped"),
        ("### BEGIN SOLUTION\n    return a / 2", "### BEGIN SOLUTON\n    return a / 2", "mistyped"),
        ("    ### END SOLUTION\n# %%\ntl.check(\"q1\")", "# %%\ntl.check(\"q1\")", "out of order"),
        ("    ### BEGIN SOLUTION\n    return a / 2\n    ### END SOLUTION", "    return a / 2",
         "would go to students"),
        ('"halve", points=2)\ndef', '"halve", points=3)\ndef', "q1 is worth 2 points"),
        ('"halve", points=2)\ndef', '"halve")\ndef', "q1 is worth 2 points"),
        ('tl.check("q1")', 'tl.check("q2")', "q1 has 0 check cells"),
        ('tl.check("q1")', 'tl.check("q1")\n# %%\ntl.check("q1")', "q1 has 2 check cells"),
        ('tl.check("q1")', 'tl.check("q1")\ntl.check("q1")', "two checks in one cell"),
        ('@q1.hidden("edges"', '@q1.hidden("random"', "checks of different names"),
        ('@q1.wrong("You double.")\ndef doubles(a):\n    return a * 2',
         'q1.mistake("No.", replace="a / 3", by="a")', "stands 0 times in the solution"),
        ("def same(a)", "def doubles(a)", "two wrong answers are called doubles"),
    ],
)  # fmt: skip
def test_a_source_that_would_harm_students_is_refused_with_the_line(old, new, says):
    with pytest.raises(ValueError, match=says):
        edited_small(old, new)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("yield case(f\"{size} numbers\", [rng", "yield case('none', [0 * rng",
         "q2: an answer that computes nothing (always 0) earns 0.5"),
        ("rng.randint(-99, 99) for", "rng.choice((0, 7)) for", "q2: stops_early earns"),
        ("    return sum(numbers)\n    ### END", "    return sum(numbers) % 90\n    ### END", None),
    ],
)  # fmt: skip
def test_a_question_whose_points_can_be_had_for_nothing_or_by_luck_is_not_built(old, new, says):
    trouble = prove(from_data(edited_small(old, new)), seeds=6)
    assert (says is None) == (trouble == [])
    assert says is None or any(says in line for line in trouble), trouble


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_an_answer_that_computes_nothing_earns_nothing(chapter):
    for question in spec_of(chapter).questions:
        if question.answer not in ("repaired_1", "repaired_3"):  # train at every call: in the build
            assert empty_trouble([Trial(question, "a student")]) == [], question.id


@pytest.mark.parametrize("chapter", [name for name in CHAPTERS if name[:2] < "04"])
def test_known_mistakes_earn_the_same_under_every_seed_and_are_told_their_sentence(chapter):
    spec = spec_of(chapter)
    spec.questions = [q for q in spec.questions if q.answer != "order"]  # slow: in the build
    assert prove(spec, seeds=5) == []


def test_edits_of_the_solution_stand_in_the_spec_as_whole_answers():
    wrongs = spec_data("02_shapes")["questions"]["q1"]["wrong"]
    assert any("step //= size" in wrong["source"] for wrong in wrongs)
    assert all(wrong["source"].startswith("def strides(") for wrong in wrongs)


# ---------------------------------------------------------------- mutants


def test_mutants_change_one_thing_each():
    found = mutants('def f(x, k=1):\n    """Says."""\n    out = []\n    return x[:2] - k * 3\n')
    texts = {
        text.partition('"""Says."""')[2].split("return ")[-1].strip() for text in found.values()
    }
    assert {"x[:2] + k * 3", "x[:2] - k / 3", "x[:3] - k * 3", "x[:2]", "k * 3 - x[:2]"} <= texts
    assert any("out_=[]" in text for text in found.values())
    assert any("x.reverse()" in text for text in found.values())


def test_a_mutant_that_no_check_sees_is_listed_and_one_named_as_equal_is_not():
    weak = from_data(edited_small("return a / 2\n", "return a / 2 if a.ndim < 9 else a\n"))
    assert "q1, line 3: 8 for 9 in column 29" in mutated(weak, {}).undetected
    spec = small_spec()
    assert mutated(spec, {}).undetected == []
    gone = mutated(spec, {"q1": {"line 9: nothing like it": "because"}})
    assert gone.out_of_date == ["q1, line 9: nothing like it"]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_no_small_change_of_a_model_answer_earns_full_points_unnoticed(chapter):
    survey = mutated(spec_of(chapter), equal_ones(ROOT, chapter))
    assert survey.undetected == [] and survey.out_of_date == []
    assert survey.count > 100


@pytest.mark.parametrize(("seeds", "told"), [(77, False), (78, True), (130, True)])
def test_a_solution_that_loses_points_under_one_late_seed_is_found(seeds, told):
    spec = small_spec()
    question = spec["q1"]
    late = [c.args[0] for c in question.checks[1].cases("student 77")]

    def refuses_one_students_inputs(got, want, a):
        return "odd" * any(a.shape == b.shape and (a == b).all() for b in late)

    question.judge = refuses_one_students_inputs
    lost = solution_trouble(spec, seeds)
    assert lost["q2"] == []
    assert len(lost["q1"]) == (len(late) if told else 0)
    assert all("'student 77'" in text for text in lost["q1"])
