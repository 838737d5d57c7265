"""Formulas: what layers and losses compute, as functions of Tensors. nn.functional has them all."""
