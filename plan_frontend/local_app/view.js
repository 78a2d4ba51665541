// Разметка вкладки: план, список планов, выбор тёзки, пусто, беда.

import { ago, counted, date, el, rubles, time } from "./format.js";
import { fit } from "./portal.js";
import { planTable } from "./table.js";

const page = () => document.getElementById("page");

// Перерисовывает страницу и возвращает внимание туда, где оно было.
function show(...children) {
  const focused = document.activeElement?.dataset?.key;
  page().replaceChildren(...children.flat().filter(Boolean));
  page().removeAttribute("aria-busy");
  if (focused) page().querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

export function watchSize() {
  new ResizeObserver(() => fit(Math.ceil(page().getBoundingClientRect().height) + 2)).observe(page());
}

export function showLoading() {
  page().setAttribute("aria-busy", "true");
  show(el("h1", {}, "План лечения"), el("p", { class: "loading", role: "status" }, "Загружаю план лечения…"));
  page().setAttribute("aria-busy", "true");
}

export function showBusy() {
  page().setAttribute("aria-busy", "true");
}

const refreshButton = (refresh) => el("button", { type: "button", class: "action", "data-key": "refresh", onclick: refresh }, "Обновить");
const printButton = () => el("button", { type: "button", class: "plain", "data-key": "print", onclick: () => window.print() }, "Печать");

export function showTrouble(message, refresh, causes = []) {
  const told = causes.length ? [el("p", {}, "Чаще всего причина одна из трёх:"), el("ul", {}, causes.map((cause) => el("li", {}, cause)))] : null;
  show(el("h1", {}, "План лечения"), el("div", { class: "empty" }, el("p", { class: "trouble", role: "alert" }, message), told, refreshButton(refresh)));
}

export function showNothing(answer, refresh) {
  show(heading(answer.patient), el("div", { class: "empty" }, el("p", { role: "status" }, answer.message), refreshButton(refresh)));
}

export function showChoice(patients, choose, refresh) {
  const rows = patients.map((one) => el("li", {}, el("button", { type: "button", class: "choice", "data-key": one.patient, onclick: () => choose(one.patient) },
    el("b", {}, one.patient_name), el("span", {}, `Карта ${one.card_number || "без номера"}`),
    el("span", { class: "muted" }, one.plans ? counted(one.plans, "план", "плана", "планов") : "планов нет"))));
  show(el("h1", {}, "План лечения"),
    el("p", { role: "status" }, "Пациентов с таким именем несколько. Выберите нужного по номеру карты:"),
    el("ul", { class: "choices" }, rows), refreshButton(refresh));
}

export function showPlans(answer, actions) {
  const { plan } = answer;
  show(
    heading(answer.patient),
    answer.copiedAt && copyNotice(answer, actions.refresh),
    answer.plans.length > 1 && planList(answer, actions.open),
    el("section", { class: "sheet", "aria-labelledby": "plan-name" },
      el("div", { class: "title" },
        el("div", {}, el("h2", { id: "plan-name" }, plan.plan_name), el("p", { class: "muted" }, about(plan))),
        el("div", { class: "buttons" }, printButton(), !answer.copiedAt && refreshButton(actions.refresh))),
      progress(plan),
      plan.stages.length ? planTable(plan) : el("p", { class: "muted" }, "В плане пока нет услуг."),
      answer.cut && el("p", { class: "notice" }, answer.cut)),
  );
}

function heading(patient) {
  const card = patient?.card_number ? `карта ${patient.card_number}` : "";
  return el("header", {}, el("h1", {}, "План лечения"), patient && el("p", { class: "patient" }, el("b", {}, patient.patient_name), card && el("span", { class: "muted" }, card)));
}

function copyNotice(answer, refresh) {
  return el("div", { class: "notice copy", role: "status" },
    el("div", {},
      el("p", {}, `${answer.why} Показана сохранённая копия от ${time(answer.copiedAt)} (${ago(answer.copiedAt)}): с тех пор план мог измениться.`),
      answer.doubt && el("p", { class: "doubt" }, el("b", {}, answer.doubt))),
    refreshButton(refresh));
}

function about(plan) {
  const parts = [plan.doctor_name && `врач ${plan.doctor_name}`, plan.created_at && `создан ${date(plan.created_at)}`, plan.price_fixed_at && `цены на ${date(plan.price_fixed_at)}`];
  return parts.filter(Boolean).join(" · ");
}

// Планы с одним именем отличают врач и первая услуга; служба называет услуги только открытого плана.
const told = (plan) => [plan.doctor_name && `врач ${plan.doctor_name}`, plan.stages?.[0]?.services?.[0]?.service].filter(Boolean).join(", ");

function planList(answer, open) {
  const names = answer.plans.map((one) => one.plan_name);
  const twins = new Set(names.filter((name, at) => names.indexOf(name) !== at));
  const rows = answer.plans.map((one) => el("li", {}, el("button", {
    type: "button", class: "choice", "data-key": `plan-${one.plan_id}`,
    "aria-current": one.plan_id === answer.plan.plan_id ? "true" : null, onclick: () => open(one.plan_id),
  },
  el("b", {}, one.plan_name), twins.has(one.plan_name) && el("span", { class: "muted" }, told(one)), one.created_at && el("span", { class: "muted" }, `от ${date(one.created_at)}`),
  el("span", { class: "sum" }, rubles(one.total)),
  el("span", { class: "muted" }, `выполнено ${one.progress.done_lines} из ${one.progress.lines}`))));
  return el("nav", { "aria-label": "Планы пациента" }, el("ul", { class: "choices" }, rows));
}

function progress({ total, progress: p }) {
  const unpaid = p.done - p.paid;
  const parts = [["paid", "Выполнено и оплачено", p.paid], ["done", "Выполнено, не оплачено", unpaid], ["todo", "Осталось", p.left]];
  const text = `${parts.map(([, name, sum]) => `${name}: ${rubles(sum)}`).join(", ")}; всего ${rubles(total)}`;
  const bar = el("div", { class: "bar", role: "img", "aria-label": text });
  for (const [kind, , sum] of parts) if (sum > 0) bar.append(slice(kind, sum));
  return el("div", { class: "progress" },
    el("dl", {},
      el("div", { class: "all" }, el("dt", {}, "Стоимость"), el("dd", {}, rubles(total))),
      parts.map(([kind, name, sum]) => el("div", { class: kind }, el("dt", {}, name), el("dd", {}, rubles(sum))))),
    bar, el("p", { class: "muted" }, `Выполнено ${p.done_lines} из ${counted(p.lines, "строки", "строк", "строк")}, оплачено ${p.paid_lines}.`));
}

function slice(kind, sum) {
  const part = el("span", { class: kind });
  part.style.flexGrow = String(sum);
  return part;
}
