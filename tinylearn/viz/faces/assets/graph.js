// Draws one view of a trace as live SVG. Groups open and close by pushing their neighbours aside:
// nothing inside a level is laid out again, so the picture that the reader knows stays.
const SVG = "http://www.w3.org/2000/svg", PAD = 10, HEAD = 20;
const COLOURS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#7a7a7a"];
const DASHES = ["none", "7 3", "2 3", "10 3 2 3"];
const colourOf = n => COLOURS[(n - 1) % COLOURS.length];
const inkOf = n => (n - 1) % COLOURS.length ? "#000" : "#fff";
const dashOf = n => DASHES[Math.floor((n - 1) / COLOURS.length) % DASHES.length];
const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

function html(name, attributes, ...children) {
  const e = document.createElement(name);
  for (const [k, v] of Object.entries(attributes || {}))
    if (k.startsWith("on")) e.addEventListener(k.slice(2), v);
    else if (v !== false && v != null) e.setAttribute(k, v === true ? "" : v);
  e.append(...children.filter(c => c != null && c !== false));
  return e;
}
function shape(name, attributes, parent) {
  const e = document.createElementNS(SVG, name);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  if (parent) parent.append(e);
  return e;
}
function words(parent, text, x, y, cls) {
  shape("text", {x, y, class: cls || ""}, parent).textContent = text;
}
function path(p) {
  let d = `M${p[0]} ${p[1]}`;
  for (let k = 2; k < p.length; k += 2) {
    const half = (p[k - 1] + p[k + 1]) / 2;
    d += `C${p[k - 2]} ${half} ${p[k]} ${half} ${p[k]} ${p[k + 1]}`;
  }
  return d;
}

class Graph {
  // host: the element to draw in; tell: {select(id), hover(id), grown(), rest()}
  // marks: differs, nodes about which other rules decide otherwise; lit, those on the way of a bad
  // number from its maker to the result; made, what that maker made
  constructor(trace, plan, host, tell, {differs = [], lit = [], maker = "", made = ""} = {}) {
    Object.assign(this, {trace, plan, host, tell, differs, lit: new Set(lit), maker, made});
    this.nodes = Object.fromEntries(trace.nodes.map(n => [n.id, n]));
    for (const [box, node] of Object.entries(plan.copies)) this.nodes[box] = this.nodes[node]; // computed in several kernels
    this.writer = Object.fromEntries(trace.kernels.flatMap(k => k.writes.map(i => [i, k.id])));
    this.kernels = Object.fromEntries(trace.kernels.map(k => [k.id, k]));
    this.open = new Set(Object.keys(plan.titles).filter(g => !plan.closed.includes(g)));
    this.home = Object.fromEntries(Object.entries(plan.levels).flatMap(([g, level]) => Object.keys(level.items).map(i => [i, g])));
    this.state = {};
    this.selected = null;
    this.svg = shape("svg", {class: "tlv-svg", role: "group", tabindex: "-1"}, host);
    this.map = new Minimap(this);
    this.build();
    this.listen();
    this.view = null;
    new ResizeObserver(() => { if (!this.view) this.start(); else this.look(this.view); }).observe(host);
  }

  // ------------------------------------------------------------------------ places
  place(group) {
    const level = this.plan.levels[group], inside = {}, grown = [];
    for (const [g, at] of Object.entries(level.items)) {
      if (!this.plan.levels[g]) continue;
      let size = this.plan.boxes[g];
      if (this.open.has(g)) {
        inside[g] = this.place(g);
        size = [inside[g].w + 2 * PAD, inside[g].h + HEAD + PAD];
      }
      inside[g] = Object.assign(inside[g] || {}, {size});
      const more = [Math.max(0, size[0] - at[2]), Math.max(0, size[1] - at[3])];
      if (more[0] || more[1]) grown.push({at, more});
    }
    const shift = (v, axis) => {
      let moved = v;
      for (const {at, more} of grown) {
        const from = at[axis] - at[axis + 2] / 2;
        moved += more[axis] * Math.min(1, Math.max(0, (v - from) / at[axis + 2]));
      }
      return moved;
    };
    const items = {};
    for (const [i, at] of Object.entries(level.items))
      items[i] = [shift(at[0], 0), shift(at[1], 1), ...(inside[i] ? inside[i].size : at.slice(2))];
    return {level, items, inside, shift, w: shift(level.size[0], 0), h: shift(level.size[1], 1)};
  }
  endOf(placed, item, value, way, x) {
    const at = placed.items[item], was = placed.level.items[item];
    if (!this.open.has(item)) return at[0] + Math.max(-at[2] / 2 + 4, Math.min(at[2] / 2 - 4, x - was[0]));
    const inner = placed.inside[item], port = inner.level.ports[way][value];
    return at[0] - at[2] / 2 + PAD + inner.shift(port, 0);
  }
  route(placed, value, a, b, points) {
    const p = points.map((v, k) => placed.shift(v, k % 2)), end = p.length - 2;
    if (a) { p[0] = this.endOf(placed, a, value, "out", points[0]); p[1] = placed.items[a][1] + placed.items[a][3] / 2; }
    else p[1] = -HEAD;
    if (b) { p[end] = this.endOf(placed, b, value, "in", points[end]); p[end + 1] = placed.items[b][1] - placed.items[b][3] / 2; }
    else p[end + 1] = placed.h + PAD;
    return path(p.map(v => Math.round(v * 10) / 10));
  }

  // ------------------------------------------------------------------------ elements
  build() {
    this.svg.replaceChildren();
    this.at = {}; this.boxes = {}; this.lines = []; this.outlines = {};
    const defs = shape("defs", {}, this.svg), name = "tlv-arrow-" + Math.random().toString(36).slice(2);
    const marker = shape("marker", {id: name, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, markerUnits: "userSpaceOnUse", orient: "auto"}, defs);
    shape("path", {d: "M0 0L8 4L0 8z", class: "tlv-head"}, marker);
    this.arrow = `url(#${name})`;
    this.whole = this.place("");
    this.areas = shape("g", {}, this.svg);
    this.tags = [];
    this.level(this.whole, this.svg, 0, 0);
    this.svg.append(...this.tags); // above all edges
    this.map.build();
    this.paint(this.state, [], this.parts);
  }
  level(placed, parent, left, top) {
    const g = shape("g", {transform: `translate(${left - (parent.left || 0)} ${top - (parent.top || 0)})`}, parent);
    g.left = left; g.top = top;
    const tags = shape("g", {transform: `translate(${left} ${top})`});
    this.tags.push(tags);
    for (const i of Object.keys(placed.items)) if (this.open.has(i)) this.outline(i, placed, g, tags);
    for (const [value, a, b, leaves, points] of placed.level.edges) {
      const line = shape("path", {class: "tlv-edge", d: this.route(placed, value, a, b, points)}, g);
      if (this.nodes[b] || (b && !this.open.has(b))) line.setAttribute("marker-end", this.arrow);
      const ids = [value, ...leaves].map(i => this.nodes[i].id);
      line.classList.toggle("tlv-way", this.lit.has(ids[0]) && ids.slice(1).some(i => this.lit.has(i)));
      this.lines.push({line, value: ids[0], leaves: ids.slice(1), ends: [a, b], from: [left, top]});
    }
    for (const [i, at] of Object.entries(placed.items)) {
      const [x, y, w, h] = at;
      if (this.open.has(i)) this.level(placed.inside[i], g, left + x - w / 2 + PAD, top + y - h / 2 + HEAD);
      else this.box(i, x, y, w, h, g);
      this.at[i] = [left + x, top + y, w, h];
    }
  }
  outline(group, placed, parent, tags) {
    const [x, y, w, h] = placed.items[group], kernel = this.kernels[group], n = kernel ? kernel.number : 0;
    const g = shape("g", {class: "tlv-outline", "data-group": group}, parent), above = shape("g", {}, tags);
    const rect = shape("rect", {rx: 8}, g), tag = shape("rect", {rx: 4, height: 16, class: "tlv-tag"}, above);
    const full = this.plan.titles[group], room = Math.max(3, Math.floor(w / 8) - 2);
    const text = n ? String(n) : full.length > room ? full.slice(0, room) + "…" : full;
    shape("title", {}, tag).textContent = (n ? "Kernel " : "Close ") + full;
    const title = shape("text", {class: "tlv-tagtext"}, above);
    title.textContent = text;
    const fill = n ? colourOf(n) : "#767676";
    rect.setAttribute("style", `fill:${fill};stroke:${fill};stroke-dasharray:${n ? dashOf(n) : "3 3"}`);
    tag.setAttribute("style", `fill:${fill}`);
    title.setAttribute("style", `fill:${n ? inkOf(n) : "#fff"}`);
    tag.addEventListener("click", () => this.toggle(group));
    this.outlines[group] = {g, above, rect, tag, title, place: [x - w / 2, y - h / 2, w, h], inner: placed.inside[group], wide: text.length * 8 + 10};
    this.fitOutline(group, null);
  }
  // Kernels that have not joined yet are outlined one by one.
  fitParts(group, inside) {
    const o = this.outlines[group], clusters = {};
    for (const i of inside) {
      const root = (this.parts[this.leafOf(i)] || []).find(r => this.writer[r] === group);
      (clusters[root || ""] ||= []).push(i);
    }
    const [first, ...others] = Object.values(clusters);
    this.fitOutline(group, first);
    o.g.querySelectorAll(".tlv-part").forEach(e => e.remove());
    for (const members of others) {
      const rect = o.rect.cloneNode();
      rect.setAttribute("class", "tlv-part");
      o.g.append(rect);
      this.fitRect(o, members, rect);
    }
  }
  fitOutline(group, members) {
    const o = this.outlines[group], [x, y] = this.fitRect(o, members, o.rect);
    for (const [e, a] of [[o.tag, {x, y, width: o.wide}], [o.title, {x: x + o.wide / 2, y: y + 12.5}]])
      for (const [k, v] of Object.entries(a)) e.setAttribute(k, v);
  }
  fitRect(o, members, rect) {
    let [x, y, w, h] = o.place;
    if (members) {
      const boxes = members.map(i => o.inner.items[i]);
      const l = Math.min(...boxes.map(b => b[0] - b[2] / 2)), r = Math.max(...boxes.map(b => b[0] + b[2] / 2));
      const t = Math.min(...boxes.map(b => b[1] - b[3] / 2)), u = Math.max(...boxes.map(b => b[1] + b[3] / 2));
      x += l; y += t; w = r - l + 2 * PAD; h = u - t + HEAD + PAD;
    }
    for (const [k, v] of Object.entries({x, y, width: w, height: h})) rect.setAttribute(k, v);
    return [x, y];
  }
  // A further box of what is computed says so; a move costs nothing.
  faceOf(i) {
    const node = this.nodes[i];
    return i === node.id || node.kind === "move" ? node.face : [...node.face.slice(0, -1), node.face.at(-1) + " · again"];
  }
  box(i, x, y, w, h, parent) {
    const node = this.nodes[i], g = shape("g", {transform: `translate(${x} ${y})`, tabindex: "-1", role: "button", "data-item": i}, parent);
    if (!node) {
      const n = this.kernels[i] ? this.kernels[i].number : 0;
      g.setAttribute("class", "tlv-node tlv-closed");
      g.setAttribute("aria-label", `Open ${this.plan.titles[i]}`);
      shape("rect", {x: -w / 2, y: -h / 2, width: w, height: h, rx: Math.min(10, h / 2), ...(n ? {style: `stroke:${colourOf(n)};stroke-width:3;stroke-dasharray:${dashOf(n)}`} : {})}, g);
      shape("rect", {x: -w / 2 + 2.5, y: -h / 2 + 2.5, width: w - 5, height: h - 5, rx: Math.min(10, h / 2) - 2.5, class: "tlv-inner"}, g);
      words(g, this.plan.titles[i], 0, 4, n ? "" : "tlv-small");
    } else {
      g.setAttribute("class", `tlv-node tlv-${node.kind} tlv-${node.pass}`);
      g.setAttribute("aria-label", describe(node));
      const r = node.kind === "source" ? 3 : node.kind === "move" ? h / 2 : 8;
      shape("rect", {x: -w / 2, y: -h / 2, width: w, height: h, rx: r}, g);
      this.faceOf(i).forEach((t, k) => words(g, t, 0, node.face.length > 1 ? -3 + 15 * k : 4.5, k || node.kind === "move" ? "tlv-small" : ""));
      if (this.differs.includes(node.id)) words(g, "≠", w / 2 - 2, -h / 2 + 4, "tlv-differs");
      shape("path", {class: "tlv-stored", d: `M-10 ${h / 2 + 3.5}h20`}, g);
    }
    if (i === this.maker) words(g, `✗ ${this.made}`, 0, -h / 2 - 7, "tlv-made");
    g.classList.toggle("tlv-way", this.leavesOf(i).some(leaf => this.lit.has(leaf)));
    this.boxes[i] = g;
  }

  // ------------------------------------------------------------------------ state
  leavesOf(item) {
    return this.nodes[item] ? [this.nodes[item].id] : Object.keys(this.plan.levels[item].items).flatMap(i => this.leavesOf(i));
  }
  // The node that stands for an item: the last one inside a fold.
  leafOf(item) {
    while (!this.nodes[item]) item = Object.keys(this.plan.levels[item].items).at(-1);
    return this.nodes[item].id;
  }
  // state: {node: {verdict, kernels}}, or null where there is no film
  // parts: {node: the stored nodes whose kernels compute it at this moment}
  paint(state, current, parts = {}) {
    this.state = state;
    this.parts = parts;
    const film = this.trace.steps.length > 0, now = new Set(current || []);
    for (const [i, g] of Object.entries(this.boxes)) {
      const leaf = this.leafOf(i), node = this.nodes[leaf], s = state[leaf];
      g.classList.toggle("tlv-undecided", film && node.kind !== "source" && !s);
      g.classList.toggle("tlv-later", film && !!this.plan.copies[i] && !s); // computed again: not decided yet
      g.classList.toggle("tlv-isstored", film && !!s && s.verdict !== "fuse");
      g.classList.toggle("tlv-now", now.has(leaf) || now.has(i));
    }
    if (this.plan.kind === "flat") this.paintAreas();
    if (film && this.plan.kind === "kernel")
      for (const [group, o] of Object.entries(this.outlines)) {
        if (!this.kernels[group]) continue;
        const inside = Object.keys(o.inner.items).filter(i => (state[this.leafOf(i)]?.kernels || []).includes(group));
        o.g.style.display = o.above.style.display = inside.length ? "" : "none";
        if (inside.length) this.fitParts(group, inside);
      }
  }
  // Each kernel as an area around its items and the edges between them, so that no item moves.
  paintAreas() {
    this.areas.replaceChildren();
    for (const kernel of this.trace.kernels) {
      const inside = Object.keys(this.boxes).filter(i => (this.state[this.leafOf(i)]?.kernels || []).includes(kernel.id));
      if (!inside.length) continue;
      const fill = colourOf(kernel.number), g = shape("g", {class: "tlv-area", fill, stroke: fill}, this.areas), places = inside.map(i => this.at[i]);
      shape("path", {d: places.map(([x, y, w, h]) => `M${x - w / 2} ${y - h / 2}h${w}v${h}h${-w}z`).join("")}, g);
      for (const {line, ends, from} of this.lines)
        if (ends.every(i => inside.includes(i))) shape("path", {d: line.getAttribute("d"), fill: "none", transform: `translate(${from})`}, g);
      const [x, y, w, h] = places.reduce((a, b) => b[1] < a[1] ? b : a), n = String(kernel.number), wide = n.length * 8 + 10;
      shape("rect", {x: x - w / 2 - 8, y: y - h / 2 - 12, width: wide, height: 16, rx: 4, fill}, this.areas);
      shape("text", {x: x - w / 2 - 8 + wide / 2, y: y - h / 2 + .5, class: "tlv-tagtext", style: `fill:${inkOf(kernel.number)}`}, this.areas).textContent = n;
    }
  }
  select(id) {
    this.selected = id;
    if (id && this.boxes[id] && this.nodes[this.entry]?.id !== id) this.entry = id;
    if (!this.boxes[this.entry]) this.entry = this.trace.results.find(i => this.boxes[i]) || Object.keys(this.boxes)[0];
    const inputs = new Set(id && this.nodes[id] ? this.nodes[id].inputs : []);
    const readers = new Set(this.trace.nodes.filter(n => n.inputs.includes(id)).map(n => n.id));
    for (const [i, g] of Object.entries(this.boxes)) {
      const own = this.nodes[i] ? this.nodes[i].id : i;
      g.classList.toggle("tlv-selected", own === id);
      g.classList.toggle("tlv-input", inputs.has(own));
      g.classList.toggle("tlv-reader", readers.has(own));
      g.setAttribute("tabindex", i === this.entry ? "0" : "-1");
    }
    for (const {line, value, leaves} of this.lines) {
      line.classList.toggle("tlv-lit-in", leaves.includes(id));
      line.classList.toggle("tlv-lit-out", value === id);
    }
  }
  light(ids) {
    const lit = new Set(ids);
    for (const [i, g] of Object.entries(this.boxes)) g.classList.toggle("tlv-light", lit.has(this.nodes[i] ? this.nodes[i].id : i));
  }
  toggle(group) {
    const before = this.at[group];
    if (!this.open.delete(group)) this.open.add(group);
    this.build();
    this.tell.grown();
    this.select(this.selected);
    const after = this.at[group];
    if (this.view && before && after) {
      this.view.x += after[0] - before[0]; this.view.y += after[1] - after[3] / 2 - (before[1] - before[3] / 2);
      this.look(this.view);
    }
  }
  // The group in which an item stands; "" if in none.
  holder(item) {
    return this.home[item] || "";
  }
  // Open every group around a node.
  reveal(id) {
    const before = this.open.size;
    for (let g = this.holder(id); g; g = this.holder(g)) this.open.add(g);
    if (this.open.size > before) { this.build(); this.tell.grown(); }
  }
}
