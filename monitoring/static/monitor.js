// Страница обновляет себя сама: сервер присылает готовые разделы, меняются только изменившиеся.
"use strict";

const EVERY_MS = 5000;
const FLASH_MS = 10000;
let misses = 0;

async function refresh() {
  if (document.hidden) return;
  try {
    const answer = await fetch((document.getElementById("live").dataset.live || "/live") + location.search, { credentials: "same-origin" });
    if (answer.status === 401 || answer.redirected) {
      location.reload();
      return;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    replaceSections(await answer.text());
    misses = 0;
  } catch {
    misses += 1;
  }
  document.body.classList.toggle("lost", misses >= 2);
}

function replaceSections(text) {
  const live = document.getElementById("live");
  const fresh = document.createElement("main");
  fresh.innerHTML = text;
  const busy = live.contains(document.activeElement) ? document.activeElement.closest("[id]") : null;
  const known = new Map([...live.children].map((section) => [section.id, section]));
  const wanted = [...fresh.children].map((section) => {
    const old = known.get(section.id);
    // Раздел, с которым работает человек, не трогаем: он обновится, когда тот закончит.
    if (old && (old === busy || bare(old) === bare(section))) return old;
    return section;
  });
  const same = wanted.length === live.children.length && wanted.every((one, at) => one === live.children[at]);
  if (!same) live.replaceChildren(...wanted);
}

// Раскрытое человеком — не перемена.
function bare(section) {
  return section.outerHTML.replaceAll(' open=""', "");
}

document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !window.confirm(question)) {
    event.preventDefault();
    return;
  }
  if (event.target.method === "post") {
    for (const button of event.target.querySelectorAll("button")) button.disabled = true;
  }
});

const flash = document.querySelector(".flash");
if (flash) {
  const address = new URL(location.href);
  address.searchParams.delete("done");
  address.searchParams.delete("count");
  history.replaceState(null, "", address);
  setTimeout(() => flash.remove(), FLASH_MS);
}

setInterval(refresh, Number(document.getElementById("live")?.dataset.every) || EVERY_MS);
document.addEventListener("visibilitychange", refresh);
