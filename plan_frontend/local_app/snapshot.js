// Сохранённая копия планов из поля сделки: разворачивается в тот же вид, что и ответ службы.

const STATUSES = ["Не выполнено", "Выполнено", "Выполнено и оплачено"];
const sum = (numbers) => Math.round(numbers.reduce((total, number) => total + number, 0) * 100) / 100;

export function readSnapshot(text) {
  try {
    const copy = JSON.parse(text);
    return copy.v === 1 && copy.plans.length ? copy : null;
  } catch {
    return null;
  }
}

export function fromSnapshot(copy, why, planId) {
  const plans = copy.plans.map(unpacked);
  const plan = plans.find((one) => one.plan_id === planId) || plans[0];
  return { found: "plans", patient: { patient_name: copy.patient, card_number: copy.card }, plans, plan, copiedAt: copy.at, why, cut: cutNotice(copy, plan) };
}

// Суммы плана записаны целиком, даже если строки поместились не все.
function unpacked(packed) {
  const [total, done, paid, lines, doneLines, paidLines] = packed.sums;
  return {
    plan_id: packed.id, plan_name: packed.name, doctor_name: packed.doctor, created_at: packed.created, price_fixed_at: packed.fixed,
    total, progress: { lines, done_lines: doneLines, paid_lines: paidLines, done, paid, left: sum([total, -done]) },
    stages: packed.stages.map(([name, stageTotal, rows]) => ({ stage: name, total: stageTotal, services: rows.map(line) })),
    hidden: packed.hidden || 0,
  };
}

const line = ([element, service, teeth, price, discount, total, status]) => ({ element, service, teeth, price, discount, total, status: STATUSES[status] });

function cutNotice(copy, plan) {
  const parts = [];
  if (plan.hidden) parts.push(`строк не поместилось: ${plan.hidden}`);
  if (copy.hidden) parts.push(`планов не поместилось: ${copy.hidden}`);
  return parts.length ? `В копии показаны не все: ${parts.join(", ")}. Полностью — когда служба станет доступна.` : "";
}
