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
