// Вид дат, сумм и цветов; разметка — только узлами DOM, чтобы чужой текст оставался текстом.

const money = new Intl.NumberFormat("ru-RU", { maximumFractionDigits: 0 });
const HUES = [212, 158, 28, 272, 340, 190, 95, 48];

export const rubles = (sum) => `${money.format(sum || 0)} ₽`;
export const number = (value) => money.format(value || 0);

// Время показываем в поясе портала: он уже записан в строке.
export function when(iso, withYear = false) {
  const found = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)/.exec(iso || "");
  if (!found) return "";
  const [, year, month, day, hour, minute] = found;
  return `${day}.${month}${withYear ? `.${year}` : ""} ${hour}:${minute}`;
}

// Пациент — в названии сделки до даты: контакт по тому же телефону бывает другим членом семьи.
export const person = (title) => title.replace(/ - \d\d\.\d\d\.\d{4} \d\d:\d\d$/, "");

export function filialHue(name) {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + letter.codePointAt(0)) % 9973;
  return HUES[sum % HUES.length];
}

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "style") for (const [key, part] of Object.entries(value)) node.style.setProperty(key, part);
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== "" && child !== false));
  return node;
}

export function plural(count, one, few, many) {
  const tens = count % 100;
  const units = count % 10;
  if (tens > 10 && tens < 20) return many;
  if (units === 1) return one;
  return units > 1 && units < 5 ? few : many;
}
