"""Runs notebooks from top to bottom and saves them with their outputs, without traces of the run.

    python tools/run_notebook.py notebooks/00_tour.ipynb

Run it after a change that shows in a lesson. What is saved depends on the lesson and the package
alone: no times of the run, no name of this machine, one thread, the default device. It needs the
extra [course].
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import nbclient
import nbformat

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def run(path: Path, timeout: int) -> None:
    """Execute the notebook in its own folder and write it back. A failing cell leaves the file."""
    book = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(
        book,
        timeout=timeout,
        record_timing=False,
        resources={"metadata": {"path": str(path.resolve().parent)}},
        extra_arguments=["--log-level=ERROR"],
    )
    client.execute(env=environment())
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.outputs = joined(cell.outputs)
    own = {name: value for name, value in book.metadata.items() if name not in METADATA}
    book.metadata = nbformat.from_dict(METADATA | {k: own[k] for k in own if k != "widgets"})
    nbformat.write(book, path)


def joined(outputs: list) -> list:
    """The outputs with text in one piece: how it arrives in pieces depends on the run."""
    found: list = []
    for output in outputs:
        if found and output.output_type == "stream" and found[-1].get("name") == output.name:
            found[-1].text += output.text
        else:
            found.append(output)
    return found


def environment() -> dict[str, str]:
    """This process's variables without those that choose a device or a number of threads."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TINYLEARN_")}
    return kept | ONE_THREAD


def main() -> int:
    parser = argparse.ArgumentParser(description="Run notebooks and save them with their outputs.")
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("--timeout", type=int, default=600, help="seconds a cell may take (600)")
    arguments = parser.parse_args()
    for path in arguments.notebooks:
        start = time.perf_counter()
        run(path, arguments.timeout)
        print(f"{path} ran in {time.perf_counter() - start:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
