"""The static course site: every lesson as a page of plain HTML, an index, and the exercises.

    notebooks/*.ipynb (as they ran) -> site(root, out) -> out/index.html, out/NN_topic.html,
                                                          out/exercises/NN_topic.ipynb

No kernel runs here. The same lessons give the same bytes; nothing in them asks for the network.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ..author.release import leaks
from .page import NEEDS, body, contents, page
from .prose import ABSOLUTE, Writer, address

PARTS = (
    (0, "Begin here"),
    (1, "A · Differentiate"),
    (5, "B · Learn"),
    (12, "C · Compile"),
    (17, "D · A GPU backend"),
    (22, "E · Petaflops for everyone"),
)  # each with its first chapter
MARK = ".tinylearn-site"  # lists the files of a site: only those are ever replaced or removed
TITLE = re.compile(r"#\s+(?:\d\d\b[\s·.:]*)?(.*\S)\s*\n?")
OUTSIDE = re.compile(
    r"<(?:script|img|link|iframe|source)\b[^>]*\b(?:src|href)\s*=\s*.?https?:", re.I
)
INTRODUCTION = (
    "<h1>tinylearn: the course</h1>\n<p>Each lesson stands here as it ran: the text, the code, and "
    "what the code showed. The pictures of graphs and decisions can be stepped through on these "
    "pages. To change the code and run it, open the same lessons in a clone of the project with "
    "<code>make lab</code>.</p>\n"
)
BESIDE = (
    " In a clone both are in place; elsewhere put the checks into a folder <code>checks</code> "
    "beside the notebook."
)


@dataclass(frozen=True)
class Lesson:
    """A notebook that ran: `title` without its number, `exercises` the files that belong to it."""

    path: Path
    notebook: Mapping[str, Any]
    title: str
    exercises: tuple[Path, ...]

    @property
    def number(self) -> int:
        return int(self.path.name[:2])

    @property
    def label(self) -> str:
        return f"{self.number:02} {self.title}"

    @property
    def file(self) -> str:
        return f"{self.path.stem}.html"


def site(root: Path, out: Path) -> list[Path]:
    """Build the site of the course below `root` in the folder `out`; the files of the site.

    Raises   ValueError, leaving `out` as it was, for a lesson that is not fit to be shown, for a
             text that would give a solution away, and for a folder that holds something else
    """
    old = files_of(out)
    lessons = read_lessons(root)
    texts = pages(root, lessons)
    for lesson in lessons:
        texts |= {below(file, root): file.read_bytes() for file in lesson.exercises}
    with tempfile.TemporaryDirectory() as folder:
        write(texts, Path(folder))
        if found := leaks(Path(folder), root):
            raise ValueError("the site would show what students must not see:\n" + "\n".join(found))
    write(mark(old | set(texts)), out)  # first, so that a build that was stopped can be done again
    write(texts, out)
    for name in old - set(texts):
        (out / name).unlink(missing_ok=True)
    write(mark(set(texts)), out)
    return [out / name for name in sorted(texts)]


def write(texts: Mapping[str, bytes], folder: Path) -> None:
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text)


def mark(names: set[str]) -> dict[str, bytes]:
    return {MARK: "".join(f"{name}\n" for name in sorted(names)).encode()}


def files_of(out: Path) -> set[str]:
    """The files of the site that stands in `out`: none if nothing does. Raises ValueError."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return set()
    if not (out / MARK).is_file():
        raise ValueError(f"{out} is no course site and not empty: name another folder")
    names = (out / MARK).read_text("utf-8").splitlines()
    return {name for name in names if (out / name).resolve().is_relative_to(out.resolve())}


def below(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


# ---------------------------------------------------------------- reading the lessons


def read_lessons(root: Path) -> list[Lesson]:
    """The lessons of the course in their order. Raises ValueError that lists what is not fit."""
    try:
        for name in NEEDS:
            __import__(name)
    except ImportError as error:
        raise ValueError(
            f'{error.name} is not installed; in the clone: python -m pip install -e ".[course]"'
        ) from error
    lessons, trouble = [], []
    for path in sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        try:
            lessons.append(read_lesson(path, root))
        except ValueError as error:
            trouble.append(str(error))
    if trouble:
        raise ValueError("nothing was written\n" + "\n".join(trouble))
    if not lessons:
        raise ValueError(f"no notebooks/NN_topic.ipynb in {root}")
    return lessons


def read_lesson(path: Path, root: Path) -> Lesson:
    """One lesson with its exercise. Raises ValueError if it has not been run, or not to the end."""
    import nbformat

    name = below(path, root)
    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:  # many kinds, from three packages
        raise ValueError(f"{name} is not a notebook: {str(error)[:200]}") from error
    if wrong := unfit(notebook["cells"]):
        raise ValueError(f"{name} {wrong}\n    run: python tools/run_notebook.py {name}")
    first = notebook["cells"][0]["source"] if notebook["cells"] else ""
    title = TITLE.match(first)
    if title is None:
        raise ValueError(f"{name} does not begin with a title: # {path.name[:2]} Title")
    exercises = [*(root / "exercises").glob(f"{path.name[:2]}_*.ipynb")]
    checks = [root / "exercises" / "checks" / f"{file.stem}.json" for file in exercises]
    return Lesson(path, notebook, title[1], tuple(f for f in exercises + checks if f.is_file()))


def unfit(cells: list[Any]) -> str:
    """Why the outputs of a lesson cannot be shown as its outputs; "" if they can."""
    code = [cell for cell in cells if cell["cell_type"] == "code" and cell["source"].strip()]
    numbers = [cell.get("execution_count") for cell in code]
    if None in numbers:
        at = f"code cell {numbers.index(None) + 1} of {len(numbers)}"
        return f"has not been run, or was edited since: {at} has no number"
    if numbers != list(range(1, len(numbers) + 1)):
        return "was not run once from top to bottom: its cells are numbered " + ", ".join(
            map(str, numbers)
        )
    for number, cell in enumerate(code, 1):
        for output in cell["outputs"]:
            if output["output_type"] == "error":
                return f"stopped in code cell {number} with {output['ename']}"
            if found := OUTSIDE.search(output.get("data", {}).get("text/html", "")):
                return f"loads from the network what code cell {number} shows: {found[0]}"
    return ""


# ---------------------------------------------------------------- writing the pages


def pages(root: Path, lessons: list[Lesson]) -> dict[str, bytes]:
    """The text of every page, by its name."""
    texts = {"index.html": index_page(root, lessons)}
    for before, lesson, after in zip([None, *lessons], lessons, [*lessons[1:], None]):
        texts[lesson.file] = lesson_page(root, lessons, lesson, before, after)
    return {name: text.encode("utf-8", "replace") for name, text in texts.items()}


def lesson_page(
    root: Path, lessons: list[Lesson], lesson: Lesson, before: Lesson | None, after: Lesson | None
) -> str:
    """One lesson between its neighbours."""
    writer = Writer(lesson.path.parent, links_of(root, lessons, lesson))
    try:
        main = body(lesson.notebook, writer)
    except ValueError as error:
        raise ValueError(f"{below(lesson.path, root)}: {error}") from error
    if lesson.exercises:
        main += f'<aside class="exercise"><p>{exercise(root, lesson)}{BESIDE}</p></aside>\n'
    links = neighbour(before, "prev", "← {}") + neighbour(after, "next", "{} →")
    main += f'<nav class="next" aria-label="Lessons before and after">{links}</nav>\n'
    return page(f"{lesson.label} · tinylearn", main, contents(writer), home="index.html")


def neighbour(lesson: Lesson | None, relation: str, text: str) -> str:
    """The link to the lesson before or after, or nothing at an end."""
    if lesson is None:
        return ""
    words = text.format(escape(lesson.label))
    return f'<a href="{address(lesson.file)}" rel="{relation}">{words}</a>'


def links_of(root: Path, lessons: list[Lesson], lesson: Lesson) -> Callable[[str], str | None]:
    """Where a link in a lesson leads on the site. A file of the clone becomes words alone."""
    shown = {other.path: other.file for other in lessons}
    shown |= {file: below(file, root) for other in lessons for file in other.exercises}

    def link(url: str) -> str | None:
        if ABSOLUTE.match(url):
            return url
        name, sign, anchor = url.partition("#")
        path = Path(os.path.normpath(lesson.path.parent / unquote(name)))
        if path in shown:
            return address(shown[path]) + sign + anchor
        if path.exists():
            return None
        raise ValueError(f"the link {url} leads to no lesson, no exercise and no file")

    return link


def exercise(root: Path, lesson: Lesson) -> str:
    """The links to a lesson's exercise, as HTML."""
    links = [
        f'<a href="{address(below(file, root))}" download>'
        f"{'its checks' if file.suffix == '.json' else escape(file.name)}</a>"
        for file in lesson.exercises
    ]
    return f"Exercise: {', '.join(links)}."


def index_page(root: Path, lessons: list[Lesson]) -> str:
    """All lessons by parts, each with its first paragraph."""
    main = INTRODUCTION
    for (first, name), (end, _) in pairwise([*PARTS, (100, "")]):
        entries = "".join(
            entry(root, lessons, lesson) for lesson in lessons if first <= lesson.number < end
        )
        if entries:
            main += f'<h2>{escape(name)}</h2>\n<ol class="chapters">\n{entries}</ol>\n'
    return page("tinylearn: the course", main)


def entry(root: Path, lessons: list[Lesson], lesson: Lesson) -> str:
    """A lesson's line in the index."""
    text = lesson.notebook["cells"][0]["source"]
    paragraph = text[TITLE.match(text).end() :].strip().partition("\n\n")[0]  # type: ignore[union-attr]
    summary = Writer(lesson.path.parent, links_of(root, lessons, lesson)).html(paragraph)
    files = f'<p class="files">{exercise(root, lesson)}</p>' if lesson.exercises else ""
    return f'<li><a href="{address(lesson.file)}">{escape(lesson.label)}</a>{summary}{files}</li>\n'
