"""Reads `solutions/NN_topic.py`, the one place where an exercise is written by hand.

    read_source(path) -> Source        the cells, each with its role
    private_spec(source) -> dict       what the grader needs, as JSON

A cell's role follows from what stands in it:

    setup      tagged "setup": code that is given, to the student and to the sandbox
    question   tagged "question": checks, hints, wrong answers; never leaves the staff
    answer     has @tl.answer(...): its solution lies between the two SOLUTION markers
    check      begins with tl.check(...): locked; carries the points
    text, code everything else, shown as it is
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .absent import absent_from, kind_of
from .question import Question
from .spec import FORMAT, from_data, source_of

ANSWER = re.compile(r"^@tl\.answer\(\s*[\"']([^\"']+)[\"']", re.MULTILINE)
QUESTION = re.compile(r"\bquestion\(\s*[\"']([^\"']+)[\"']")
CHECK = re.compile(r"^tl\.check\(\s*[\"']([^\"']+)[\"']", re.MULTILINE)
SOLUTION = re.compile(
    r"^(?P<indent>[ \t]*)### BEGIN SOLUTION[^\n]*\n(?P<body>.*?)^[ \t]*### END SOLUTION[^\n]*$",
    re.MULTILINE | re.DOTALL,
)
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

    def texts(self, role: str) -> list[str]:
        return [cell.text for cell in self.cells if cell.role == role]


def read_source(path: Path) -> Source:
    """The cells of a py:percent file. Raises ValueError if a question is incomplete."""
    import jupytext  # type: ignore[import-untyped]  # authors only

    notebook = jupytext.reads(Path(path).read_text("utf-8"), fmt="py:percent")
    cells = tuple(source_cell(cell) for cell in notebook.cells)
    title = next((m[1] for c in cells if (m := re.match(r"# (.+)", c.text))), Path(path).stem)
    return Source(Path(path).stem, title.strip(), cells)


def source_cell(cell: Any) -> SourceCell:
    text, tags = cell.source, cell.metadata.get("tags", [])
    if cell.cell_type == "markdown":
        return SourceCell("text", text)
    for role in ("setup", "question"):
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


# ---------------------------------------------------------------- the private spec


def private_spec(source: Source) -> dict[str, Any]:
    """Everything a grader needs. Raises ValueError naming what a question still lacks."""
    cells = source.texts("question")
    authors = "\n\n".join(cells)
    own = {found[1]: text for text in cells if (found := QUESTION.search(text))}
    answers = {name_of(cell.text): cell for cell in source.cells if cell.role == "answer"}
    data: dict[str, Any] = {
        "format": FORMAT,
        "assignment": source.name,
        "title": source.title,
        "setup": "\n\n".join(source.texts("setup")),
        "authors": authors,
        "shared": "\n\n".join(text for text in cells if text not in own.values()),
        "questions": {
            f"_{name}": {"reference": source_of(worked(cell.text), name)}
            for name, cell in answers.items()
        },
    }
    bodies = {}
    for question in from_data(data).questions:
        if question.answer not in answers:
            raise ValueError(f"{question.id}: no cell answers it with {question.answer}")
        if question.id not in own:
            raise ValueError(f"{question.id}: begin it in a cell of its own, tagged question")
        answer = answers[question.answer].text
        body = question_body(question, answer, own[question.id], authors)
        given = f"{data['setup']}\n{body['run']}"
        body["world"] = kind_of(question, data["setup"])
        body["absent"] = list(absent_from(question, given))
        bodies[question.id] = body
    trouble = [line for question in from_data(data).questions for line in question.trouble()]
    unasked = set(answers) - {body["name"] for body in bodies.values()}
    trouble += [f"{name} is an answer to no question" for name in sorted(unasked)]
    if trouble:
        raise ValueError("\n".join(trouble))
    return data | {"questions": bodies}


def question_body(question: Question, answer: str, cell: str, authors: str) -> dict[str, Any]:
    """The sources of one question: given to sandboxes, tests and feedback, never to students."""
    run = question.run.__name__ if question.run else ""
    judge = question.judge.__name__ if question.judge else ""
    return {
        "name": question.answer,
        "reference": source_of(worked(answer), question.answer),
        "stub": stub_of(answer),
        "solution": worked(answer),
        "run": renamed(source_of(authors, run), run, "run") if run else "",
        "judge": renamed(source_of(authors, judge), judge, "judge") if judge else "",
        "cell": cell,
        "wrong": [
            {
                "name": wrong.name,
                "says": wrong.says,
                "source": renamed(source_of(cell, wrong.name), wrong.name, question.answer),
            }
            for wrong in question.wrongs
        ],
    }


def renamed(text: str, old: str, new: str) -> str:
    """A definition under another name, its own mentions of itself included."""
    return re.sub(rf"\b{re.escape(old)}\b", new, text)
