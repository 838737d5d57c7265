"""Grading on an existing Dask cluster: each worker sandboxes one submission at a time.

    grade_on_dask(spec, submissions, journal, secret, options, address, tls) -> Summary

What travels is JSON text both ways; the journal is written here, by one process. A worker that
dies loses only the submission in its hands, which another one grades. Student code never runs in
a worker process itself: the worker is a parent like any other, and starts the same sandbox.

Dask's wire is pickle: whoever can reach the scheduler can run code. Use TLS, or loopback only.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from ..spec import Spec, from_data
from .batch import Options, Progress, Summary
from .desk import Desk
from .essays import keep_texts
from .grade import due, grade_questions
from .journal import Journal, from_json, to_json
from .reading import Reader
from .sandbox import Limits
from .submissions import Submission, read

_specs: dict[str, Spec] = {}  # a worker loads each spec once


def grade_on_dask(
    spec: Spec,
    submissions: list[Submission],
    journal: Journal,
    secret: bytes,
    options: Options,
    address: str,
    tls: list[str] | None = None,
) -> Summary:
    """Like batch.grade_class, on the workers of the scheduler at `address`."""
    import distributed  # type: ignore[import-not-found]  # extra [cluster]

    began = time.monotonic()
    journal.tidy()
    summary = Summary(students=len(submissions))
    jobs = list(jobs_due(spec, submissions, journal, secret, options, summary))
    shown = Progress(len(jobs), options.quiet)
    with distributed.Client(address, security=security(address, tls)) as client:
        shared = client.scatter(json.dumps(spec.data), broadcast=True)
        futures = {
            client.submit(grade_here, shared, job, pure=False, retries=3): student
            for student, job in jobs
        }
        for future in distributed.as_completed(futures):
            if future.status == "finished":
                for line in json.loads(future.result()):
                    journal.write(from_json(line.encode()))
                    summary.graded += 1
            else:
                summary.ungraded[futures[future]] = str(future.exception())[:300]
            shown.step(futures[future])
    summary.kept = len(submissions) * len(spec.questions) - summary.graded
    summary.seconds = time.monotonic() - began
    shown.end()
    return summary


def jobs_due(
    spec: Spec,
    submissions: list[Submission],
    journal: Journal,
    secret: bytes,
    options: Options,
    summary: Summary,
) -> Iterator[tuple[str, str]]:
    """Each student whose work is due, and the job; read here, where the files lie."""
    with Reader() as reader:
        for handed in submissions:
            submission = read(handed, spec, reader)
            summary.looks += [f"{submission.student}: {text}" for text in submission.looks]
            summary.sources[submission.student] = submission.source, submission.modified
            keep_texts(spec, submission, journal)
            if questions := due(spec, submission, journal, options.regrade):
                ids = [question.id for question in questions]
                yield submission.student, job_text(submission, ids, options, secret)


def security(address: str, tls: list[str] | None) -> Any:
    """TLS keys for the cluster. Raises ValueError for an open wire beyond this machine."""
    import distributed

    if tls:
        authority, certificate, key = tls
        return distributed.Security(
            tls_ca_file=authority,
            tls_client_cert=certificate,
            tls_client_key=key,
            require_encryption=True,
        )
    host = address.rpartition("//")[2].rpartition(":")[0]
    if host not in ("127.0.0.1", "localhost", "[::1]", ""):
        raise ValueError(f"{address} is not this machine: pass --tls CA CERT KEY")
    return None


def job_text(submission: Submission, ids: list[str], options: Options, secret: bytes) -> str:
    return json.dumps(
        {
            "submission": asdict(submission),
            "questions": ids,
            "level": options.level,
            "limits": asdict(options.limits),
            "secret": secret.hex(),
        }
    )


def grade_here(spec_text: str, text: str) -> str:
    """On a worker: grade one submission, give back its records as JSON."""
    if spec_text not in _specs:
        _specs.clear()
        _specs[spec_text] = from_data(json.loads(spec_text))
    spec, job = _specs[spec_text], json.loads(text)
    about = job["submission"]
    submission = Submission(**about | {"cells": tuple(about["cells"]), "files": ()})
    questions = [spec[id] for id in job["questions"]]
    with Desk(spec, job["level"], Limits(**job["limits"])) as desk:
        results = list(
            grade_questions(spec, submission, questions, desk, bytes.fromhex(job["secret"]))
        )
    return json.dumps([to_json(result).decode() for result in results])
