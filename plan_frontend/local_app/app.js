// Вкладка «План лечения»: сделка → пациент → вопрос службе → таблица (ТЗ 2.4.2).

import { ask, Unreachable } from "./answers.js";
import { readDeal, ready } from "./portal.js";
import { SETTINGS } from "./settings.js";
import { fromSnapshot, readSnapshot, sealDoubt } from "./snapshot.js";
import { showBusy, showChoice, showLoading, showNothing, showPlans, showTrouble, watchSize } from "./view.js";

let chosen = {};
let turn = 0;

async function load(choice = chosen) {
  chosen = choice;
  turn += 1;
  const mine = turn;
  const late = setTimeout(showLoading, 400);
  showBusy();
  try {
    const deal = await readDeal(SETTINGS.fields);
    const answer = await answered(deal);
    if (mine === turn) draw(answer);
  } catch (trouble) {
    if (mine === turn) showTrouble(trouble.message || "Что-то пошло не так.", refresh, trouble.causes);
  } finally {
    clearTimeout(late);
  }
}

async function answered(deal) {
  try {
    return await ask(SETTINGS, deal, chosen);
  } catch (trouble) {
    if (!(trouble instanceof Unreachable)) throw trouble;
    const copy = await saved(deal, trouble);
    return fromSnapshot(copy, trouble.message, chosen.plan);
  }
}

// Копия из сделки; нет её, испорчена или подделана — прежняя беда, о порче — словами.
async function saved(deal, trouble) {
  let copy = null;
  try {
    copy = readSnapshot(deal.snapshot);
    if (copy) copy.doubt = await sealDoubt(deal.snapshot, deal.id, SETTINGS.seal);
  } catch (spoiled) {
    throw new Error(`${trouble.message} ${spoiled.message}`);
  }
  if (!copy) throw trouble;
  return copy;
}

function draw(answer) {
  if (answer.found === "choice") showChoice(answer.patients, (patient) => load({ patient }), refresh);
  else if (answer.found === "nothing") showNothing(answer, refresh);
  else showPlans(answer, { refresh, open: (plan) => load({ ...chosen, plan }) });
}

const refresh = () => load();

async function start() {
  watchSize();
  try {
    await ready();
  } catch (trouble) {
    showTrouble(trouble.message, () => location.reload());
    return;
  }
  await load({});
}

start();
