// Установка: вкладка в карточке сделки. Адрес страницы меняется с каждой загрузкой архива, поэтому
// прежние вкладки приложения сначала убираются.

import { el } from "./format.js";
import { call, installFinish, isAdmin, ready } from "./portal.js";

const PLACEMENT = "CRM_DEAL_DETAIL_TAB";
const TITLE = "План лечения";
const handler = new URL("index.html", location.href);
handler.search = handler.hash = "";

function say(text, trouble = false) {
  document.getElementById("page").replaceChildren(
    el("h1", {}, "Вкладка «План лечения»"),
    el("p", { class: trouble ? "trouble" : "", role: trouble ? "alert" : "status" }, text));
}

async function install() {
  try {
    await ready();
    if (!isAdmin()) throw new Error("Вкладку добавляет администратор портала: войдите под ним и откройте приложение снова.");
    await call("placement.unbind", { PLACEMENT });
    await call("placement.bind", { PLACEMENT, HANDLER: handler.href, TITLE, LANG_ALL: { ru: { TITLE } } });
    installFinish();
    say("Готово: вкладка «План лечения» появилась в карточках сделок.");
  } catch (trouble) {
    say(`Вкладка не добавлена. ${trouble.message}`, true);
  }
}

install();
