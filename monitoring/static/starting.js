// Ждёт, пока узел откроет страницу наблюдения вместо страницы установки.
"use strict";

async function look() {
  try {
    const answer = await fetch("/live", { credentials: "same-origin" });
    if (answer.ok) location.replace("/");
  } catch {
    // узел ещё запускается
  }
}

setInterval(look, 1000);
