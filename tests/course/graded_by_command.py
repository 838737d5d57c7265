"""A class graded by the command that staff use, at whatever level is asked for."""

import csv
import io
import json

from tests.course.classroom import spec_data
from tests.repository import ROOT
from tinylearn.course.command import main
from tinylearn.course.grade.journal import Journal

LEVELS = ("bubblewrap", "landlock", "user")  # that count for real submissions


def notebook_of(chapter, answers):
    """The exercise as it is handed out, with cells in the place of some questions' own."""
    made = json.loads((ROOT / "exercises" / f"{chapter}.ipynb").read_text("utf-8"))
    bodies, cells = spec_data(chapter)["questions"], []
    for cell in made["cells"]:
        text = "".join(cell["source"])
        asked = [q for q in answers if cell["cell_type"] == "code"
                 and text.strip() == bodies[q]["stub"].strip()]  # fmt: skip
        own = answers[asked[0]] if asked else [None]
        for place, source in enumerate(own):
            one = cell if source is None else cell | {"source": source}
            cells.append(one if place == 0 else one | {"id": f"{cell['id']}-{place}"})
    assert sum(len(own) for own in answers.values()) <= len(cells)
    return made | {"cells": cells}


def by_command(folder, spec, students, level="", words=()):
    """Grade {student: notebook, or its bytes}; {student: {question: Result}}, rows, exit status."""
    for student, made in students.items():
        (folder / "in" / student).mkdir(parents=True, exist_ok=True)
        data = made if isinstance(made, bytes) else json.dumps(made).encode()
        (folder / "in" / student / f"{spec['assignment']}.ipynb").write_bytes(data)
    (folder / "spec.json").write_text(json.dumps(spec))
    asked = ["--sandbox", level] if level else []
    status = main(["grade", str(folder / "in"), "--spec", str(folder / "spec.json"), "--quiet",
                   "--out", str(folder / "out"), *asked, *words])  # fmt: skip
    journal = Journal(folder / "out", spec["assignment"])
    results = {}
    for result in journal.all():
        results.setdefault(result.student, {})[result.question] = result
    return results, table(folder / "out" / f"{spec['assignment']}.csv"), status


def table(path):
    return {row["student"]: row for row in csv.DictReader(io.StringIO(path.read_text("utf-8")))}
