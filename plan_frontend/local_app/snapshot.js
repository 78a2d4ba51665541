// Сохранённая копия планов из поля сделки: разворачивается в тот же вид, что и ответ службы.

const STATUSES = ["Не выполнено", "Выполнено", "Выполнено и оплачено"];
const sum = (numbers) => Math.round(numbers.reduce((total, number) => total + number, 0) * 100) / 100;

// Копия есть, но разобрать её нельзя: поле правил человек или программа не нашей версии.
export class SpoiledCopy extends Error {}

// Возвращает разобранную копию; поле пусто — null, испорчено — SpoiledCopy.
export function readSnapshot(text) {
  if (!text) return null;
  try {
    const copy = JSON.parse(text);
    if (copy.v !== 1) throw new SpoiledCopy();
    const plans = copy.plans.map(unpacked);
    if (!plans.length) return null;
    return { patient: words(copy.patient), card: words(copy.card), at: moment(copy.at), hidden: count(copy.hidden), plans };
  } catch {
    throw new SpoiledCopy("Сохранённая в сделке копия плана испорчена и не показана.");
  }
}

const SEALED = /^(\{.*),"seal":"([A-Za-z0-9+/]{86}==)"\}$/s;
const P256 = { name: "ECDSA", namedCurve: "P-256" };
const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));

// Подпись узла под номером сделки и текстом. Возвращает, почему копии не стоит верить ("" — печать сходится);
// чужая печать — SpoiledCopy: поле правил человек или перенёс из другой сделки.
export async function sealDoubt(text, deal, key) {
  const sealed = SEALED.exec(text);
  if (!sealed || !key) return "На копии нет печати службы: её могли изменить в сделке. Сверьте с Ident.";
  if (!globalThis.crypto?.subtle) return "Печать службы не проверена: портал открыт не по https. Сверьте с Ident.";
  const signer = await crypto.subtle.importKey("raw", bytes(key), P256, false, ["verify"]);
  const signed = new TextEncoder().encode(`${deal}:${sealed[1]}}`);
  const ours = await crypto.subtle.verify({ ...P256, hash: "SHA-256" }, signer, bytes(sealed[2]), signed);
  if (!ours) throw new SpoiledCopy("Сохранённая в сделке копия плана изменена не службой клиники и не показана.");
  return "";
}

export function fromSnapshot(copy, why, planId) {
  const { plans } = copy;
  const plan = plans.find((one) => one.plan_id === planId) || plans[0];
  return { found: "plans", patient: { patient_name: copy.patient, card_number: copy.card }, plans, plan, copiedAt: copy.at, doubt: copy.doubt, why, cut: cutNotice(copy, plan) };
}

// Суммы плана записаны целиком, даже если строки поместились не все.
function unpacked(packed) {
  const [total, done, paid, lines, doneLines, paidLines] = packed.sums.map(number);
  return {
    plan_id: count(packed.id), plan_name: words(packed.name), doctor_name: words(packed.doctor), created_at: words(packed.created), price_fixed_at: words(packed.fixed),
    total, progress: { lines: count(lines), done_lines: count(doneLines), paid_lines: count(paidLines), done, paid, left: sum([total, -done]) },
    stages: packed.stages.map(([name, stageTotal, rows]) => ({ stage: words(name), total: number(stageTotal), services: rows.map(line) })),
    hidden: count(packed.hidden),
  };
}

function line([element, service, teeth, price, discount, total, status]) {
  if (STATUSES[count(status)] === undefined) throw new SpoiledCopy();
  return { element: words(element), service: words(service), teeth: number(teeth), price: number(price), discount: number(discount), total: number(total), status: STATUSES[status] };
}

const words = (value) => String(value ?? "");

function number(value) {
  if (typeof value !== "number" || !Number.isFinite(value)) throw new SpoiledCopy();
  return value;
}

function count(value) {
  if (!Number.isInteger(value ?? 0)) throw new SpoiledCopy();
  return value ?? 0;
}

function moment(value) {
  if (Number.isNaN(Date.parse(value))) throw new SpoiledCopy();
  return value;
}

function cutNotice(copy, plan) {
  const parts = [];
  if (plan.hidden) parts.push(`строк не поместилось: ${plan.hidden}`);
  if (copy.hidden) parts.push(`планов не поместилось: ${copy.hidden}`);
  return parts.length ? `В копии показаны не все: ${parts.join(", ")}. Полностью — когда служба станет доступна.` : "";
}
