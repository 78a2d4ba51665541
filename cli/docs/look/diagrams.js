// Рисует схемы; не вышло — остаётся их текст.
mermaid.initialize({ startOnLoad: false, theme: "neutral", securityLevel: "strict", fontFamily: "system-ui, sans-serif" });
mermaid.run({ querySelector: "pre.mermaid" }).catch((trouble) => console.error(trouble));
