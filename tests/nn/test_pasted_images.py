"""Programs on images as they stand in courses on PyTorch run here: only the imports are ours."""

import copy

import numpy as np
import pytest

import tinylearn.nn.functional as F
from tinylearn import Tensor, nn
from tinylearn.nn import optim

RANDOM = np.random.default_rng(0)


def images(*shape):
    return Tensor(RANDOM.standard_normal(shape).astype(np.float32), requires_grad=False)


class BasicBlock(nn.Module):
    def __init__(self, in_planes, planes, stride=1):
        super(BasicBlock, self).__init__()  # noqa: UP008  as it is written there
        self.conv1 = nn.Conv2d(in_planes, planes, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, kernel_size=3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.shortcut = nn.Sequential()
        if stride != 1 or in_planes != planes:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_planes, planes, kernel_size=1, stride=stride, bias=False),
                nn.BatchNorm2d(planes),
            )

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += self.shortcut(x)
        return F.relu(out)


class ResNet(nn.Module):
    def __init__(self, num_classes=4):
        super().__init__()
        self.layers = nn.Sequential(BasicBlock(3, 4), BasicBlock(4, 8, stride=2))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(8, num_classes)

    def forward(self, x):
        x = self.avgpool(self.layers(x))
        x = x.view(x.size(0), -1)
        return self.fc(x)


def test_a_residual_network_learns_and_goes_back_to_its_best():
    model, x, y = ResNet(), images(4, 3, 8, 8), Tensor(np.arange(4))
    optimizer = optim.SGD(
        model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4, nesterov=True
    )
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=20)
    criterion, best, losses = nn.CrossEntropyLoss(), None, []
    for _ in range(14):
        loss = criterion(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
        if best is None:
            best = copy.deepcopy(model.state_dict())
    assert losses[-1] < 0.5 * losses[0]
    first = best["fc.weight"].numpy()
    assert not np.array_equal(model.fc.weight.numpy(), first)
    model.load_state_dict(best)
    np.testing.assert_array_equal(model.fc.weight.numpy(), first)
    assert model.eval()(images(1, 3, 16, 16)).shape == (1, 4)


def weights_init(m):
    classname = m.__class__.__name__
    if classname.find("Conv") != -1:
        nn.init.normal_(m.weight, 0.0, 0.02)
    elif classname.find("BatchNorm") != -1:
        nn.init.normal_(m.weight, 1.0, 0.02)
        nn.init.constant_(m.bias, 0)


def test_a_generator_and_a_critic_learn_from_each_other():
    generator = nn.Sequential(
        nn.ConvTranspose2d(8, 8, 4, 1, 0, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(True),
        nn.ConvTranspose2d(8, 1, 4, 2, 1, bias=False),
        nn.Tanh(),
    ).apply(weights_init)
    critic = nn.Sequential(
        nn.Conv2d(1, 8, 4, 2, 1, bias=False),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(8, 1, 4, 1, 0, bias=False),
        nn.Sigmoid(),
    ).apply(weights_init)
    criterion = nn.BCELoss()
    of_critic = optim.Adam(critic.parameters(), lr=2e-3, betas=(0.5, 0.999))
    of_generator = optim.Adam(generator.parameters(), lr=2e-3, betas=(0.5, 0.999))
    before = generator[0].weight.numpy()
    for _ in range(3):
        critic.zero_grad()
        criterion(critic(images(4, 1, 8, 8)).view(-1), Tensor.ones(4)).backward()
        fake = generator(images(4, 8, 1, 1))
        assert fake.shape == (4, 1, 8, 8)
        criterion(critic(fake.detach()).view(-1), Tensor.zeros(4)).backward()
        of_critic.step()
        generator.zero_grad()
        loss = criterion(critic(fake).view(-1), Tensor.ones(4))
        loss.backward()
        of_generator.step()
    assert loss.item() == pytest.approx(0.69, abs=0.2)
    assert not np.array_equal(generator[0].weight.numpy(), before)


class ViT(nn.Module):
    def __init__(self, dim=8, heads=2, patches=4):
        super().__init__()
        self.proj = nn.Conv2d(1, dim, kernel_size=4, stride=4)
        self.cls_token = nn.Parameter(Tensor.randn(1, 1, dim) * 0.02)
        self.pos_embed = nn.Parameter(Tensor.zeros(1, patches + 1, dim))
        self.norm = nn.LayerNorm(dim)
        self.attn = nn.MultiheadAttention(embed_dim=dim, num_heads=heads, batch_first=True)
        self.head = nn.Linear(dim, 3)

    def forward(self, x):
        x = self.proj(x).flatten(2).transpose(1, 2)
        cls = self.cls_token.expand(x.shape[0], -1, -1)
        x = Tensor.cat((cls, x), dim=1) + self.pos_embed
        y, _ = self.attn(query=self.norm(x), key=self.norm(x), value=self.norm(x))
        return self.head((x + y)[:, 0])


def test_a_vision_transformer_passes_gradients_to_its_tokens():
    model = ViT()
    F.cross_entropy(model(images(3, 1, 8, 8)), Tensor([0, 1, 2])).backward()
    names = [name for name, p in model.named_parameters() if p.grad is None]
    assert names == [] and model.cls_token.is_leaf


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.GroupNorm(2, 4), nn.SiLU())
        self.pool = nn.MaxPool2d(2)
        self.middle = nn.Conv2d(4, 4, 3, padding=1)
        self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.out = nn.Conv2d(8, 1, 1)

    def forward(self, x):
        skip = self.down(x)
        x = self.up(self.middle(self.pool(skip)))
        return self.out(Tensor.cat([skip, x], dim=1))


def test_a_network_with_ways_around_cuts_out_a_square():
    model, x = UNet(), images(2, 1, 8, 8)
    target = Tensor((x.numpy() > 0).astype(np.float32))
    criterion = nn.BCEWithLogitsLoss(pos_weight=Tensor([1.5]))
    optimizer, losses = optim.NAdam(model.parameters(), lr=0.02), []
    for _ in range(12):
        loss = criterion(model(x), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]
