// Карточка сделки: поля, контакт, лид, история, лента, вкладка «План лечения».

import { applicationFrame } from "./bridge.js";
import { el, filialHue, rubles, when } from "./format.js";

const drawer = document.getElementById("drawer");
const shade = document.getElementById("shade");
const KINDS = { created: "Сделка создана", updated: "Данные обновлены", comment: "Комментарий" };
const HIDDEN = new Set(["ID", "STAGE_SEMANTIC_ID", "CONTACT_ID"]);
let openId = null;
let tab = "main";
let returnFocus = null;
let drawn = "";
let frame = null;
let planPanelNow = null;

export const openDeal = () => openId;

export async function showDeal(id, fresh = true) {
  const response = await fetch(`/emulator/deals/${id}`);
  const card = response.ok ? await response.json() : null;
  const text = JSON.stringify(card);
  if (fresh) { returnFocus = document.activeElement; tab = location.hash === "#plan" ? "plan" : "main"; frame = null; drawn = ""; }
  else if (openId !== id || text === drawn) return;
  openId = id;
  drawn = text;
  const scroll = drawer.scrollTop;
  replace(card ? content(card, id) : missing(id));
  drawer.hidden = shade.hidden = false;
  document.body.classList.add("locked");
  drawer.scrollTop = fresh ? 0 : scroll;
  showStage();
  if (fresh) drawer.focus();
}

// Нынешняя стадия всегда на виду: ряд стадий шире карточки.
function showStage() {
  const bar = drawer.querySelector(".stages");
  const now = bar?.querySelector("[aria-current]");
  if (now) bar.scrollLeft = now.offsetLeft - bar.offsetLeft - (bar.clientWidth - now.clientWidth) / 2;
}

// Окно приложения нельзя вынимать из страницы: оно загрузилось бы заново и потеряло место в плане.
function replace(nodes) {
  const kept = planPanelNow?.isConnected && nodes.includes(planPanelNow) ? planPanelNow : null;
  if (!kept) { drawer.replaceChildren(...nodes); return; }
  for (const node of [...drawer.childNodes]) if (node !== kept) node.remove();
  const at = nodes.indexOf(kept);
  kept.before(...nodes.slice(0, at));
  kept.after(...nodes.slice(at + 1));
}

export function hideDeal() {
  openId = null;
  frame = planPanelNow = null;
  drawer.hidden = shade.hidden = true;
  document.body.classList.remove("locked");
  if (returnFocus?.isConnected) returnFocus.focus({ preventScroll: true });
}

const closing = () => el("button", { class: "close", type: "button", "aria-label": "Закрыть карточку", "data-close": true }, "✕");

function missing(id) {
  return [el("header", { class: "card-head" }, el("div", {}, el("p", { class: "kicker" }, `Сделка № ${id}`), el("h2", { id: "card-title" }, "Такой сделки нет")), closing()),
    el("p", { class: "card-empty" }, "Возможно, её удалили. Закройте карточку, чтобы вернуться к воронке.")];
}

function content(card, id) {
  const deal = card.tile;
  const head = el("header", { class: "card-head", style: { "--hue": filialHue(deal.filial) } },
    el("div", {}, el("p", { class: "kicker" }, `Сделка № ${id}`, deal.filial && el("i", { class: "filial" }, deal.filial)),
      el("h2", { id: "card-title" }, deal.title),
      el("p", { class: "lead-line" }, el("b", {}, rubles(deal.sum)), deal.start && el("span", {}, `приём ${when(deal.start, true)}`), deal.doctor && el("span", {}, deal.doctor))),
    closing());
  const panels = { main: mainPanel(card), plan: planPanel(card), log: logPanel(card) };
  return [head, stageBar(card, id), tabs(panels), ...Object.values(panels)];
}

function stageBar(card, id) {
  const current = card.stages.findIndex((stage) => stage.id === card.tile.stage);
  const bar = el("div", { class: "stages", role: "group", "aria-label": "Стадия: нажмите, чтобы передвинуть сделку рукой менеджера" });
  card.stages.forEach((stage, index) => {
    const lost = card.stages[current]?.group === "F";
    const passed = index <= current && (stage.group !== "F" || index === current) && (!lost || index === current);
    bar.append(el("button", { type: "button", class: passed ? "passed" : "", style: { "--stage": (passed && card.stages[current]?.color) || stage.color },
      "aria-current": index === current ? "step" : null, title: stage.name, onclick: () => move(id, stage.id) }, stage.name));
  });
  return el("div", { class: "stages-wrap" }, bar, el("p", { class: "note" }, "Нажмите на стадию, чтобы передвинуть сделку рукой менеджера."));
}

async function move(id, stage) {
  await fetch(`/emulator/deals/${id}/stage`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ stage }) });
  await showDeal(id, false);
}

function tabs(panels) {
  const names = { main: "Общее", plan: "План лечения", log: "История" };
  const list = el("div", { class: "tabs", role: "tablist" });
  const choose = (name) => {
    tab = name;
    for (const [key, panel] of Object.entries(panels)) panel.hidden = key !== name;
    for (const button of list.children) {
      button.setAttribute("aria-selected", button.dataset.tab === name);
      button.tabIndex = button.dataset.tab === name ? 0 : -1;
    }
  };
  for (const [key, name] of Object.entries(names)) {
    const turn = (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const keys = Object.keys(names);
      const next = keys[(keys.indexOf(key) + step + keys.length) % keys.length];
      choose(next);
      list.querySelector(`[data-tab=${next}]`).focus();
    };
    list.append(el("button", { type: "button", role: "tab", id: `tab-${key}`, "aria-controls": `panel-${key}`, "data-tab": key, onclick: () => choose(key), onkeydown: turn }, name));
  }
  choose(tab);
  return list;
}

const panel = (name, ...children) => el("div", { class: `tab-panel panel-${name}`, role: "tabpanel", id: `panel-${name}`, "aria-labelledby": `tab-${name}`, "data-panel": name }, children);

function mainPanel(card) {
  const shown = (field) => field.name === "STAGE_ID" ? card.stages.find((stage) => stage.id === field.value)?.name || field.value : value(field);
  const fields = card.fields.filter((field) => !HIDDEN.has(field.name));
  const visit = fields.filter((field) => field.name.startsWith("UF_") && field.name !== "UF_CRM_TREATMENT_PLANS");
  const deal = fields.filter((field) => !field.name.startsWith("UF_"));
  const rows = (list) => el("dl", { class: "fields" }, list.filter((field) => filled(field)).map((field) => el("div", {}, el("dt", { title: field.name }, field.title), el("dd", {}, shown(field)))));
  const empty = fields.filter((field) => !filled(field));
  return panel("main",
    el("h3", {}, "Контакт"), card.contacts.length ? card.contacts.map((one) => human(one)) : el("p", { class: "warn" }, "К сделке не привязан контакт"),
    card.lead && el("h3", {}, "Лид"), card.lead && human(card.lead, true),
    el("h3", {}, "Приём"), rows(visit),
    el("h3", {}, "Сделка"), rows(deal),
    empty.length && el("details", { class: "blank" }, el("summary", {}, `Пустые поля: ${empty.length}`), el("dl", { class: "fields" }, empty.map((field) => el("div", {}, el("dt", { title: field.name }, field.title), el("dd", {}, "—"))))));
}

const filled = (field) => field.value !== null && field.value !== "" && !(field.kind === "integer" && field.value === 0 && field.name !== "CATEGORY_ID");

function value(field) {
  if (field.kind === "datetime") return when(field.value, true);
  if (field.kind === "date") return when(field.value, true).slice(0, 10);
  if (field.name === "OPPORTUNITY") return rubles(field.value);
  if (field.kind === "char") return field.value === "Y" ? "да" : "нет";
  return Array.isArray(field.value) ? field.value.join(", ") : String(field.value);
}

function human(one, isLead = false) {
  const name = one.name || one.title || `№ ${one.id}`;
  return el("div", { class: "person" }, el("span", { class: "face", "aria-hidden": "true" }, name.slice(0, 1)),
    el("div", {}, el("b", {}, name), el("span", { class: "muted" }, ` №\u00a0${one.id}`),
      isLead && one.status && el("span", { class: "badge" }, one.status),
      el("p", {}, one.phones.length ? one.phones.join(", ") : "телефона нет")));
}

function planPanel(card) {
  const snapshot = card.fields.find((field) => field.name === "UF_CRM_TREATMENT_PLANS");
  if (card.plan_app) {
    const options = { ID: String(card.tile.id) };
    frame ??= applicationFrame(card.plan_app, "CRM_DEAL_DETAIL_TAB", options, { title: "План лечения пациента", class: "plan-frame", loading: "lazy" });
    return planPanelNow = frame.closest(".tab-panel") || panel("plan", frame);
  }
  return panel("plan", el("div", { class: "card-empty" }, el("b", {}, "Здесь откроется приложение «План лечения»"),
    el("p", {}, "Адрес вкладки задаётся при запуске портала (--plan-app-url).")),
    snapshot?.value && el("h3", {}, "Снимок планов в сделке"), snapshot?.value && el("pre", { class: "snapshot" }, snapshot.value));
}

function logPanel(card) {
  const stages = el("ol", { class: "moves" }, card.history.map((row) => el("li", {}, el("time", {}, when(row.at, true)),
    el("span", {}, row.from ? `${row.from} → ` : "Создана на стадии ", el("b", {}, row.to || "—")), el("span", { class: "muted" }, row.by))));
  const events = el("ol", { class: "timeline" }, card.timeline.map((event) => el("li", { class: event.kind }, el("p", {}, el("b", {}, KINDS[event.kind] || event.kind), el("time", {}, when(event.at, true)), el("span", { class: "muted" }, event.by)),
    event.text && el("p", {}, event.text), changes(event))));
  return panel("log", el("h3", {}, "Стадии"), stages, el("h3", {}, "Что сделала интеграция и люди"), events);
}

function changes(event) {
  const rows = event.changes.filter((change) => event.kind !== "created" || change.new);
  if (!rows.length) return null;
  const shown = (text) => /^\d{4}-\d\d-\d\dT/.test(text) ? when(text, true) : Array.isArray(text) ? text.join(", ") : text ?? "—";
  const table = el("dl", { class: "changes" }, rows.map((change) => el("div", {}, el("dt", {}, change.label),
    el("dd", {}, event.kind === "updated" && el("s", {}, shown(change.old) || "—"), el("span", {}, shown(change.new) || "—")))));
  return event.kind === "created" ? el("details", {}, el("summary", {}, `Заполнено полей: ${rows.length}`), table) : table;
}
