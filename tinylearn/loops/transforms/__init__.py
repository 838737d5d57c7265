"""Transforms of trees: other loops, the same numbers. One idea a file; each is a Part.

    split       a loop becomes blocks and the rounds of a block
    sink        a loop moves inside others: interchange, distribution, register tiles
    subtotal    what a loop adds up, it adds up for itself first: lanes, chunks
    stage       what is read again and again is copied first, in the order in which it is read
    park        totals go from registers to memory where much follows them
    vectorize   all rounds in one instruction
    unroll      the rounds are written out
    stream      what is stored goes past the cache
    predicate   no if around a loop: it goes to what is read and stored
    combine     what rounds add up they add up together, through shared memory
    merge       two loops, one right inside the other, become one
    rfactor     rounds leave parts of a total in memory, and a second pass adds the parts up
    bind        rounds run at once, on the blocks and threads of a GPU

A transform takes a Function and names of loops, and gives a new Function; where it does not fit it
raises Refused with the reason. What it gives is well formed and computes the same (see run.py).
"""

from tinylearn.loops.transforms.bind import bind
from tinylearn.loops.transforms.combine import combine
from tinylearn.loops.transforms.merge import merge
from tinylearn.loops.transforms.park import park
from tinylearn.loops.transforms.predicate import predicate
from tinylearn.loops.transforms.rfactor import rfactor
from tinylearn.loops.transforms.sink import sink
from tinylearn.loops.transforms.split import split
from tinylearn.loops.transforms.stage import stage
from tinylearn.loops.transforms.subtotal import subtotal
from tinylearn.loops.transforms.ways import stream, unroll, vectorize

TRANSFORMS = (
    split,
    sink,
    subtotal,
    stage,
    park,
    vectorize,
    unroll,
    stream,
    merge,
    predicate,
    combine,
    rfactor,
    bind,
)

__all__ = [
    "TRANSFORMS",
    "bind",
    "combine",
    "merge",
    "park",
    "predicate",
    "rfactor",
    "sink",
    "split",
    "stage",
    "stream",
    "subtotal",
    "unroll",
    "vectorize",
]
