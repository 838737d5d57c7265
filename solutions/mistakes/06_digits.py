"""More known mistakes of chapter 06."""

q4.mistake(
    "logits is changed where it lies, and belongs to whoever calls: logits - ..., without -=.",
    replace="    e = np.exp(logits - logits.max(1, keepdims=True))\n",
    by="    logits -= logits.max(1, keepdims=True)\n    e = np.exp(logits)\n",
)
q8.mistake("That is one answer for all rows; each row has its own: argmax(1).",
           replace="logits.argmax(1) == labels", by="logits[0].argmax() == labels")  # fmt: skip
q9.mistake(
    "A loss that is kept as a Tensor keeps its whole graph in memory: loss.item() is a number.",
    replace="losses.append(loss.item())", by="losses.append(loss)",
)  # fmt: skip
