"""A question that is answered in words, in a Markdown cell, and read by a person.

    essay("e1", points=3, title="Why wait?", rubric={"names the graph": 1, "an example": 2})

in a cell tagged "question", and the model answer in a Markdown cell tagged "essay:e1". The student
finds an empty cell there. Nobody but a person gives points; until then the answer is "to be read".
"""

from __future__ import annotations

from dataclasses import dataclass

MOST = 20_000  # characters of one answer; what is longer is cut, and the cut is told


@dataclass(frozen=True)
class Essay:
    """One such question; the rubric is what staff click: each criterion with its points."""

    id: str
    points: float
    title: str
    rubric: tuple[tuple[str, float], ...]

    @property
    def placeholder(self) -> str:
        """What stands in the student's cell at first."""
        return f"*{self.id}: write your answer here, in place of this line.*"

    def trouble(self) -> list[str]:
        """What is wrong with the question itself."""
        worth = sum(points for _, points in self.rubric)
        found = []
        if not self.rubric:
            found.append(f"{self.id} needs a rubric: what earns its {self.points:g} points")
        elif abs(worth - self.points) > 1e-9:
            found.append(f"{self.id} is worth {self.points:g} points, its rubric {worth:g}")
        return found


_essays: list[Essay] = []


def essay(id: str, points: float, title: str, rubric: dict[str, float]) -> Essay:
    """Begin a question that is answered in words; the spec that is being loaded collects it."""
    made = Essay(id, points, title, tuple(rubric.items()))
    _essays.append(made)
    return made


def take_essays() -> list[Essay]:
    """The essays begun since the last call, for the loader."""
    taken = list(_essays)
    _essays.clear()
    return taken
