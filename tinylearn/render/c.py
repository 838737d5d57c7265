"""C as a table, and the text that stands before all kernels.

    Function -> render_c() -> a C function; before() stands in front of all of them

prelude.h has the functions that C lacks, of single numbers and of vectors.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from tinylearn.loops.tree import Function
from tinylearn.render.cfamily import written
from tinylearn.render.dialect import Dialect
from tinylearn.render.source import Source

C = Dialect(
    types={
        "bool": "unsigned char",
        "int32": "int32_t",
        "int64": "int64_t",
        "float16": "_Float16",
        "float32": "float",
        "float64": "double",
    },
    values={"bool": "int"},
    literals={
        "int32": "{}",
        "int64": "((int64_t){})",
        "float16": "{}f",
        "float32": "{}f",
        "float64": "{}",
    },
    infinite=("INFINITY", "NAN"),
    function="void {name}({arguments})",
    argument="{const}{type} *restrict {name}",
    local="{type} {name}[{size}] __attribute__((aligned(64)));",
    loop="for (long {v} = 0; {v} < {n}; {v}++)",
    last="streamed();",
)
PRELUDE = Path(__file__).with_name("prelude.h").read_text("utf-8")
WIDTHS = re.compile(r"\w+?x(2|4|8|16)\b")


def render_c(function: Function) -> Source:
    """The kernel as a C function of pointers to its arguments."""
    return written(function, C)


def before(texts: Iterable[str]) -> str:
    """What stands before these texts: the prelude, with vectors of the widths that they use."""
    used = sorted({int(n) for text in texts for n in WIDTHS.findall(text)})
    return "\n".join([PRELUDE, *(f"VECTORS({n})" for n in used)])
