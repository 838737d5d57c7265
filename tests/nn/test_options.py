"""A wrong option is refused when a layer, loss, optimizer or schedule is made."""

import pytest

from tinylearn import nn
from tinylearn.errors import TinylearnError
from tinylearn.nn import init, optim, schedules
from tinylearn.nn.loader import Batches
from tinylearn.tensor import Tensor

ERRORS = (TinylearnError, TypeError, ValueError)


def weight():
    """Something to learn."""
    return [Tensor([1.0, 2.0])]


def sgd():
    """An optimizer."""
    return optim.SGD(weight(), lr=0.1)


WRONG = {
    "CrossEntropyLoss(reduction='men')": "did you mean 'mean'",
    "CrossEntropyLoss(reduction=None)": "reduction must be",
    "CrossEntropyLoss(label_smoothing=2)": "from 0 to 1, not 2",
    "CrossEntropyLoss(label_smoothing='a')": "from 0 to 1",
    "CrossEntropyLoss(label_smoothing=float('nan'))": "from 0 to 1",
    "CrossEntropyLoss(ignore_index='x')": "whole number or None",
    "CrossEntropyLoss(wieght=[1, 2])": "has no option 'wieght'; did you mean 'weight'",
    "CrossEntropyLoss(label_smooth=0.1)": "did you mean 'label_smoothing'",
    "NLLLoss(label_smoothing=0.1)": "has no option 'label_smoothing'",
    "NLLLoss(ignore_index=0.5)": "whole number or None",
    "MSELoss(reduction='avg')": "reduction must be",
    "MSELoss(momentum=2)": "has no option 'momentum'; it has reduction",
    "Linear(2, 0)": "out_features must be",
    "Linear(2, 3, bias=7)": "bias must be True or False",
    "Conv2d(1, 2, 0)": "kernel_size is",
    "Conv2d(1, 2, 3, padding='some')": "padding",
    "Conv2d(1, 2, 3, padding='same', stride=2)": "needs stride 1",
    "Conv2d(1, 2, 3, stride=0)": "stride is",
    "BatchNorm2d(3, eps=-1)": "eps must be at least 0",
    "BatchNorm2d(3, momentum=2)": "momentum must be",
    "BatchNorm2d(3, momentum=None)": "momentum must be a number",
    "LayerNorm(0)": "must be a whole number of at least 1",
    "LayerNorm((2, -1))": r"normalized_shape\[1\]",
    "Embedding(2.5, 3)": "num_embeddings",
    "Dropout(2)": "p must be from 0 to 1",
    "Dropout(True)": "p must be from 0 to 1",
    "Softmax(dim='last')": "dim must be a whole number",
    "Flatten(start_dim=None)": "start_dim must be a whole number",
    "MaxPool2d(0)": "kernel_size is",
    "AvgPool2d(2, padding=-1)": "padding is",
    "SGD(weight(), lr=-1)": "lr must be at least 0",
    "SGD(weight(), lr='fast')": "lr must be a number",
    "SGD(weight(), lr=float('nan'))": "lr must be",
    "SGD(weight(), momentum=1)": "below 1",
    "SGD(weight(), nesterov=True)": "needs a momentum",
    "SGD(weight(), learning_rate=1)": "learning_rate",
    "Adam(weight(), betas=(0.9, 1.0))": "betas must be",
    "Adam(weight(), betas=0.9)": "betas are two numbers",
    "Adam(weight(), betas=(0.9,))": "betas are two numbers",
    "Adam(weight(), eps=-1)": "eps must be",
    "AdamW(weight(), weight_decay=-1)": "weight_decay must be",
    "StepLR(sgd(), 0)": "step_size must be",
    "StepLR(sgd(), 3, gamma=-1)": "gamma must be",
    "ExponentialLR(sgd(), None)": "gamma must be a number",
    "CosineAnnealingLR(sgd(), 10, eta_min=-1)": "eta_min must be",
    "LinearLR(sgd(), start_factor='a')": "start_factor must be a number",
    "LambdaLR(sgd(), 0.9)": "must be a function",
    "StepLR(0.1, 3)": "needs an optimizer",
    "SGD(weight(), lr=0.1, momentum=0.9, nesterov=True, dampening=0.1)": "no dampening",
    "SGD(weight(), maximize=1)": "maximize must be True or False",
    "Adam(weight(), amsgrad='yes')": "amsgrad must be True or False",
    "RMSprop(weight(), alpha=1)": "alpha must be at least 0 and below 1",
    "RMSprop(weight(), centered=1)": "centered must be True or False",
    "Adagrad(weight(), lr_decay=-1)": "lr_decay must be at least 0",
    "Adadelta(weight(), rho=2)": "rho must be at least 0 and below 1",
    "NAdam(weight(), betas=0.9)": "betas are two numbers",
    "Lion(weight(), lr=None)": "lr must be a number",
    "LBFGS(weight(), line_search_fn='wolfe')": "did you mean 'strong_wolfe'",
    "LBFGS(weight(), max_iter=0)": "max_iter must be",
    "LBFGS(weight()).step()": r"step\(\) needs a function(.|\n)*Try optimizer.step\(closure\)",
    "LBFGS([{'params': weight()}, {'params': weight()}])": "has one group",
    "MultiStepLR(sgd(), [3, 0])": "a milestone must be",
    "OneCycleLR(sgd(), 0.1)": "Try total_steps=",
    "OneCycleLR(sgd(), 0.1, 10, anneal_strategy='cosine')": "did you mean 'cos'",
    "OneCycleLR(sgd(), [0.1, 0.2], 10)": "one number, or 1",
    "OneCycleLR(Adagrad(weight()), 0.1, 10)": "Try cycle_momentum=False",
    "CyclicLR(sgd(), 0.1, 0.2, mode='triangle')": "did you mean 'triangular'",
    "CosineAnnealingWarmRestarts(sgd(), 0)": "T_0 must be",
    "SequentialLR(sgd(), [StepLR(sgd(), 1)], [])": "one of another optimizer",
    "ChainedScheduler([])": "at least one schedule",
    "ReduceLROnPlateau(sgd(), mode='least')": "mode must be one of min, max",
    "ReduceLROnPlateau(sgd(), patience=-1)": "patience must be",
    "ReduceLROnPlateau(sgd()).step()": r"Try schedule.step\(loss\)",
    "GroupNorm(3, 4)": "num_groups=3 must divide num_channels, 4",
    "GELU('tan')": "did you mean 'tanh'",
    "Hardtanh(2, 1)": "min_val must be below max_val",
    "ZeroPad2d((1, 2))": "one width or four",
    "PReLU(0)": "num_parameters must be",
    "Embedding(3, 2, padding_idx=3)": "padding_idx is a row, 0 to 2",
    "HuberLoss(delta='a', reduction='all')": "reduction must be",
    "TripletMarginLoss(1.0, 2.0)": "takes margin, and the rest by name",
    "init.kaiming_uniform_(weight()[0])": "at least two axes",
    "init.xavier_normal_(Linear(2, 3).weight, gain='big')": "gain",
    "init.calculate_gain('rely')": "did you mean 'relu'",
    "init.kaiming_normal_(Linear(2, 3).weight, mode='in')": "mode must be 'fan_in'",
    "Batches([1, 2], [1, 2], size=0)": "size must be",
    "Batches([1, 2], [1, 2], shuffle='no')": "shuffle must be True or False",
    "Batches([1, 2], [1, 2], drop_last=1)": "drop_last must be True or False",
    "kaiming((2, 3), 0)": "fan_in must be",
    "xavier((2, 3), 3, -2)": "fan_out must be",
    "kaiming((2, 3), 3, gain='big')": "gain must be a number",
}
NAMES = {"weight": weight, "sgd": sgd, "Batches": Batches}
NAMES |= {"kaiming": init.kaiming, "xavier": init.xavier} | vars(optim) | vars(schedules)
NAMES |= {name: getattr(nn, name) for name in nn.__all__}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_option_is_refused_when_the_thing_is_made(text):
    with pytest.raises(ERRORS, match=WRONG[text]):
        eval(text, dict(NAMES))
