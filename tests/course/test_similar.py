"""The report of answers that look alike. Needs the extra [staff]: make test-staff."""

import csv

from tests.course.classroom import grade
from tests.course.small import HALVE, TOTAL, small_spec
from tests.needed import need
from tinylearn.course.grade.handback import similar

need("copydetect")

OTHER = """def halve(a):
    import numpy as np
    pieces = [np.float64(n) * 0.5 for n in np.ravel(a)]
    return np.array(pieces).reshape(np.shape(a))
"""


def test_answers_that_look_alike_are_listed_and_others_are_not(tmp_path):
    spec, out = small_spec(), tmp_path / "out"
    renamed = HALVE.replace("return a / 2", "return a / 2  # mine")
    grade(spec, {"ann": [HALVE, TOTAL], "bob": [renamed, TOTAL], "cy": [OTHER, TOTAL]}, out)
    rows = list(csv.reader(similar(spec, out).read_text("utf-8").splitlines()))
    assert ["q1", "ann", "bob", "1.00"] in rows
    assert not any(row[0] == "q1" and "cy" in row for row in rows)
