"""Programs as they stand in courses on PyTorch run here: only the imports are ours."""

import math
from collections import OrderedDict

import numpy as np
import pytest

import tinylearn as torch
import tinylearn.nn.functional as F
from tinylearn import Tensor, nn
from tinylearn.nn import optim
from tinylearn.nn.utils.data import DataLoader, TensorDataset, random_split

IMAGES = np.random.default_rng(0).standard_normal((48, 1, 12, 12)).astype(np.float32)
LABELS = (IMAGES.mean((1, 2, 3)) > 0).astype(np.int64)


class ConvNet(nn.Module):
    def __init__(self, num_classes=2):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 4, kernel_size=3, padding=1),
            nn.BatchNorm2d(4),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=2, stride=2),
            nn.Dropout2d(p=0.1),
        )
        self.classifier = nn.Sequential(
            OrderedDict([("flat", nn.Flatten()), ("out", nn.Linear(4 * 6 * 6, num_classes))])
        )
        self.apply(self._init_weights)

    def _init_weights(self, m):
        if isinstance(m, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
            if m.bias is not None:
                nn.init.zeros_(m.bias)

    def forward(self, x):
        return self.classifier(self.features(x))


def test_a_convolutional_network_is_trained_and_evaluated():
    train_set, test_set = random_split(TensorDataset(IMAGES, LABELS), [40, 8])
    train_loader = DataLoader(train_set, batch_size=8, shuffle=True, num_workers=2)
    test_loader = DataLoader(test_set, batch_size=8)
    model = ConvNet()
    criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
    optimizer = optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-2)
    scheduler = optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=1e-2, epochs=4, steps_per_epoch=len(train_loader)
    )
    history = []
    for _ in range(4):
        model.train()
        running_loss = 0.0
        for inputs, targets in train_loader:
            optimizer.zero_grad(set_to_none=True)
            outputs = model(inputs)
            loss = criterion(outputs, targets)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
            optimizer.step()
            scheduler.step()
            running_loss += loss.item() * inputs.size(0)
        history.append(running_loss / len(train_set))
    assert history[-1] < history[0] and len(scheduler.get_last_lr()) == 1
    model.eval()
    correct = 0
    with torch.no_grad():
        for inputs, targets in test_loader:
            predicted = model(inputs).argmax(dim=1)
            correct += (predicted == targets).sum().item()
    assert 0 <= correct <= len(test_set)
    assert sum(p.numel() for p in model.parameters() if p.requires_grad) == 4 * 9 + 4 + 8 + 290


class LSTMTagger(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, tagset_size):
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim, padding_idx=0)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, batch_first=True, bidirectional=True)
        self.hidden2tag = nn.Linear(2 * hidden_dim, tagset_size)

    def forward(self, sentence):
        embeds = self.word_embeddings(sentence)
        lstm_out, _ = self.lstm(embeds)
        return F.log_softmax(self.hidden2tag(lstm_out), dim=-1)


def test_a_tagger_learns_its_words():
    sentences = Tensor(np.array([[1, 2, 3, 4], [4, 3, 0, 0]]))
    tags = Tensor(np.array([[0, 1, 0, 1], [1, 0, 2, 2]]))
    model = LSTMTagger(5, 6, 8, 3)
    loss_function = nn.NLLLoss(ignore_index=2)
    optimizer = optim.RMSprop(model.parameters(), lr=0.02)
    for _ in range(30):
        model.zero_grad()
        tag_scores = model(sentences)
        loss = loss_function(tag_scores.view(-1, 3), tags.view(-1))
        loss.backward()
        optimizer.step()
    scores = model(sentences).argmax(-1).tolist()
    assert scores[0] == [0, 1, 0, 1] and scores[1][:2] == [1, 0]


class Head(nn.Module):
    """One head of self-attention, as in many courses on language models."""

    def __init__(self, n_embd, head_size, block_size, dropout):
        super().__init__()
        self.key = nn.Linear(n_embd, head_size, bias=False)
        self.query = nn.Linear(n_embd, head_size, bias=False)
        self.value = nn.Linear(n_embd, head_size, bias=False)
        self.register_buffer("tril", Tensor.ones(block_size, block_size).tril())
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        _, T, C = x.shape
        k, q = self.key(x), self.query(x)
        wei = q @ k.transpose(-2, -1) * C**-0.5
        wei = wei.masked_fill(self.tril[:T, :T] == 0, float("-inf"))
        wei = F.softmax(wei, dim=-1)
        return self.dropout(wei) @ self.value(x)


class Block(nn.Module):
    def __init__(self, n_embd, n_head, block_size, dropout=0.0):
        super().__init__()
        size = n_embd // n_head
        self.heads = nn.ModuleList([Head(n_embd, size, block_size, dropout) for _ in range(n_head)])
        self.ffwd = nn.Sequential(
            nn.Linear(n_embd, 4 * n_embd), nn.GELU(), nn.Linear(4 * n_embd, n_embd)
        )
        self.ln1, self.ln2 = nn.LayerNorm(n_embd), nn.LayerNorm(n_embd)

    def forward(self, x):
        normed = self.ln1(x)
        x = x + Tensor.cat([h(normed) for h in self.heads], dim=-1)
        return x + self.ffwd(self.ln2(x))


class Language(nn.Module):
    def __init__(self, vocab_size, n_embd, block_size):
        super().__init__()
        self.token_embedding_table = nn.Embedding(vocab_size, n_embd)
        self.position_embedding_table = nn.Embedding(block_size, n_embd)
        self.blocks = nn.Sequential(*[Block(n_embd, 2, block_size) for _ in range(2)])
        self.ln_f = nn.LayerNorm(n_embd)
        self.lm_head = nn.Linear(n_embd, vocab_size)

    def forward(self, idx, targets=None):
        B, T = idx.shape
        pos = Tensor.arange(T)
        x = self.token_embedding_table(idx) + self.position_embedding_table(pos)
        logits = self.lm_head(self.ln_f(self.blocks(x)))
        if targets is None:
            return logits, None
        return logits, F.cross_entropy(logits.view(B * T, -1), targets.view(B * T))


def test_a_small_language_model_learns_to_count():
    data = np.arange(64) % 5
    xb = Tensor(np.stack([data[k : k + 8] for k in range(6)]))
    yb = Tensor(np.stack([data[k + 1 : k + 9] for k in range(6)]))
    model = Language(5, 16, 8)
    assert "blocks.0.heads.1.tril" in model.state_dict()
    assert not any(name.endswith("tril") for name, _ in model.named_parameters())
    decay = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": decay, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}]
    optimizer = torch.nn.optim.AdamW(groups, lr=1e-2)
    for step in range(40):
        lr = 1e-2 * 0.5 * (1 + math.cos(math.pi * step / 40))
        for g in optimizer.param_groups:
            g["lr"] = lr
        logits, loss = model(xb, yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.3
    model.eval()
    idx = xb[:1, :3]
    for _ in range(4):
        logits, _ = model(idx)
        probs = F.softmax(logits[:, -1, :], dim=-1)
        idx = Tensor.cat((idx, probs.argmax(-1, keepdim=True)), dim=1)
    assert idx.tolist()[0] == [0, 1, 2, 3, 4, 0, 1]


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(16, 8), nn.Softplus())
        self.fc_mu, self.fc_logvar = nn.Linear(8, 2), nn.Linear(8, 2)
        self.decoder = nn.Sequential(nn.Linear(2, 8), nn.SiLU(), nn.Linear(8, 16), nn.Sigmoid())

    def forward(self, x):
        h = self.encoder(x)
        mu, logvar = self.fc_mu(h), self.fc_logvar(h)
        std = (0.5 * logvar).exp()
        return self.decoder(mu + Tensor.randn_like(std) * std), mu, logvar


def test_an_autoencoder_learns_with_a_plateau_and_frozen_layers():
    x = Tensor((np.random.default_rng(1).random((12, 16)) < 0.2).astype(np.float32))
    model = VAE()
    for param in model.fc_logvar.parameters():
        param.requires_grad = False
    optimizer = optim.Adam(filter(lambda p: p.requires_grad, model.parameters()), lr=0.05)
    scheduler = optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="min", patience=1)
    losses = []
    for _ in range(15):
        recon, mu, logvar = model(x)
        bce = F.binary_cross_entropy(recon, x, reduction="sum")
        kld = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum()
        optimizer.zero_grad()
        (bce + kld).backward()
        optimizer.step()
        scheduler.step((bce + kld).item())
        losses.append(bce.item())
    assert losses[-1] < losses[0] and next(model.parameters()).device == "numpy"
    assert model.fc_logvar.weight.grad is None


class SelfNormalizing(nn.Module):
    """Parameters of one's own, a hook, and names in a dict."""

    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(Tensor.ones(1) * 0.5)
        self.heads = nn.ModuleDict({"left": nn.Linear(3, 2), "right": nn.Linear(3, 2)})
        self.act = nn.PReLU()

    def forward(self, x, head="left"):
        return self.act(self.heads[head](x)) * self.gain


def test_hooks_see_what_layers_give():
    model, activations = SelfNormalizing(), {}

    def get_activation(name):
        def hook(module, args, output):
            activations[name] = output.detach()

        return hook

    handles = [
        module.register_forward_hook(get_activation(name))
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear)
    ]
    model(Tensor.ones(4, 3), head="right").sum().backward()
    assert list(activations) == ["heads.right"] and activations["heads.right"].shape == (4, 2)
    for handle in handles:
        handle.remove()
    assert next(iter(model.named_parameters()))[0] == "gain" and model.gain.grad is not None


@pytest.mark.parametrize("kind", ["MarginRankingLoss", "TripletMarginLoss", "CosineEmbeddingLoss"])
def test_losses_of_pairs_are_called_as_there(kind):
    one, two, three = (Tensor(IMAGES[k : k + 4].reshape(4, -1)) for k in (0, 4, 8))
    signs = Tensor(np.array([1.0, -1, 1, -1], np.float32))
    loss = {
        "MarginRankingLoss": lambda c: c(one.sum(1), two.sum(1), signs),
        "TripletMarginLoss": lambda c: c(one, two, three),
        "CosineEmbeddingLoss": lambda c: c(one, two, signs),
    }[kind](getattr(nn, kind)(margin=0.2))
    loss.backward()
    assert loss.shape == () and one.grad.shape == one.shape
