"""All rows of the table: one for each way to call a Tensor method."""

from tests.tensor import (  # noqa: F401  (each adds its rows)
    rows_activations,
    rows_arithmetic,
    rows_arranging,
    rows_contractions,
    rows_functions,
    rows_indexing,
    rows_lookups,
    rows_losses,
    rows_mathematics,
    rows_moves,
    rows_order,
    rows_products,
    rows_reductions,
    rows_volumes,
    rows_windows,
)
from tests.tensor.table import CASES, one_of_each_name

__all__ = ["CASES", "one_of_each_name"]
