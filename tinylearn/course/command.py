"""`tinylearn course ...`: what authors and staff run.

    new NN_topic        begin a chapter           build [--check]    derive every other file
    mutate NN           are small changes seen?
    release --out DIR   the students' bundle      grade SUBMISSIONS --out GRADES
    report GRADES       feedback and tables       sandbox            what protects this machine
    site --out DIR      the lessons as web pages

The command line of tinylearn hands everything after `course` to `main(words)`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import batch, submissions
from .author import private_spec, read_source
from .build import build, is_current, write
from .cluster import grade_on_dask
from .gradescope import autograder_zip
from .journal import Journal
from .mutate import equal_ones, mutated
from .probe import LEVELS, best_level, trouble_with
from .release import INSTALL, release
from .report import write_reports
from .site import site
from .spec import from_data, load
from .template import new_chapter

Subparsers = Any  # argparse keeps the type to itself


def main(words: Sequence[str]) -> int:
    """Run one subcommand; the exit status."""
    parser = argparse.ArgumentParser(prog="tinylearn course", description="the graded course")
    add_to(parser.add_subparsers(required=True, metavar="command"))
    if not words:
        parser.print_help()
        return 0
    arguments = parser.parse_args(list(words))
    try:
        return int(arguments.run(arguments))
    except (OSError, ValueError) as error:
        print(f"tinylearn course: {error}", file=sys.stderr)
        return 1


def add_to(subparsers: Subparsers) -> None:
    """Add the course's subcommands to a parser."""
    new = subparsers.add_parser("new", help="begin a chapter from a template")
    new.add_argument("name", help="like 05_xor: two digits, then words")
    new.set_defaults(run=run_new)
    builder = subparsers.add_parser("build", help="derive notebooks and specs from solutions/*.py")
    builder.add_argument("names", nargs="*", help="chapters; all if left out")
    builder.add_argument("--check", action="store_true", help="write nothing; fail on a difference")
    builder.add_argument("--no-run", action="store_true", help="do not execute the solutions")
    seeds = "draw the inputs of so many students: solutions under all, mistakes under 20 at most"
    builder.add_argument("--seeds", type=int, default=20, help=seeds)
    builder.set_defaults(run=run_build)
    mutate = subparsers.add_parser("mutate", help="grade small changes of every model answer")
    mutate.add_argument("names", nargs="*", help="chapters or their numbers; all if left out")
    mutate.add_argument("--list", action="store_true", help="also those that no sentence explains")
    mutate.set_defaults(run=run_mutate)
    bundle = subparsers.add_parser("release", help="make the students' bundle")
    bundle.add_argument("names", nargs="*", help="chapters or their numbers; all if left out")
    bundle.add_argument("--out", type=Path, required=True)
    install = "the command that installs tinylearn at a student's, for the bundle's README"
    bundle.add_argument("--install", default=INSTALL, help=install)
    bundle.set_defaults(run=run_release)
    pages = subparsers.add_parser("site", help="write the lessons as web pages")
    pages.add_argument("--out", type=Path, required=True, help="a new folder, or a former site")
    pages.set_defaults(run=run_site)
    for adder in (builder, mutate, new, bundle, pages):
        adder.add_argument("--root", type=Path, default=Path.cwd(), help="the course's folder")
    add_grade(subparsers)
    sandbox = subparsers.add_parser("sandbox", help="probe what protects this machine")
    sandbox.set_defaults(run=run_sandbox)


def add_grade(subparsers: Subparsers) -> None:
    grade = subparsers.add_parser("grade", help="grade folders, zips or single notebooks")
    grade.add_argument("submissions", type=Path)
    spec = "solutions/NN_topic.spec.json; default: the chapter that the submissions are named after"
    grade.add_argument("--spec", type=Path, help=spec)
    grade.add_argument("--out", type=Path, required=True, help="journal, feedback and tables")
    grade.add_argument("--workers", type=int, default=2)
    grade.add_argument("--regrade", action="append", default=[], help="a question, or all")
    grade.add_argument("--shard", default="1/1", help="i/n: this machine's part of the class")
    grade.add_argument("--dask", default="", help="the address of a Dask scheduler")
    grade.add_argument("--tls", nargs=3, metavar=("CA", "CERT", "KEY"), help="for --dask")
    grade.add_argument("--secret", type=Path, help="the course's secret; default OUT/course.secret")
    grade.add_argument("--sandbox", default="", help="insist on one level")
    grade.add_argument(
        "--allow-weak-sandbox", action="store_true", help="resource limits only: trusted code"
    )
    grade.add_argument("--quiet", action="store_true")
    grade.set_defaults(run=run_grade)
    report = subparsers.add_parser("report", help="write feedback and tables from the journal")
    report.add_argument("--spec", type=Path, required=True)
    report.add_argument("--out", type=Path, required=True)
    report.set_defaults(run=run_report)
    gradescope = subparsers.add_parser("gradescope", help="make the autograder zip to upload")
    gradescope.add_argument("--spec", type=Path, required=True)
    gradescope.add_argument("--out", type=Path, required=True, help="the zip file")
    gradescope.set_defaults(run=run_gradescope)


# ---------------------------------------------------------------- authors


def run_new(arguments: argparse.Namespace) -> int:
    print(f"wrote {new_chapter(arguments.name, arguments.root)}")
    return 0


def run_build(arguments: argparse.Namespace) -> int:
    sources = sources_of(arguments.root, arguments.names)
    stale = 0
    for source in sources:
        texts = build(source, arguments.root, run=not arguments.no_run, seeds=arguments.seeds)
        if arguments.check:
            differ = [path for path, text in texts.items() if not is_current(path, text)]
            stale += len(differ)
            for path in differ:
                print(f"{path.relative_to(arguments.root)} differs from what {source.name} gives")
        else:
            for path in write(texts):
                print(f"wrote {path.relative_to(arguments.root)}")
    if stale:
        print("run: tinylearn course build", file=sys.stderr)
    return 1 if stale else 0


def sources_of(root: Path, names: Sequence[str]) -> list[Path]:
    """The sources of the chapters named, by their whole name or their number; all for none."""
    sources = sorted((root / "solutions").glob("[0-9][0-9]_*.py"))
    known = {name: path for path in sources for name in (path.stem, path.stem[:2])}
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"no chapter {unknown[0]}; there are {', '.join(p.stem for p in sources)}")
    if not sources:
        raise ValueError(f"no solutions/NN_topic.py in {root}")
    return [path for path in sources if not names or {path.stem, path.stem[:2]} & set(names)]


def run_mutate(arguments: argparse.Namespace) -> int:
    """Print the mutants that get full points; the exit status says whether there are any."""
    bad = 0
    for source in sources_of(arguments.root, arguments.names):
        spec = from_data(private_spec(read_source(source)))
        survey = mutated(spec, equal_ones(arguments.root, source.stem))
        bad += len(survey.undetected) + len(survey.out_of_date)
        for text in survey.undetected:
            print(f"{source.stem}: full points: {text}")
        for text in survey.out_of_date:
            print(f"{source.stem}: named as equal, but is not: {text}")
        for text in survey.unexplained if arguments.list else ():
            print(f"{source.stem}: no sentence: {text}")
        without = len(survey.unexplained)
        print(f"{source.stem}: {survey.count} mutants, {without} are refused without a sentence")
    return 1 if bad else 0


def run_release(arguments: argparse.Namespace) -> int:
    files = release(arguments.root, arguments.out, arguments.names, arguments.install)
    print(f"{len(files)} files for students in {arguments.out}: nothing leaks, every check opens")
    print(f"to install: {arguments.install}")
    return 0


def run_site(arguments: argparse.Namespace) -> int:
    files = site(arguments.root.resolve(), arguments.out.resolve())
    print(f"{len(files)} files; open {arguments.out / 'index.html'}")
    return 0


# ---------------------------------------------------------------- staff


def run_grade(arguments: argparse.Namespace) -> int:
    level = chosen_level(arguments.sandbox, arguments.allow_weak_sandbox)
    arguments.spec = arguments.spec or submissions.spec_for(arguments.submissions, Path.cwd())
    spec = load(arguments.spec)
    found = submissions.find(arguments.submissions, spec)
    if not found:
        raise ValueError(f"no submissions in {arguments.submissions}")
    part = batch.shard(found, arguments.shard)
    secret = batch.course_secret(arguments.secret or arguments.out / "course.secret")
    options = batch.Options(
        level, arguments.workers, tuple(arguments.regrade), quiet=arguments.quiet
    )
    journal = Journal(arguments.out, spec.assignment)
    if arguments.dask:
        summary = grade_on_dask(spec, part, journal, secret, options, arguments.dask, arguments.tls)
    else:
        summary = batch.grade_class(spec, part, journal, secret, options)
    print(
        f"{summary.students} students: {summary.graded} questions graded, {summary.kept} kept,"
        f" {summary.seconds:.1f} s, sandbox: {level}"
    )
    for student, why in summary.ungraded.items():
        print(f"not graded: {student}: {why}", file=sys.stderr)
    run_report(arguments)
    return 1 if summary.ungraded else 0


def chosen_level(wanted: str, weak: bool) -> str:
    """The sandbox level to use. Raises ValueError where it would protect nobody."""
    if wanted:
        if trouble := trouble_with(wanted):
            raise ValueError(f"the {wanted} sandbox does not hold here: {trouble}")
        level = wanted
    else:
        level, probes = best_level()
        for probe in probes[:-1]:
            print(f"sandbox {probe.level}: {probe.trouble}", file=sys.stderr)
    if level == "limits" and not weak:
        raise ValueError(
            "only resource limits work here, and they protect neither you nor other students.\n"
            "Install bubblewrap, or pass --allow-weak-sandbox to grade code you trust."
        )
    return level


def run_report(arguments: argparse.Namespace) -> int:
    written = write_reports(load(arguments.spec), arguments.out)
    print(f"{len(written)} report files in {arguments.out}")
    return 0


def run_gradescope(arguments: argparse.Namespace) -> int:
    print(f"wrote {autograder_zip(load(arguments.spec), arguments.out)}")
    return 0


def run_sandbox(arguments: argparse.Namespace) -> int:
    """Print every level and what an attack achieved under it."""
    for level in LEVELS:
        print(f"{level:12}{trouble_with(level) or 'holds'}")
    return 0
