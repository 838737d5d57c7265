"""nn: layers, losses, optimizers, and a model's numbers in files.

from tinylearn.nn import Linear, Sequential, ReLU, optim, state, datasets
"""

import importlib
from typing import Any

from tinylearn.errors import nearest
from tinylearn.nn import functional, init, optim, schedules, state
from tinylearn.nn.activations import (
    GELU,
    AvgPool2d,
    Flatten,
    MaxPool2d,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)
from tinylearn.nn.layers import (
    BatchNorm,
    BatchNorm2d,
    Conv2d,
    Dropout,
    Embedding,
    LayerNorm,
    Linear,
    Sequential,
)
from tinylearn.nn.losses import BCEWithLogitsLoss, CrossEntropyLoss, MSELoss, NLLLoss
from tinylearn.nn.module import Module

__all__ = [
    "GELU",
    "AvgPool2d",
    "BCEWithLogitsLoss",
    "BatchNorm",
    "BatchNorm2d",
    "Conv2d",
    "CrossEntropyLoss",
    "Dropout",
    "Embedding",
    "Flatten",
    "LayerNorm",
    "Linear",
    "MSELoss",
    "MaxPool2d",
    "Module",
    "NLLLoss",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "datasets",
    "functional",
    "init",
    "optim",
    "schedules",
    "state",
]


def __getattr__(name: str) -> Any:
    if name == "datasets":
        return importlib.import_module("tinylearn.nn.datasets")
    raise AttributeError(f"tinylearn.nn has no {name!r}{nearest(name, __all__)}")
