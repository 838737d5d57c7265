// The camera of a Graph: pan, zoom, fit, and moving from node to node by keyboard.
Object.assign(Graph.prototype, {
  size() { return [this.host.clientWidth || 600, this.host.clientHeight || 400]; },
  look(view) {
    const [w, h] = this.size();
    this.view = view;
    const seen = [view.x - w / view.scale / 2, view.y - h / view.scale / 2, w / view.scale, h / view.scale];
    this.svg.setAttribute("viewBox", seen.map(v => v.toFixed(1)).join(" "));
    this.map.mark(...seen);
  },
  fitScale() {
    const [w, h] = this.size();
    return Math.min(w / (this.whole.w + 30), h / (this.whole.h + 30));
  },
  fit() { this.look({x: this.whole.w / 2, y: this.whole.h / 2, scale: Math.min(1.6, this.fitScale())}); },
  // Whole if that can be read; else large enough, beginning at the top, at the result, or where a
  // bad number was made.
  start() {
    if (!this.host.clientWidth) return;
    const [w, h] = this.size(), scale = Math.min(this.big ? 2.2 : 1.25, this.fitScale());
    if (scale >= 0.62) return this.look({x: this.whole.w / 2, y: this.whole.h / 2, scale});
    const readable = Math.max(0.72, Math.min(1, w / (this.whole.w + 30))) * (this.big ? 1.4 : 1);
    const top = this.trace.steps.length ? this.whole.h + 15 - h / readable / 2 : h / readable / 2 - 15;
    const end = this.trace.steps.length && this.at[this.trace.results[0]];
    const reach = w / readable, near = Object.keys(this.boxes).map(i => this.at[i]).filter(p => p[1] < h / readable).map(p => p[0]).sort((a, b) => a - b);
    const middle = end ? end[0] : near[near.length >> 1] ?? this.whole.w / 2;
    const x = reach > this.whole.w + 30 ? this.whole.w / 2 : Math.min(this.whole.w + 15 - reach / 2, Math.max(reach / 2 - 15, middle));
    const made = this.at[this.maker];
    this.look(made ? {x: made[0], y: made[1] + 0.3 * h / readable, scale: readable} : {x, y: top, scale: readable});
  },
  zoom(factor, x, y) {
    if (!this.view) return;
    const v = this.view, scale = Math.min(4, Math.max(0.03, v.scale * factor));
    if (x === undefined) { x = v.x; y = v.y; }
    const k = v.scale / scale;
    this.look({x: x + (v.x - x) * k, y: y + (v.y - y) * k, scale});
  },
  // Bring nodes into sight if they are not: the smallest move that leaves a margin around them.
  // With `around` (their kernels) that is brought into sight too, as far as it fits.
  show(ids, around = []) {
    let places = ids.map(i => this.at[i]).filter(Boolean);
    if (!places.length || !this.view) return;
    const [w, h] = this.size().map(v => v / this.view.scale / 2 - 30 / this.view.scale);
    const more = [...places, ...around.map(i => this.at[i]).filter(Boolean)];
    const reach = k => Math.max(...more.map(p => p[k] + p[k + 2] / 2)) - Math.min(...more.map(p => p[k] - p[k + 2] / 2));
    if (reach(0) < 2 * w && reach(1) < 2 * h) places = more;
    const target = {...this.view};
    for (const [axis, half] of [["x", w], ["y", h]]) {
      const k = axis === "x" ? 0 : 1;
      const low = Math.min(...places.map(p => p[k] - p[k + 2] / 2)), high = Math.max(...places.map(p => p[k] + p[k + 2] / 2));
      if (high - low > 2 * half) target[axis] = (low + high) / 2;
      else target[axis] = Math.min(Math.max(target[axis], high - half), low + half);
    }
    const from = {...this.view}, begin = performance.now();
    cancelAnimationFrame(this.moving);
    if (still()) return this.look(target);
    const move = now => {
      const t = Math.min(1, (now - begin) / 220), e = t * (2 - t);
      this.look({x: from.x + (target.x - from.x) * e, y: from.y + (target.y - from.y) * e, scale: target.scale});
      if (t < 1) this.moving = requestAnimationFrame(move);
    };
    move(begin);
  },
  // Zoom so that these items fill the sight, as far as they can be read there.
  frame(ids) {
    const places = ids.map(i => this.at[i]).filter(Boolean), [w, h] = this.size();
    if (!places.length || !this.view) return;
    const ends = k => [Math.min(...places.map(p => p[k] - p[k + 2] / 2)), Math.max(...places.map(p => p[k] + p[k + 2] / 2))];
    const [[l, r], [t, b]] = [ends(0), ends(1)], scale = Math.min(1.25, w / (r - l + 120), h / (b - t + 120));
    if (scale < 0.3) return this.show(ids.slice(0, 1));
    cancelAnimationFrame(this.moving);
    this.look({x: (l + r) / 2, y: (t + b) / 2, scale});
  },
  toGraph(event) {
    const r = this.host.getBoundingClientRect(), v = this.view;
    return [v.x + (event.clientX - r.left - r.width / 2) / v.scale, v.y + (event.clientY - r.top - r.height / 2) / v.scale];
  },
  listen() {
    let drag = null;
    this.host.addEventListener("wheel", e => {
      if (!(e.ctrlKey || e.metaKey)) return;
      e.preventDefault();
      this.zoom(Math.exp(-e.deltaY / 300), ...this.toGraph(e));
    }, {passive: false});
    // The page listens only while a drag lasts: a cell that ran again leaves nothing behind.
    const move = e => {
      const dx = e.clientX - drag.x, dy = e.clientY - drag.y;
      if (!drag.moved && Math.hypot(dx, dy) < 4) return;
      drag.moved = true;
      cancelAnimationFrame(this.moving);
      this.look({x: drag.view.x - dx / drag.view.scale, y: drag.view.y - dy / drag.view.scale, scale: drag.view.scale});
    };
    const end = () => {
      this.dragged = drag.moved;
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", end);
    };
    this.host.addEventListener("pointerdown", e => {
      if (e.button !== 0 || !this.view) return;
      drag = {x: e.clientX, y: e.clientY, view: {...this.view}, moved: false};
      addEventListener("pointermove", move);
      addEventListener("pointerup", end);
    });
    const item = e => e.target.closest && e.target.closest("[data-item]")?.dataset.item;
    this.svg.addEventListener("click", e => {
      if (this.dragged) return;
      const i = item(e);
      if (i) { this.act(i); if (this.nodes[i] && this.trace.steps.length) this.tell.rest(); } else if (!e.target.closest(".tlv-tag")) this.tell.select(null);
    });
    this.svg.addEventListener("pointerover", e => this.tell.hover(item(e) || null));
    this.svg.addEventListener("focusin", e => this.tell.hover(item(e) || null));
    this.svg.addEventListener("pointerleave", () => this.tell.hover(null));
  },
  act(i) {
    if (this.nodes[i]) { this.entry = i; this.tell.select(this.nodes[i].id); }
    else { this.toggle(i); if (Object.keys(this.whole.items).length === 1) this.start(); const first = Object.keys(this.plan.levels[i].items)[0]; this.focus(first); }
  },
  focus(i) {
    if (!this.boxes[i]) return;
    this.boxes[this.entry]?.setAttribute("tabindex", "-1");
    this.entry = i;
    this.boxes[i].setAttribute("tabindex", "0");
    this.boxes[i].focus({preventScroll: true});
    this.show([i]);
  },
  // The nearest box in a direction, as the eye would go.
  neighbour(i, key) {
    const [dx, dy] = {ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0]}[key], from = this.at[i];
    let best = null, least = Infinity;
    for (const j of Object.keys(this.boxes)) {
      const ahead = (this.at[j][0] - from[0]) * dx + (this.at[j][1] - from[1]) * dy;
      const aside = Math.abs((this.at[j][0] - from[0]) * dy) + Math.abs((this.at[j][1] - from[1]) * dx);
      if (j !== i && ahead > 8 && ahead + 2 * aside < least) { least = ahead + 2 * aside; best = j; }
    }
    return best;
  },
  // What the arrow keys, Enter, Space and c do while a node has the focus; false if nothing.
  key(event) {
    const i = event.target.closest("[data-item]")?.dataset.item;
    if (!i) return false;
    if (event.key.startsWith("Arrow")) { const j = this.neighbour(i, event.key); if (j) this.focus(j); return true; }
    if (event.key === "Enter" || event.key === " ") { this.act(i); return true; }
    const holder = event.key === "c" && this.holder(i);
    if (holder) { this.toggle(holder); this.focus(holder); return true; }
    return false;
  },
});
