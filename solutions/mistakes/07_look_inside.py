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

q1.mistake("all(0) gives True or False for each unit: .mean() makes a share of them.",
           replace=".all(0).mean()", by=".all(0)")  # fmt: skip

q2.mistake("The mean is missing: square, MEAN, root.", replace=".mean().sqrt()", by=".sqrt()")

q3.mistake("No step is run: x = step(x) comes first.", replace="x = step(x)", by="pass")
q3.mistake("isfinite gives an answer for each number: .all() makes one of them.",
           replace="np.isfinite(x).all()", by="np.isfinite(x)")  # fmt: skip
q3.mistake("The return stands outside of the if: only a bad result ends the search.",
           replace="            return place",
           by="            pass\n        return place")  # fmt: skip
q3.mistake("steps holds functions alone: enumerate(steps) gives each with its place.",
           replace="enumerate(steps)", by="steps")  # fmt: skip

q4.mistake("The logarithm is added.", replace="+ (1", by="- (1")
q4.mistake("The logarithm is missing: log(1 + e^-|z|).", replace=".exp()).log()", by=".exp())")
q4.mistake("exp(1000) is infinite: inside the exp stands MINUS the absolute value.",
           replace="(-logits.abs())", by="logits.abs()")  # fmt: skip
q4.mistake("The first term is max(z, 0), and not z: logits.relu().",
           replace="logits.relu()", by="logits")  # fmt: skip
q4.mistake("The power is missing: log(1 + e^-|z|).", replace=".exp()", by="")
q4.mistake("In the logarithm the power is added to the 1.", replace="(1 + ", by="(1 - ")
q4.mistake("The first two terms are turned round: max(z, 0) minus z * y.",
           replace="logits.relu() - logits * target",
           by="logits * target - logits.relu()")  # fmt: skip
q4.mistake("The truth is missing: z * y is taken away.", replace=" - logits * target", by="")

STILL = "No step is made: optimizer.step() stands between backward() and zero_grad()."
EARLY = "The return stands inside the loop: one step is made, and no more."
BACK = "step() uses what backward() leaves in .grad: backward(), then step(), then zero_grad()."
q5.mistake(STILL, replace="        optimizer.step()\n", by="")
q5.mistake(EARLY, replace="(loss.item())",
           by='(loss.item())\n        return "gradients pile up", found')  # fmt: skip
q7.mistake(STILL, replace="        optimizer.step()\n", by="")
q7.mistake(EARLY, replace="(loss.item())",
           by='(loss.item())\n        return "softmax twice", found')  # fmt: skip
q7.mistake(BACK, replace="        loss.backward()\n", by="")
q7.mistake("Gradients pile up now: zero_grad() stands between step() and the next backward().",
           replace="        optimizer.zero_grad()\n", by="")  # fmt: skip
q7.mistake(BACK, replace="        optimizer.step()\n        optimizer.zero_grad()\n",
           by="        optimizer.zero_grad()\n        optimizer.step()\n")  # fmt: skip
q7.mistake("steps is a number: range(steps) counts up to it.", replace="range(steps)", by="steps")

q6.mistake("No ReLU stands after the last layer: its scores may be negative.",
           replace="layers[:-1]", by="layers")  # fmt: skip
q6.mistake("A Linear's weight has a row for each output: (out, into).",
           replace="(out, into)).as", by="(into, out)).as")  # fmt: skip

q8.mistake("permutation(x) mixes the rows themselves; asked for are row numbers, of len(x).",
           replace="(len(x))", by="(x)")  # fmt: skip

q9.mistake("The mean is not taken away: every pixel has mean 0 in script 5.",
           replace="x - x.mean(0)", by="x")  # fmt: skip
q9.mistake("Over the rows, along axis 0: each pixel has a mean of its own.",
           replace="x - x.mean(0)", by="x - x.mean(1)")  # fmt: skip
q9.mistake("That is the variance, and the deviation is its root: .sqrt() is missing.",
           replace=".mean(0).sqrt()", by=".mean(0)")  # fmt: skip
