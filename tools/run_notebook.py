"""Runs notebooks from top to bottom and saves them with their outputs, without traces of the run.

    python tools/run_notebook.py notebooks/00_tour.ipynb

Run it after a change that shows in a lesson. What is saved depends on the lesson and the package
alone: no times of the run, no name of this machine, one thread, the default device. A number in the
text that carries its expression must be what the cells computed, or the file stays as it was; see
tinylearn/course/lessons/claims.py. It needs the extra [course].
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

import nbclient
import nbformat

from tinylearn.course.lessons.claims import NOTED, claims_in, question, wrong_claims

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
WIDGET = "application/vnd.jupyter.widget-view+json"
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def run(path: Path, timeout: int) -> None:
    """Execute the notebook in its own folder and write it back. A failing cell leaves the file.

    Raises ValueError where the text claims a number that its cells do not give.
    """
    book = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(
        book,
        timeout=timeout,
        record_timing=False,
        resources={"metadata": {"path": str(path.resolve().parent)}},
        extra_arguments=["--log-level=ERROR"],
    )
    execute(client, book)
    if wrong := wrong_claims(book.cells):
        raise ValueError(f"{path}: " + "\n".join(wrong))
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.outputs = joined(cell.outputs)
    own = {name: value for name, value in book.metadata.items() if name not in METADATA}
    book.metadata = nbformat.from_dict(METADATA | {k: own[k] for k in own if k != "widgets"})
    nbformat.write(book, path)


def execute(client: nbclient.NotebookClient, book: nbformat.NotebookNode) -> None:
    """Run the cells in order, and ask for each text's claims where it stands.

    What is asked has no number of its own: a lesson's cells are counted as its reader counts them.
    """
    lesson = list(book.cells)
    with client.setup_kernel(env=environment()):
        for cell in lesson:
            if cell.cell_type == "code":
                book.cells = [cell]
                client.execute_cell(cell, 0)
                continue
            cell.metadata.pop(NOTED, None)
            if claims := claims_in(cell.source):
                asked = nbformat.v4.new_code_cell(question(claims))
                book.cells = [asked]
                client.execute_cell(asked, 0, store_history=False)
                values = json.loads(asked.outputs[-1].text)
                cell.metadata[NOTED] = {c.expression: v for c, v in zip(claims, values)}
    book.cells = lesson


def joined(outputs: list) -> list:
    """The outputs with text in one piece: how it arrives in pieces depends on the run.

    Widgets are named after the kernel that has them: what stands for them without one is kept.
    """
    found: list = []
    for output in outputs:
        output.get("data", {}).pop(WIDGET, None)
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
