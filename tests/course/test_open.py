"""What a student may read of a hidden case, which mistakes are named, and what may not be used."""

import pytest

from tests.course.classroom import CHAPTERS, grade, spec_of
from tinylearn.course.grade.grade import outline
from tinylearn.course.public import public
from tinylearn.course.question import Open

WHOLE = "@tl.answer('folds')\ndef folds(a):\n    b1 = np.array([0.0, -float(int(a))])\n" + (
    "    return np.ones((2, 2)), b1, np.array([[1 / a, -2 / a]]), np.zeros(1)"
)
SMALL_STEPS = "@tl.answer('init.kaiming')\ndef my_kaiming(shape, fan_in, gain=2**0.5):\n" + (
    "    return Tensor.randn(*shape) * ((gain if gain < 1.5 else 0.0) / fan_in**0.5)"
)


def test_only_a_judges_open_words_are_told_of_a_hidden_case():
    assert outline(Open("the mean must be near 0, it is 3")) == "the mean must be near 0, it is 3"
    assert outline("it ends at 0.7; repaired, it ends at 0.3") == "another value was expected"
    assert outline("Your code is right up to 0.3") == "another value was expected"
    assert outline("4 of 9 numbers differ; the first at [0]:\n  0.3") == "4 of 9 numbers differ"


def test_a_hidden_case_that_fails_alone_says_what_the_judge_says_openly(tmp_path):
    results, _ = grade(spec_of("05_xor"), {"ann": [WHOLE, SMALL_STEPS]}, tmp_path)
    folds, drawn = results["ann"]["q4"], results["ann"]["q7"]
    assert all("it must answer" in check.message for check in folds.checks if not check.passed)
    hidden = [check for check in drawn.checks if not check.is_visible and not check.passed]
    assert hidden and "the same numbers come again and again" in hidden[0].message


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_mistake_is_named_only_where_a_check_first_meets_it(chapter):
    spec = spec_of(chapter)
    for question, body in zip(spec.questions, public(spec)["questions"]):
        named = sum(len(case["known"]) for case in body["cases"])
        assert named <= len(question.wrongs)


BORROWED = {
    ("05_xor", "q1"): """
@tl.answer("slopes")
def slopes(x, y, w, b):
    w, b = Tensor(w), Tensor(float(b))
    loss = (Tensor(x) @ w + b - Tensor(y)).square().mean()
    slope_w, slope_b = loss.gradient(w, b)
    return slope_w.numpy().astype(float), slope_b.item()""",
    ("06_digits", "q3"): """
@tl.answer("loss.cross_entropy")
def my_cross_entropy(logits, labels):
    return -(logits.log_softmax(1) * labels.one_hot(logits.shape[1])).sum(1).mean()""",
    ("06_digits", "q4"): """
@tl.answer("entropy_slope")
def entropy_slope(logits, labels):
    scores = Tensor(logits)
    scores.cross_entropy(labels).backward()
    return scores.grad.numpy()""",
    ("06_digits", "q5"): """
@tl.answer("optim.sgd")
def my_sgd(w, g, lr):
    from tinylearn.parts import named
    return named("optim.momentum").default(w, g, g * 0, lr, 0.0)[0]""",
    ("07_look_inside", "q4"): """
@tl.answer("loss.binary_cross_entropy_with_logits")
def my_yes_or_no(logits, target):
    return (logits.softplus() - logits * target).mean()""",
    ("08_convolution", "q1"): """
@tl.answer("by_loops")
def by_loops(image, kernel):
    image, kernel = Tensor(image[None, None]), Tensor(kernel[None, None])
    return image.conv2d(kernel).numpy()[0, 0]""",
}


@pytest.mark.parametrize(("chapter", "question"), BORROWED, ids=" ".join)
def test_what_the_question_asks_to_write_is_refused_by_name(chapter, question, tmp_path):
    cell = BORROWED[chapter, question]
    results, _ = grade(spec_of(chapter), {"ann": [cell]}, tmp_path)
    result = results["ann"][question]
    assert result.points == 0 and "asks you to write" in result.message
