"use strict";
// One plain script for every page: sorting, choosing, filtering on the front page; one transport for all clips on a scene's page.
// Without it everything is still there to read and each clip plays by its own controls.

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = (selector) => document.querySelector(selector);
const data = (id) => { const found = document.getElementById(id); return found ? JSON.parse(found.textContent) : null; };

// The address's fragment holds the state that is worth sharing: `#who=...&pin=...&t=...`; plain `#anchor` stays an anchor.
const state = () => new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
function remember(changes) {
  const now = state();
  for (const [key, value] of Object.entries(changes)) value === "" || value === null ? now.delete(key) : now.set(key, value);
  history.replaceState(null, "", now.size ? "#" + now : location.pathname + location.search);
}

// ---- Sorting: rows move within their own group, and what has no number comes last either way.
function valueOf(row, column, numeric) {
  const text = row.cells[column]?.dataset.value ?? row.cells[column]?.textContent.trim() ?? "";
  return numeric ? (text === "" ? NaN : Number(text)) : text;
}
function compare(a, b, numeric, sign) {
  if (!numeric) return sign * a.localeCompare(b, undefined, { numeric: true });
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
  return sign * (a - b);
}
function sortBy(table, header, descending) {
  const numeric = header.dataset.sort === "number";
  const column = header.cellIndex;
  for (const other of all("th[aria-sort]", table)) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", descending ? "descending" : "ascending");
  for (const body of table.tBodies) {
    const rows = [...body.rows].filter((row) => !row.classList.contains("group"));
    rows.sort((a, b) => compare(valueOf(a, column, numeric), valueOf(b, column, numeric), numeric, descending ? -1 : 1));
    body.append(...rows);
  }
}
for (const table of all("table[data-sortable]")) {
  for (const header of all("thead th[data-sort]", table)) {
    header.querySelector("button").addEventListener("click", () => {
      const before = header.getAttribute("aria-sort");
      sortBy(table, header, before ? before === "ascending" : header.dataset.sort === "number");
    });
  }
}

// ---- Copying, also where the clipboard is closed to pages from disk.
for (const button of all("button[data-copy]")) {
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      const area = Object.assign(document.createElement("textarea"), { value: button.dataset.copy });
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}

// ---- The scenes of one generator.
function scenesOf(found) {
  const table = one("#scene-table");
  const who = one("#who");
  const filter = one("#filter");
  const fill = (key) => {
    for (const row of table.tBodies[0].rows) {
      const values = found.scenes[Number(row.dataset.index)][key] ?? [];
      found.axes.forEach((axis, place) => {
        const cell = row.cells[place + 1];
        const value = values[place] ?? null;
        cell.dataset.value = value ?? "";
        cell.replaceChildren(...(value === null ? [part("span", "blank", "–")] : [part("span", "value", value.toFixed(0)), barOf(axis, value)]));
      });
    }
  };
  const choose = (key, axis) => {
    who.value = key;
    fill(key);
    remember({ who: key, axis: axis ?? "" });
    if (axis) sortBy(table, one(`#scene-table th[data-axis="${CSS.escape(axis)}"]`), false);
  };
  const sift = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of table.tBodies[0].rows) {
      const text = row.cells[0].textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    one("#count").textContent = words.length ? `${shown} of ${found.scenes.length}` : "";
  };
  who.addEventListener("change", () => choose(who.value, state().get("axis")));
  filter.addEventListener("input", () => { sift(); remember({ find: filter.value }); });
  for (const link of all("a.cell")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      choose(link.dataset.row, link.dataset.axis);
      one("#scenes").scrollIntoView();
      who.focus({ preventScroll: true });
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.target.closest("input,select,textarea")) { event.preventDefault(); filter.focus(); }
    if (event.key === "Escape" && event.target === filter) { filter.value = ""; sift(); filter.blur(); }
  });
  const before = state();
  if (before.get("find")) { filter.value = before.get("find"); sift(); }
  if (before.get("who") in found.names) choose(before.get("who"), found.axes.find((axis) => axis === before.get("axis")));
}
function part(tag, name, text = "") {
  return Object.assign(document.createElement(tag), { className: name, textContent: text });
}
function barOf(axis, value) {
  const bar = part("span", `bar ${axis}`);
  const mark = part("i", "mark");
  mark.style.left = `${value}%`;
  bar.setAttribute("aria-hidden", "true");
  bar.append(mark);
  return bar;
}

// ---- What was tracked, drawn over the picture.
const SVG = "http://www.w3.org/2000/svg";
function drawn(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
function overlayOf(tile, found) {
  const svg = tile.querySelector(".overlay");
  if (!svg || !found) return () => {};
  const video = tile.querySelector("video");
  const width = found.width || video.videoWidth || 1;
  const height = found.height || video.videoHeight || 1;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const rings = found.tracks.map((track) => {
    const path = track.points.map(([, x, y], index) => `${index ? "L" : "M"}${x} ${y}`).join("");
    const ring = drawn("circle", { r: 0.02 * height, cx: -99, cy: -99 });
    svg.append(drawn("path", { d: path, class: "under" }), drawn("path", { d: path, stroke: track.colour }), ring);
    return ring;
  });
  return (time) => found.tracks.forEach((track, index) => {
    const near = track.points.reduce((best, point) => (Math.abs(point[0] - time) < Math.abs(best[0] - time) ? point : best), [Infinity, -99, -99]);
    const there = Math.abs(near[0] - time) < 0.1;
    rings[index].setAttribute("cx", there ? near[1] : -99);
    rings[index].setAttribute("cy", there ? near[2] : -99);
  });
}

// ---- One transport for every clip of a scene.
function sceneOf(found) {
  const tiles = all(".tile").map((tile) => ({ tile, key: tile.dataset.key, video: tile.querySelector("video") }));
  const shown = tiles.filter(({ video }) => video);
  if (!shown.length) return;
  const [play, seek, clock, speed, loop, pinned] = ["#play", "#seek", "#clock", "#speed", "#loop", "#pinned"].map(one);
  const draws = new Map();
  const heads = all(".plot");
  let time = 0;
  let playing = false;
  let last = 0;
  one("#transport").hidden = false;

  const show = () => {
    seek.value = time;
    clock.textContent = `${time.toFixed(2)} s`;
    for (const { key } of shown) draws.get(key)?.(time);
    for (const head of heads) head.style.setProperty("--now", Math.min(1, time / found.seconds));
    document.body.classList.add("timed");
  };
  const within = (video, wanted) => Math.min(wanted, Math.max(0, (Number.isFinite(video.duration) ? video.duration : wanted) - 0.001));
  const go = (wanted) => {
    time = Math.min(found.seconds, Math.max(0, wanted));
    for (const { video } of shown) video.currentTime = within(video, time);
    show();
  };
  const stop = () => {
    playing = false;
    play.textContent = "▶ Play all";
    for (const { video } of shown) video.pause();
    remember({ t: time.toFixed(2) });
  };
  const start = () => {
    if (time >= found.seconds - 0.02) go(0);
    playing = true;
    last = performance.now();
    play.textContent = "❚❚ Pause";
    for (const { video } of shown) {
      video.playbackRate = Number(speed.value);
      video.currentTime = within(video, time);
      if (time < video.duration) video.play().catch(() => {});
    }
    requestAnimationFrame(tick);
  };
  // The clock is the page's own; a clip that drifts by more than a frame from it is brought back.
  const tick = (now) => {
    if (!playing) return;
    time += ((now - last) / 1000) * Number(speed.value);
    last = now;
    if (time >= found.seconds) {
      if (!loop.checked) { time = found.seconds; show(); stop(); return; }
      go(0);
      for (const { video } of shown) video.play().catch(() => {});
    }
    for (const { video } of shown) {
      if (!video.ended && !video.seeking && Math.abs(video.currentTime - time) > 0.12 && time < video.duration) video.currentTime = time;
    }
    show();
    requestAnimationFrame(tick);
  };
  const step = (frames) => {
    if (playing) stop();
    go((Math.round(time * found.fps) + frames) / found.fps + 1e-3);
  };
  const hear = (key) => {
    for (const { tile, video, key: own } of shown) {
      video.muted = own !== key;
      tile.querySelector(".ear").setAttribute("aria-pressed", String(own === key));
    }
  };
  const pins = () => shown.filter(({ tile }) => tile.classList.contains("is-pinned")).map(({ key }) => key);
  const repin = () => {
    const chosen = pins();
    pinned.disabled = chosen.length === 0;
    pinned.checked = chosen.length > 0 && pinned.checked;
    one(".stage").classList.toggle("compare", pinned.checked);
    remember({ pin: chosen.join(","), only: pinned.checked ? "1" : "" });
  };

  for (const { tile, video, key } of shown) {
    const ready = () => { draws.set(key, overlayOf(tile, found.overlays[key])); };
    // A small clip under its own controls is half hidden by them: they appear when pointed at or focused.
    video.controls = false;
    video.tabIndex = 0;
    for (const [event, on] of [["pointerenter", true], ["focus", true], ["pointerleave", false], ["blur", false]]) {
      video.addEventListener(event, () => { video.controls = on; });
    }
    video.readyState > 0 ? ready() : video.addEventListener("loadedmetadata", ready, { once: true });
    tile.querySelector(".ear").addEventListener("click", () => hear(video.muted ? key : ""));
    tile.querySelector(".pin").addEventListener("click", (event) => {
      event.currentTarget.setAttribute("aria-pressed", String(tile.classList.toggle("is-pinned")));
      repin();
    });
  }
  play.addEventListener("click", () => (playing ? stop() : start()));
  one("#back").addEventListener("click", () => step(-1));
  one("#forth").addEventListener("click", () => step(1));
  seek.addEventListener("input", () => { if (playing) stop(); go(Number(seek.value)); });
  speed.addEventListener("change", () => { for (const { video } of shown) video.playbackRate = Number(speed.value); });
  pinned.addEventListener("change", repin);
  one("#paths").addEventListener("change", (event) => document.body.classList.toggle("no-paths", !event.target.checked));
  for (const plot of heads) {
    plot.addEventListener("click", (event) => {
      const box = plot.getBoundingClientRect();
      const [left, right] = ["--left", "--right"].map((name) => Number(plot.style.getPropertyValue(name)));
      if (playing) stop();
      go((((event.clientX - box.left) / box.width - left) / (right - left)) * found.seconds);
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input:not([type=range]):not([type=checkbox]),select,textarea,video,button,a,summary") || event.ctrlKey || event.metaKey) return;
    if (event.key === " ") { event.preventDefault(); playing ? stop() : start(); }
    if (event.key === ",") step(-1);
    if (event.key === ".") step(1);
  });
  const before = state();
  for (const key of (before.get("pin") ?? "").split(",")) {
    const tile = shown.find((found_) => found_.key === key)?.tile;
    tile?.classList.add("is-pinned");
    tile?.querySelector(".pin").setAttribute("aria-pressed", "true");
  }
  if (pins().length) { pinned.disabled = false; pinned.checked = before.get("only") === "1"; repin(); }
  hear(shown[0].key);
  if (before.get("t")) go(Number(before.get("t")));
}

const scenes = data("scene-data");
if (scenes) scenesOf(scenes);
const page = data("page-data");
if (page) sceneOf(page);
