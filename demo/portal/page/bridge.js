// Страница портала отвечает приложению в окне: место, доступ, размер.

const frames = new Map();
let sids = 0;

// Создаёт окно приложения; адрес не содержит доступа: его приложение спросит сообщением.
export function applicationFrame(application, placement, options, attributes) {
  const sid = `sid${Date.now().toString(36)}${++sids}`;
  const url = new URL(application.url);
  const secure = location.protocol === "https:" ? 1 : 0;
  for (const [name, value] of Object.entries({ DOMAIN: location.host, PROTOCOL: secure, LANG: "ru", APP_SID: sid })) url.searchParams.set(name, value);
  const frame = document.createElement("iframe");
  for (const [name, value] of Object.entries(attributes)) frame.setAttribute(name, value);
  frame.name = `${location.host}|${secure}|${sid}`;
  frame.src = url.href;
  frames.set(sid, { frame, application, placement, options, origin: url.origin });
  return frame;
}

const COMMANDS = {
  getInitData: (app) => ({
    LANG: "ru", DOMAIN: location.host, PROTOCOL: location.protocol === "https:" ? 1 : 0, PATH: "/rest",
    ...access(app.application), IS_ADMIN: app.application.is_admin, INSTALL: app.placement === "INSTALL", FIRST_RUN: app.placement === "INSTALL",
    PLACEMENT: app.placement, PLACEMENT_OPTIONS: app.options, APP_OPTIONS: {}, USER_OPTIONS: {},
  }),
  refreshAuth: (app) => access(app.application, app.application.refreshed_token),
  resizeWindow: (app, { height }) => { if (Number.isFinite(height)) app.frame.style.height = `${Math.max(120, height)}px`; return {}; },
  setInstallFinish: (app) => { app.frame.dispatchEvent(new CustomEvent("installed")); return {}; },
  setTitle: () => ({}), setScroll: () => ({}), placement: () => ({}),
  reloadWindow: (app) => { app.frame.src = app.frame.src; return {}; },
  closeApplication: () => ({}),
};

const access = (application, token) => ({ AUTH_ID: token || application.token, REFRESH_ID: "", AUTH_EXPIRES: 3600, MEMBER_ID: application.member_id });

window.addEventListener("message", (event) => {
  const parts = /^(\w+):([^]*):(\w*):(\w+)$/.exec(typeof event.data === "string" ? event.data : "");
  const app = parts && frames.get(parts[4]);
  if (!app || event.source !== app.frame.contentWindow || event.origin !== app.origin) return;
  const answer = COMMANDS[parts[1]]?.(app, JSON.parse(parts[2]) || {});
  if (answer && parts[3]) event.source.postMessage(`${parts[3]}:${JSON.stringify(answer)}`, event.origin);
});
