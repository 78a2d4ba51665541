// Опрос портала и управление страницей.

import { drawBoard } from "./board.js";
import { hideDeal, openDeal, showDeal } from "./card.js";
import { el, number } from "./format.js";

const POLL_MS = 800;
const at = (id) => document.getElementById(id);
const view = { category: "", filial: "", q: "" };
let revision = -1;
let generation = 0;

async function poll() {
  const asked = generation;
  try {
    const response = await fetch(`/emulator/board?${new URLSearchParams({ since: revision, ...view })}`);
    const data = await response.json();
    if (asked === generation) draw(data);
    at("offline").hidden = true;
  } catch {
    at("offline").hidden = false;
  }
}

function draw(data) {
  traffic(data.traffic);
  if (!data.columns) return;
  revision = data.revision;
  options(at("category"), data.categories.map((row) => [row.id, row.name]), String(data.category));
  options(at("filial"), [["", "Все филиалы"], ...data.filials.map((name) => [name, name])], view.filial);
  at("deals").textContent = number(data.deals);
  at("contacts").textContent = number(data.contacts);
  notes(data.notifications);
  drawBoard(data);
  if (openDeal() !== null) showDeal(openDeal(), false).catch(() => { at("offline").hidden = false; });
}

function traffic(now) {
  at("rate").textContent = now.per_second.toLocaleString("ru-RU");
  at("commands").textContent = now.commands_per_second.toLocaleString("ru-RU");
  at("requests").textContent = number(now.requests);
  at("limit").textContent = now.limit.toLocaleString("ru-RU");
  at("load").style.width = `${Math.min(100, (now.per_second / now.limit) * 100)}%`;
  if (!now.recent.length) return;
  at("recent").replaceChildren(...now.recent.map((row) => {
    const good = row.status === 200 && !row.command_errors;
    const state = row.status === 0 ? "обрыв" : row.error && row.error !== "-" ? row.error : row.command_errors ? `ошибок: ${row.command_errors}` : String(row.status);
    const name = row.method === "batch" ? `batch · ${row.commands.length}` : row.method;
    return el("li", { class: good ? "" : "bad", title: [...new Set(row.commands)].join(", ") },
      el("time", {}, new Date(row.time * 1000).toLocaleTimeString("ru-RU")), el("span", {}, name), el("b", {}, state));
  }));
}

function notes(rows) {
  if (!rows.length) return;
  at("notifications").replaceChildren(...rows.map((note) => el("li", {}, note.text)));
}

function options(select, rows, chosen) {
  const text = JSON.stringify(rows);
  if (select.dataset.rows !== text) {
    select.dataset.rows = text;
    select.replaceChildren(...rows.map(([key, name]) => el("option", { value: key }, name)));
  }
  if (document.activeElement !== select) select.value = chosen;
}

function choose(name, value) {
  view[name] = value;
  revision = -1;
  generation += 1;
  poll();
}

function route() {
  const found = /^\/deal\/(\d+)/.exec(location.pathname);
  if (found) showDeal(Number(found[1]));
  else hideDeal();
}

function close() {
  history.pushState(null, "", "/");
  route();
}

function keepFocus(event) {
  if (openDeal() === null) return;
  if (event.key === "Escape") close();
  if (event.key !== "Tab") return;
  const stops = [...at("drawer").querySelectorAll("a, button, summary, iframe, [tabindex='0']")].filter((node) => node.tabIndex >= 0 && node.checkVisibility());
  if (!stops.length) return;
  const edge = event.shiftKey ? stops[0] : stops.at(-1);
  if (document.activeElement === edge || (event.shiftKey && document.activeElement === at("drawer"))) {
    event.preventDefault();
    (event.shiftKey ? stops.at(-1) : stops[0]).focus();
  }
}

document.addEventListener("click", (event) => {
  const tile = event.target.closest("a.tile");
  if (tile && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    history.pushState(null, "", tile.getAttribute("href"));
    route();
  } else if (event.target.closest("[data-close]") || event.target === at("shade")) close();
});
document.addEventListener("keydown", keepFocus);
window.addEventListener("popstate", route);
at("category").addEventListener("change", (event) => choose("category", event.target.value));
at("filial").addEventListener("change", (event) => choose("filial", event.target.value));
at("search").addEventListener("input", (event) => choose("q", event.target.value.trim()));

async function live() {
  if (!document.hidden) await poll();
  setTimeout(live, POLL_MS);
}

route();
live();
