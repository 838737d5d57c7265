"""Reads `solutions/NN_topic.py`, the one place where an exercise is written by hand.

    read_source(path) -> Source        the cells, each with its role
    private_spec(source) -> dict       what the grader needs, as JSON

A cell's role follows from what stands in it:

    setup      tagged "setup": code that is given, to the student and to the sandbox
    question   tagged "question": checks and hints; never leaves the staff
    warm       tagged "warm": run once by each grading process, so that answers find its caches full
    answer     has @tl.answer(...): its solution lies between the two SOLUTION markers
    check      begins with tl.check(...): locked; carries the points
    essay      Markdown tagged "essay:e1": the model answer to a question that a person reads
    text, code everything else, shown as it is

Known mistakes stand in `solutions/mistakes/NN_topic.py`, outside the reading order. Most are one
edit of the model answer; the text that it replaces must occur there exactly once.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..question import Question
from ..spec import FORMAT, Spec, edited_source, from_data, keys, source_of
from .absent import absent_from, kind_of

ANSWER = re.compile(r"^@tl\.answer\(\s*[\"']([^\"']+)[\"']", re.MULTILINE)
QUESTION = re.compile(r"\bquestion\(\s*[\"']([^\"']+)[\"']")
ESSAY = re.compile(r"\bessay\(\s*[\"']([^\"']+)[\"']")
CHECK = re.compile(r"^tl\.check\(\s*[\"']([^\"']+)[\"']", re.MULTILINE)
SOLUTION = re.compile(
    r"^(?P<indent>[ \t]*)### BEGIN SOLUTION[^\n]*\n(?P<body>.*?)^[ \t]*### END SOLUTION[^\n]*$",
    re.MULTILINE | re.DOTALL,
)
MARKER = re.compile(
    r"#+\s*(?:BEGIN|END|BEGINN|START|STOP)?\s*_?S[OL]+UTI?ONS?\b|###\s*(?:BEGIN|END)", re.I
)
EXACT = re.compile(r"^[ \t]*### (BEGIN|END) SOLUTION(?: |$)")
STUB = "raise NotImplementedError({!r})"


@dataclass(frozen=True)
class SourceCell:
    """One cell of the source file. `question` is the name in its @tl.answer or tl.check."""

    role: str
    text: str
    question: str = ""


@dataclass(frozen=True)
class Source:
    """The whole source file."""

    name: str
    title: str
    cells: tuple[SourceCell, ...]
    mistakes: str = ""  # the text of mistakes/NN_topic.py, which adds wrong answers

    def texts(self, role: str) -> list[str]:
        return [cell.text for cell in self.cells if cell.role == role]


def read_source(path: Path) -> Source:
    """The cells of a py:percent file. Raises ValueError if a question is incomplete."""
    import jupytext  # type: ignore[import-untyped]  # authors only

    notebook = jupytext.reads(Path(path).read_text("utf-8"), fmt="py:percent")
    cells = tuple(source_cell(cell) for cell in notebook.cells)
    title = next((m[1] for c in cells if (m := re.match(r"# (.+)", c.text))), Path(path).stem)
    beside = Path(path).parent / "mistakes" / Path(path).name
    mistakes = beside.read_text("utf-8") if beside.is_file() else ""
    return Source(Path(path).stem, title.strip(), cells, mistakes)


def source_cell(cell: Any) -> SourceCell:
    text, tags = cell.source, cell.metadata.get("tags", [])
    if cell.cell_type == "markdown":
        own = [tag.removeprefix("essay:") for tag in tags if tag.startswith("essay:")]
        return SourceCell("essay", text, own[0]) if own else SourceCell("text", text)
    for role in ("setup", "question", "warm"):
        if role in tags:
            return SourceCell(role, text)
    for role, pattern in (("answer", ANSWER), ("check", CHECK)):
        if found := pattern.search(text):
            return SourceCell(role, text, found[1])
    return SourceCell("code", text)


# ---------------------------------------------------------------- answers


def stub_of(text: str) -> str:
    """An answer cell as a student gets it: the solution gone, a stub that says so in its place."""

    def replace(found: re.Match[str]) -> str:
        said = re.search(r"### BEGIN SOLUTION\s*(.*)", found[0])
        what = f"not attempted yet: {said[1]}" if said and said[1] else "not attempted yet"
        return found["indent"] + STUB.format(what)

    return SOLUTION.sub(replace, text)


def worked(text: str) -> str:
    """An answer cell without markers: what a student with full marks would hand in."""
    return SOLUTION.sub(lambda found: found["body"].rstrip("\n"), text)


def name_of(text: str) -> str:
    """The name of the function or class in an answer cell."""
    found = ANSWER.search(text)
    assert found is not None, "an answer cell has @tl.answer"
    name = re.search(r"^(?:def|class) (\w+)", text[found.end() :], re.MULTILINE)
    if name is None:
        raise ValueError(f"no function or class stands under @tl.answer({found[1]!r})")
    return name[1]


def trouble_in(source: Source) -> list[str]:
    """What is wrong with the cells: a line for each place, quoted as it stands.

    A marker that is missing or mistyped would hand the solution to the students.
    """
    trouble = []
    for cell in source.cells:
        if cell.role == "answer":
            trouble += [f"{cell.question}: {text}" for text in trouble_in_answer(cell.text)]
        else:
            lines = [line for line in cell.text.splitlines() if MARKER.search(line)]
            trouble += [f"a marker outside of an answer: {line.strip()}" for line in lines]
    return trouble


def trouble_in_answer(text: str) -> list[str]:
    """What is wrong with the markers of one answer."""
    first = text.strip().splitlines()[0].strip()
    trouble = []
    for line in text.splitlines():
        if MARKER.search(line) and not EXACT.match(line):
            trouble.append(f"a mistyped marker: {line.strip()!r}")
    marks = [m[1] for line in text.splitlines() if (m := EXACT.match(line))]
    if marks[:2] != ["BEGIN", "END"] * bool(marks) or marks != ["BEGIN", "END"] * (len(marks) // 2):
        trouble.append(f"SOLUTION markers out of order, {' '.join(marks)}, in the cell {first!r}")
    if not marks:
        trouble.append(
            f"no SOLUTION markers in the cell {first!r}: its answer would go to students"
        )
    for place, name in ((stub_of(text), "stub"), (worked(text), "solution")):
        try:
            compile(place, f"<{name}>", "exec")
        except SyntaxError as error:
            trouble.append(f"the {name} is no Python: {error.msg}: {(error.text or '').strip()!r}")
    return trouble


def trouble_with_cells(source: Source, questions: list[Question]) -> list[str]:
    """What does not fit together: points named twice, answers and checks missing or doubled."""
    trouble = []
    answers = [cell for cell in source.cells if cell.role == "answer"]
    checks = [cell for cell in source.cells if cell.role == "check"]
    for question in questions:
        own = [cell for cell in answers if cell.question in keys(question)]
        asked = [cell for cell in checks if cell.question in keys(question)]
        for found, what in ((own, "answer"), (asked, "check")):
            if len(found) != 1:
                trouble.append(f"{question.id} has {len(found)} {what} cells; it needs one")
        for cell in own:
            trouble += wrong_points(question, cell)
        for cell in asked:
            if len(CHECK.findall(cell.text)) > 1:
                trouble.append(f"{question.id}: two checks in one cell: {cell.text.strip()!r}")
    known = {key for question in questions for key in keys(question)}
    stray = [c for c in (*answers, *checks) if c.question not in known]
    return trouble + [f"no question is called {c.question!r}: {first_line(c.text)}" for c in stray]


def wrong_points(question: Question, cell: SourceCell) -> list[str]:
    """The points in @tl.answer(..., points=...) that are not the question's."""
    line = next(line for line in cell.text.splitlines() if ANSWER.match(line))
    said = re.search(r"points\s*=\s*([0-9.]+)", line)
    if said is not None and float(said[1]) == question.points:
        return []
    return [f"{question.id} is worth {question.points:g} points, but its cell says {line!r}"]


def doubled_names(questions: list[Question]) -> list[str]:
    """Whole wrong answers that share a name: a spec would hold the first one's text for both."""
    names = [wrong.name for q in questions for wrong in q.wrongs if wrong.edit is None]
    twice = sorted({name for name in names if names.count(name) > 1})
    return [f"two wrong answers are called {name}: give one another name" for name in twice]


def first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


# ---------------------------------------------------------------- the private spec


def private_spec(source: Source) -> dict[str, Any]:
    """Everything a grader needs. Raises ValueError naming what a question still lacks."""
    if trouble := trouble_in(source):
        raise ValueError("\n".join(trouble))
    own = {m[1]: text for text in source.texts("question") if (m := QUESTION.search(text))}
    answers = {name_of(cell.text): cell for cell in source.cells if cell.role == "answer"}
    references = {
        f"_{name}": {"reference": source_of(worked(cell.text), name)}
        for name, cell in answers.items()
    }
    data = chapter_texts(source, own) | {"questions": references}
    spec = from_data(data)
    questions = spec.questions
    bodies = {}
    for question in questions:
        if question.id not in own:
            raise ValueError(f"{question.id}: begin it in a cell of its own, tagged question")
        sources = own[question.id], data["authors"], source.mistakes
        body = question_body(question, answers[question.answer].text, *sources)
        bodies[question.id] = body | world_of(question, data["setup"], body["run"])
    trouble = [line for question in questions for line in question.trouble()]
    trouble += trouble_with_cells(source, questions) + trouble_with_essays(spec)
    trouble += doubled_names(questions)
    unasked = set(answers) - {body["name"] for body in bodies.values()}
    trouble += [f"{name} is an answer to no question" for name in sorted(unasked)]
    if trouble:
        raise ValueError("\n".join(trouble))
    return data | {"questions": bodies}


def chapter_texts(source: Source, own: dict[str, str]) -> dict[str, Any]:
    """What a spec says of the whole chapter.

    own   {id: the cell in which a question begins}
    """
    cells = source.texts("question")
    return {
        "format": FORMAT,
        "assignment": source.name,
        "title": source.title,
        "setup": "\n\n".join(source.texts("setup")),
        **({"warm": "\n\n".join(warm)} if (warm := source.texts("warm")) else {}),
        "authors": "\n\n".join(cells),
        "mistakes": source.mistakes,
        "shared": "\n\n".join(text for text in cells if is_shared(text, own.values())),
        **({"essays": essays} if (essays := model_essays(source)) else {}),
    }


def is_shared(cell: str, own: Collection[str]) -> bool:
    """Whether a change in a cell of questions can change a grade: not where only essays begin."""
    defines = re.search(r"^(?:def|class) ", cell, re.MULTILINE)
    return cell not in own and not (ESSAY.search(cell) and not defines)


def model_essays(source: Source) -> dict[str, str]:
    """{id: model answer} of the questions that a person reads. ValueError for two of one."""
    cells = [cell for cell in source.cells if cell.role == "essay"]
    found = {cell.question: cell.text for cell in cells}
    if len(found) < len(cells):
        raise ValueError(f"two cells answer one essay; there are {', '.join(found)}")
    return found


def trouble_with_essays(spec: Spec) -> list[str]:
    """Essays without a cell or with two, cells without an essay, rubrics of other points."""
    answers = spec.data.get("essays", {})
    trouble = [line for essay in spec.essays for line in essay.trouble()]
    twice = {id for id in spec.ids if spec.ids.count(id) > 1}
    trouble += [f"two questions are called {id}" for id in sorted(twice)]
    known = {essay.id for essay in spec.essays}
    trouble += [f'{id} needs a Markdown cell tagged "essay:{id}"' for id in known - set(answers)]
    return trouble + [f"no essay is called {id!r}" for id in answers if id not in known]


def world_of(question: Question, setup: str, run: str) -> dict[str, Any]:
    """What is there, and what is not, where answers to a question run."""
    absent = list(absent_from(question, f"{setup}\n{run}"))
    return {"world": kind_of(question, setup), "absent": absent}


def question_body(
    question: Question, answer: str, cell: str, authors: str, mistakes: str
) -> dict[str, Any]:
    """The sources of one question: given to sandboxes, tests and feedback, never to students."""
    run = question.run.__name__ if question.run else ""
    judge = question.judge.__name__ if question.judge else ""
    reference = source_of(worked(answer), question.answer)
    return {
        "name": question.answer,
        "reference": reference,
        "stub": stub_of(answer),
        "solution": worked(answer),
        "run": renamed(source_of(authors, run), run, "run") if run else "",
        "judge": renamed(source_of(authors, judge), judge, "judge") if judge else "",
        "cell": cell,
        "wrong": [
            {
                "name": wrong.name,
                "says": wrong.says,
                "source": edited_source(question.id, wrong, reference)
                if wrong.edit
                else own_source(wrong.name, question.answer, cell, mistakes),
            }
            for wrong in question.wrongs
        ],
    }


def own_source(name: str, answer: str, *texts: str) -> str:
    """A wrong answer's definition, wherever it stands, under the name of the answer."""
    found = next((source for text in texts if (source := source_of(text, name))), "")
    return renamed(found, name, answer)


def renamed(text: str, old: str, new: str) -> str:
    """A definition under another name, its own mentions of itself included."""
    return re.sub(rf"\b{re.escape(old)}\b", new, text)
