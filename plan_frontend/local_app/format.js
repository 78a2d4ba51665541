// Вид чисел и дат; узлы DOM, в которых чужой текст остаётся текстом.

const whole = new Intl.NumberFormat("ru-RU", { maximumFractionDigits: 0 });
const exact = new Intl.NumberFormat("ru-RU", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const relative = new Intl.RelativeTimeFormat("ru", { numeric: "auto" });
const STEPS = [["day", 86400], ["hour", 3600], ["minute", 60]];

export const rubles = (sum) => `${(Number.isInteger(sum) ? whole : exact).format(sum)}\u00a0₽`;
// Даты — по часам клиники: они уже записаны в строке, часовой пояс смотрящего ни при чём.
export const date = (iso) => String(iso || "").slice(0, 10).split("-").reverse().join(".");
export const time = (iso) => `${date(iso)} ${String(iso || "").slice(11, 16)}`;

export function ago(iso, now = Date.now()) {
  const seconds = Math.max(0, (now - new Date(iso)) / 1000);
  const [unit, size] = STEPS.find(([, length]) => seconds >= length) || ["minute", 60];
  return seconds < 60 ? "только что" : relative.format(-Math.floor(seconds / size), unit);
}

export function plural(count, one, few, many) {
  const tens = count % 100;
  const units = count % 10;
  if (tens > 10 && tens < 20) return many;
  if (units === 1) return one;
  return units > 1 && units < 5 ? few : many;
}

export const counted = (count, one, few, many) => `${count}\u00a0${plural(count, one, few, many)}`;

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return node;
}
