// Доска: столбцы стадий и карточки, которые плавно переезжают.

import { el, filialHue, number, person, plural, rubles, when } from "./format.js";

const board = document.getElementById("board");
const jump = document.getElementById("jump");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const MOVES_AT_ONCE = 30;
const columns = new Map();
const tiles = new Map();
let shape = "";

export function drawBoard(data) {
  const first = !tiles.size;
  const before = positions();
  if (shape !== data.columns.map((column) => column.id).join()) rebuild(data);
  const seen = new Set();
  for (const column of data.columns) fill(column, seen);
  for (const [id, tile] of tiles) if (!seen.has(id)) { tile.node.remove(); tiles.delete(id); }
  if (!first && !calm.matches) animate(before);
}

function rebuild(data) {
  shape = data.columns.map((column) => column.id).join();
  columns.clear();
  tiles.clear();
  board.replaceChildren();
  jump.replaceChildren();
  for (const column of data.columns) {
    const parts = { count: el("b", { class: "count" }), sum: el("span", { class: "sum" }), list: el("div", { class: "list" }) };
    parts.rest = el("p", { class: "rest" });
    const title = el("h2", {}, column.name);
    parts.node = el("section", { class: `column group-${column.group}`, style: { "--stage": column.color }, "aria-label": column.name },
      el("header", {}, el("div", { class: "head-line" }, title, parts.count), parts.sum), parts.list, parts.rest);
    columns.set(column.id, parts);
    board.append(parts.node);
    parts.chip = el("b", {});
    jump.append(el("button", { type: "button", style: { "--stage": column.color }, onclick: () => parts.node.scrollIntoView({ behavior: calm.matches ? "auto" : "smooth", inline: "start", block: "nearest" }) }, column.name, parts.chip));
  }
}

function fill(column, seen) {
  const parts = columns.get(column.id);
  parts.count.textContent = number(column.count);
  parts.chip.textContent = column.count;
  parts.sum.textContent = rubles(column.sum);
  const hidden = column.count - column.tiles.length;
  parts.rest.textContent = hidden > 0 ? `и ещё ${number(hidden)} ${plural(hidden, "сделка", "сделки", "сделок")}` : column.count ? "" : "Пусто";
  column.tiles.forEach((deal, index) => {
    seen.add(deal.id);
    const node = tileNode(deal, column.id);
    if (parts.list.children[index] !== node) parts.list.insertBefore(node, parts.list.children[index] || null);
  });
}

function tileNode(deal, stage) {
  const text = JSON.stringify(deal);
  const known = tiles.get(deal.id);
  if (known) {
    known.stage = stage;
    if (known.text !== text) {
      known.node.replaceChildren(...content(deal));
      known.node.style.setProperty("--hue", filialHue(deal.filial));
      known.node.classList.toggle("plain", !deal.filial);
      known.changed = true;
      known.text = text;
    }
    return known.node;
  }
  const node = el("a", { class: deal.filial ? "tile" : "tile plain", href: `/deal/${deal.id}`, "data-deal": deal.id, style: { "--hue": filialHue(deal.filial) } }, content(deal));
  tiles.set(deal.id, { node, text, stage, fresh: true });
  return node;
}

function content(deal) {
  return [
    el("span", { class: "tile-top" }, el("time", {}, when(deal.start) || `№ ${deal.id}`), el("b", {}, rubles(deal.sum))),
    el("strong", { class: "patient" }, person(deal.title)),
    !deal.patient.startsWith(person(deal.title)) && el("span", { class: "line" }, `контакт: ${deal.patient}`),
    deal.services && el("span", { class: "line", title: deal.services }, deal.services),
    deal.doctor && el("span", { class: "line doctor" }, deal.doctor),
    el("span", { class: "tags" }, deal.filial && el("i", { class: "filial" }, deal.filial),
      deal.status && el("i", { class: "status" }, deal.status), deal.lead && el("i", { class: "status" }, "из лида")),
  ].filter(Boolean);
}

function positions() {
  const found = new Map();
  for (const [id, tile] of tiles) found.set(id, { box: tile.node.getBoundingClientRect(), stage: tile.stage });
  return found;
}

function animate(before) {
  let moves = 0;
  for (const [id, tile] of tiles) {
    const old = before.get(id);
    if (tile.fresh) appear(tile.node);
    else if (old && old.stage !== tile.stage && moves < MOVES_AT_ONCE) { moves += 1; travel(tile.node, old.box); }
    else if (old) settle(tile.node, old.box, tile.changed);
    tile.fresh = tile.changed = false;
  }
}

function appear(node) {
  node.animate([{ opacity: 0, transform: "translateY(-10px) scale(.97)" }, { opacity: 1, transform: "none" }], { duration: 420, easing: "ease-out" });
  glow(node);
}

function glow(node) {
  node.animate([{ boxShadow: "0 0 0 3px hsl(212 80% 60% / .55)" }, { boxShadow: "0 0 0 3px hsl(212 80% 60% / 0)" }], { duration: 1500, easing: "ease-out" });
}

function settle(node, old, changed) {
  const now = node.getBoundingClientRect();
  const shift = old.top - now.top;
  if (shift && Math.abs(shift) < 2000) node.animate([{ transform: `translateY(${shift}px)` }, { transform: "none" }], { duration: 480, easing: "cubic-bezier(.2,.7,.2,1)" });
  if (changed) glow(node);
}

// Двойник летит поверх страницы: столбцы прокручиваются сами и срезали бы карточку по краю.
function travel(node, old) {
  const now = node.getBoundingClientRect();
  const ghost = node.cloneNode(true);
  ghost.classList.add("ghost");
  ghost.removeAttribute("href");
  ghost.setAttribute("aria-hidden", "true");
  Object.assign(ghost.style, { left: `${old.left}px`, top: `${old.top}px`, width: `${old.width}px` });
  document.body.append(ghost);
  node.style.visibility = "hidden";
  const flight = ghost.animate(
    [{ transform: "none" }, { transform: `translate(${(now.left - old.left) / 2}px, ${(now.top - old.top) / 2 - 18}px) rotate(1.4deg) scale(1.03)`, offset: 0.5 },
      { transform: `translate(${now.left - old.left}px, ${now.top - old.top}px)` }],
    { duration: 850, easing: "cubic-bezier(.35,.1,.25,1)" });
  const land = () => { ghost.remove(); node.style.visibility = ""; glow(node); };
  flight.onfinish = land;
  flight.oncancel = land;
}
