// Figures for paper: moments of a film, one below the other. Where there are any, they are printed.
class Paper {
  constructor(face) {
    this.face = face;
    this.figures = html("div", {class: "tlv-figures"});
    this.steps = html("input", {type: "text", class: "tlv-steps", size: 14, placeholder: "3, 7-9", "aria-label": "Steps to print"});
    this.told = html("span", {class: "tlv-told", "aria-live": "polite"});
    const last = face.trace.steps.length;
    this.form = html("form", {class: "tlv-paper", hidden: true, onsubmit: e => { e.preventDefault(); this.add(); }},
      html("label", {}, `Steps, 0 to ${last}: `, this.steps),
      html("button", {type: "submit"}, "Show them"),
      html("button", {type: "button", onclick: () => { if (this.add()) print(); }}, "Print them"),
      html("button", {type: "button", onclick: () => this.clear()}, "Remove all"), this.told);
  }
  toggle() {
    this.form.hidden = !this.form.hidden;
    if (this.form.hidden) return;
    if (!this.steps.value) this.steps.value = String(this.face.step);
    this.steps.focus();
  }
  // The numbers in "3, 7-9", or null and a sentence about the first that is no step.
  chosen() {
    const last = this.face.trace.steps.length, found = [];
    for (const part of this.steps.value.split(/[,;\s]+/).filter(Boolean)) {
      const range = part.match(/^(\d+)(?:[-–](\d+))?$/), from = range && Number(range[1]), to = range && Number(range[2] ?? range[1]);
      if (!range || from > to || to > last) { this.told.textContent = `${part} is no step; there are 0 to ${last}.`; return null; }
      for (let k = from; k <= to; k++) if (!found.includes(k)) found.push(k);
    }
    return found;
  }
  add() {
    const steps = this.chosen();
    if (!steps) return false;
    this.clear();
    for (const k of steps) this.keep(k);
    this.told.textContent = `${steps.length} figure${steps.length === 1 ? "" : "s"} below; they alone are printed.`;
    return steps.length > 0;
  }
  clear() {
    this.figures.replaceChildren();
    this.told.textContent = "";
  }
  // The picture as it is after `step` decisions, with the sentence of that step.
  keep(step) {
    const {face} = this, {graph, trace} = face, now = face.step, s = trace.steps[step - 1];
    face.step = step;
    graph.paint(face.state(), s ? s.nodes : [], face.parts());
    const copy = graph.svg.cloneNode(true), [x, y, w, h] = this.region(s);
    face.step = now;
    face.refresh();
    copy.setAttribute("viewBox", `${x} ${y} ${w} ${h}`);
    copy.setAttribute("style", `max-width:${w}px`);
    copy.setAttribute("role", "img");
    const name = `${graph.arrow.slice(5, -1)}-${this.figures.children.length}-${step}`; // arrow heads of its own
    copy.querySelector("marker").id = name;
    copy.querySelectorAll("[marker-end]").forEach(e => e.setAttribute("marker-end", `url(#${name})`));
    copy.querySelectorAll("[tabindex]").forEach(e => { e.removeAttribute("tabindex"); e.removeAttribute("role"); });
    const figure = html("figure", {}, copy, html("figcaption", {}, this.caption(step) + " ",
      html("button", {type: "button", class: "tlv-link", onclick: () => figure.remove()}, "remove")));
    this.figures.append(figure);
  }
  // The whole graph if that can be read on paper; else the step's nodes with what is around them.
  region(s) {
    const {graph} = this.face, {w, h} = graph.whole, whole = [-12, -12, w + 24, h + 24];
    if (!s || (w < 800 && h < 900)) return whole;
    const readers = this.face.trace.nodes.filter(n => n.inputs.some(i => s.nodes.includes(i))).map(n => n.id);
    const inputs = s.nodes.flatMap(i => graph.nodes[i].inputs);
    const again = Object.keys(graph.plan.copies).filter(i => s.nodes.includes(graph.nodes[i].id));
    const near = [...s.nodes, ...again, ...readers, ...inputs].map(i => graph.at[this.face.drawn(i)]).filter(Boolean);
    const edge = (k, way) => Math[way < 0 ? "min" : "max"](...near.map(p => p[k] + way * p[k + 2] / 2));
    const span = (k, size, least) => {
      const low = edge(k, -1) - 40, high = edge(k, 1) + 40, more = Math.max(0, least - (high - low)) / 2;
      const from = Math.max(-12, Math.min(low - more, size + 12 - least));
      return [from, Math.min(size + 12, Math.max(high + more, from + least)) - from];
    };
    const [[x, wide], [y, tall]] = [span(0, w, 640), span(1, h, 420)];
    return [x, y, wide, tall].map(Math.round);
  }
  caption(step) {
    const {trace} = this.face, s = trace.steps[step - 1];
    if (!trace.steps.length) return trace.title;
    if (!s) return "Before the first decision: every op is a kernel of its own.";
    const [a, b] = trace.frames.slice(step - 1, step + 1), moved = f => quantity(f.read + f.written);
    return `Step ${step} of ${trace.steps.length}: ${s.verdict}. ${reasons(trace, s)} Kernels ${a.kernels} → ${b.kernels}, memory traffic ${moved(a)} → ${moved(b)}.`;
  }
}
