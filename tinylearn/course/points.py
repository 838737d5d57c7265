"""What checks are worth: the one place where right and wrong cases become points.

earned(question, {"ties"}) -> {"by hand": 0, "random numbers": 1.0, "ties": 0}
"""

from __future__ import annotations

from collections.abc import Collection

from .question import Question


def earned(question: Question, failed: Collection[str]) -> dict[str, float]:
    """The points of each check, by name, when the checks in `failed` are not passed.

    Inputs that anybody could learn by heart count only beside fresh ones. Full points need every
    check: whoever fails a visible one gets at most half.
    """
    passed = [check for check in question.checks if check.name not in failed]
    honest = any(check.is_fresh and check.points for check in passed)
    points = {
        check.name: check.points if check in passed and (check.is_fresh or honest) else 0.0
        for check in question.checks
    }
    total, most = sum(points.values()), question.points / 2
    if total > most and any(c.is_visible and c.name in failed for c in question.checks):
        points = {name: worth * most / total for name, worth in points.items()}
    return points
