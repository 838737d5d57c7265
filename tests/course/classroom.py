"""A class for the tests: specs of the course's chapters, notebooks, a quick way to grade."""

import json
from functools import cache
from pathlib import Path

import tinylearn as tl
from tests.repository import ROOT
from tinylearn.course.author.source import private_spec, read_source
from tinylearn.course.grade.batch import Options, grade_class, results_of
from tinylearn.course.grade.journal import Journal
from tinylearn.course.grade.probe import best_level
from tinylearn.course.grade.sandbox import Limits
from tinylearn.course.grade.submissions import Submission
from tinylearn.course.spec import from_data

CHAPTERS = sorted(path.stem for path in (ROOT / "solutions").glob("[0-9][0-9]_*.py"))
SECRET = b"a secret of the course, 32 bytes long"
QUICK = Limits(call=1.0, cpu=3, wall=20.0)


@cache
def spec_data(chapter):
    return private_spec(read_source(ROOT / "solutions" / f"{chapter}.py"))


def spec_of(chapter):
    return from_data(spec_data(chapter))


def bodies(chapter):
    return spec_data(chapter)["questions"]


def model_answers(chapter):
    """All that a chapter's setup and its model answers define, by name."""
    namespace = {"tl": tl}
    exec(spec_data(chapter)["setup"], namespace)
    for body in bodies(chapter).values():
        exec(body["reference"], namespace)
    return namespace


def notebook(*cells):
    """The bytes of a notebook with these code cells."""
    made = [
        {"cell_type": "code", "source": text, "metadata": {}, "outputs": [], "id": f"c{n}"}
        for n, text in enumerate(cells)
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made}).encode()


def grade(spec, submissions, folder, workers=2, limits=QUICK, level=None, regrade=()):
    """Grade {student: [cells]} or Submissions; {student: {question: Result}} and the summary."""
    if isinstance(submissions, dict):
        submissions = [Submission(who, "test", tuple(cells)) for who, cells in submissions.items()]
    journal = Journal(Path(folder), spec.assignment)
    options = Options(level or best_level()[0], workers, tuple(regrade), limits, quiet=True)
    summary = grade_class(spec, submissions, journal, SECRET, options)
    results = results_of(journal, spec)
    return {who: {r.question: r for r in rs} for who, rs in results.items()}, summary
