"""Beside a student: what `tl.answer`, `tl.check`, `tl.hint` and `tl.course` do."""

from tinylearn.course.student.mine import load_mine
from tinylearn.course.student.session import answer, arguments, card, check, exercise, hint

__all__ = ["answer", "arguments", "card", "check", "exercise", "hint", "load_mine"]
