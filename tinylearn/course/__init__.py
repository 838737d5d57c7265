"""The graded course: one source per exercise, instant checks, a grader for untrusted answers.

    solutions/NN_topic.py -> build -> exercises/NN_topic.ipynb (students) + private spec (staff)
    submissions/          -> grade -> journal -> HTML feedback, CSV, Canvas, Gradescope, nbgrader

Two sides, and a line between them that nothing crosses but plain values:

    the parent   trusted: reference solution, hidden inputs, journal; it alone decides
    student     tl.answer, tl.check, tl.hint; tl.course.exercise, .card, .arguments, .load_mine
    inside/      what runs beside a student's code: select the answer, call it, send values back
"""

from tinylearn.course.student import answer, arguments, card, check, exercise, hint, load_mine

__all__ = ["answer", "arguments", "card", "check", "exercise", "hint", "load_mine"]
