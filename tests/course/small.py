"""A small assignment of two questions, for tests and benchmarks that need no chapter."""

from tests.course.classroom import notebook
from tinylearn.course.author.source import Source, private_spec, source_cell
from tinylearn.course.spec import from_data

TEXT = '''
# %% [markdown]
# # Small
# %% tags=["setup"]
import numpy as np
# %% tags=["question"]
from tinylearn.course.question import case, question
q1 = question("q1", answer="halve", points=2, title="Halve", hints=("a", "b", "c"))
def _array(rng, *shape):
    return np.array([rng.uniform(-9, 9) for _ in range(int(np.prod(shape)))]).reshape(shape)
@q1.visible("by hand")
def _():
    yield case("two rows", np.array([[2.0, 4.0], [6.0, 8.0]]))
@q1.hidden("random", points=1)
def _(rng):
    yield case("a matrix", _array(rng, 3, 5))
    yield case("a vector", _array(rng, 7))
@q1.hidden("edges", points=1)
def _():
    yield case("empty", np.zeros((0, 3)))
    yield case("one", np.ones(1))
@q1.wrong("You double.")
def doubles(a):
    return a * 2
@q1.wrong("You return the input.")
def same(a):
    return a
@q1.wrong("You round down.")
def rounds(a):
    return a // 2
# %%
@tl.answer("halve", points=2)
def halve(a):
    """Half of every number."""
    ### BEGIN SOLUTION
    return a / 2
    ### END SOLUTION
# %%
tl.check("q1")
# %% tags=["question"]
q2 = question("q2", answer="total", points=1, title="Add up", hints=("a", "b", "c"))
@q2.visible("by hand")
def _():
    yield case("three numbers", [1, 2, 3])
@q2.hidden("random", points=1)
def _(rng):
    for size in (0, 4, 9):
        yield case(f"{size} numbers", [rng.randint(-99, 99) for _ in range(size)])
@q2.wrong("You multiply.")
def multiplies(numbers):
    out = 1
    for number in numbers:
        out *= number
    return out
@q2.wrong("You count.")
def counts(numbers):
    return len(numbers)
@q2.wrong("You leave the last one out.")
def stops_early(numbers):
    return sum(numbers[:-1])
# %%
@tl.answer("total", points=1)
def total(numbers):
    """The sum."""
    ### BEGIN SOLUTION
    return sum(numbers)
    ### END SOLUTION
# %%
tl.check("q2")
'''
HALVE = '@tl.answer("halve", points=2)\ndef halve(a):\n    return a / 2\n'
TOTAL = '@tl.answer("total", points=1)\ndef total(numbers):\n    return sum(numbers)\n'


def small_source(text=TEXT):
    import jupytext

    cells = jupytext.reads(text, fmt="py:percent").cells
    return Source("90_small", "Small", tuple(source_cell(cell) for cell in cells))


def small_data():
    return private_spec(small_source())


def small_spec():
    return from_data(small_data())


def good_notebook():
    return notebook("import numpy as np\nimport tinylearn as tl", HALVE, TOTAL)
