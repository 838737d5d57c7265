"""More known mistakes of chapter 07."""

RMS = "[(g * g).mean().sqrt().item() for g in loss.gradient(*weights)]"


@q2.wrong(".grad belongs to the training, and you change it; loss.gradient(*weights) does not.")
def clears_first(loss, weights):
    for w in weights:
        w.grad = None
    loss.backward()
    return [(w.grad * w.grad).mean().sqrt().item() for w in weights]


@q2.wrong(".grad belongs to the training, and you change it; loss.gradient(*weights) does not.")
def clears_afterwards(loss, weights):
    found = [(g * g).mean().sqrt().item() for g in loss.gradient(*weights)]
    for w in weights:
        w.grad = None
    return found


q2.mistake("Plain numbers are asked for: .item() makes one of a Tensor.",
           replace=RMS, by=RMS.replace(".item()", ""))  # fmt: skip
