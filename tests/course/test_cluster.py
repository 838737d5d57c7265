"""A real Dask cluster of two workers, one of which is killed while it grades."""

import os
import signal
import threading
import time

import pytest

from tests.course.classroom import QUICK, SECRET
from tests.course.small import HALVE, TOTAL, small_spec
from tinylearn.course.grade import cluster
from tinylearn.course.grade.batch import Options
from tinylearn.course.grade.journal import Journal
from tinylearn.course.grade.probe import best_level
from tinylearn.course.grade.submissions import Submission

STUDENTS = 24


def test_an_open_wire_to_another_machine_is_refused():
    pytest.importorskip("distributed", reason="extra [cluster]")
    with pytest.raises(ValueError, match="--tls"):
        cluster.security("tcp://10.1.2.3:8786", None)


@pytest.mark.filterwarnings("ignore")
def test_a_killed_worker_costs_no_student_a_grade(tmp_path):
    distributed = pytest.importorskip("distributed", reason="extra [cluster]")
    slow = HALVE.replace("return", "import time; time.sleep(0.2)\n    return")
    spec = small_spec()
    submissions = [Submission(f"s{n:02}", "test", (slow, TOTAL)) for n in range(STUDENTS)]
    journal = Journal(tmp_path, spec.assignment)
    options = Options(best_level()[0], limits=QUICK, quiet=True)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as local:
        pids = [worker.pid for worker in local.workers.values()]

        def kill_one():
            while len(list(journal.folder.glob("*/*.json"))) < 4:
                time.sleep(0.05)
            os.kill(pids[0], signal.SIGKILL)

        killer = threading.Thread(target=kill_one)
        killer.start()
        address = local.scheduler_address
        summary = cluster.grade_on_dask(spec, submissions, journal, SECRET, options, address)
        killer.join()
    assert summary.ungraded == {}
    records = journal.all()
    assert len(records) == 2 * STUDENTS
    assert {record.status for record in records} == {"passed"}
