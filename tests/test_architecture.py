"""The floors: who may import whom, how long a file may be, and what `import tinylearn` brings."""

import ast
import graphlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.repository import ROOT, files

PACKAGE = ROOT / "tinylearn"

# From the ground up. A file imports from its own floor and from those before it.
FLOORS = (
    {"parts", "errors", "changes"},
    {"graph"},
    {"schedule"},
    {"loops"},
    {"render"},
    {"devices"},
    {"plan"},
    {"repairs"},
    {"tensor"},
    {"kernels"},
    {"nn"},
    {"contracts"},
    {"viz"},
    {"course"},
    {"__init__", "__main__", "command"},
)
FLOOR = {name: height for height, names in enumerate(FLOORS) for name in names}
COURSE = {  # which rooms of the course each of them may import, beside what all share
    "inside": set(),
    "": {"inside"},  # what all share
    "student": {"inside", ""},
    "grade": {"inside", ""},
    "author": {"inside", "", "grade"},
    "lessons": {"author"},
}
LAZY = {"tinylearn", "tinylearn.command"}  # these may import inside functions, viz and course too
FOUNDATION = {"graph", "schedule", "loops", "render", "devices", "tensor", "nn"}
MANY_LINES, WIDE, LONG = 400, 100, 40  # lines of a file, characters of a line, lines of a function


@dataclass(frozen=True)
class Import:
    """One import statement's target: a module of tinylearn, or a package outside it."""

    target: str
    line: int
    in_function: bool
    for_types: bool  # under `if TYPE_CHECKING:`, so never carried out


def module_name(path: Path) -> str:
    """The dotted name of a file: tinylearn/graph/__init__.py is tinylearn.graph."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> dict[str, Path]:
    """Every module of the package, by name."""
    return {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def room(module: str) -> str:
    """The name that FLOORS knows a module by: tinylearn.graph.node lives in graph."""
    return module.split(".")[1] if "." in module else "__init__"


def targets(statement: ast.Import | ast.ImportFrom, module: str) -> list[str]:
    """The modules that an import statement in `module` names."""
    if isinstance(statement, ast.Import):
        return [alias.name for alias in statement.names]
    source = statement.module or ""
    if statement.level:
        is_package = modules()[module].name == "__init__.py"
        parts = module.split(".")
        base = parts[: len(parts) - statement.level + is_package]
        source = ".".join([*base, *([source] if source else [])])
    names = [f"{source}.{alias.name}" for alias in statement.names]
    return sorted({name if name in modules() else source for name in names})


@cache
def imports(module: str) -> tuple[Import, ...]:
    """All imports of a module, wherever they stand in it."""

    def visit(node: ast.AST, in_function: bool, for_types: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import | ast.ImportFrom):
                for target in targets(child, module):
                    yield Import(target, child.lineno, in_function, for_types)
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                yield from visit(child, True, for_types)
            else:
                typing = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
                yield from visit(child, in_function, for_types or typing)

    return tuple(visit(ast.parse(modules()[module].read_text("utf-8")), False, False))


def own(target: str) -> bool:
    """Whether an import's target is a module of tinylearn."""
    return target.split(".")[0] == "tinylearn"


def at(module: str, line: int) -> str:
    """The place of a finding, as an editor opens it."""
    return f"{modules()[module].relative_to(ROOT)}:{line}"


def reached() -> set[str]:
    """The modules that `import tinylearn` loads, following the imports that are carried out."""
    found, to_visit = set(), ["tinylearn"]
    while to_visit:
        module = to_visit.pop()
        if module in found or module not in modules():
            continue
        found.add(module)
        for used in imports(module):
            if own(used.target) and not used.in_function and not used.for_types:
                parts = used.target.split(".")
                to_visit += [".".join(parts[: n + 1]) for n in range(len(parts))]
    return found


def test_the_foundation_stands():
    missing = FOUNDATION - {room(module) for module in modules()}
    assert not missing, f"nothing below would be tested in {sorted(missing)}"


def test_every_module_has_a_floor():
    homeless = {room(module) for module in modules()} - set(FLOOR)
    assert not homeless, f"give {sorted(homeless)} a floor in FLOORS, and a line in the README"


@pytest.mark.parametrize("module", modules())
def test_a_file_imports_only_from_its_own_floor_and_those_below(module):
    height = FLOOR[room(module)]
    upward = [
        f"{at(module, used.line)} imports {used.target}"
        for used in imports(module)
        if own(used.target) and FLOOR[room(used.target)] > height
        if not (module in LAZY and used.in_function)
    ]
    assert not upward, "move what both need down a floor:\n" + "\n".join(upward)


@pytest.mark.parametrize("module", sorted(set(modules()) - LAZY))
def test_no_import_of_ours_hides_in_a_function(module):
    hidden = [
        f"{at(module, used.line)} imports {used.target}"
        for used in imports(module)
        if own(used.target) and used.in_function
    ]
    assert not hidden, "\n".join(hidden)


@pytest.mark.parametrize("module", modules())
def test_nothing_imports_pictures_or_the_course(module):
    guests = [
        f"{at(module, used.line)} imports {used.target}"
        for used in imports(module)
        if own(used.target) and room(used.target) in {"viz", "course"} - {room(module)}
        if not (module in LAZY and used.in_function)
    ]
    assert not guests, "\n".join(guests)


def course_room(module: str) -> str:
    """The room of the course that a module lives in: "" for what all rooms share."""
    place = module.split(".")[2]
    return place if place in COURSE else ""


@pytest.mark.parametrize("module", [m for m in modules() if m.startswith("tinylearn.course.")])
def test_a_room_of_the_course_imports_only_from_those_it_may(module):
    room_of_it = course_room(module)
    may = COURSE[room_of_it] | {room_of_it}
    strangers = [
        f"{at(module, used.line)} imports {used.target}"
        for used in imports(module)
        if used.target.startswith("tinylearn.course.") and course_room(used.target) not in may
    ]
    assert module == "tinylearn.course.command" or not strangers, "\n".join(strangers)


def test_modules_do_not_import_each_other_in_a_circle():
    graph = {
        module: {u.target for u in imports(module) if own(u.target) and not u.for_types} - {module}
        for module in set(modules()) - LAZY
    }
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_importing_tinylearn_names_no_package_but_numpy():
    strangers = [
        f"{at(module, used.line)} imports {used.target}"
        for module in sorted(reached())
        for used in imports(module)
        if not used.in_function and not used.for_types
        if used.target.split(".")[0] not in {"tinylearn", "numpy"} | sys.stdlib_module_names
    ]
    assert not strangers, "import an optional package where it is used:\n" + "\n".join(strangers)


def test_importing_tinylearn_loads_no_package_but_numpy():
    """The same, carried out in a fresh interpreter, with a bound on what it adds to NumPy."""
    script = """if True:
        import sys, json, numpy
        before = set(sys.modules)
        import tinylearn
        print(json.dumps(sorted(set(sys.modules) - before)))
    """
    run = [sys.executable, "-W", "error", "-c", script]
    loaded = json.loads(subprocess.check_output(run, cwd=ROOT, text=True))
    tops = {name: name.split(".")[0] for name in loaded if "cython" not in name}  # NumPy's own
    known = {"tinylearn", "numpy"} | sys.stdlib_module_names
    assert [name for name, top in tops.items() if top not in known] == []
    rooms = {room(name) for name in loaded if own(name)}
    assert not rooms & {"viz", "course", "command"}
    assert [n for n in loaded if room(n) == "nn"] == ["tinylearn.nn", "tinylearn.nn.updates"]
    assert "tinylearn.devices.c_device" not in loaded
    standard = [name for name, top in tops.items() if top not in ("tinylearn", "numpy")]
    assert len(standard) < 60, f"each module costs start-up time: {standard}"


@pytest.mark.parametrize("name", [str(f.relative_to(ROOT)) for f in files() if f.suffix == ".py"])
def test_a_file_can_be_read_in_one_go(name):
    lines = (ROOT / name).read_text("utf-8").splitlines()
    if not name.startswith("solutions"):  # a notebook as text: its cells are what must be short
        assert len(lines) < MANY_LINES
    read = [
        re.sub(r"  # (type: ignore|noqa|fmt:).*", "", line) for line in lines
    ]  # for a tool only
    assert [number for number, line in enumerate(read, 1) if len(line) > WIDE] == []


@pytest.mark.parametrize("module", modules())
def test_a_function_fits_on_a_screen(module):
    tree = ast.parse(modules()[module].read_text("utf-8"))
    long = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            doc = node.body[0] if ast.get_docstring(node, clean=False) is not None else None
            docs = doc.end_lineno - doc.lineno + 1 if doc else 0
            if node.end_lineno - node.lineno + 1 - docs >= LONG:
                long.append(f"{at(module, node.lineno)} {node.name}")
    assert not long, f"functions of {LONG} lines or more:\n" + "\n".join(long)
