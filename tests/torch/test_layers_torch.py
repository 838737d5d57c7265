"""Each layer, loss and function gives PyTorch's numbers and gradients, from its state dict."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

safetensors = pytest.importorskip("safetensors.torch")

from tests.torch.beside import agree, both, floats, ints, near, pair  # noqa: E402
from tinylearn import nn  # noqa: E402
from tinylearn.nn.state import safe_load  # noqa: E402
from tinylearn.tensor import Tensor, manual_seed  # noqa: E402

pytestmark = pytest.mark.torch


# ---------------------------------------------------------------- layers

X, IMAGES, SERIES = floats(4, 6), floats(2, 4, 5, 3), floats(3, 4, 7)
LAYERS = [  # name, arguments, options, inputs
    ("Linear", (6, 3), {}, [X]),
    ("Bilinear", (6, 2, 3), {}, [X, floats(4, 2)]),
    ("Bilinear", (6, 2, 3), {"bias": False}, [X, floats(4, 2)]),
    ("CosineSimilarity", (), {}, [X, floats(4, 6, seed=3)]),
    ("PairwiseDistance", (), {"p": 1.0, "keepdim": True}, [X, floats(4, 6, seed=3)]),
    ("Embedding", (5, 3), {}, [ints(5, 2, 4)]),
    ("Embedding", (5, 3), {"padding_idx": 2}, [ints(5, 2, 4)]),
    ("Embedding", (5, 3), {"padding_idx": -1}, [ints(5, 2, 4)]),
    ("Identity", (), {}, [X]),
    ("Flatten", (), {}, [IMAGES]),
    ("Unflatten", (1, (2, 3)), {}, [X]),
    ("ZeroPad2d", ((1, 2, 0, 3),), {}, [IMAGES]),
    ("ZeroPad2d", (2,), {}, [IMAGES]),
    ("BatchNorm1d", (6,), {}, [X]),
    ("BatchNorm1d", (4,), {}, [SERIES]),
    ("BatchNorm2d", (4,), {"eps": 0.1}, [IMAGES]),
    ("BatchNorm2d", (4,), {"affine": False}, [IMAGES]),
    ("BatchNorm2d", (4,), {"track_running_stats": False}, [IMAGES]),
    ("GroupNorm", (2, 4), {}, [IMAGES]),
    ("GroupNorm", (4, 4), {"eps": 0.1, "affine": False}, [SERIES]),
    ("InstanceNorm1d", (4,), {}, [SERIES]),
    ("InstanceNorm2d", (4,), {"affine": True}, [IMAGES]),
    ("InstanceNorm2d", (4,), {"affine": True, "track_running_stats": True}, [IMAGES]),
    ("LayerNorm", (6,), {}, [X]),
    ("LayerNorm", ((5, 3),), {"bias": False}, [IMAGES]),
    ("RMSNorm", (6,), {}, [X]),
    ("RMSNorm", ((5, 3),), {"eps": 0.1}, [IMAGES]),
    ("RMSNorm", (6,), {"elementwise_affine": False}, [X]),
    ("PReLU", (), {}, [X]),
    ("PReLU", (4,), {}, [IMAGES]),
    ("Softmax", (1,), {}, [X]),
    ("LogSoftmax", (), {"dim": 0}, [X]),
    ("Softmin", (1,), {}, [X]),
    ("GLU", (), {}, [X]),
    ("GLU", (1,), {}, [IMAGES]),
    ("LeakyReLU", (0.2,), {}, [X]),
    ("LeakyReLU", (), {"inplace": False}, [X]),
    ("ELU", (0.7,), {}, [X]),
    ("CELU", (0.7,), {}, [X]),
    ("GELU", (), {}, [X]),
    ("GELU", (), {"approximate": "tanh"}, [X]),
    ("Softplus", (), {}, [X]),
    ("Softplus", (2.0, 1.5), {}, [X]),
    ("Hardtanh", (-0.5, 0.8), {}, [X]),
    ("Hardshrink", (0.4,), {}, [X]),
    ("Softshrink", (0.4,), {}, [X]),
    ("Threshold", (0.1, -2.0), {}, [X]),
    ("Conv2d", (4, 6, 3), {"padding": 1, "groups": 2}, [IMAGES]),
    ("Conv1d", (4, 6, 3), {}, [SERIES]),
    ("Conv1d", (4, 6, 2), {"stride": 2, "padding": 1, "dilation": 2, "groups": 2}, [SERIES]),
    ("Conv1d", (4, 6, 3), {"padding": "same", "bias": False}, [SERIES[0]]),
    ("ConvTranspose2d", (4, 6, 3), {}, [IMAGES]),
    ("ConvTranspose2d", (4, 6, (3, 2)),
     {"stride": (2, 3), "padding": 1, "output_padding": (1, 0), "groups": 2}, [IMAGES]),
    ("ConvTranspose2d", (4, 2, 2), {"dilation": 2, "padding": 1, "bias": False}, [IMAGES]),
    ("ConvTranspose2d", (4, 2, 1), {"padding": 1}, [IMAGES]),
    ("MaxPool1d", (3, 2, 1), {}, [SERIES]),
    ("AvgPool1d", (2,), {}, [SERIES]),
    ("AdaptiveAvgPool1d", (3,), {}, [SERIES]),
    ("AdaptiveAvgPool2d", (1,), {}, [IMAGES]),
    ("AdaptiveAvgPool2d", ((2, None),), {}, [IMAGES]),
    ("AdaptiveAvgPool2d", ((7, 2),), {}, [IMAGES]),
    ("Upsample", (), {"scale_factor": 2}, [IMAGES]),
    ("Upsample", ((7, 2),), {}, [IMAGES]),
    ("Upsample", (), {"scale_factor": 2, "mode": "bilinear"}, [IMAGES]),
    ("Upsample", (), {"size": (3, 8), "mode": "bilinear", "align_corners": True}, [IMAGES]),
    ("Upsample", (), {"scale_factor": 1.5, "mode": "linear"}, [SERIES]),
    ("PixelShuffle", (2,), {}, [IMAGES]),
    ("ZeroPad1d", ((1, 2),), {}, [SERIES]),
    ("ConstantPad2d", (1, 3.5), {}, [IMAGES]),
    ("ConstantPad1d", ((2, 0), -1.0), {}, [SERIES]),
    ("ReflectionPad2d", (2,), {}, [IMAGES]),
    ("ReplicationPad2d", ((1, 2, 0, 3),), {}, [IMAGES]),
    ("CircularPad2d", (1,), {}, [IMAGES]),
    *[
        (name, (), {}, [X * 3])
        for name in [
            "ReLU", "ReLU6", "Sigmoid", "LogSigmoid", "Tanh", "SELU", "SiLU", "Mish",
            "Hardsigmoid", "Hardswish", "Softsign", "Tanhshrink",
        ]
    ],
]  # fmt: skip


@pytest.mark.parametrize("name, args, options, arrays", LAYERS, ids=lambda x: str(x)[:40])
def test_a_layer_gives_their_numbers_and_gradients(name, args, options, arrays):
    ours, theirs = pair(name, *args, **options)
    agree(ours, theirs, arrays)
    ours.eval(), theirs.eval()
    mine, other = both(arrays)
    near(ours(*mine), theirs(*other))


@pytest.mark.parametrize("name, args, options, arrays", LAYERS, ids=lambda x: str(x)[:40])
def test_their_layer_takes_our_state_dict(name, args, options, arrays):
    ours, theirs = getattr(nn, name)(*args, **options), getattr(torch.nn, name)(*args, **options)
    ours(*both(arrays)[0])
    state = {key: torch.tensor(t.numpy()) for key, t in ours.state_dict().items()}
    theirs.load_state_dict(state)
    ours.eval(), theirs.eval()
    mine, other = both(arrays)
    near(ours(*mine), theirs(*other))


@pytest.mark.parametrize("name, args, options, arrays", LAYERS, ids=lambda x: str(x)[:40])
def test_a_layer_loads_their_checkpoint_key_by_key(name, args, options, arrays, tmp_path):
    ours, theirs = getattr(nn, name)(*args, **options), getattr(torch.nn, name)(*args, **options)
    theirs(*both(arrays)[1])  # a step of training: batch norm counts it
    assert list(ours.state_dict()) == list(theirs.state_dict())
    safetensors.save_file(theirs.state_dict(), tmp_path / "theirs")
    assert ours.load_state_dict(safe_load(tmp_path / "theirs")) == ([], [])
    for key, numbers in theirs.state_dict().items():
        got = ours.state_dict()[key]
        assert got.dtype.name == str(numbers.dtype).removeprefix("torch.")
        np.testing.assert_array_equal(got.numpy(), numbers.numpy())
    ours.eval(), theirs.eval()
    mine, other = both(arrays)
    near(ours(*mine), theirs(*other))


@pytest.mark.parametrize("kind", ["GELU"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gelu_keeps_its_digits_in_both_tails(kind, dtype):
    x = np.linspace(-12, 12, 999).astype(dtype)
    mine, other = Tensor(x), torch.tensor(x.astype("float64"), requires_grad=True)
    got = nn.GELU()(mine)
    got.sum().backward()
    cut = x > -5  # theirs subtracts from 1, and has no digits further out
    want = torch.nn.functional.gelu(other)
    want.sum().backward()
    rtol = 1e-6 if dtype == "float32" else 1e-10
    np.testing.assert_allclose(got.numpy()[cut], want.detach().numpy()[cut], rtol=rtol, atol=1e-12)
    np.testing.assert_allclose(mine.grad.numpy(), other.grad.numpy(), rtol=rtol, atol=1e-7)
    exact = np.array([z * math.erfc(-z / math.sqrt(2)) / 2 for z in x.astype("float64")])
    np.testing.assert_allclose(got.numpy(), exact, rtol=1e-6, atol=0)


# ---------------------------------------------------------------- losses

P, Q, SIGNS = floats(4, 6), floats(4, 6, seed=1), np.sign(floats(4, seed=5))
SHARES = (np.exp(Q) / np.exp(Q).sum(1, keepdims=True)).astype(np.float32)
YES = ints(2, 4, 6).astype(np.float32)
LABELS, WEIGHT = ints(6, 4), np.abs(floats(6)) + 0.1
FEWER = np.where(LABELS[0] == LABELS, -100, LABELS)  # what is -100 does not count
MAPS, PLACES = floats(2, 3, 4, 5), ints(3, 2, 4, 5)
LOSSES = [
    ("L1Loss", {}, [P, Q]),
    ("MSELoss", {}, [P, Q]),
    ("SmoothL1Loss", {}, [P, Q]),
    ("SmoothL1Loss", {"beta": 0.3}, [P, Q]),
    ("SmoothL1Loss", {"beta": 0.0}, [P, Q]),
    ("HuberLoss", {"delta": 0.5}, [P, Q]),
    ("BCELoss", {}, [SHARES, YES]),
    ("BCELoss", {"weight": WEIGHT}, [SHARES, YES]),
    ("BCEWithLogitsLoss", {}, [P, YES]),
    ("BCEWithLogitsLoss", {"pos_weight": WEIGHT}, [P * 9, YES]),
    ("BCEWithLogitsLoss", {"weight": WEIGHT}, [P, SHARES]),
    ("BCEWithLogitsLoss", {"weight": WEIGHT, "pos_weight": WEIGHT * 2}, [P, SHARES]),
    ("CrossEntropyLoss", {}, [P, LABELS]),
    ("CrossEntropyLoss", {"weight": WEIGHT}, [P, LABELS]),
    ("CrossEntropyLoss", {"weight": WEIGHT, "label_smoothing": 0.2}, [P, LABELS]),
    ("CrossEntropyLoss", {"weight": WEIGHT, "ignore_index": int(LABELS[0])}, [P, LABELS]),
    (
        "CrossEntropyLoss",
        {"weight": WEIGHT, "ignore_index": int(LABELS[0]), "label_smoothing": 0.1},
        [P, LABELS],
    ),
    ("CrossEntropyLoss", {}, [P, FEWER]),
    ("CrossEntropyLoss", {"weight": WEIGHT, "label_smoothing": 0.2}, [P, FEWER]),
    ("CrossEntropyLoss", {"label_smoothing": 0.2, "reduction": "sum"}, [P, FEWER]),
    ("NLLLoss", {"reduction": "none"}, [P, FEWER]),
    ("CrossEntropyLoss", {"weight": WEIGHT}, [P, SHARES]),
    ("CrossEntropyLoss", {"weight": WEIGHT, "label_smoothing": 0.3}, [P, SHARES]),
    ("CrossEntropyLoss", {"weight": WEIGHT[:3]}, [MAPS, PLACES]),
    ("CrossEntropyLoss", {"weight": WEIGHT}, [P[0], np.array(2)]),
    ("NLLLoss", {}, [P, LABELS]),
    ("NLLLoss", {"weight": WEIGHT}, [P, LABELS]),
    ("NLLLoss", {"weight": WEIGHT[:3], "ignore_index": 1}, [MAPS, PLACES]),
    ("KLDivLoss", {}, [P, SHARES]),
    ("KLDivLoss", {"log_target": True}, [P, Q]),
    ("KLDivLoss", {"reduction": "batchmean"}, [P, SHARES]),
    ("PoissonNLLLoss", {}, [P, YES * 3]),
    ("PoissonNLLLoss", {"log_input": False, "full": True}, [SHARES, YES * 3]),
    ("GaussianNLLLoss", {}, [P, Q, np.abs(floats(4, 6, seed=2)) + 0.1]),
    ("GaussianNLLLoss", {"full": True, "eps": 0.5}, [P, Q, np.abs(floats(4, 1, seed=2))]),
    ("GaussianNLLLoss", {}, [P, Q, np.abs(floats(4, seed=2)) + 0.1]),
    ("SoftMarginLoss", {}, [P * 20, np.sign(Q)]),
    ("MarginRankingLoss", {"margin": 0.3}, [P, Q, np.sign(floats(4, 6, seed=3))]),
    ("HingeEmbeddingLoss", {}, [P, np.sign(Q)]),
    ("HingeEmbeddingLoss", {"margin": 0.4}, [P, np.sign(Q)]),
    ("CosineEmbeddingLoss", {}, [P, Q, SIGNS]),
    ("CosineEmbeddingLoss", {"margin": 0.3}, [P, Q, -SIGNS]),
    ("TripletMarginLoss", {}, [P, Q, floats(4, 6, seed=2)]),
    ("TripletMarginLoss", {"margin": 2.0, "p": 1.0}, [P, Q, floats(4, 6, seed=2)]),
    ("TripletMarginLoss", {"swap": True, "p": 3.0}, [P, Q, floats(4, 6, seed=2)]),
]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name, options, arrays", LOSSES, ids=lambda x: str(x)[:40])
@pytest.mark.filterwarnings("ignore:reduction:UserWarning")
def test_a_loss_gives_their_numbers_and_gradients(name, options, arrays, reduction):
    options = {"reduction": reduction} | options
    theirs = getattr(torch.nn, name)(
        **{k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
    )
    prediction, *rest = arrays  # PyTorch gives no gradient to some targets
    mine, other = Tensor(prediction), torch.tensor(prediction, requires_grad=True)
    got = getattr(nn, name)(**options)(mine, *[Tensor(a, requires_grad=False) for a in rest])
    want = theirs(other, *map(torch.tensor, rest))
    near(got, want)
    (got * 2).sum().backward()
    (want * 2).sum().backward()
    near(mine.grad, other.grad, 1e-3, 1e-5)


# ---------------------------------------------------------------- functions

MASK = ints(2, 5, 7).astype(bool)
MASK[2] = False  # one place may look nowhere
HEADS = [floats(2, 3, 5, 4), floats(2, 3, 7, 4, seed=1), floats(2, 3, 7, 6, seed=2)]
FUNCTIONS = [
    ("normalize", [X], {}),
    ("normalize", [IMAGES], {"p": 1.0, "dim": -1}),
    ("normalize", [X * [[1], [0], [1], [1]]], {}),
    ("cosine_similarity", [P, Q], {}),
    ("cosine_similarity", [IMAGES, IMAGES[::-1].copy()], {"dim": 2}),
    ("pairwise_distance", [P, Q], {}),
    ("pairwise_distance", [P, Q], {"p": 1.0, "keepdim": True}),
    ("one_hot", [ints(4, 3)], {}),
    ("one_hot", [ints(4, 3, 2)], {"num_classes": 6}),
    ("pad", [IMAGES], {"pad": (1, 2)}),
    ("pad", [IMAGES], {"pad": (1, 2, 0, 3), "value": 2.5}),
    ("pad", [IMAGES], {"pad": (-1, 2, 1, -2)}),
    ("pad", [IMAGES], {"pad": (1, 2, 2, 1), "mode": "reflect"}),
    ("pad", [IMAGES], {"pad": (1, 2, 2, 1), "mode": "replicate"}),
    ("pad", [IMAGES], {"pad": (1, 2, 2, 1), "mode": "circular"}),
    ("linear", [X, floats(3, 6)], {}),
    ("bilinear", [X, floats(4, 2), floats(3, 6, 2)], {}),
    ("conv2d", [IMAGES, floats(6, 4, 2, 2)], {"stride": 2}),
    ("layer_norm", [IMAGES], {"normalized_shape": (5, 3)}),
    ("layer_norm", [X], {"normalized_shape": (6,), "eps": 0.1}),
    ("rms_norm", [X], {"normalized_shape": (6,)}),
    ("group_norm", [IMAGES], {"num_groups": 2}),
    ("softmax", [X], {"dim": 0}),
    ("log_softmax", [X], {"dim": -1}),
    ("glu", [X], {"dim": 1}),
    ("gelu", [X], {"approximate": "tanh"}),
    ("scaled_dot_product_attention", HEADS, {}),
    ("scaled_dot_product_attention", HEADS, {"is_causal": True}),
    ("scaled_dot_product_attention", HEADS, {"scale": 0.3}),
    ("scaled_dot_product_attention", [*HEADS, MASK], {}),
    ("scaled_dot_product_attention", [*HEADS, floats(2, 1, 5, 7, seed=9)], {}),
    (
        "scaled_dot_product_attention",
        [floats(2, 6, 5, 4), *HEADS[1:]],
        {"enable_gqa": True},
    ),
    ("embedding", [ints(5, 40), floats(5, 3)], {}),
    ("embedding", [ints(5, 4, 6), floats(5, 3)], {"padding_idx": 1}),
    ("embedding", [ints(5, 4, 6), floats(5, 3)], {"padding_idx": -2}),
    ("binary_cross_entropy_with_logits", [P, YES], {"reduction": "none"}),
    ("kl_div", [P, SHARES], {"reduction": "sum"}),
]


@pytest.mark.parametrize("name, arrays, options", FUNCTIONS, ids=lambda x: str(x)[:40])
def test_a_function_gives_their_numbers_and_gradients(name, arrays, options):
    arrays = [np.asarray(a, np.float32) if a.dtype.kind == "f" else a for a in arrays]
    ours, theirs = getattr(nn.functional, name), getattr(torch.nn.functional, name)
    if name == "one_hot":
        mine, other = both(arrays)
        got, want = ours(*mine, **options), theirs(*other, **options)
        near(got, want)
        assert got.dtype.name == str(want.dtype).removeprefix("torch.")
        return
    agree(ours, theirs, arrays, **options)


def test_batch_norm_as_a_function_follows_their_statistics():
    mean, var = np.zeros(4, np.float32), np.ones(4, np.float32)
    ours = [Tensor(a, requires_grad=False) for a in (mean, var)]
    theirs = [torch.tensor(a) for a in (mean, var)]
    for training in (True, False):
        got = nn.functional.batch_norm(Tensor(IMAGES), *ours, training=training)
        want = torch.nn.functional.batch_norm(torch.tensor(IMAGES), *theirs, training=training)
        near(got, want)
    for x, y in zip(ours, theirs, strict=True):
        near(x, y)


# ---------------------------------------------------------------- first numbers

W = (200, 300)
INIT = [
    ("uniform_", (-0.5, 2.0)),
    ("normal_", (1.0, 0.2)),
    ("trunc_normal_", (0.5, 1.0, 0.0, 2.0)),
    ("constant_", (3.0,)),
    ("ones_", ()),
    ("zeros_", ()),
    ("eye_", ()),
    ("xavier_uniform_", (1.5,)),
    ("xavier_normal_", ()),
    ("kaiming_uniform_", (math.sqrt(5),)),
    ("kaiming_uniform_", (0, "fan_out", "relu")),
    ("kaiming_normal_", (0.1, "fan_in", "leaky_relu")),
    ("orthogonal_", (2.0,)),
]


@pytest.fixture(autouse=True)
def seeds():
    """The same random numbers for each test."""
    manual_seed(0), torch.manual_seed(0)


@pytest.mark.parametrize("name, args", INIT, ids=str)
def test_first_numbers_are_distributed_as_theirs(name, args):
    mine, other = Tensor.zeros(*W), torch.zeros(*W)
    assert getattr(nn.init, name)(mine, *args) is mine and mine.is_leaf and mine.requires_grad
    getattr(torch.nn.init, name)(other, *args)
    got, want = mine.numpy(), other.numpy()
    spread = max(float(want.std()), 1e-6)
    assert abs(got.mean() - want.mean()) < 0.03 * spread
    assert got.std() == pytest.approx(want.std(), rel=0.03)
    for mine, other in ((got.min(), want.min()), (got.max(), want.max())):
        assert (mine - got.mean()) / spread == pytest.approx(
            float(other - want.mean()) / spread, rel=0.25, abs=0.02
        )


@pytest.mark.parametrize("shape", [(20, 30), (30, 4, 5), (9, 2, 2, 2)])
def test_orthogonal_rows_or_columns_stand_at_right_angles(shape):
    rows = nn.init.orthogonal_(Tensor.zeros(*shape), 2.0).numpy().reshape(shape[0], -1)
    rows = rows if rows.shape[0] <= rows.shape[1] else rows.T
    np.testing.assert_allclose(rows @ rows.T, 4 * np.eye(len(rows)), atol=1e-5)


@pytest.mark.parametrize(
    "what", [("relu",), ("tanh",), ("leaky_relu", 0.3), ("selu",), ("linear",)]
)
def test_gains_are_theirs(what):
    assert nn.init.calculate_gain(*what) == pytest.approx(torch.nn.init.calculate_gain(*what))


@pytest.mark.parametrize("name, args", [("Bilinear", (40, 30, 20)), ("Embedding", (60, 50))])
def test_layers_start_as_theirs(name, args):
    ours = getattr(nn, name)(*args).weight.numpy()
    theirs = getattr(torch.nn, name)(*args).weight.detach().numpy()
    assert ours.std() == pytest.approx(float(theirs.std()), rel=0.05)
    assert np.abs(ours).max() == pytest.approx(float(np.abs(theirs).max()), rel=0.2)
