"""Pictures of what a program does: the graph, every fusion decision, the code, the training.

    tl.draw(x)       the graph, kernels as boxes      tl.explain(x)    each decision and its reason
    tl.source(x)     the generated code               tl.trace(x)      all of it as plain data
    tl.progress(..)  a training loop, live            tl.trace_nan()   who made the first NaN
    tl.profile(x)    how long each kernel takes       tl.analyze(model, x)   what it costs
    tl.schedule(x)   its loops, changed by hand       tl.tune(x)             the best, by trying
    tl.explore(f)    knobs for f's arguments, for every rule, transform, device and language

Drawing computes nothing, changes nothing, and never raises: where there is no picture, a line of
text says why.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from tinylearn.devices.c_device import here
from tinylearn.devices.tuning import tune as tuned
from tinylearn.errors import ScheduleError
from tinylearn.kernels.launch import Kernel, Listing
from tinylearn.loops import grid
from tinylearn.loops.chosen import carried_out
from tinylearn.loops.lower import lower
from tinylearn.loops.recipe import cooked
from tinylearn.loops.rewrites import rewritten
from tinylearn.loops.tree import plain
from tinylearn.parts import using as replaced
from tinylearn.schedule.kernel import has_threads, is_alone
from tinylearn.viz.faces.by_hand import Schedule
from tinylearn.viz.faces.loops_film import LoopsFilm
from tinylearn.viz.faces.memory_film import MemoryFilm
from tinylearn.viz.faces.nan import trace_nan
from tinylearn.viz.faces.picture import Picture, Refusal
from tinylearn.viz.faces.side_by_side import Comparison
from tinylearn.viz.faces.times import Analysis, Profile
from tinylearn.viz.faces.tuning import Tuning, refuse_other_devices
from tinylearn.viz.live.explorer import Explorer
from tinylearn.viz.trace.analysis import costs_of
from tinylearn.viz.trace.code import LANGUAGES, ON_REQUEST
from tinylearn.viz.trace.decisions import title_of
from tinylearn.viz.trace.loops import kernels_of, loops_of, one_kernel
from tinylearn.viz.trace.timing import times_of
from tinylearn.viz.trace.tracer import trace as _trace
from tinylearn.viz.trace.variables import called
from tinylearn.viz.training import plots
from tinylearn.viz.training.dashboard import progress

__all__ = [
    "analyze",
    "draw",
    "explain",
    "explore",
    "plots",
    "profile",
    "progress",
    "schedule",
    "source",
    "trace",
    "trace_nan",
    "tune",
]

ELSEWHERE = "the recipe begins with other loops than those of the kernel itself"
Shown = Picture | Comparison | MemoryFilm | LoopsFilm | Refusal


def trace(*tensors: Any, level: str = "named") -> dict[str, Any]:
    """Everything a picture is drawn from, as plain data: nodes, kernels, steps, positions, code.

    level    "named": neighbouring moves are one step; "all": every decision by itself
    Raises   ValueError for what is no tensor, or for more nodes than a picture can hold
    Source   the format is described in tinylearn/viz/trace/schema.md
    """
    return _trace(*tensors, level=level, frame=sys._getframe(1))


def attempt(make: Callable[[], Shown]) -> Shown:
    """The picture, or the reason why there is none: a cell that only draws must not fail."""
    try:
        return make()
    except ValueError as error:
        return Refusal(str(error))
    except Exception as error:
        return Refusal(f"{type(error).__name__}: {error}")


def draw(*tensors: Any, by: str = "kernels") -> Shown:
    """The graph behind tensors: what was computed from what, and which kernels it runs in.

    by   what the boxes around the nodes stand for: "kernels", or "modules" and the functions that
         were called; or "memory": a film of which buffer lives when
    """
    frame = sys._getframe(1)

    def picture() -> Shown:
        if by == "memory":
            return MemoryFilm(_trace(*tensors, code=False, frame=frame))
        if by not in ("kernels", "modules"):
            raise ValueError(f'by is "kernels", "modules" or "memory", not {by!r}')
        data = _trace(*tensors, steps=False, code=False, view=by, frame=frame)
        return Picture(data, "draw", view=by)

    return attempt(picture)


def explain(
    *tensors: Any,
    using: Mapping[str, Callable | None] | None = None,
    level: str = "named",
    step: int = 0,
) -> Shown:
    """Why the graph runs in the kernels it runs in: each decision, its rule and its reason.

    using   {"fuse.repeated": mine}: the decisions with and without these Parts, side by side
    level   "named"; "all" for every decision by itself and every simplification; "loops" for how
            each kernel's loops run on the c device: every rewrite and transform, with its reason
    step    where the film begins; 0 is before the first decision
    """
    frame = sys._getframe(1)

    def picture() -> Picture:
        return Picture(_trace(*tensors, level=level, frame=frame), "explain", step=step)

    def both() -> Shown:
        if level == "loops":
            return LoopsFilm(loops_of(tensors, frame))
        before = picture()
        if using is None:
            return before
        with replaced(using):
            return Comparison(before, picture(), list(using))

    return attempt(both)


def explore(function: Callable[..., Any]) -> Explorer:
    """Knobs for a function's arguments, rules, transforms, device and language: what its kernels
    are, their code and their times are drawn anew while a knob moves. Needs ipywidgets.

    function   of numbers (batch: (1, 512) = 64, width=128), of bools, or of one of several words
               (act: ("relu", "tanh") = "relu"); gives a Tensor that is not computed yet, or a
               picture, such as one of tinylearn.viz.plots: then that is shown and drawn anew

    A rule that is switched off says nothing; a transform refuses, and what needs it stays plain.
    Nothing outside changes. A saved notebook keeps what was shown last.
    Raises     TypeError for an argument of which nobody knows between what it moves
    """
    return Explorer(function)


def profile(*what: Any, rounds: int = 20) -> Profile | Refusal:
    """How long each kernel takes, beside the bytes it moves and the operations it does.

    what     tensors that are not computed yet; or a function and its arguments, such as a training
             step, which is called once
    rounds   how often each kernel runs; the median counts
    """
    frame = sys._getframe(1)
    try:
        return Profile(times_of(what, rounds, frame))
    except ValueError as error:
        return Refusal(str(error))


def analyze(*what: Any, rounds: int = 20) -> Analysis | Refusal:
    """What a model costs: operations, bytes, memory, predicted and measured time of each kernel;
    how many of its accesses are known before it runs, and how much of its arithmetic is + and *.

    what     a model, or another function, and its inputs; or tensors that are not computed yet
    rounds   how often each kernel runs; the median counts
    """
    frame = sys._getframe(1)
    try:
        return Analysis(costs_of(what, rounds, frame))
    except ValueError as error:
        return Refusal(str(error))


def schedule(*tensors: Any, kernel: int | None = None, recipe: bool = False) -> Schedule:
    """The loops of one kernel, to be changed by hand: schedule(x).split("i", 64).vectorize("ii").

    kernel   its number in tl.explain(x, level="loops"), where there are several
    recipe   whether to begin with what the recipe did; else with one loop inside the other
    Raises   ScheduleError where a transform does not fit, with calls that do
    """
    frame = sys._getframe(1)
    names = ", ".join(called(t, frame, "x") for t in tensors)
    options = ", recipe=True" * recipe

    def call(number: int | None) -> str:
        chosen = f", kernel={number}" if number is not None else ""
        return f"tl.schedule({names}{chosen}{options})"

    number, found = one_kernel(kernels_of(tensors, frame), kernel, call)
    nest = rewritten(lower(found))
    on_gpu = has_threads(found.outputs[0])
    cook = grid.by_recipe(nest, "kernel") if on_gpu else cooked(nest, "kernel", here())
    if recipe and carried_out(plain(nest), cook.moves) is None:
        raise ScheduleError(f"{ELSEWHERE}\nTry tl.schedule({names}, kernel={number})")
    title = f"kernel {number}: {title_of(found)}"
    return Schedule(found, nest, title, call(kernel), cook.moves if recipe else ())


def tune(*tensors: Any, kernel: int | None = None) -> Tuning:
    """Try other loops for the kernels of tensors, on the c device; the fastest run from now on.

    What wins is kept on disk for this kernel, machine and compiler, beside the compiled kernels.
    The numbers differ by no more than the order of sums, which every recipe is free to choose; a
    tuned kernel gives the same bits each time. `.forget()` gives the kernels back to the recipe.

    kernel   the number of the only one to tune
    Raises   DeviceError where there are no loops to choose: on other devices, without a compiler
    """
    frame = sys._getframe(1)
    names = ", ".join(called(t, frame, "x") for t in tensors)
    kernels = kernels_of(tensors, frame)
    refuse_other_devices(kernels)
    numbers = [k for k, found in enumerate(kernels, 1) if not is_alone(found.outputs[0])]
    if kernel is not None or not numbers:
        numbers = [one_kernel(kernels, kernel, lambda k: f"tl.tune({names}, kernel={k})")[0]]
    return Tuning([(number, tuned(kernels[number - 1])) for number in numbers])


def source(*tensors: Any, language: str = "") -> Shown | Listing:
    """The text that is generated for the tensors' kernels; lines and nodes know of each other.

    A kernel of tl.kernel has a text of its last launch: source(kernel, "cuda").

    language   "numpy" (the calls that the numpy device makes), "c" (what the c device runs: large
               products are calls of BLAS), "cuda" or "opencl" (what a GPU would run); that of the
               tensors' device if not given. It may stand behind the tensors without its name:
               source(x, "c")
    """
    frame = sys._getframe(1)
    if len(tensors) > 1 and isinstance(tensors[-1], str) and not language:
        *tensors, language = tensors  # type: ignore[assignment]

    if len(tensors) == 1 and isinstance(tensors[0], Kernel):
        return tensors[0].source(language or "cuda")

    def picture() -> Picture:
        data = _trace(*tensors, frame=frame, language=language)
        data |= {"steps": [], "frames": [], "texts": {}}
        wanted = language or data["nodes"][-1]["device"]
        known = wanted if wanted in LANGUAGES or language else "numpy"
        if known not in (there := [*LANGUAGES, *ON_REQUEST]):
            raise ValueError(f"there is no {language} text; there are {', '.join(there)}")
        return Picture(data, "source", language=known)

    return attempt(picture)
