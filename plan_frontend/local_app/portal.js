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

const once = (method, params) => new Promise((resolve) => { sdk().callMethod(method, params, resolve); });
const together = (calls) => new Promise((resolve) => { sdk().callBatch(calls, resolve); });
const expired = (result) => result.error() && String(result.error().ex?.error || "").toLowerCase() === "expired_token";

function dataOf(result) {
  const error = result.error();
  if (error) throw new PortalTrouble(`Портал отказал: ${error.ex?.error_description || error}`);
  return result.data();
}

export async function call(method, params) {
  const result = await once(method, params);
  if (!expired(result)) return dataOf(result);
  await freshToken();
  return dataOf(await once(method, params));
}

async function batch(calls) {
  const results = await together(calls);
  if (!Object.values(results).some(expired)) return results;
  await freshToken();
  return together(calls);
}

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

// Сделка и контакт — одним запросом: второй ссылается на первый.
export async function readDeal(fields) {
  const id = dealId();
  const found = await batch({
    deal: ["crm.item.get", { entityTypeId: DEAL, id, useOriginalUfNames: "Y" }],
    contact: ["crm.item.get", { entityTypeId: CONTACT, id: "$result[deal][item][contactId]" }],
  });
  const { item } = dataOf(found.deal);
  return {
    id,
    reception: String(item[fields.reception] || ""),
    snapshot: String(item[fields.snapshot] || ""),
    name: contactName(item, found.contact) || nameFromTitle(item.title),
  };
}

// Контакта нет, он закрыт, удалён или пришёл чужой: остаётся название сделки.
function contactName(deal, result) {
  const contact = !result.error() && result.data()?.item;
  return deal.contactId && contact?.id === deal.contactId ? fullName(contact) : "";
}

const fullName = (contact) => [contact.lastName, contact.name, contact.secondName].filter(Boolean).join(" ").trim();

export const nameFromTitle = (title) => String(title || "").split(" - ")[0].replace(/\s+/g, " ").trim();
