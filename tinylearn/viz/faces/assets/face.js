// One live picture: toolbar, graph, panels, stepper, keyboard. `start` finds its element and data.
class Face {
  constructor(root, data) {
    this.root = root;
    this.trace = data.trace;
    this.options = data.options;
    this.language = data.options.language;
    this.step = 0;
    this.selected = null;
    this.film = data.options.mode === "explain";
    if (!this.film) this.trace.steps = [];
    root.classList.add("tlv-mode-" + data.options.mode);
    this.build();
    root.addEventListener("keydown", e => this.keydown(e));
    if (data.options.memory) this.memory = new Memory(this, data.options.memory);
    if (this.memory) this.paper.figures.before(this.memory.root);
    const linked = location.hash.match(/^#(tlv\w+)?&?step=(\d+)$/);
    const wanted = linked && (!linked[1] || linked[1] === root.id) ? Number(linked[2]) : data.options.step || 0;
    this.go(wanted);
    this.options.opening = false; // from now on a step is looked at
    if (linked && linked[1] === root.id) requestAnimationFrame(() => root.scrollIntoView());
  }

  build() {
    const button = (text, label, act) => html("button", {type: "button", class: "tlv-button", title: label, "aria-label": label, onclick: act}, text);
    const views = Object.keys(this.trace.views);
    this.viewName = views.includes(this.options.view) ? this.options.view : views[0];
    this.search = html("input", {type: "search", placeholder: "search", "aria-label": "Search nodes", oninput: () => this.find(0)});
    this.found = html("span", {class: "tlv-found", "aria-live": "polite"});
    const tools = html("div", {class: "tlv-tools", role: "toolbar", "aria-label": "Picture"},
      html("strong", {class: "tlv-title"}, this.trace.title), this.counts = html("span", {class: "tlv-counts"}), this.search, this.found,
      views.length > 1 ? html("select", {"aria-label": "Boxes show", onchange: e => this.setView(e.target.value)}, ...views.map(v => html("option", {value: v, selected: v === this.viewName}, v === "modules" ? "modules and calls" : v))) : null,
      html("span", {class: "tlv-buttons"},
        button("−", "Zoom out", () => this.graph.zoom(0.8)), button("+", "Zoom in", () => this.graph.zoom(1.25)),
        button("fit", "Fit the whole graph", () => this.graph.fit()),
        this.film ? button("link", "Link to this step", () => this.link()) : null,
        button("pin", "Keep this moment as a figure below, for print", () => this.paper.keep(this.step)),
        this.film ? button("print", "Choose steps and print them as figures", () => this.paper.toggle()) : null,
        this.theme = button("◐", "Dark or light", () => this.flip()),
        button("present", "Large, for a projector", () => this.present())));
    this.host = html("div", {class: "tlv-graph"});
    this.hint = html("div", {class: "tlv-hint", "aria-hidden": "true"});
    this.side = html("div", {class: "tlv-side"});
    this.code = html("div", {class: "tlv-codebox"});
    this.paper = new Paper(this);
    this.spoken = html("div", {class: "tlv-spoken", "aria-live": "polite"});
    const parts = [tools, this.paper.form, html("div", {class: "tlv-body"}, html("div", {class: "tlv-stage"}, this.host, this.hint), this.side, this.code)];
    if (this.film) parts.push(this.stepper(button));
    this.live = html("div", {class: "tlv-live"}, ...parts, this.paper.figures, this.spoken);
    this.root.prepend(this.live);
    const still = this.root.querySelector(".tlv-still"), rest = html("details", {class: "tlv-rest"}, html("summary", {}, "Picture and text without scripts"));
    still.replaceWith(rest);
    rest.append(still);
    this.setView(this.viewName);
  }
  stepper(button) {
    const last = this.trace.steps.length;
    this.slider = html("input", {type: "range", min: 0, max: last, value: 0, step: 1, "aria-label": "Step", oninput: e => this.go(Number(e.target.value))});
    this.count = html("output", {class: "tlv-count"});
    this.player = button("▶", "Play", () => this.play());
    return html("div", {class: "tlv-stepper", role: "group", "aria-label": "Steps"},
      button("|◀", "First", () => this.go(0)), button("‹", "Previous step", () => this.by(-1)), this.player,
      button("›", "Next step", () => this.by(1)), button("▶|", "Last", () => this.go(last)), this.slider, this.jumps(), this.count);
  }
  jumps() {
    const rules = [...new Set(this.trace.steps.map(s => s.rule))].map(rule => [rule, `next ${rule}`]);
    const kinds = [["", "jump to"], ["store", "next store (s)"], ["refused", "next refusal (x)"], ["rule", "next other rule (r)"], ...rules];
    return html("select", {class: "tlv-jump", "aria-label": "Jump to the next", onchange: e => { this.jump(e.target.value); e.target.value = ""; }},
      ...kinds.map(([v, text]) => html("option", {value: v}, text)));
  }
  // To the next step of a kind, or of a rule; way -1: to the one before.
  jump(kind, way = 1) {
    const steps = this.trace.steps, now = steps[this.step - 1];
    const fits = s => kind === "store" ? s.verdict === "store" : kind === "refused" ? !!s.refused : kind === "rule" ? s.rule !== now?.rule : s.rule === kind;
    for (let k = this.step + way; k > 0 && k <= steps.length; k += way) if (fits(steps[k - 1])) return this.go(k);
    this.hint.textContent = this.spoken.textContent = `There is no ${way > 0 ? "further" : "earlier"} ${{store: "store", refused: "refusal", rule: "rule"}[kind] || kind}.`;
  }
  setView(name) {
    this.viewName = name;
    this.host.replaceChildren();
    this.graph = new Graph(this.trace, this.trace.views[name], this.host, {select: id => this.select(id), hover: id => this.hover(id), grown: () => this.fitHeight(), rest: () => this.rest()}, this.options);
    this.graph.svg.setAttribute("aria-label", this.root.querySelector(".tlv-still img")?.alt || this.trace.title);
    this.tall = 0;
    this.fitHeight();
    this.refresh();
    if (this.options.maker) this.graph.reveal(this.options.maker);
    this.graph.start();
  }
  // As high as the graph needs, within limits; opening a group may add, stepping changes nothing.
  fitHeight() {
    const least = this.film || this.options.mode === "source" ? 400 : 300;
    this.tall = Math.max(this.tall, Math.min(480, Math.max(least, this.graph.whole.h * 1.25 + 56)));
    this.root.style.setProperty("--tall", this.tall + "px");
  }

  // ------------------------------------------------------------------------ what is shown
  state() {
    const found = {};
    for (const s of this.trace.steps.slice(0, this.step)) for (const n of s.nodes) found[n] = s;
    return found;
  }
  // {node: the roots of the kernels that compute it now}: joined kernels have one root.
  parts() {
    const home = {}, joined = {}, find = i => { while (joined[i]) i = joined[i]; return i; };
    for (const s of this.trace.steps.slice(0, this.step)) {
      const root = find(s.roots[0]);
      for (const n of s.nodes)
        if (s.verdict === "join" && home[n]) { if (find(home[n][0]) !== root) joined[find(home[n][0])] = root; }
        else home[n] = s.roots;
    }
    return Object.fromEntries(Object.entries(home).map(([n, roots]) => [n, roots.map(find)]));
  }
  // The kernels and texts that run now, in the order in which they began.
  running() {
    const found = new Set();
    for (const {began, ended} of this.trace.frames.slice(0, this.step + 1)) {
      ended.forEach(k => found.delete(k));
      began.forEach(k => found.add(k));
    }
    return [...found];
  }
  // Whose code a step is about: what it began, or the kernel in which its value stays.
  codeOf(s) {
    const frame = this.trace.frames[this.step];
    if (!s || !frame || !frame.began) return s && s.kernels.length ? s.kernels[0] : "all";
    return frame.began.length ? "after" : this.running().find(k => this.kernelOf(k).nodes.includes(s.nodes[0]));
  }
  largest() { return this.trace.kernels.reduce((a, k) => k.flops > a.flops ? k : a, {id: "all", flops: -1}).id; }
  kernelOf(id) { return this.graph.kernels[id] || this.trace.texts[id]; }
  by(steps) {
    if (this.pair && this.pair.together) this.pair.go(this.pair.tick + steps);
    else this.show(this.step + steps);
  }
  go(step) {
    if (this.pair && this.pair.together) this.pair.follow(this, step);
    else this.show(step);
  }
  show(step) {
    const last = this.trace.steps.length;
    const before = this.step;
    this.step = Math.min(last, Math.max(0, Math.round(step) || 0));
    if (before !== this.step) this.selected = null;
    if (this.film) {
      const s = this.trace.steps[this.step - 1];
      this.kernel = this.options.opening ? this.largest() : this.codeOf(s);
      this.slider.value = this.step;
      this.slider.setAttribute("aria-valuetext", s ? `step ${this.step}: ${s.verdict}` : "before the first step");
      this.count.textContent = `${this.step} / ${last}`;
      this.spoken.textContent = s ? `Step ${this.step} of ${last}: ${s.verdict}. ${reasons(this.trace, s)}` : "";
    }
    this.refresh();
    const s = this.trace.steps[this.step - 1];
    if (s && !this.options.opening) this.graph.show(s.nodes.map(n => this.drawn(n)), s.kernels);
    if (this.memory) this.memory.mark(s);
  }
  drawn(id) {
    while (!this.graph.boxes[id] && this.graph.holder(id)) id = this.graph.holder(id);
    return id;
  }
  refresh() {
    const held = this.root.contains(document.activeElement);
    this.redraw();
    if (held && !this.root.contains(document.activeElement)) this.rest();
  }
  // Where the focus goes after a click, or when what had it is gone: the arrow keys still step.
  rest() { (this.slider || this.graph.svg).focus({preventScroll: true}); }
  redraw() {
    const s = this.trace.steps[this.step - 1], f = this.counted();
    this.counts.textContent = `${f.kernels} kernel${f.kernels === 1 ? "" : "s"} · ${quantity(f.read + f.written)}`;
    this.graph.paint(this.state(), s ? s.nodes : [], this.parts());
    this.graph.select(this.selected);
    const node = this.graph.nodes[this.selected];
    this.side.replaceChildren(...[node ? nodePanel(this, node) : null, this.film ? stepPanel(this) : node ? null : this.overview()].filter(Boolean));
    this.showCode();
  }
  // Kernels and bytes of what runs at this moment.
  counted() {
    const sum = key => this.trace.kernels.reduce((s, k) => s + k[key], 0);
    return this.trace.frames[this.step] || {kernels: this.trace.kernels.length, read: sum("read"), written: sum("written")};
  }
  overview() {
    const t = this.trace, computing = t.nodes.filter(n => n.kind !== "source").length, {built, run} = t.ops, f = this.counted(), moved = f.read + f.written;
    const passes = ["forward", "backward", "update"].map(p => [p, t.nodes.filter(n => n.kind !== "source" && n.pass === p).length]).filter(([, n]) => n);
    return html("div", {class: "tlv-card"}, html("div", {class: "tlv-heading"}, t.title), this.options.says && html("p", {class: "tlv-report"}, this.options.says),
      html("p", {}, `${computing} op${computing === 1 ? "" : "s"}${passes.length > 1 ? ` (${passes.map(([p, n]) => `${n} ${p}`).join(", ")})` : ""}${built === run ? "" : computing === run ? `, left of ${built} when the graph is simplified,` : `, ${run} of which are left when the graph is simplified,`} in ${t.kernels.length} kernel${t.kernels.length === 1 ? "" : "s"} that move${t.kernels.length === 1 ? "s" : ""} ${quantity(moved)}.`),
      this.options.mode === "draw" && html("p", {}, (this.graph.plan.kind !== "module" ? "Numbered boxes are kernels." : "Grey boxes are modules and calls.") + " Rounded: computes; oval: only moves; square: in memory; ∂: made by a gradient rule. Double outline: opens by a click or Enter, and closes by its title or the key c. Click a node for its facts."));
  }
  showCode() {
    const panel = codePanel(this);
    this.code.replaceChildren(...(panel ? [panel] : []));
    this.root.classList.toggle("tlv-hascode", !!panel);
    if (panel) this.lightCode();
  }
  lightCode() {
    const s = this.trace.steps[this.step - 1], now = this.selected ? [this.selected] : s ? s.nodes : [];
    let first = null;
    for (const {line, ids} of this.codeLines) {
      const lit = ids.some(i => now.includes(i));
      line.classList.toggle("tlv-lit", lit);
      if (lit && !first) first = line;
    }
    const box = first && first.parentElement;
    if (box) box.scrollTop = Math.max(0, first.offsetTop - box.offsetTop - box.clientHeight / 2);
  }
  select(id, show) {
    this.selected = id;
    if (id) {
      const now = this.trace.frames[this.step]?.began ? this.running() : this.trace.kernels.map(k => k.id);
      const home = now.find(k => this.kernelOf(k).nodes.includes(id));
      if (home && !this.codeLines?.some(line => line.ids.includes(id))) this.kernel = home;
      if (show) { this.graph.reveal(id); this.graph.show([id]); }
    }
    this.refresh();
  }
  hover(item) {
    const node = this.graph.nodes[item], id = node ? node.id : item;
    this.hint.textContent = node ? describe(node) + (this.trace.lines[node.line] || []).map((t, k) => (k ? ": " : ", ") + t).join("") : id && this.graph.plan.titles[id] ? "Open " + this.graph.plan.titles[id] : "";
    if (this.codeLines && id) for (const {line, ids} of this.codeLines) line.classList.toggle("tlv-lit", ids.includes(id));
    else if (this.codeLines) this.lightCode();
  }
  // While a reader types, the boxes that hold hits are lit; Enter opens them one after the other.
  find(next) {
    const text = this.search.value.trim().toLowerCase();
    const hits = text ? this.trace.nodes.filter(n => n.op !== "const" && `${n.op} ${n.name} ${n.call}`.toLowerCase().includes(text)).map(n => n.id) : [];
    this.hit = next && hits.length ? (this.hit + next + hits.length) % hits.length : next ? 0 : -1;
    this.found.textContent = text ? (hits.length ? `${next ? this.hit + 1 + " of " : ""}${hits.length}${next ? "" : " found"}` : "none") : "";
    if (hits.length && next) { this.graph.reveal(hits[this.hit]); this.select(hits[this.hit]); this.graph.frame([hits[this.hit]]); }
    else if (hits.length) this.graph.frame(hits.map(i => this.drawn(i)));
    this.graph.light(hits.map(i => this.drawn(i)));
  }

  // ------------------------------------------------------------------------ commands
  play() {
    if (this.timer) { clearInterval(this.timer); this.timer = null; }
    else {
      if (this.step >= this.trace.steps.length) this.go(0);
      this.timer = setInterval(() => { if (this.root.isConnected) this.by(1); if (!this.root.isConnected || this.step >= this.trace.steps.length) this.play(); }, 1600);
    }
    this.player.textContent = this.timer ? "⏸" : "▶";
    this.player.setAttribute("aria-label", this.timer ? "Pause" : "Play");
  }
  link() {
    const hash = `#${this.root.id}&step=${this.step}`, url = location.href.replace(/#.*/, "") + hash;
    try { history.replaceState(history.state, "", hash); } catch { /* a page of data has no address */ }
    navigator.clipboard?.writeText(url).catch(() => {});
    this.hint.textContent = "Link to this step: " + url;
  }
  flip() {
    const dark = this.root.dataset.theme ? this.root.dataset.theme === "dark" : isDark(this.root);
    this.root.dataset.theme = dark ? "light" : "dark";
  }
  present() {
    const on = this.root.classList.toggle("tlv-present");
    this.graph.big = on;
    if (on && this.root.requestFullscreen) this.root.requestFullscreen().catch(() => {});
    else if (document.fullscreenElement) document.exitFullscreen();
    const before = on && this.graph.view;
    requestAnimationFrame(() => {
      this.graph.view = null;
      this.graph.start();
      if (before && this.graph.view?.scale < before.scale * 1.25) this.graph.look({...before, scale: before.scale * 1.25});
      this.go(this.step); (this.slider || this.search).focus();
    });
  }
  // Our keys are ours: a notebook would take letters and arrows for commands of its own.
  keydown(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = ["INPUT", "SELECT"].includes(event.target.tagName) && event.target !== this.slider, pressing = ["BUTTON", "SUMMARY"].includes(event.target.tagName);
    if (event.key === "Escape") {
      if (this.root.classList.contains("tlv-present")) { this.present(); event.stopPropagation(); }
      else if (this.selected) { this.select(null); event.stopPropagation(); }
      return;
    }
    if (event.key === "Tab") return;
    if (event.key === "Enter" && event.target === this.search) { this.find(event.shiftKey ? -1 : 1); event.preventDefault(); }
    else if (this.graph.key(event)) event.preventDefault();
    else if (event.key === "Enter") { if (!pressing && !typing) return; }
    else if (!typing) {
      const last = this.trace.steps.length, by = {ArrowLeft: -1, PageUp: -1, ArrowUp: -1, ArrowRight: 1, PageDown: 1, ArrowDown: 1}, to = {Home: 0, End: last};
      if (this.film && event.key in by) { this.by(by[event.key]); event.preventDefault(); }
      else if (this.film && event.key in to) { this.go(to[event.key]); event.preventDefault(); }
      else if (event.key === " " && !pressing && this.film) { this.play(); event.preventDefault(); }
      else if (this.film && "sxr".includes(event.key.toLowerCase())) this.jump({s: "store", x: "refused", r: "rule"}[event.key.toLowerCase()], event.shiftKey ? -1 : 1);
      else if (event.key === "+") this.graph.zoom(1.25);
      else if (event.key === "-") this.graph.zoom(0.8);
      else if (event.key === "0" || event.key === "f") this.graph.fit();
      else if (event.key === "d") this.flip();
      else if (event.key === "p") this.present();
      else if (event.key === "/") { this.search.focus(); event.preventDefault(); }
    }
    event.stopPropagation();
  }
}
function isDark(element) {
  const [r, g, b] = (getComputedStyle(element).color.match(/[\d.]+/g) || [0, 0, 0]).map(Number);
  return r + g + b > 380;
}
function start(root, data) {
  root.prepend(html("style", {}, data.style));
  try { root.tlvFace = new Face(root, data); if (typeof pairUp === "function") pairUp(root); }
  catch (error) { root.querySelector(".tlv-live")?.remove(); throw error; }
}
