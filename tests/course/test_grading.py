"""The promise of every question: the solution earns all, the stub nothing, mistakes a sentence."""

import re
import threading

import pytest

from tests.course.classroom import CHAPTERS, bodies, grade, spec_of
from tinylearn.course.compare import agrees
from tinylearn.course.spec import plan


@pytest.fixture(scope="module", params=CHAPTERS)
def graded(request, tmp_path_factory):
    """A class in which every kind of answer to every question is handed in, graded for real."""
    chapter = request.param
    held = bodies(chapter)
    most = max(len(body["wrong"]) for body in held.values())
    students = {
        "solution": [body["solution"] for body in held.values()],
        "stub": [body["stub"] for body in held.values()],
        "empty": [],
    }
    for number in range(most):
        wrongs = {
            q: b["wrong"][number]["source"] for q, b in held.items() if number < len(b["wrong"])
        }
        built_on = {q for q, text in wrongs.items() if others_in(text, q, held)}
        students[f"wrong {number}"] = [text for q, text in wrongs.items() if q not in built_on]
        if built_on:  # the answers that these use are right
            students[f"wrong upon right {number}"] = [
                wrongs[q] if q in built_on else body["solution"] for q, body in held.items()
            ]
    results, summary = grade(spec_of(chapter), students, tmp_path_factory.mktemp("grades"))
    assert not summary.ungraded
    return chapter, results


def others_in(text, question, held):
    """The answers to other questions that an answer uses."""
    others = {body["name"] for q, body in held.items() if q != question}
    return others & set(re.findall(r"\w+", text))


def test_the_solution_earns_all_points(graded):
    _, results = graded
    assert {
        r.question: r.message for r in results["solution"].values() if r.status != "passed"
    } == {}
    assert all(r.points == r.most for r in results["solution"].values())


@pytest.mark.parametrize("who", ["stub", "empty"])
def test_an_empty_notebook_earns_nothing(graded, who):
    _, results = graded
    assert {r.status for r in results[who].values()} == {"not attempted"}
    assert sum(r.points for r in results[who].values()) == 0


def test_every_wrong_answer_is_refused_with_its_own_sentence(graded):
    chapter, results = graded
    told = {}
    for question, body in bodies(chapter).items():
        assert len(body["wrong"]) >= 3
        for number, wrong in enumerate(body["wrong"]):
            upon = "upon right " * bool(others_in(wrong["source"], question, bodies(chapter)))
            result = results[f"wrong {upon}{number}"][question]
            assert result.status != "passed" and result.points < result.most
            told[question, wrong["name"]] = (result.says, wrong["says"])
    assert {key: pair for key, pair in told.items() if pair[0] != pair[1]} == {}


def test_a_wrong_answer_in_the_framework_never_touches_what_another_question_expects():
    spec = spec_of("04_graphs")
    other, swapped = spec["q4"], spec["q3"]
    wanted = plan(other, "seed")
    stop = threading.Event()

    def disturb():
        while not stop.is_set():
            for wrong in swapped.wrongs:
                for planned in plan(swapped, "seed")[:4]:
                    swapped.call(wrong.function, planned.case.args, most_lines=1000)

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        for _ in range(10):
            again = plan(other, "seed")
            assert all(map(agrees, (p.want for p in again), (p.want for p in wanted)))
    finally:
        stop.set()
        thread.join()
