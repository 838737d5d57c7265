"""The files around the package: they say the same, and what they promise is there."""

import ast
import re
import tomllib

import pytest

from tests.repository import BUILT, ROOT, files
from tinylearn import command

README = (ROOT / "README.md").read_text("utf-8")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
ENVIRONMENT = (ROOT / "environment.yml").read_text("utf-8")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT = PYPROJECT["project"]
EXTRAS = PROJECT["optional-dependencies"]


def blocks(language: str) -> list[str]:
    """The README's code blocks in one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands_after(words: str, text: str) -> set[str]:
    """What follows `words` in a text: the names in "make lab", "make test" ..."""
    return set(re.findall(rf"{re.escape(words)} ([a-z][a-z-]*)", text))


def targets_of_make() -> set[str]:
    """The names that the Makefile declares under .PHONY."""
    return set(re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[1].split())


def oldest_python() -> str:
    """The Python that pyproject.toml asks for, as "3.11"."""
    return PROJECT["requires-python"].removeprefix(">=")


# ---- one version, one list of packages


def test_the_version_is_written_once():
    version = re.search(r'^__version__ = "(.+)"$', (ROOT / "tinylearn/__init__.py").read_text(), 8)
    assert version, "tinylearn/__init__.py states it as __version__ = ..."
    assert "version" in PROJECT["dynamic"]
    written = f'"{version[1]}"'
    sources = [path for path in files() if path.suffix in (".py", ".toml", ".yml")]
    stating = [
        str(path.relative_to(ROOT)) for path in sources if written in path.read_text("utf-8")
    ]
    assert stating == ["tinylearn/__init__.py"]


def test_a_bare_install_brings_numpy_and_safetensors_alone():
    names = {re.match(r"[\w-]+", line)[0] for line in PROJECT["dependencies"]}
    assert names == {"numpy", "safetensors"}


def test_conda_users_get_the_same_python_and_extras():
    conda, pip = ENVIRONMENT.split("  - pip:\n")
    assert f"- python>={oldest_python()}\n" in conda
    assert {"c-compiler", "graphviz", "pip", "make", "git"} <= set(re.findall(r"- (\S+)", conda))
    lines = re.findall(r"- (.+)", pip)
    assert lines == ["-e .[course,test]"], "all other packages are named in pyproject.toml alone"


def test_everybody_asks_for_the_same_python():
    major, minor = oldest_python().split(".")
    assert f"sys.version_info < ({major}, {minor})" in MAKEFILE
    assert f"Python of at least {major}.{minor}" in MAKEFILE
    assert f"Python {major}.{minor}" in README
    assert PYPROJECT["tool"]["ruff"]["target-version"] == f"py{major}{minor}"
    older = [f"python{major}.{n}" for n in range(int(minor)) if f"python{major}.{n} " in MAKEFILE]
    assert older == []


def test_make_installs_extras_that_exist():
    asked = [group.split(",") for group in re.findall(r"-e '\.\[(.+?)\]'", MAKEFILE)]
    assert set().union(*asked) <= set(EXTRAS)
    assert ["course", "test"] in asked


@pytest.mark.parametrize("extra", EXTRAS)
def test_the_readme_explains_each_extra(extra):
    assert f"`[{extra}]`" in README


def test_the_readme_promises_no_extra_that_is_not_there():
    named = set(re.findall(r"`\[([a-z]+)\]`", README))
    for group in re.findall(r"\.\[([a-z,]+)\]", README):
        named |= set(group.split(","))
    assert named <= set(EXTRAS)


# ---- commands


def test_make_commands_in_the_documents_exist():
    text = README + (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    named = commands_after("`make", text) | commands_after("\nmake", text)
    assert {"lab", "test"} <= named
    assert named <= targets_of_make()


def test_help_lists_every_make_command():
    listed = commands_after('@echo "make', MAKEFILE)
    assert listed == targets_of_make() - {"help"}


def test_tinylearn_commands_in_the_readme_exist():
    named = commands_after("-m tinylearn", README) | commands_after("`tinylearn", README)
    named |= commands_after("&& tinylearn", README + ENVIRONMENT)
    assert {"lab", "test"} <= named
    assert named <= set(command.COMMANDS)


def test_each_windows_command_equals_a_make_command():
    windows = next(block for block in blocks("text") if ".venv\\Scripts\\" in block)
    assert commands_after("-m tinylearn", windows) == {"lab", "test"}
    assert '-e ".[course,test]"' in windows


# ---- the README's examples and its tree


def test_the_readme_examples_print_what_they_promise():
    """A line `print(x)    # 1.0` promises its output."""
    code = "\n".join(blocks("python"))
    assert "import tinylearn as tl" in code
    promised = [line for line in code.splitlines() if "print(" in line]
    shown: list[str] = []
    namespace = {"print": lambda *values: shown.append(" ".join(map(str, values)))}
    exec(compile(code, "<the README>", "exec"), namespace)
    assert shown == [line.split("# ")[1].strip() for line in promised]


def tree() -> dict[str, str]:
    """The README's tree: each path (folders end in /) and what it says of it."""
    lines = next(block for block in blocks("text") if "tinylearn/\n" in block).splitlines()
    paths: dict[str, str] = {}
    folders = {0: ""}  # by how far a line is indented: the folder that it lies in
    for line in lines:
        inner, names, says = re.fullmatch(r"( *)(\S+(?: \S+)*?)(?: {2,}(.+))?", line).groups()
        for name in names.split():
            paths[folders[len(inner)] + name] = says or ""
        folders[len(inner) + 2] = folders[len(inner)] + name
    return paths


def test_everything_in_the_readme_tree_exists():
    missing = [path for path in tree() if not (ROOT / path).exists()]
    assert missing == []
    mistaken = [path for path in tree() if path.endswith("/") != (ROOT / path).is_dir()]
    assert mistaken == []


def test_every_folder_and_every_room_is_in_the_readme_tree():
    names = [path.relative_to(ROOT).parts for path in files()]
    folders = {f"{parts[0]}/" for parts in names if len(parts) > 1 and parts[0][0] != "."}
    inside = [parts for parts in names if parts[0] == "tinylearn" and len(parts) > 1]
    rooms = {f"tinylearn/{parts[1]}/" for parts in inside if len(parts) > 2}
    rooms |= {f"tinylearn/{parts[1]}" for parts in inside if len(parts) == 2}
    rooms -= {"tinylearn/__init__.py", "tinylearn/__main__.py"}
    assert sorted((folders | rooms) - set(tree()) - {f"{name}/" for name in BUILT}) == []


# ---- what no file may hold

# Ann is the one user who may stand in an example.
MACHINE = re.compile(r"(?<![\w.~$}])/(?:work|root|home)/(?!ann\b)\w|[A-Z]:\\{1,2}Users\\+(?!ann\b)")
OPEN_END = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b(?![^\n]*#\d)")


@pytest.mark.parametrize("name", [str(path.relative_to(ROOT)) for path in files()])
def test_no_file_holds_a_machine_path_or_an_open_end_without_a_number(name):
    content = (ROOT / name).read_bytes()
    if b"\0" in content:
        return  # not a text
    lines = list(enumerate(content.decode("utf-8").splitlines(), 1))
    assert [f"{name}:{n} {line[:80]}" for n, line in lines if MACHINE.search(line)] == []
    assert [f"{name}:{n} {line[:80]}" for n, line in lines if OPEN_END.search(line)] == []


@pytest.mark.parametrize("text", ["/ro" + "ot/x", "'/ho" + "me/bob'", "C:" + "\\Users\\bob"])
def test_a_machine_path_would_be_found(text):
    assert MACHINE.search(text)


def test_the_licence_is_the_one_the_project_states():
    licence = (ROOT / "LICENSE").read_text("utf-8")
    assert PROJECT["license"] == "MIT"
    assert licence.startswith("MIT License")
    assert "The tinylearn authors" in licence


def test_continuous_integration_runs_what_a_developer_runs():
    script = ROOT / ".ci/run"
    assert script.stat().st_mode & 0o111, "chmod +x .ci/run"
    assert script.read_text("utf-8").rstrip().endswith("make test")


def test_every_test_file_holds_a_test():
    silent = []
    for path in files():
        if path.name.startswith("test_") and path.suffix == ".py" and "tests" in path.parts:
            names = [getattr(node, "name", "") for node in ast.walk(ast.parse(path.read_text()))]
            if not any(name.startswith("test_") for name in names):
                silent.append(path.name)
    assert silent == []
