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

KEPT = "A loss that is kept as a Tensor keeps its whole graph in memory: loss.item() is a number."
q5.mistake(KEPT, replace="found.append(loss.item())", by="found.append(loss)")
q7.mistake(KEPT, replace="found.append(loss.item())", by="found.append(loss)")

q6.mistake(
    "Far too large: the signal explodes on the way. The bound is the root of 6 / into.",
    replace="bound = (6 / into) ** 0.5", by="bound = into**0.5",
)  # fmt: skip
