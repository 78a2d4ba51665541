// BX24 эмулятора: тот же вид вызовов, что у //api.bitrix24.com/api/v1/. Живёт в окне приложения; о месте
// и доступе спрашивает страницу портала сообщениями «команда:данные:номер:приложение», методы REST зовёт сам.

(() => {
  const [domain, secure, sid] = window.name.split("|");
  const waiting = new Map();
  const queue = [];
  let numbers = 0;
  let init = null;
  let asked = false;

  window.addEventListener("message", (event) => {
    if (event.source !== window.parent || typeof event.data !== "string") return;
    const at = event.data.indexOf(":");
    const answer = waiting.get(event.data.slice(0, at));
    if (!answer) return;
    waiting.delete(event.data.slice(0, at));
    answer(JSON.parse(event.data.slice(at + 1) || "null"));
  });

  function tell(command, params, callback) {
    if (!sid) return;
    const number = `cb${++numbers}`;
    if (callback) waiting.set(number, callback);
    const origin = `${secure === "1" ? "https" : "http"}://${domain}`;
    window.parent.postMessage(`${command}:${JSON.stringify(params ?? null)}:${callback ? number : ""}:${sid}`, origin);
  }

  function start() {
    if (asked || !sid) return;
    asked = true;
    tell("getInitData", {}, (data) => {
      init = data;
      auth = taken(data);
      for (const callback of queue.splice(0)) callback();
      if (data.INSTALL) for (const callback of installs.splice(0)) callback();
    });
  }

  const installs = [];
  let auth = false;
  const taken = (data) => ({ access_token: data.AUTH_ID, refresh_token: data.REFRESH_ID, expires_in: data.AUTH_EXPIRES, domain: data.DOMAIN, member_id: data.MEMBER_ID });

  function encoded(value, name, into) {
    if (value === null || value === undefined) return into;
    if (Array.isArray(value) || typeof value === "object") for (const [key, part] of Object.entries(value)) encoded(part, name ? `${name}[${key}]` : key, into);
    else into.append(name, value === true ? "1" : value === false ? "0" : value);
    return into;
  }

  class Failure {
    constructor(status, body) {
      this.status = status;
      this.ex = body;
    }
    getError() { return this.ex; }
    getStatus() { return this.status; }
    toString() { return `${this.ex.error}${this.ex.error_description ? `: ${this.ex.error_description}` : ""} (${this.status})`; }
  }

  class Result {
    constructor(answer, status, again) {
      this.answer = answer;
      this.status = status;
      this.again = again;
    }
    data() { return this.answer.result; }
    error() { return "error" in this.answer ? new Failure(this.status, this.answer) : false; }
    more() { return Number.isInteger(this.answer.next); }
    total() { return Number(this.answer.total); }
    next(callback) { if (this.more()) this.again(this.answer.next, callback); }
  }

  async function request(method, params) {
    const body = encoded({ ...params, auth: auth.access_token }, "", new URLSearchParams());
    try {
      const response = await fetch(`${init.PROTOCOL ? "https" : "http"}://${init.DOMAIN}${init.PATH}/${method}`, { method: "POST", body });
      return [await response.json(), response.status];
    } catch {
      return [{ error: "ERROR_NETWORK", error_description: "Network error" }, 0];
    }
  }

  function callMethod(method, params, callback) {
    const again = (start, then) => callMethod(method, { ...params, start }, then || callback);
    request(method, params || {}).then(([answer, status]) => callback?.(new Result(answer, status, again)));
  }

  function callBatch(calls, callback, halt = false) {
    const cmd = {};
    for (const [key, one] of Object.entries(calls)) {
      const [method, params] = Array.isArray(one) ? one : [one.method, one.params];
      cmd[key] = `${method}?${encoded(params || {}, "", new URLSearchParams())}`;
    }
    request("batch", { cmd, halt: halt ? 1 : 0 }).then(([answer, status]) => {
      const results = Array.isArray(calls) ? [] : {};
      const part = (name, key) => answer.result?.[name]?.[key];
      for (const key of Object.keys(cmd)) {
        const failed = "error" in answer ? answer : part("result_error", key);
        results[key] = new Result(failed || { result: part("result", key), total: part("result_total", key), next: part("result_next", key) }, status, () => {});
      }
      callback?.(results);
    });
  }

  const size = () => ({ scrollWidth: document.documentElement.scrollWidth, scrollHeight: document.documentElement.scrollHeight });
  const interfaceOf = ["reloadData", "resizeWindow", "setTitle"];

  window.BX24 = {
    init(callback) { if (init) callback(); else { queue.push(callback); start(); } },
    install(callback) { if (init) { if (init.INSTALL) callback(); } else { installs.push(callback); start(); } },
    installFinish() { tell("setInstallFinish", {}); },
    ready(callback) { document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", callback) : callback(); },
    isReady: () => document.readyState !== "loading",
    getAuth: () => (auth && { ...auth }),
    refreshAuth(callback) { tell("refreshAuth", {}, (data) => { auth = taken({ ...init, ...data }); callback?.({ ...auth }); }); },
    callMethod,
    callBatch,
    isAdmin: () => Boolean(init?.IS_ADMIN),
    getLang: () => init?.LANG,
    getDomain: () => init?.DOMAIN,
    getScrollSize: size,
    resizeWindow(width, height, callback) { tell("resizeWindow", { width, height }, callback && (() => callback())); },
    fitWindow(callback) { const { scrollHeight } = size(); tell("resizeWindow", { width: "100%", height: scrollHeight }, callback && (() => callback())); },
    scrollParentWindow(scroll, callback) { tell("setScroll", { scroll }, callback && (() => callback())); },
    reloadWindow(callback) { tell("reloadWindow", {}, callback); },
    setTitle(title, callback) { tell("setTitle", { title }, callback); },
    closeApplication(callback) { tell("closeApplication", {}, callback); },
    placement: {
      info: () => ({ placement: init?.PLACEMENT || "DEFAULT", options: init?.PLACEMENT_OPTIONS || {} }),
      getInterface: (callback) => callback({ command: [...interfaceOf], event: [] }),
      call: (command, params, callback) => tell("placement", { command, params }, callback),
      bindEvent: () => {},
    },
  };
  start();
})();
