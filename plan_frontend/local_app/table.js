// Таблица плана: этапы, услуги, суммы, состояние строк.

import { el, rubles } from "./format.js";

const STATUS = new Map([
  ["Не выполнено", { name: "todo", mark: "○" }],
  ["Выполнено", { name: "done", mark: "✓" }],
  ["Выполнено и оплачено", { name: "paid", mark: "₽✓" }],
]);
const HEADS = ["Элемент", "Услуга", "Зубов", "Цена", "Скидка", "Итого", "Статус"];
const NUMBERS = new Set(["Зубов", "Цена", "Скидка", "Итого"]);

export function planTable(plan) {
  const heads = HEADS.map((name) => el("th", { scope: "col", class: NUMBERS.has(name) ? "number" : null }, name));
  return el("table", { class: "plan" },
    el("caption", { class: "quiet" }, `Услуги плана «${plan.plan_name}» по этапам`),
    el("thead", {}, el("tr", {}, heads)),
    plan.stages.map(stageRows),
    el("tfoot", {}, el("tr", {}, el("th", { scope: "row", colspan: 5 }, "Всего по плану"), el("td", { class: "number sum" }, rubles(plan.total)), el("td", { class: "void" }))));
}

function stageRows(stage, index) {
  const id = `stage-${index}`;
  const name = stage.stage || "Без этапа";
  return el("tbody", {},
    el("tr", { class: "stage" },
      el("th", { id, scope: "rowgroup", colspan: 5 }, name),
      el("td", { class: "number sum", "data-label": "Итого по этапу", headers: id }, rubles(stage.total)),
      el("td", { class: "void" })),
    stage.services.map(serviceRow));
}

function serviceRow(line) {
  const cell = (label, text, kind) => el("td", { "data-label": label, class: kind || null }, text);
  return el("tr", { class: "line" },
    cell("Элемент", line.element || "—", line.element ? "element" : "element blank"),
    el("th", { scope: "row", "data-label": "Услуга", class: "service" }, line.service),
    cell("Зубов", String(line.teeth), "number"),
    cell("Цена", rubles(line.price), "number"),
    cell("Скидка", line.discount ? rubles(line.discount) : "—", line.discount ? "number" : "number blank"),
    cell("Итого", rubles(line.total), "number sum"),
    cell("Статус", badge(line.status)));
}

// Состояние видно и без цвета: знаком и словами.
export function badge(text) {
  const { name, mark } = STATUS.get(text) || { name: "todo", mark: "?" };
  return el("span", { class: `badge ${name}` }, el("span", { class: "mark", "aria-hidden": "true" }, mark), text);
}
