"""Full points need what the Part's contract asks for: whatever it refuses loses points here, too.

The contracts stand where references stand, so no answer runs beside them. Hidden cases ask again
what they ask, and these tests compare the two: an answer that is right, but for one kind of input
that the contract hands over, is refused by both.
"""

import functools
import math

import numpy as np
import pytest

from tests.course.classroom import CHAPTERS, spec_of
from tinylearn import contracts  # noqa: F401  so that every Part has one
from tinylearn.course.author.prove import Trial
from tinylearn.graph.dtype import float64
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import CAST
from tinylearn.parts import ContractError, Part
from tinylearn.tensor import Tensor

SPECS = {chapter: spec_of(chapter) for chapter in CHAPTERS}
ABOUT_PARTS = [(chapter, q.id) for chapter in CHAPTERS for q in SPECS[chapter].questions if q.part]
KINDS = {  # of inputs: what an answer may stumble over
    "no numbers": lambda x: 0 in x.shape,
    "a scalar": lambda x: x.shape == (),
    "one number": lambda x: x.shape != () and math.prod(x.shape) == 1,
    "float32": lambda x: str(x.dtype).endswith("float32"),
    "one axis": lambda x: len(x.shape) == 1,
    "two axes": lambda x: len(x.shape) == 2,
    "three axes": lambda x: len(x.shape) == 3,
    "four axes": lambda x: len(x.shape) == 4,
    "an axis of one": lambda x: 1 in x.shape and len(x.shape) > 1,
    "None": lambda x: x is None,
}
# The walk asks a node for its inputs alone, whatever shape it has.
OF_NO_MATTER = {("graph.walk", kind) for kind in ("one number", "two axes", "an axis of one")}
# The pass over the graph hands on what each op's own rule gives: shapes are that rule's.
OF_NO_MATTER |= {("graph.gradient", kind) for kind in ("one number", "two axes", "an axis of one")}


def handed(values):
    """All that an answer is called with, one by one; of a node its inputs, too."""
    for value in values:
        if isinstance(value, list | tuple):
            yield from handed(value)
        elif isinstance(value, Tensor):
            yield value.node
        elif isinstance(value, Node):
            yield from (value, *value.inputs)
        elif value is None or isinstance(value, np.ndarray):
            yield value


def stumbling(answer, over):
    """The answer, but for inputs of one kind, where it raises."""

    @functools.wraps(answer)
    def stumbles(*given, **options):
        shown = list(handed([*given, *options.values()]))
        if any((x is None) == (over is KINDS["None"]) and over(x) for x in shown):
            raise ValueError("an input of a kind that I do not know")
        return answer(*given, **options)

    return stumbles


def widening(answer):
    """The answer with all gradients as float64, whatever the input was."""

    @functools.wraps(answer)
    def widens(g, node):
        found = answer(g, node)
        return tuple(CAST(x, arg=float64) if isinstance(x, Node) else x for x in found)

    return widens


def refused(question, answer):
    """Whether an answer does not get through the Part's contract."""
    try:
        Part.table[question.part].contract(answer)
    except Exception as error:  # of what is no graph at all a contract may say it in other words
        return isinstance(error, ContractError | AttributeError)
    return False


def points(question, answer, seed="a student"):
    return Trial(question, seed).quick(answer).points


@pytest.mark.parametrize(("chapter", "id"), ABOUT_PARTS)
def test_the_contract_accepts_the_solution_and_refuses_a_known_mistake_that_loses_points(
    chapter, id
):
    question = SPECS[chapter][id]
    assert not refused(question, question.solution)
    caught = [wrong for wrong in question.wrongs if refused(question, wrong.function)]
    assert caught, f"no known mistake of {id} breaks the contract of {question.part}"
    assert all(points(question, wrong.function) < question.points for wrong in caught)


@pytest.mark.parametrize(("chapter", "id"), ABOUT_PARTS)
def test_an_answer_that_stumbles_over_what_the_contract_hands_over_loses_points(chapter, id):
    question = SPECS[chapter][id]
    unnoticed = []
    for kind, over in KINDS.items():
        answer = stumbling(question.solution, over)
        if (question.part, kind) not in OF_NO_MATTER and refused(question, answer):
            unnoticed += [kind] * (points(question, answer) >= question.points)
    assert unnoticed == []


@pytest.mark.parametrize(
    ("chapter", "id"),
    [(c, id) for c, id in ABOUT_PARTS if SPECS[c][id].part.startswith("gradient.")],
)
def test_a_gradient_of_another_dtype_than_its_input_loses_points(chapter, id):
    question = SPECS[chapter][id]
    answer = widening(question.solution)
    assert refused(question, answer) and points(question, answer) < question.points
