"""A question's budget: an answer that is right and too slow for it is told so."""

import pytest

from tests.course.classroom import grade
from tests.course.small import HALVE, TOTAL, small_spec
from tinylearn.course.question import question

SLOW = HALVE.replace(
    "return", "import time; end = time.process_time() + 0.4\n    while time.process_time() < end:"
    " pass\n    return"
)  # fmt: skip


@pytest.mark.parametrize("seconds, status", [(0.1, "timeout"), (None, "passed")])
def test_an_answer_may_use_what_its_question_allows(tmp_path, seconds, status):
    spec = small_spec()
    if seconds:
        spec.questions[0].budget["call"] = seconds
    results, _ = grade(spec, {"ann": [SLOW, TOTAL]}, tmp_path)
    assert results["ann"]["q1"].status == status
    assert results["ann"]["q2"].status == "passed"


def test_a_budget_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="no budget"):
        question("q1", "f", 1, ("a", "b", "c"), budget={"kernels": 1})
