"""Large products on the c device: BLAS multiplies, and what follows is a C function.

    kernel: relu(x @ w + b)   ->   product = x @ w         one call of BLAS, through NumPy
                                   out = relu(product + b)  a loop in C

The product waits in the output that comes last, if that can hold it, else in scratch memory.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from tinylearn.loops.index import flat, variable
from tinylearn.loops.nest import Nest
from tinylearn.loops.product import Product, product_form
from tinylearn.loops.rewrites import collapse
from tinylearn.loops.statements import Let, Load, Memory, Statement
from tinylearn.render.numpy_product import product_text, reshaped
from tinylearn.render.source import Source


@dataclass(frozen=True)
class Halves:
    """A kernel as a product and what follows it.

    multiply   the product as Python text: a function of the kernel's memory and of the scratch
    nest       what follows, which also reads the scratch, if there is one; None if nothing does
    scratch    where the product waits; None if an output holds it
    """

    multiply: Source
    nest: Nest | None
    scratch: Memory | None


def halves(nest: Nest, name: str, least: int) -> Halves | None:
    """The kernel taken apart, or None if it is no product of at least so many multiplications."""
    product = product_form(nest) if nest.is_strided else None
    rounds = math.prod(v.size for v in nest.outer_loops + nest.reduced_loops)
    if product is None or rounds < least or not (product.rows and product.columns):
        return None
    total = product.total
    if not total.dtype.is_float:
        return None  # a library multiplies floats alone
    done = product.target if product.target in nest.outer[:1] else None
    rest = [s for s in nest.outer if s is not done]
    scratch = None
    if product.target is None:
        size = math.prod(v.size for v in product.order)
        scratch = Memory("scratch", total.dtype, (size,), node=total.node)
        nest = replace(nest, arguments=(*nest.arguments, scratch))
    multiply = multiplication(nest, product, scratch, name)
    return Halves(multiply, following(nest, product, scratch, rest), scratch)


def multiplication(nest: Nest, product: Product, scratch: Memory | None, name: str) -> Source:
    """The product as a Python function."""
    source = Source()
    memory = nest.memory
    source.add(f"def {name}({', '.join(memory)}):", nest.arguments[0].node)
    source.indent = 1
    home = scratch if product.target is None else memory[product.target.memory]
    assert home is not None, "a product without a target goes to the scratch"
    source.add(
        product_text(product, reshaped(home.name, home.shape, product.matrices)), product.total.node
    )
    return source


def following(
    nest: Nest, product: Product, scratch: Memory | None, rest: list[Statement]
) -> Nest | None:
    """The loops of what follows: they read the finished total from memory."""
    if not rest:
        return None
    order, total = product.order, product.total
    if product.target is None:
        index = tuple(variable(v.name, v.size) for v in order)
        assert scratch is not None, "a product without a target goes to the scratch"
        load = Load(scratch.name, flat(index, tuple(v.size for v in order)))
    else:
        load = Load(product.target.memory, product.target.place)
    read = Let(total.name, load, total.dtype, total.node)
    return collapse(Nest(nest.arguments, nest.written, nest.outer_loops, (), (), (), (read, *rest)))
