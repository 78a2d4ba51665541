// Вопрос службе клиники и разбор ответа.

import { freshToken, token } from "./portal.js";

// Службы нет или она молчит: годится сохранённая копия.
export class Unreachable extends Error {
  constructor(message, causes = []) {
    super(message);
    this.causes = causes;
  }
}

const CAUSES = [
  "этот компьютер не в сети клиники: подключитесь к ней;",
  "компьютер службы выключен или служба остановлена: скажите администратору;",
  "браузер не доверяет службе или не пускает страницу в сеть клиники: администратору поможет раздел «Если не работает» руководства.",
];

// Служба ответила отказом: показываем его словами.
export class Refused extends Error {}

const TEMPORARY = new Set([409, 500, 502, 503, 504]);

export async function ask(settings, deal, { plan, patient } = {}) {
  const base = serviceOf(settings, deal);
  const query = new URLSearchParams({ deal: deal.id });
  if (/^F\d+_\d+$/.test(deal.reception)) query.set("reception", deal.reception);
  if (deal.name) query.set("fio", deal.name.slice(0, 200));
  if (patient) query.set("patient", patient);
  const url = `${base}/api/v1/plans${plan ? `/${plan}` : ""}?${query}`;
  const response = await send(url, token(), settings.patience);
  if (response.status !== 401) return answer(response);
  return answer(await send(url, await freshToken(), settings.patience));
}

// У филиала может быть своя служба: её называет ключ записи F3_12345.
function serviceOf(settings, deal) {
  const branch = deal.reception.split("_")[0];
  // Только свои ключи: «constructor» есть у всякого объекта, и токен ушёл бы на адрес самого приложения.
  const base = (Object.hasOwn(settings.shims, branch) && settings.shims[branch]) || settings.shim;
  if (!base) throw new Unreachable("В приложении не указан адрес службы этого филиала.");
  return base;
}

async function send(url, accessToken, patience) {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), patience);
  try {
    return await fetch(url, {
      headers: { Authorization: `Bearer ${accessToken}` },
      signal: controller.signal,
      credentials: "omit",
      referrerPolicy: "no-referrer",
      cache: "no-store",
    });
  } catch {
    throw new Unreachable("Служба клиники недоступна с этого компьютера.", CAUSES);
  } finally {
    clearTimeout(timer);
  }
}

async function answer(response) {
  let body;
  try {
    body = await response.json();
  } catch {
    throw new Unreachable("Служба клиники ответила непонятно.");
  }
  if (response.ok) return body;
  const text = String(body.message || "Служба клиники отказала.");
  throw TEMPORARY.has(response.status) ? new Unreachable(text) : new Refused(text);
}
