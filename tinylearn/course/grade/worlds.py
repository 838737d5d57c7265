"""Worlds: what an answer can import, as copies of the package with holes where bodies would be.

    build(World("tinylearn", ("tinylearn.graph.primitives.MUL",))) -> Hole     made once, then kept

A world is "python" (the standard library alone), "numpy", or "tinylearn", and names the functions
that are absent from it: their bodies exist nowhere in the copy, neither as source nor as bytecode.
Nothing of the grader, of a contract's references or of another world can be read beside it. Its
key is a digest of all that stands in it; equal worlds are one folder.
"""

from __future__ import annotations

import ast
import hashlib
import os
import py_compile
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy

PACKAGE = Path(__file__).resolve().parents[2]
INSIDE = PACKAGE / "course" / "inside"
STANDINS = INSIDE / "standins"
SAYS = "raise NameError('this is what the question asks you to write: it is not here')"
LEFT_OUT = ("course/", "viz/", "contracts/", "command.py", "__main__.py")  # none of it runs inside
KEPT = ("contracts/measure.py",)
STALE = 30 * 24 * 3600.0  # seconds after which a world that nobody used is removed


@dataclass(frozen=True)
class World:
    """What an answer's process may import.

    absent   functions without a body, as module.qualname
    graphs   whether the host describes graphs here: doing so walks them, as one question asks
    """

    kind: str = "tinylearn"
    absent: tuple[str, ...] = ()
    graphs: bool = False

    @property
    def key(self) -> str:
        """A digest of all that stands in the world; part of the digest of every grade."""
        return hashlib.sha256(repr((self, base_digest(), SAYS)).encode()).hexdigest()[:20]

    @property
    def warm(self) -> tuple[str, ...]:
        """The modules that a host imports before its first question."""
        return {"python": (), "numpy": ("numpy",)}.get(self.kind, ("numpy", "tinylearn"))


@dataclass(frozen=True)
class Hole:
    """A world on disk: its folder holds `inside`, the host's files, and `package`."""

    folder: Path
    world: World

    @property
    def package(self) -> Path:
        return self.folder / "package"

    @property
    def imports(self) -> list[str]:
        """The folders from which an answer's process imports."""
        return [str(self.package), *[str(self.folder / "site")] * (self.world.kind != "python")]


# ---------------------------------------------------------------- what the package holds


@cache
def kept_files() -> tuple[tuple[Path, str], ...]:
    """(file, its place in the package) of all that goes into a world of kind "tinylearn"."""
    found = []
    for file in sorted(PACKAGE.rglob("*")):
        path = file.relative_to(PACKAGE).as_posix()
        gone = path.startswith(LEFT_OUT) and path not in KEPT
        if file.is_file() and not gone and "__pycache__" not in file.parts:
            found.append((file, path))
    return tuple(found)


@cache
def sources() -> dict[str, tuple[Path, str, ast.Module]]:
    """{module: (file, text, tree)} of the sources among them."""
    found = {}
    for file, path in kept_files():
        if file.suffix == ".py":
            module = ".".join(["tinylearn", *path[:-3].split("/")]).removesuffix(".__init__")
            text = file.read_text("utf-8")
            found[module] = file, text, ast.parse(text)
    return found


@cache
def functions() -> dict[str, ast.FunctionDef]:
    """{module.qualname: definition} of all functions and methods in them."""
    found: dict[str, ast.FunctionDef] = {}

    def collect(prefix: str, body: list[ast.stmt]) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef):
                found[f"{prefix}.{node.name}"] = node
            elif isinstance(node, ast.ClassDef):
                collect(f"{prefix}.{node.name}", node.body)

    for module, (_, _, tree) in sources().items():
        collect(module, tree.body)
    return found


def module_of(qualname: str) -> str:
    """The module of a function."""
    while qualname not in sources():
        qualname = qualname.rpartition(".")[0]
    return qualname


@cache
def base_digest() -> str:
    """A digest of all files that any world is made of, and of the Python that compiles them."""
    digest = hashlib.sha256(f"{sys.implementation.cache_tag}".encode())
    own = [(file, f"inside/{file.name}") for file in [*inside_files(), *STANDINS.glob("*.py")]]
    for file, path in [*kept_files(), *sorted(own)]:
        digest.update(path.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:20]


def inside_files() -> list[Path]:
    """The host's own files, which run beside the answer."""
    return sorted(INSIDE.glob("*.py"))


@cache
def machine_digest() -> str:
    """What else a world on disk depends on: which Python compiled it, and where NumPy lies."""
    return hashlib.sha256(f"{sys.version}\0{numpy_folders()}".encode()).hexdigest()[:8]


def numpy_folders() -> list[Path]:
    """NumPy's own folders: the package, and the shared libraries that its wheels bring along."""
    site = Path(numpy.__file__).resolve().parent.parent
    return [site / name for name in ("numpy", "numpy.libs") if (site / name).exists()]


# ---------------------------------------------------------------- building


def build(world: World) -> Hole:
    """The folder of a world. Raises ValueError where a name in it has no body here."""
    if unknown := sorted(set(world.absent) - functions().keys()):
        raise ValueError(f"this tinylearn has no {', '.join(unknown)}\nTry: tinylearn course build")
    folder = store() / f"{world.key}-{machine_digest()}"
    if folder.exists():
        os.utime(folder)
    else:
        building = Path(tempfile.mkdtemp(prefix=".building-", dir=store()))
        fill(building, world)
        put(building, folder)
    return Hole(folder, world)


def fill(folder: Path, world: World) -> None:
    """Write all that a world holds into an empty folder."""
    shutil.copytree(base() / "inside", folder / "inside", copy_function=os.link)
    if not world.graphs:
        (folder / "inside" / "record.py").unlink()
        compiled(folder / "inside" / "record.py").unlink()
    package = folder / "package"
    if world.kind != "python":  # links in a folder of their own: no site-packages on the path
        (folder / "site").mkdir()
        for target in numpy_folders():
            (folder / "site" / target.name).symlink_to(target)
    if world.kind == "tinylearn":
        shutil.copytree(base() / "package", package, copy_function=os.link)
    else:  # so that a notebook may begin with `import tinylearn as tl` in every chapter
        for name in ("tinylearn", "numpy")[: 1 + (world.kind == "python")]:
            copied(STANDINS / "nothing.py", package / name / "__init__.py")
        copied(STANDINS / "course.py", package / "tinylearn" / "course.py")
    by_module: dict[str, list[ast.FunctionDef]] = {}
    for qualname in world.absent:
        by_module.setdefault(module_of(qualname), []).append(functions()[qualname])
    for module, removed in by_module.items():
        file, text, _ = sources()[module]
        rewrite(package / "tinylearn" / file.relative_to(PACKAGE), without(text, removed))
    open_to_read(folder)


def rewrite(target: Path, text: str) -> None:
    """Put another text in the place of a linked file, and compile it."""
    target.unlink()
    compiled(target).unlink()
    target.write_text(text, "utf-8")
    compile_one(target)


def without(text: str, removed: Iterable[ast.FunctionDef]) -> str:
    """The source with these bodies gone; docstrings and line numbers stay."""
    lines = text.splitlines()
    for f in removed:
        body = f.body[1:] if ast.get_docstring(f) is not None else f.body
        first, last = (body or f.body)[0].lineno, f.end_lineno or 0
        if first <= f.lineno:
            raise ValueError(f"{f.name} has its body on the line of its def: it cannot be cut out")
        lines[first - 1 : last] = [" " * (f.col_offset + 4) + SAYS] + [""] * (last - first)
    return "\n".join(lines) + "\n"


@cache
def base() -> Path:
    """What all worlds are linked from: the package less what is left out, compiled."""
    folder = store() / f"base-{base_digest()}-{machine_digest()}"
    if not folder.exists():
        remove_stale()
        building = Path(tempfile.mkdtemp(prefix=".building-", dir=store()))
        for file, path in kept_files():
            copied(file, building / "package" / "tinylearn" / path)
        for file in inside_files():
            copied(file, building / "inside" / file.name)
        for name in ("course", "viz", "contracts"):
            target = building / "package" / "tinylearn" / name
            target = target / "__init__.py" if target.is_dir() else target.with_suffix(".py")
            copied(STANDINS / f"{name}.py", target)
        open_to_read(building)
        put(building, folder)
    os.utime(folder)
    return folder


def copied(file: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, target)
    if target.suffix == ".py":
        compile_one(target)


def compiled(file: Path) -> Path:
    return file.parent / "__pycache__" / f"{file.stem}.{sys.implementation.cache_tag}.pyc"


def compile_one(file: Path) -> None:
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH  # links and mounts may change the times
    py_compile.compile(str(file), str(compiled(file)), doraise=True, invalidation_mode=mode)


def open_to_read(folder: Path) -> None:
    """Let every user read what is below, and nobody but the owner write."""
    folder.chmod(0o755)
    for here, folders, files in os.walk(folder):
        for name in folders:
            if not os.path.islink(os.path.join(here, name)):
                os.chmod(os.path.join(here, name), 0o755)
        for name in files:
            os.chmod(os.path.join(here, name), 0o644)


# ---------------------------------------------------------------- the store


def store() -> Path:
    """The folder of all worlds, the user's own. Raises OSError if somebody else could write it."""
    folder = Path(tempfile.gettempdir()).resolve() / f"tinylearn-worlds-{os.getuid()}"
    folder.mkdir(mode=0o755, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise OSError(f"{folder} is not a folder of this user's own: remove it")
    return folder


def put(building: Path, folder: Path) -> None:
    """Move a finished folder to its place, all at once; another process may have been first."""
    try:
        building.rename(folder)
    except OSError:
        shutil.rmtree(building, ignore_errors=True)
        if not folder.exists():
            raise


def remove_stale() -> None:
    """Remove the worlds that nobody has used for a month, and what a killed builder left."""
    for path in store().iterdir():
        age = time.time() - path.stat().st_mtime
        if age > STALE or (path.name.startswith(".building-") and age > 3600):
            shutil.rmtree(path, ignore_errors=True)
