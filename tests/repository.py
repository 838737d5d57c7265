"""What the tests ask about the repository as a whole: its root and its files."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILT = {"build", "dist", "my_tinylearn", "__pycache__"}


@cache
def files() -> tuple[Path, ...]:
    """The project's files: those git knows or would add; without git, all that are not built."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        names = subprocess.check_output(command, cwd=ROOT, text=True, stderr=subprocess.DEVNULL)
        found = [ROOT / name for name in names.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        found = [path for path in ROOT.rglob("*") if not built(path.relative_to(ROOT))]
    return tuple(sorted(path for path in found if path.is_file() and not path.is_symlink()))


def built(path: Path) -> bool:
    """Whether a path lies in a hidden folder or in one that a build writes."""
    return any(part in BUILT or part.startswith(".") for part in path.parts)
