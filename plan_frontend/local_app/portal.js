// Портал глазами страницы: обещания поверх BX24.

const READY_MS = 15000;

export class PortalTrouble extends Error {}

function sdk() {
  if (!window.BX24) throw new PortalTrouble("Эта страница работает внутри портала: откройте карточку сделки, вкладку «План лечения».");
  return window.BX24;
}

export function ready() {
  return new Promise((resolve, reject) => {
    const late = () => reject(new PortalTrouble("Портал не отвечает странице. Обновите карточку сделки."));
    const timer = setTimeout(late, READY_MS);
    sdk().init(() => { clearTimeout(timer); resolve(); });
  });
}

function once(method, params) {
  return new Promise((resolve) => { sdk().callMethod(method, params, resolve); });
}

export async function call(method, params) {
  let result = await once(method, params);
  if (codeOf(result) === "expired_token") {
    await freshToken();
    result = await once(method, params);
  }
  const error = result.error();
  if (error) throw new PortalTrouble(`Портал отказал: ${error.ex?.error_description || error}`);
  return result.data();
}

const codeOf = (result) => result.error() && String(result.error().ex?.error || "").toLowerCase();

export function dealId() {
  const options = sdk().placement.info()?.options || {};
  const id = Number(options.ID ?? options.ENTITY_ID);
  if (!Number.isInteger(id) || id < 1) throw new PortalTrouble("Портал не назвал сделку. Откройте вкладку «План лечения» в карточке сделки.");
  return id;
}

export const domain = () => sdk().getDomain();
export const isAdmin = () => sdk().isAdmin();
export const installFinish = () => sdk().installFinish();
export const token = () => sdk().getAuth()?.access_token || "";

export const freshToken = () => new Promise((resolve) => sdk().refreshAuth((auth) => resolve(auth?.access_token || token())));

let height = 0;

// Высота — по содержимому: fitWindow умеет только растить окно.
export function fit(wanted) {
  if (!window.BX24?.resizeWindow || Math.abs(wanted - height) < 4) return;
  height = wanted;
  window.BX24.resizeWindow(document.documentElement.clientWidth, wanted);
}

// --- сделка и её пациент (МАП 3.4) ---

const DEAL = 2;
const CONTACT = 3;

export async function readDeal(fields) {
  const id = dealId();
  const { item } = await call("crm.item.get", { entityTypeId: DEAL, id, useOriginalUfNames: "Y" });
  return {
    id,
    reception: String(item[fields.reception] || ""),
    filial: String(item[fields.filial] || ""),
    snapshot: String(item[fields.snapshot] || ""),
    name: await patientName(item),
  };
}

async function patientName(item) {
  return (item.contactId && (await contactName(item.contactId))) || nameFromTitle(item.title);
}

async function contactName(id) {
  try {
    const { item } = await call("crm.item.get", { entityTypeId: CONTACT, id });
    return [item.lastName, item.name, item.secondName].filter(Boolean).join(" ").trim();
  } catch {
    return ""; // контакт закрыт или удалён: остаётся название сделки
  }
}

export const nameFromTitle = (title) => String(title || "").split(" - ")[0].replace(/\s+/g, " ").trim();
