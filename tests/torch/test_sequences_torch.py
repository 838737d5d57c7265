"""Recurrent layers, attention and transformers give PyTorch's numbers, from its state dict."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.torch.beside import agree, flat, floats, near, pair  # noqa: E402
from tinylearn import nn  # noqa: E402
from tinylearn.tensor import Tensor  # noqa: E402

pytestmark = pytest.mark.torch

STEPS = floats(5, 3, 6)  # places, batch, size
MEMORY, LONG = floats(2, 3, 4), floats(2, 3, 4, seed=1)
TARGET = floats(4, 3, 8, seed=4)
AHEAD = np.triu(np.ones((5, 5), bool), 1)
FILLED = np.array([[False] * 5, [False, False, False, True, True], [False] * 4 + [True]])
WORDS = floats(5, 3, 8)
SEQUENCES = [
    ("RNNCell", (6, 4), {}, [STEPS[0]], {}),
    ("RNNCell", (6, 4), {"nonlinearity": "relu", "bias": False}, [STEPS[0], MEMORY[0]], {}),
    ("LSTMCell", (6, 4), {}, [STEPS[0]], {}),
    ("GRUCell", (6, 4), {}, [STEPS[0], MEMORY[0]], {}),
    ("GRUCell", (6, 4), {"bias": False}, [STEPS[0, 0], MEMORY[0, 0]], {}),
    ("RNN", (6, 4), {}, [STEPS], {}),
    ("RNN", (6, 4), {"nonlinearity": "relu", "num_layers": 2}, [STEPS, MEMORY], {}),
    ("LSTM", (6, 4), {}, [STEPS], {}),
    ("LSTM", (6, 4), {"bidirectional": True, "num_layers": 2, "batch_first": True}, [STEPS], {}),
    ("LSTM", (6, 4, 2), {"bias": False}, [STEPS[:, 0]], {}),
    ("GRU", (6, 4, 2), {}, [STEPS, MEMORY], {}),
    ("GRU", (6, 4), {"bidirectional": True}, [STEPS, MEMORY], {}),
    ("GRU", (6, 4), {"batch_first": True}, [STEPS, floats(1, 5, 4)], {}),
    ("LSTM", (6, 4), {}, [floats(60, 2, 6)], {}),
    ("MultiheadAttention", (8, 2), {}, [WORDS] * 3, {}),
    ("MultiheadAttention", (8, 4), {"bias": False}, [TARGET, WORDS, WORDS], {}),
    ("MultiheadAttention", (8, 2), {"batch_first": True}, [WORDS] * 3,
     {"average_attn_weights": False}),
    ("MultiheadAttention", (8, 2), {"kdim": 6, "vdim": 4},
     [TARGET, floats(5, 3, 6), floats(5, 3, 4)], {}),
    ("MultiheadAttention", (8, 2), {}, [WORDS] * 3, {"attn_mask": AHEAD}),
    ("MultiheadAttention", (8, 2), {}, [WORDS] * 3,
     {"attn_mask": AHEAD, "key_padding_mask": FILLED, "need_weights": False}),
    ("MultiheadAttention", (8, 2), {}, [WORDS] * 3, {"attn_mask": floats(6, 5, 5)}),
    ("MultiheadAttention", (8, 2), {}, [WORDS[:, 0]] * 3, {"attn_mask": AHEAD}),
    ("TransformerEncoderLayer", (8, 2, 16), {"dropout": 0.0}, [WORDS], {}),
    ("TransformerEncoderLayer", (8, 2, 16),
     {"dropout": 0.0, "norm_first": True, "activation": "gelu", "batch_first": True}, [WORDS], {}),
    ("TransformerEncoderLayer", (8, 2, 16), {"dropout": 0.0, "bias": False}, [WORDS],
     {"src_mask": AHEAD, "src_key_padding_mask": FILLED}),
    ("TransformerDecoderLayer", (8, 2, 16), {"dropout": 0.0}, [TARGET, WORDS], {}),
    ("TransformerDecoderLayer", (8, 2, 16), {"dropout": 0.0, "norm_first": True},
     [WORDS, WORDS], {"tgt_mask": AHEAD, "memory_key_padding_mask": FILLED}),
    ("Transformer", (8, 2, 1, 1, 16), {"dropout": 0.0}, [WORDS, TARGET], {}),
]  # fmt: skip


@pytest.mark.parametrize("name, args, options, arrays, given", SEQUENCES, ids=lambda x: str(x)[:40])
@pytest.mark.filterwarnings("ignore:enable_nested_tensor is True:UserWarning")
def test_a_sequence_layer_gives_their_numbers_and_gradients(name, args, options, arrays, given):
    ours, theirs = pair(name, *args, **options)
    mine = {k: Tensor(v) if isinstance(v, np.ndarray) else v for k, v in given.items()}
    mine = {
        k: v.detach() if isinstance(v, Tensor) and v.dtype.is_float else v for k, v in mine.items()
    }
    other = {k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in given.items()}
    agree(Called(ours, mine), Called(theirs, other), arrays)
    fresh = getattr(torch.nn, type(theirs).__name__)(*args, **options)
    fresh.load_state_dict({k: torch.tensor(t.numpy()) for k, t in ours.state_dict().items()})


class Called:
    """A layer with options that are always given."""

    def __init__(self, layer, options):
        self.layer, self.options = layer, options

    def __call__(self, *inputs):
        return self.layer(*inputs, **self.options)

    def __getattr__(self, name):
        return getattr(self.layer, name)


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_a_memory_given_as_they_give_it_goes_on_where_it_was(kind):
    ours, theirs = pair(kind, 6, 4, num_layers=2)
    memory = (MEMORY, LONG) if kind == "LSTM" else MEMORY
    mine = tuple(map(Tensor, memory)) if kind == "LSTM" else Tensor(memory)
    other = tuple(map(torch.tensor, memory)) if kind == "LSTM" else torch.tensor(memory)
    for x in (STEPS[:2], STEPS[2:]):
        (got, mine), (want, other) = ours(Tensor(x), mine), theirs(torch.tensor(x), other)
        near(got, want)
    for a, b in zip(flat(mine), flat(other), strict=True):
        near(a, b)


@pytest.mark.filterwarnings("ignore:enable_nested_tensor is True:UserWarning")
def test_an_encoder_has_layers_of_its_own_under_their_names():
    def encoder(home):
        layer = home.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
        return home.TransformerEncoder(layer, num_layers=2, norm=home.LayerNorm(8))

    ours, theirs = encoder(nn), encoder(torch.nn)
    assert ours.layers[0].linear1.weight is not ours.layers[1].linear1.weight
    ours.load_state_dict(theirs.state_dict())
    mask = nn.Transformer.generate_square_subsequent_mask(3)
    their_mask = torch.nn.Transformer.generate_square_subsequent_mask(3)
    near(mask, their_mask)
    near(ours(Tensor(WORDS), mask), theirs(torch.tensor(WORDS), their_mask))
