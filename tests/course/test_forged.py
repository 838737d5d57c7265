"""What counts is measured by the grader: whatever an answer's process reports, it earns nothing."""

import sys

import pytest

from tests.course.classroom import bodies, grade, spec_of
from tests.course.forged import FORGED
from tinylearn.course.grade.replay import handed_out, remote_call
from tinylearn.course.inside.remote import Asking
from tinylearn.course.inside.values import BadValue, Raised, decode, encode
from tinylearn.course.spec import plan

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="sandboxes are Linux")


@pytest.mark.parametrize("chapter", FORGED)
def test_what_was_not_done_earns_nothing_whatever_is_reported(chapter, tmp_path):
    held = bodies(chapter)
    asked = {question for question, _ in FORGED[chapter].values()}
    students = {"model": [held[question]["solution"] for question in asked]}
    for name, (question, cell) in FORGED[chapter].items():
        head, _, rest = cell.rpartition(f"def {held[question]['name']}(")
        students[name] = [f'{head}@tl.answer("{question}")\ndef {held[question]["name"]}({rest}']
    results, summary = grade(spec_of(chapter), students, tmp_path)
    assert not summary.ungraded
    earned = {
        name: results[name][question].points for name, (question, _) in FORGED[chapter].items()
    }
    assert earned == dict.fromkeys(earned, 0)
    assert all(results["model"][question].status == "passed" for question in asked)


# ---------------------------------------------------------------- functions that run beside it

FIRST_BAD = """
@tl.answer("first_bad")
def first_bad(steps, x):
"""
ASKS = """    import sys
    frame = sys._getframe()
    while "send" not in frame.f_locals: frame = frame.f_back
    frame.f_locals["send"].ask({"asked": ASKED})
"""
ENDED = {
    "asks without end": ("    while True: steps[0](x)", "sent back more than an answer may hold"),
    "a case that there is not": (ASKS.replace("ASKED", "[99, 0, 1]"), "could not be read"),
    "a function that there is not": (ASKS.replace("ASKED", "[0, 99, 1]"), "could not be read"),
    "no value": (ASKS.replace("ASKED", "[0, 0, {'array': 1}]"), "could not be read"),
    "no place": (ASKS.replace("ASKED", "'all'"), "could not be read"),
}


@pytest.mark.parametrize("what", ENDED)
def test_who_asks_for_more_than_there_is_ends_the_question_and_no_other(what, tmp_path):
    body, says = ENDED[what]
    spec = spec_of("07_look_inside")
    cells = [FIRST_BAD + body, bodies("07_look_inside")["q1"]["solution"]]
    results, summary = grade(spec, {"ann": cells}, tmp_path)
    assert not summary.ungraded
    result = results["ann"]["q3"]
    assert (result.points, result.status) == (0, "crashed")
    assert says in result.message
    assert results["ann"]["q1"].status == "passed"


def test_what_a_remote_function_raises_is_raised_where_it_is_called():
    def ask(message):
        assert message == {"asked": [4, 2, [1, 2]]}
        return encode(Raised("ValueError", "no such shape"))

    with pytest.raises(ValueError, match="no such shape"):
        Asking(4, ask).remote(2)([1, 2])
    with pytest.raises(RuntimeError, match="unheard of"):
        Asking(0, lambda _: encode(Raised("OddError", "unheard of"))).remote(0)(1)


def test_functions_are_handed_out_as_numbers_and_given_by_number():
    question = spec_of("07_look_inside")["q3"]
    planned = next(p for p in plan(question, "ann") if p.case.label == "roots at place 1")
    _, steps = handed_out(question, planned.case.args)
    assert "sqrt" not in str(steps) and steps[1] == {"code": "remote(1)"}
    assert decode(remote_call(question, planned, 1, encode(4.0))) == 2.0
    assert decode(remote_call(question, planned, 1, encode("four"))).kind == "TypeError"
    for place in (2, -1, True):
        with pytest.raises(BadValue):
            remote_call(question, planned, place, encode(4.0))
