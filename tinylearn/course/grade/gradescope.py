"""Gradescope: the zip to upload as an autograder, and the results.json it writes there.

    autograder_zip(spec, out)          setup.sh, run_autograder, the private spec, this package
    results_json(spec, results)        Gradescope's format: one test a question

Gradescope runs each submission in a container of its own; the sandbox inside it keeps the spec
out of a student's reach there too.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from ..spec import Spec, load
from .batch import course_secret
from .desk import Desk
from .discover import on_disk
from .grade import grade_questions
from .journal import Result
from .probe import best_level
from .reading import Reader
from .submissions import Submission, read

SETUP = """#!/usr/bin/env bash
set -e
apt-get update -q && apt-get install -qy python3 python3-pip python3-venv bubblewrap
python3 -m venv /autograder/venv
/autograder/venv/bin/pip install -q "numpy>=2.0" "safetensors>=0.4.3"
chmod -R go-rwx /autograder/source
"""
RUN = """#!/usr/bin/env bash
cd /autograder/source
export PYTHONPATH=/autograder/source OPENBLAS_NUM_THREADS=1
exec /autograder/venv/bin/python -m tinylearn.course.grade.gradescope
"""
LEFT_OUT = {"__pycache__", "viz", "tests"}


def autograder_zip(spec: Spec, out: Path) -> Path:
    """Write the zip: the same bytes for the same spec and package."""
    package = Path(__file__).resolve().parents[2]
    files: dict[str, str | bytes] = {"setup.sh": SETUP, "run_autograder": RUN}
    files["spec.json"] = json.dumps(spec.data, sort_keys=True)
    for path in sorted(package.rglob("*")):
        inside = path.relative_to(package)
        if path.is_file() and not LEFT_OUT & set(inside.parts):
            files[f"tinylearn/{inside.as_posix()}"] = path.read_bytes()
    out.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)  # dated 1980: equal content, equal zip
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100755 << 16 if "/" not in name else 0o100644 << 16
            archive.writestr(entry, content)
    return out


def results_json(spec: Spec, results: list[Result]) -> dict[str, Any]:
    """What Gradescope shows: one entry a question, hidden checks by name and verdict only."""
    tests = []
    for result in results:
        question = spec[result.question]
        lines = [] if result.status == "passed" else [result.says, result.message]
        lines += [
            f"{['no', 'yes'][check.passed]}: {check.name} ({check.points:g} of {check.most:g})"
            for check in result.checks
            if check.most
        ]
        tests.append(
            {
                "name": f"{question.id} {question.title}",
                "number": question.id.removeprefix("q"),
                "score": result.points,
                "max_score": result.most,
                "status": "passed" if result.status == "passed" else "failed",
                "output": "\n".join(line for line in lines if line),
                "output_format": "text",
                "visibility": "visible",
            }
        )
    return {
        "score": sum(result.points for result in results),
        "output": f"{spec.title}, graded by tinylearn",
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
    }


def main(base: Path = Path("/autograder")) -> int:
    """Grade /autograder/submission as Gradescope asks: always writes results/results.json."""

    spec = load(base / "source" / "spec.json")
    metadata = base / "submission_metadata.json"
    student = "student"
    if metadata.exists():
        users = json.loads(metadata.read_text("utf-8")).get("users", [])
        student = str(users[0].get("email", student)) if users else student
    try:
        files = tuple(file for _, file in on_disk(base / "submission"))
        with Reader() as reader:
            submission = read(Submission(student, "", files=files), spec, reader)
        secret = course_secret(base / "source" / "course.secret")
        level, _ = best_level()
        with Desk(spec, level) as desk:
            results = list(grade_questions(spec, submission, spec.questions, desk, secret))
        report = results_json(spec, results)
    except Exception as error:  # the student must see something, whatever happened to us
        said = f"The grader failed; tell the staff: {type(error).__name__}"
        report = {"score": 0, "output": said, "visibility": "visible"}
    target = base / "results" / "results.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(report, indent=1), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
