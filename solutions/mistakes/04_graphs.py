"""More known mistakes of chapter 04, as edits of the solutions."""

# fmt: off
q1.mistake("Count the ops that compute: sources are the ones to leave out.",
           replace='!= "source"', by='== "source"', worth=0)
q1.mistake("The name of an op is node.op.name; its kind is shared by many.",
           replace="counts[node.op.name] = counts.get(node.op.name, 0) + 1",
           by="counts[node.op.kind] = counts.get(node.op.kind, 0) + 1", worth=0)
q1.mistake("The first time counts 1: begin at 0.",
           replace="counts.get(node.op.name, 0)", by="counts.get(node.op.name, 1)", worth=0)
q1.mistake("walk([output]) lists every node; the inputs of the output alone are too few.",
           replace="walk([output])", by="[*output.inputs, output]", worth=0)
q1.mistake("The dictionary is asked for, op by op, not the number of all of them.",
           replace="return counts", by="return sum(counts.values())", worth=0)
q1.mistake("The return stands inside the loop: only the first op is counted.",
           replace="    return counts", by="        return counts", worth=0)

q2.mistake("outputs belongs to whoever calls: begin with a list of your own.",
           replace="waiting = [], set(), [(node, False) for node in outputs]",
           by="waiting = [], set(), [(outputs.pop(), False) for _ in range(len(outputs))]")
q2.mistake("A node is listed when its inputs are done, not when it is met.",
           replace="waiting.append((node, True))", by="out.append(node)")
q2.mistake("The node itself is forgotten: put (node, True) back before its inputs.",
           replace="            waiting.append((node, True))\n", by="", worth=0)
q2.mistake("The inputs are missing: put them back as (x, False).",
           replace="            waiting += [(x, False) for x in node.inputs]\n", by="", worth=0)
q2.mistake("Every input counts, not the first alone.",
           replace="for x in node.inputs]", by="for x in node.inputs[:1]]")
q2.mistake("The outputs themselves belong to the list.",
           replace="return out", by="return [node for node in out if node not in outputs]",
           worth=0)

MEET = "grads[x] = grads[x] + gx if x in grads else gx"
q3.mistake("A rule answers None where nothing flows, for a condition: leave that out.",
           replace="if gx is not None:", by="if True:")
q3.mistake("Walk from the output down: reversed(walk([output])).",
           replace="reversed(walk([output]))", by="walk([output])")
q3.mistake("Where two gradients meet they are added; you keep the first one.",
           replace=MEET, by="grads.setdefault(x, gx)")
q3.mistake("Where two gradients meet they are added, not multiplied.",
           replace=MEET, by=MEET.replace("+", "*"))
q3.mistake("The keys are the leaves, and what belongs to them are graphs: a dictionary.",
           replace="return {x: grads[x] for x in leaves if x in grads}",
           by="return [grads[x] for x in leaves if x in grads]", worth=0)
q3.mistake("A leaf that was asked for may have inputs of its own: every node hands on.",
           replace="if node in grads and node.inputs:",
           by="if node in grads and node.inputs and node not in leaves:")

ONCE = "output = gradient(output, output.const_like(1.0), [x]).get(x, x.const_like(0.0))"
q4.mistake("That is the third derivative: take the gradient twice.",
           replace="range(2)", by="range(3)")
q4.mistake("That is the function itself: take the gradient of its gradient.",
           replace="range(2)", by="range(0)", worth=0)
q4.mistake("A second derivative is not 0 in general: take the gradient of the gradient.",
           replace="return output", by="return x.const_like(0.0)", worth=0)
q4.mistake("g is 1 for every number, not 2.",
           replace="output.const_like(1.0)", by="output.const_like(2.0)")
q4.mistake("A plain derivative has a 1 for every number, however many: output.const_like(1.0).",
           replace="output.const_like(1.0)", by="leaf(np.ones(2))")
# fmt: on
