// Открывает установку приложения так, как её открывает портал администратору.

import { applicationFrame } from "./bridge.js";

const state = document.getElementById("state");
const application = await (await fetch("/emulator/application")).json();
if (application) {
  const frame = applicationFrame(application, "INSTALL", {}, { title: "Установка приложения", class: "plan-frame" });
  frame.addEventListener("installed", () => { state.textContent = "Приложение установлено."; });
  state.textContent = "Приложение ещё не установлено.";
  document.getElementById("place").append(frame);
} else state.textContent = "Приложение не загружено (--plan-app-url).";
