// The panels beside the graph: the step, a node's details, the code. All text goes in as text.
function quantity(v, unit = "B") {
  if (!unit) return String(v);
  for (const prefix of ["", "k", "M", "G", "T"]) {
    if (Math.abs(v) < 999.5 || prefix === "T") return `${prefix ? Number(v.toPrecision(3)) : v} ${prefix}${unit}`;
    v /= 1000;
  }
}
const shapeText = s => s.join("×") || "scalar";
const intensity = f => f.read + f.written ? (f.flops / (f.read + f.written)).toPrecision(2) : "0";
function change(a, b, unit) {
  if (a === b) return "same";
  const after = quantity(b, unit);
  return "→ " + after + (after === quantity(a, unit) ? ` (${b > a ? "+" : "−"}${quantity(Math.abs(b - a), unit)})` : "");
}
// Why a step was taken: what made the rule's wish impossible comes before the rule.
function reasons(trace, s) {
  const facts = `${trace.rules[s.rule]} Here: ${s.because}.`;
  return s.refused ? `Refused: ${s.refused}. By the rule it would be fused: ${facts}` : facts;
}
function describe(node) {
  const name = node.name ? `${node.name} = ` : "", of = node.pass === "forward" ? "" : `, ${node.pass} pass`;
  return `${name}${node.op} ${shapeText(node.shape)} ${node.dtype}, ${quantity(node.bytes)}${of}${node.call ? ", part of " + node.call : ""}`;
}

function valuePanel(value, what = "Value") {
  const box = html("div", {class: "tlv-value"});
  if (value.note) return html("p", {}, `${what}: ${value.note}.`);
  box.append(html("p", {}, `${what}: ${value.numbers.join(", ")}${value.more ? ", …" : ""}`));
  if (value.least != null) box.append(html("p", {}, `from ${value.least} to ${value.most}, mean ${value.mean}`));
  if (value.bad) box.append(html("p", {class: "tlv-warning"}, `${value.bad} of them NaN or infinite`));
  if (value.histogram) {
    const most = Math.max(...value.histogram), svg = shape("svg", {viewBox: "0 0 160 40", class: "tlv-histogram", role: "img"});
    svg.setAttribute("aria-label", `Histogram from ${value.least} to ${value.most}: ${value.histogram.join(", ")}`);
    value.histogram.forEach((n, k) => shape("rect", {x: 10 * k, y: 40 - 40 * n / most, width: 9, height: 40 * n / most}, svg));
    box.append(svg);
  }
  if (value.image) {
    const {width, height, grey} = value.image, canvas = html("canvas", {width, height, class: "tlv-image", role: "img", "aria-label": `The first ${height} by ${width} numbers as an image, dark is ${value.least}`});
    const pen = canvas.getContext("2d"), dots = pen.createImageData(width, height);
    for (let k = 0; k < width * height; k++) dots.data.set([0, 1, 2].map(() => parseInt(grey.substr(2 * k, 2), 16)).concat(255), 4 * k);
    pen.putImageData(dots, 0, 0);
    box.append(canvas);
  }
  return box;
}

function nodePanel(face, node) {
  const {trace} = face, rows = html("dl", {class: "tlv-facts"});
  const fact = (name, ...value) => rows.append(html("dt", {}, name), html("dd", {}, ...value));
  const link = id => {
    const n = face.graph.nodes[id], text = n.op === "const" ? n.face[0] : `${n.name || n.op} ${shapeText(n.shape)}`;
    return n.op === "const" ? html("span", {}, text + " ") : html("button", {class: "tlv-link", onclick: () => face.select(id, true)}, text);
  };
  fact("is", `${node.op} ${shapeText(node.shape)} ${node.dtype}` + (node.arg && node.op !== "const" ? `, told ${node.arg}` : ""));
  fact("takes", `${quantity(node.bytes)}${node.flops ? ", " + quantity(node.flops, "FLOP") : ""}`);
  const readers = trace.nodes.filter(n => n.inputs.includes(node.id));
  if (node.inputs.length) fact("inputs", ...node.inputs.map(link));
  if (readers.length) fact("readers", ...readers.slice(0, 12).map(n => link(n.id)), readers.length > 12 ? `and ${readers.length - 12} more` : "");
  const kernels = trace.kernels.filter(k => k.nodes.includes(node.id));
  if (kernels.length) fact("runs in", kernels.map(k => `kernel ${k.number}`).join(", ") + (kernels.some(k => k.writes.includes(node.id)) ? ", stored" : ", never stored"));
  if (node.call) fact("part of", node.call);
  if (node.pass !== "forward") fact("pass", node.pass);
  if (node.gradient_of) fact("gradient of", link(node.gradient_of));
  const line = trace.lines[node.line], rule = trace.rules["gradient." + node.op];
  if (line) fact("made at", html("span", {}, line[0] + " "), html("code", {}, line[1]));
  if (node.kind !== "source" && rule) fact("gradient rule", rule);
  return html("div", {class: "tlv-card tlv-node-card", role: "group", "aria-label": "Selected node"},
    html("div", {class: "tlv-heading"}, node.name || node.op, html("button", {class: "tlv-link tlv-close", "aria-label": "Deselect", onclick: () => face.select(null)}, "×")), rows, node.value ? valuePanel(node.value) : null, node.gradient ? valuePanel(node.gradient, "Gradient") : null);
}

function stepPanel(face) {
  const {trace, step} = face, card = html("div", {class: "tlv-card tlv-step-card", role: "group", "aria-label": "This step"});
  if (!trace.steps.length) {
    card.append(html("div", {class: "tlv-heading"}, "No decision"), html("p", {}, "Nothing has to be computed: the numbers are in memory already."));
    return card;
  }
  if (!step) {
    const f = trace.frames[0];
    card.append(html("div", {class: "tlv-heading"}, "Before the first decision"), html("p", {}, `Every op would be a kernel of its own: ${f.kernels} kernels that move ${quantity(f.read + f.written)}. Step through the ${trace.steps.length} decisions with the arrow keys.`),
      html("p", {class: "tlv-rule tlv-keys"}, "Keys: arrows step, s, x and r jump to the next store, refusal and other rule (with shift back), space plays, / searches, f fits, + and − zoom, c closes a box, d dark or light, p present."));
    return card;
  }
  const s = trace.steps[step - 1], first = face.graph.nodes[s.nodes[0]] || {face: [""], shape: []};
  const title = s.nodes.length > 1 ? `${s.nodes.length} ${s.nodes.every(n => face.graph.nodes[n].kind === "move") ? "moves" : "nodes"}` : (first.name ? `${first.name} = ` : "") + (first.kind === "move" ? first.op : first.face[0].replace(/ → .*/, "")) + " " + (s.nodes.length ? shapeText(first.shape) : "") + (first.call ? ` of ${first.call}` : "");
  card.append(html("div", {class: "tlv-heading"}, html("span", {class: `tlv-verdict tlv-${s.verdict}`}, {store: "▣ store", fuse: "⤵ fuse", join: "⇄ join", simplify: "≡ simplify"}[s.verdict]), " " + title));
  if (s.refused) card.append(html("p", {class: "tlv-warning"}, "⊘ Refused: " + s.refused + "."), html("p", {}, `By the rule it would be fused: ${trace.rules[s.rule]} Here: ${s.because}.`));
  else card.append(html("p", {class: "tlv-says"}, trace.rules[s.rule]), html("p", {}, "Here: " + s.because + "."));
  if (s.apart.length) card.append(html("p", {class: "tlv-warning"}, `⊘ Not fused into kernel${s.apart.length > 1 ? "s" : ""} ${s.apart.map(k => face.graph.kernels[k].number).join(", ")}.`));
  card.append(html("p", {class: "tlv-rule"}, "rule ", html("code", {}, s.rule), s.kernels.length ? ` · in ${s.kernels.map(k => "kernel " + face.graph.kernels[k].number).join(", ")}` : ""));
  const [before, after] = trace.frames.slice(step - 1, step + 1), row = (name, a, b, changed) =>
    html("tr", changed === "same" ? {} : {class: "tlv-changed"}, html("th", {scope: "row"}, name), html("td", {}, a), html("td", {}, changed));
  const body = [["kernels", "kernels", ""], ["read", "read", "B"], ["written", "written", "B"], ["arithmetic", "flops", "FLOP"]].map(([name, key, unit]) =>
    row(name, quantity(before[key], unit), after[key], change(before[key], after[key], unit)));
  const [a, b] = [intensity(before), intensity(after)];
  body.push(row("FLOP/byte", a, b, a === b ? "same" : "→ " + b));
  card.append(html("table", {}, html("tr", {}, html("td", {}), html("th", {scope: "col"}, "before"), html("th", {scope: "col"}, "after")), ...body));
  return card;
}

// What the code panel can show at this moment: the kernels that run now, one by one or all, and
// those that the step has ended and begun. face.kernel is the one that is chosen.
function codeChoices(face) {
  const {trace, step} = face, frame = trace.frames[step] || {}, known = id => face.graph.kernels[id] || trace.texts[id];
  const named = id => [id, (face.graph.kernels[id] ? "kernel " : "") + known(id).title];
  const groups = {};
  if (frame.began) {
    const count = (ids, when) => `${when}: ${ids.length} kernel${ids.length === 1 ? "" : "s"}`;
    if (frame.ended.length) Object.assign(groups, {after: [frame.began, count(frame.began, `after step ${step}`)], before: [frame.ended, count(frame.ended, `before step ${step}`)]});
    groups.all = [face.running(), count(face.running(), "all that run now")];
  }
  const single = frame.began ? face.running() : trace.kernels.map(k => k.id);
  const choices = [...Object.entries(groups).map(([v, [, title]]) => [v, title]), ...single.map(named)];
  if (!choices.some(([v]) => v === face.kernel)) face.kernel = choices[0][0];
  return {choices, shown: (groups[face.kernel] ? groups[face.kernel][0] : [face.kernel]).map(known)};
}

function codePanel(face) {
  const {trace} = face, languages = [...new Set(trace.kernels.flatMap(k => Object.keys(k.code)))];
  if (!languages.length) return null;
  if (!languages.includes(face.language)) face.language = languages[0];
  const {choices, shown} = codeChoices(face);
  const choose = (label, values, now, change) => html("select", {"aria-label": label, onchange: e => change(e.target.value)},
    ...values.map(([v, t]) => html("option", {value: v, selected: v === now}, t)));
  const bar = html("div", {class: "tlv-bar"}, html("strong", {}, "Code"),
    choose("Kernel", choices, face.kernel, v => { face.kernel = v; face.showCode(); }),
    choose("Language", languages.map(l => [l, l]), face.language, v => { face.language = v; face.showCode(); }));
  const lines = html("div", {class: "tlv-code", tabindex: "0", role: "group", "aria-label": `Code: ${choices.find(([v]) => v === face.kernel)[1]}`});
  face.codeLines = [];
  const all = shown.flatMap((kernel, n) => {
    const code = kernel.code[face.language], texts = code ? code.text.replace(/\n$/, "").split("\n") : ["no text in this language"];
    return [...(n ? [["", []]] : []), ...texts.map((text, k) => [text, code ? code.lines[k] || [] : []])];
  });
  all.forEach(([text, ids]) => {
    const line = html("div", {class: ids.length ? "tlv-line tlv-linked" : "tlv-line"}, text || " ");
    if (ids.length) {
      line.addEventListener("pointerenter", () => { face.graph.light(ids); line.classList.add("tlv-lit"); });
      line.addEventListener("pointerleave", () => { face.graph.light([]); face.lightCode(); });
      line.addEventListener("click", () => face.select(ids[0], true));
    }
    face.codeLines.push({line, ids});
    lines.append(line);
  });
  return html("div", {class: "tlv-card tlv-code-card"}, bar, lines);
}
