"""`tinylearn course ...`: what authors and staff run.

    new NN_topic        begin a chapter           build [--check]    derive every other file
    mutate NN           are small changes seen?
    release --out DIR   the students' bundle      grade SUBMISSIONS --out GRADES
    report GRADES       feedback and tables       sandbox            what protects this machine
    site --out DIR      the lessons as web pages  totals --out GRADES  all chapters added up

The exit status: 0 all is well, 1 refused, 3 done and a person should look at what was said.

The command line of tinylearn hands everything after `course` to `main(words)`.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .author.build import build, is_current, write
from .author.mutate import equal_ones, mutated
from .author.release import INSTALL, release
from .author.source import private_spec, read_source
from .author.template import new_chapter
from .grade import batch, submissions
from .grade.adjust import adjustments
from .grade.cluster import grade_on_dask
from .grade.discover import discover
from .grade.gradescope import autograder_zip
from .grade.handback import feedback_zip, similar
from .grade.journal import Journal, locked
from .grade.probe import LEVELS, best_level, trouble_with
from .grade.reading import Reader
from .grade.report import write_reports, write_totals
from .grade.review import merge_review, review_page
from .grade.roster import missing, note, read_roster
from .lessons.site import site
from .names import printable
from .spec import Spec, from_data, keys, load

LOOK, STOPPED = 3, 130  # exit statuses
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
    grade.add_argument("--roster", type=Path, help="a table of who should have handed in")
    grade.add_argument(
        "--new-secret", action="store_true", help="go on with other hidden inputs: it is lost"
    )
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
    totals = subparsers.add_parser("totals", help="add up the chapters that were graded")
    totals.add_argument("--out", type=Path, required=True)
    totals.set_defaults(run=run_totals)
    add_after(subparsers)
    gradescope = subparsers.add_parser("gradescope", help="make the autograder zip to upload")
    gradescope.add_argument("--spec", type=Path, required=True)
    gradescope.add_argument("--out", type=Path, required=True, help="the zip file")
    gradescope.set_defaults(run=run_gradescope)


def add_after(subparsers: Subparsers) -> None:
    """What staff do once a class is graded."""
    for name, says, run in (
        ("handback", "zip the feedback for the system it came from", run_handback),
        ("similar", "list answers that look alike (extra [staff])", run_similar),
        ("review", "one page to grade a question by hand", run_review),
    ):
        parser = subparsers.add_parser(name, help=says)
        parser.add_argument("--spec", type=Path, required=True)
        parser.add_argument("--out", type=Path, required=True, help="the folder of the grades")
        parser.set_defaults(run=run)
        if name == "handback":
            parser.add_argument("--zip", type=Path, required=True, help="the zip to write")
        if name == "review":
            parser.add_argument("--question", required=True)
            parser.add_argument("--anonymous", action="store_true", help="without names")
    merge = subparsers.add_parser("merge", help="put a saved review.json into adjust.json")
    merge.add_argument("review", type=Path)
    merge.add_argument("--out", type=Path, required=True, help="the folder of the grades")
    merge.set_defaults(run=run_merge)


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
    """Grade, then write the tables; 0, or LOOK where a person should look at something."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # it ends like Ctrl-C
    level = chosen_level(arguments.sandbox, arguments.allow_weak_sandbox)
    arguments.spec = arguments.spec or submissions.spec_for(arguments.submissions, Path.cwd())
    spec = load(arguments.spec)
    checked(spec, arguments)
    looks: list[str] = []
    status = 0
    try:
        looks += graded(spec, level, arguments)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the tables take a moment
        said = "stopped; what was graded so far is kept: run the same command to go on"
        print(said, file=sys.stderr)
        status = STOPPED
    written = write_reports(spec, arguments.out, looks, pages=status != STOPPED)
    print(f"{len(written)} report files in {arguments.out}")
    return status or told(looks)


def checked(spec: Spec, arguments: argparse.Namespace) -> None:
    """Refuse, before anything is graded, what could not be done or would be told too late."""
    if not arguments.submissions.exists():
        raise ValueError(f"there is no {arguments.submissions}")
    known = [key for question in spec.questions for key in keys(question)]
    for name in arguments.regrade:
        if name not in (*known, "all"):
            ids = ", ".join(question.id for question in spec.questions)
            raise ValueError(f"--regrade: {spec.assignment} has no question {name!r}: {ids}, all")
    adjustments(arguments.out, spec.assignment, spec.ids)
    if arguments.roster:
        read_roster(arguments.roster)


def graded(spec: Spec, level: str, arguments: argparse.Namespace) -> list[str]:
    """Grade the class; what a person should look at."""
    with Reader() as reader:
        found = discover(arguments.submissions, spec.assignment, reader)
    class_ = submissions.handed_in(found)
    if not class_ and not found.complaints:
        raise ValueError(f"no submissions in {arguments.submissions}")
    journal = Journal(arguments.out, spec.assignment)
    part = batch.shard(class_, arguments.shard)
    path = arguments.secret or arguments.out / "course.secret"
    secret = batch.course_secret(path, journal, arguments.new_secret)
    options = batch.Options(
        level, arguments.workers, tuple(arguments.regrade), quiet=arguments.quiet
    )
    if arguments.dask:
        summary = grade_on_dask(spec, part, journal, secret, options, arguments.dask, arguments.tls)
    else:
        summary = batch.grade_class(spec, part, journal, secret, options)
    print(
        f"{summary.students} students: {summary.graded} questions graded, {summary.kept} kept,"
        f" {summary.seconds:.1f} s, sandbox: {level}"
    )
    whole = {submission.student: submission.number for submission in class_}
    looks = found.complaints + summary.looks
    looks += [f"not graded: {student}: {why}" for student, why in summary.ungraded.items()]
    looks += note(arguments.out, spec.assignment, arguments.submissions, summary.sources, whole)
    if arguments.roster:
        absent, unknown = missing(arguments.roster, whole)
        looks += [f"missing: {name} handed nothing in" for name in absent]
        looks += [f"not on the roster: {name}" for name in unknown]
    with locked(journal.folder, wait=False) as alone:
        if not alone:
            looks.append("another grader is at work here: the tables show what is done so far")
    return looks


def told(looks: list[str]) -> int:
    """Say what a person should look at, once; the exit status."""
    for look in dict.fromkeys(looks):
        print(printable(look), file=sys.stderr)
    return LOOK if looks else 0


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
    looks: list[str] = []
    written = write_reports(load(arguments.spec), arguments.out, looks)
    print(f"{len(written)} report files in {arguments.out}")
    return told(looks)


def run_totals(arguments: argparse.Namespace) -> int:
    print(f"wrote {write_totals(arguments.out)}")
    return 0


def run_handback(arguments: argparse.Namespace) -> int:
    count = feedback_zip(load(arguments.spec), arguments.out, arguments.zip)
    print(f"{count} pages in {arguments.zip}")
    return 0


def run_similar(arguments: argparse.Namespace) -> int:
    try:
        print(f"wrote {similar(load(arguments.spec), arguments.out)}")
    except ImportError:
        raise ValueError("similar needs copydetect: pip install -e '.[staff]'") from None
    return 0


def run_review(arguments: argparse.Namespace) -> int:
    spec = load(arguments.spec)
    known = {key for question in spec.questions for key in keys(question)}
    if arguments.question not in known | set(spec.ids):
        ids = ", ".join(spec.ids)
        raise ValueError(f"{spec.assignment} has no question {arguments.question!r}: {ids}")
    path = review_page(spec, arguments.out, arguments.question, arguments.anonymous)
    print(f"wrote {path}")
    return 0


def run_merge(arguments: argparse.Namespace) -> int:
    count = merge_review(arguments.review, arguments.out)
    print(f"{count} students in {arguments.out / 'adjust.json'}; now run report")
    return 0


def run_gradescope(arguments: argparse.Namespace) -> int:
    print(f"wrote {autograder_zip(load(arguments.spec), arguments.out)}")
    return 0


def run_sandbox(arguments: argparse.Namespace) -> int:
    """Print every level and what an attack achieved under it."""
    for level in LEVELS:
        print(f"{level:12}{trouble_with(level) or 'holds'}")
    return 0
