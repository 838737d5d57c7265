"""Films of a small graph, one step a frame: slopes that flow backward, and a walk with a stack.

    plots.backward({"a": 0.5, "b": 2.0, "m": 1.0}, {("a", "m"): 2.0, ("b", "m"): 0.5}, ...)
    plots.walk({"x": [], "s": ["x"], "z": ["s", "x"]}, ...)

What the frames show is computed here from the numbers and arrows that are handed in. The steps are
radio buttons, so the arrow keys move them and no script draws anything; where a notebook drops
buttons and styles, all frames stand below each other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from tinylearn.viz.faces.html import image, themed
from tinylearn.viz.style import COLOURS
from tinylearn.viz.training.figure import INK, Figure, drawn, figcaption

WIDE, HIGH, ACROSS, DOWN = 84.0, 40.0, 132.0, 64.0  # of a box, and from box to box
TOP = 48.0  # above the first row: long arrows pass there
ACTIVE, DONE = COLOURS[1], COLOURS[4]
KEEPS_KEYS = (  # JupyterLab takes the focus at each click, and the arrows to go from cell to cell
    'onclick="this.focus()" '
    "onkeydown=\"if (event.key.startsWith('Arrow')) event.stopPropagation()\""
)
Arrows = Mapping[str, Sequence[str]]  # the inputs of each box, inputs before their readers
Frame = tuple[str, str]  # a drawing, and what happens in it


class Film(Figure):
    """Drawings of one size, each with a sentence; one is shown at a time."""

    def __init__(
        self, frames: Sequence[Frame], size: tuple[float, float], caption: str, alt: str
    ) -> None:
        super().__init__(frames[-1][0], *size, caption, alt)
        self.frames = list(frames)

    def __str__(self) -> str:
        says = [f"  {k}. {says}" for k, (_, says) in enumerate(self.frames, 1)]
        return "\n".join([self.caption, *says])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Buttons, a rule that shows the frame of the pressed one, and the frames as images."""
        key = hashlib.sha256(str(self).encode()).hexdigest()[:10]
        name, count = f"tls{key}", len(self.frames)
        rules = [f".{name}>div{{display:none}}"]
        buttons, shown = [], []
        for k, (drawing, says) in enumerate(self.frames, 1):
            rules.append(
                f".{name}>input:nth-of-type({k}):checked~div:nth-of-type({k}){{display:block}}"
            )
            buttons.append(
                f'<input type="radio" name="{name}" aria-label="step {k} of {count}"'
                f"{' checked' * (k == 1)} {KEEPS_KEYS}>"
            )
            svg = drawn(drawing, self.width, self.height, says)
            words = f'<p style="margin:0.2em 0">{k} of {count}: {escape(says)}</p>'
            shown.append(f"<div>{image(svg, says)}{words}</div>")
        style = f"<style>{''.join(rules)}</style>"
        body = f'<div class="{name}">{"".join(buttons)}{"".join(shown)}</div>'
        return themed("figure", INK, style + body + figcaption(self.caption))


# ---------------------------------------------------------------- slopes that flow backward


def backward(
    values: Mapping[str, float],
    slopes: Mapping[tuple[str, str], float],
    caption: str = "",
    alt: str = "",
) -> Film:
    """Each value hands its slope back to its inputs, the last one first.

    values   {"m": 1.0}: every number, inputs before what is made of them
    slopes   {("a", "m"): 2.0}: the local slope of m for its input a
    """
    inputs = {name: [a for a, b in slopes if b == name] for name in values}
    places = places_of(inputs)
    result = list(values)[-1]
    found = dict.fromkeys(values, 0.0) | {result: 1.0}
    reached = {result}

    def frame(active: str, says: str) -> Frame:
        parts = [
            arrow(places[a], places[b], f"× {short(slope)}" * (b == active), b == active)
            for (a, b), slope in slopes.items()
        ]
        for name, place in places.items():
            below = f"slope {short(found[name])}" if name in reached else "slope ?"
            fill = ACTIVE if name == active else DONE if name in reached else None
            parts.append(box(place, f"{name} = {short(values[name])}", below, fill))
        return "".join(parts), says

    frames = [frame("", f"If {result} grows by one, {result} grows by one: its slope is 1.")]
    for name in reversed(list(values)):
        if inputs[name]:
            handed = []
            for a in inputs[name]:
                more = found[name] * slopes[a, name]
                handed.append(f"{a} receives {short(found[name])} × {short(slopes[a, name])}")
                handed[-1] += f", together {short(found[a] + more)}" * (a in reached)
                found[a] += more
                reached.add(a)
            frames.append(frame(name, f"{name} hands its slope back: {'; '.join(handed)}."))
    return Film(frames, size_of(places), caption, alt)


# ---------------------------------------------------------------- the walk


def walk(inputs: Arrows, caption: str = "", alt: str = "") -> Film:
    """A stack lists every box of a graph once and after its inputs: one box taken off a frame.

    inputs   {"z": ["s", "x"]}: the inputs of every box; the walk begins at the last one
    """
    places = places_of(inputs)
    width, height = size_of(places)
    shown = list(steps(inputs))
    height = max(height, 30 + 22 * max(len(stack) for _, stack, _, _ in shown))
    frames = []
    for taken, stack, listed, says in shown:
        parts = [arrow(places[a], places[b]) for b in inputs for a in inputs[b]]
        for name, place in places.items():
            number = f"number {listed.index(name) + 1}" if name in listed else ""
            fill = ACTIVE if name == taken else DONE if name in listed else None
            parts.append(box(place, name, number, fill))
        left, floor = width + 20, height - 16
        parts.append(text(left + WIDE / 2, floor + 14, "stack"))
        parts.append(f'<path d="M{left} {floor}h{WIDE}" stroke="currentColor"/>')
        for k, (name, done) in enumerate(stack):
            parts.append(slip((left, floor - 22 * (k + 1)), f"{name}{', done' * done}", done))
        parts.append(text(4, height + 16, f"list: {', '.join(listed)}", "start"))
        frames.append(("".join(parts), says))
    return Film(frames, (width + WIDE + 40, height + 24), caption, alt)


def steps(inputs: Arrows) -> Iterator[tuple[str, list[tuple[str, bool]], list[str], str]]:
    """(box that was taken, stack, list, what happened) after each step of the walk."""
    result = list(inputs)[-1]
    stack, seen, listed = [(result, False)], set(), []
    yield "", list(stack), [], f"{result} alone lies on the stack; nothing is listed."
    while stack:
        name, done = stack.pop()
        if done:
            listed.append(name)
            says = f"{name} comes off, marked done: all its inputs are listed, and now it is."
        elif name in seen:
            says = f"{name} comes off and was met before: nothing to do."
        else:
            seen.add(name)
            stack += [(name, True), *((a, False) for a in inputs[name])]
            above = " and ".join(inputs[name])
            says = f"{name} comes off for the first time: it goes back, marked done"
            says += f", and {above} on top of it." if above else "; it has no inputs."
        yield name, list(stack), list(listed), says


# ---------------------------------------------------------------- drawing


def places_of(inputs: Arrows) -> dict[str, tuple[float, float]]:
    """The left upper corner of each box: as far right as its longest way from a source is long."""
    level: dict[str, int] = {}
    for name, above in inputs.items():
        level[name] = 1 + max((level[a] for a in above), default=-1)
    used: dict[int, int] = {}
    places = {}
    for name in inputs:
        row = used.get(level[name], 0)
        used[level[name]] = row + 1
        places[name] = (4 + level[name] * ACROSS, TOP + row * DOWN + 16 * (level[name] % 2))
    return places


def size_of(places: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
    right, bottom = (max(place[k] for place in places.values()) for k in (0, 1))
    return right + WIDE + 8, bottom + HIGH + 12


def box(
    place: tuple[float, float], above: str, below: str, fill: tuple[str, str] | None = None
) -> str:
    """A box with one or two lines in it."""
    x, y = place
    colour, ink = fill or ("none", "currentColor")
    lines = [above, below] if below else [above]
    first = y + HIGH / 2 + 4 - 7.5 * (len(lines) - 1)
    words = [text(x + WIDE / 2, first + 15 * k, line, fill=ink) for k, line in enumerate(lines)]
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{WIDE:g}" height="{HIGH:g}" rx="5" fill="{colour}" '
        f'stroke="currentColor" stroke-opacity=".7"/>{"".join(words)}'
    )


def slip(place: tuple[float, float], words: str, done: bool) -> str:
    """One entry of the stack; dashed as long as its inputs are not done."""
    x, y = place
    dashes = "" if done else ' stroke-dasharray="4 3"'
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{WIDE:g}" height="20" fill="none" stroke="currentColor"'
        f"{dashes}/>{text(x + WIDE / 2, y + 14, words)}"
    )


def text(x: float, y: float, words: str, anchor: str = "middle", fill: str = "currentColor") -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" fill="{fill}">{escape(words)}</text>'


def arrow(
    a: tuple[float, float], b: tuple[float, float], words: str = "", active: bool = False
) -> str:
    """From box a to the left side of box b, with words above its middle.

    Over boxes that stand between them it goes in an arch, from the top of a to the top of b.
    """
    colour, width = (ACTIVE[0], 3) if active else ("currentColor", 1.2)
    if b[0] - a[0] > ACROSS:
        x0, y0, x1, y1 = a[0] + WIDE / 2, a[1], b[0] + WIDE / 2, b[1]
        peak = min(y0, y1) - 44
        path = f"M{x0:g} {y0:g}C{x0:g} {peak:g} {x1:g} {peak:g} {x1:g} {y1:g}"
        head, high = f"M{x1 - 4:g} {y1 - 7:g}L{x1:g} {y1:g}L{x1 + 4:g} {y1 - 7:g}", peak + 8
    else:
        x0, y0, x1, y1 = a[0] + WIDE, a[1] + HIGH / 2, b[0], b[1] + HIGH / 2
        bow = (x1 - x0) / 2
        path = f"M{x0:g} {y0:g}C{x0 + bow:g} {y0:g} {x1 - bow:g} {y1:g} {x1:g} {y1:g}"
        head, high = (
            f"M{x1 - 7:g} {y1 - 4:g}L{x1:g} {y1:g}L{x1 - 7:g} {y1 + 4:g}",
            (y0 + y1) / 2 - 7,
        )
    said = text((x0 + x1) / 2, high, words) if words else ""
    return f'<path d="{path}{head}" fill="none" stroke="{colour}" stroke-width="{width}"/>{said}'


def short(number: float) -> str:
    """At most three digits behind the point.

    >>> short(0.63469), short(2.0)
    ('0.635', '2')
    """
    return f"{round(number, 3):g}"
