"""nn: layers, losses, optimizers, loaders, and a model's numbers in files, by PyTorch's names.

from tinylearn import nn
from tinylearn.nn import functional as F, optim, datasets
from tinylearn.nn.utils.data import DataLoader, TensorDataset

module.py containers.py       what layers and models have in common; lists and dicts of them
layers.py norms.py activations.py images.py pooling.py losses.py      one topic a file
recurrent.py attention.py transformer.py                     what reads sequences
functional.py formulas/       what all of these compute, as functions
init.py                       first numbers
optim.py adaptive.py lbfgs.py updates.py                     optimizers and their rules
schedules.py cycles.py plateau.py                            learning rates
utils/                        clipped gradients; data sets, samplers and loaders
state.py datasets.py loader.py progress.py                   files, data, batches of arrays

Each module is imported when it is asked for, or something in it.
"""

import importlib
from typing import Any

from tinylearn.errors import nearest

ROOMS = (
    "datasets", "functional", "init", "optim", "schedules", "state", "utils",
)  # fmt: skip
LAYERS = {  # which module has them
    "activations": (
        "CELU ELU Flatten GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU "
        "LogSigmoid LogSoftmax Mish PReLU ReLU ReLU6 SELU SiLU Sigmoid Softmax Softmin "
        "Softplus Softshrink Softsign Tanh Tanhshrink Threshold Unflatten"
    ),
    "attention": "MultiheadAttention",
    "containers": "Identity ModuleDict ModuleList ParameterDict ParameterList Sequential",
    "images": (
        "AdaptiveAvgPool1d AdaptiveAvgPool2d AvgPool1d CircularPad2d ConstantPad1d "
        "ConstantPad2d Conv1d ConvTranspose2d MaxPool1d PixelShuffle ReflectionPad2d "
        "ReplicationPad2d Upsample ZeroPad1d ZeroPad2d"
    ),
    "layers": (
        "Bilinear Conv2d CosineSimilarity Dropout Dropout1d Dropout2d Dropout3d Embedding "
        "Linear PairwiseDistance"
    ),
    "losses": (
        "BCELoss BCEWithLogitsLoss CosineEmbeddingLoss CrossEntropyLoss GaussianNLLLoss "
        "HingeEmbeddingLoss HuberLoss KLDivLoss L1Loss MSELoss MarginRankingLoss NLLLoss "
        "PoissonNLLLoss SmoothL1Loss SoftMarginLoss TripletMarginLoss"
    ),
    "module": "Module Parameter",
    "norms": (
        "BatchNorm BatchNorm1d BatchNorm2d BatchNorm3d GroupNorm InstanceNorm1d "
        "InstanceNorm2d InstanceNorm3d LayerNorm RMSNorm"
    ),
    "pooling": "AvgPool2d MaxPool2d",
    "recurrent": "GRU GRUCell LSTM LSTMCell RNN RNNCell",
    "transformer": (
        "Transformer TransformerDecoder TransformerDecoderLayer TransformerEncoder "
        "TransformerEncoderLayer"
    ),
}  # fmt: skip
HOMES = {name: module for module, names in LAYERS.items() for name in names.split()}

__all__ = [*HOMES, *ROOMS]


def __getattr__(name: str) -> Any:
    if name in ROOMS:
        return importlib.import_module(f"tinylearn.nn.{name}")
    if name in HOMES:
        found = getattr(importlib.import_module(f"tinylearn.nn.{HOMES[name]}"), name)
        globals()[name] = found
        return found
    raise AttributeError(f"tinylearn.nn has no {name!r}{nearest(name, __all__)}")


def __dir__() -> list[str]:
    return sorted(__all__)
