"""Запуск эмулятора отдельным процессом: ``python -m demo.portal --port 8010``."""

from __future__ import annotations

import argparse
import threading
from pathlib import Path

from demo.portal.options import ALL_SCOPES, OAuthToken, PortalOptions, WebhookKey
from demo.portal.server import PortalServer


def main() -> None:
    """Запускает портал и работает до Ctrl+C."""
    arguments = _parser().parse_args()
    with PortalServer(_options(arguments), port=arguments.port, tls=arguments.tls) as portal:
        print(f"Портал: {portal.base_url}", flush=True)
        print("Вебхук: адрес портала + rest/1/<код>/ (код задаёт --code)", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("Портал остановлен.")


def _options(arguments: argparse.Namespace) -> PortalOptions:
    webhook = WebhookKey(code=arguments.code) if arguments.code else WebhookKey()
    tokens = tuple(OAuthToken(token, scopes=ALL_SCOPES) for token in arguments.token)
    return PortalOptions(
        latency_ms=arguments.latency_ms,
        read_ms=arguments.read_ms,
        write_ms=arguments.write_ms,
        rate=arguments.rate,
        threshold=arguments.threshold,
        operating_limit=arguments.operating_limit,
        webhooks=(webhook,),
        tokens=tokens,
        simple_crm=arguments.simple_crm,
        empty=arguments.empty,
        persist=arguments.persist,
        plan_app_url=arguments.plan_app_url,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo.portal", description="Эмулятор портала Bitrix24")
    defaults = PortalOptions()
    parser.add_argument("--port", type=int, default=8010, help="порт на 127.0.0.1; 0 — любой свободный")
    parser.add_argument("--code", help="код вебхука пользователя 1")
    parser.add_argument("--token", action="append", default=[], help="токен пользователя 1 для приложения")
    parser.add_argument("--latency-ms", type=float, default=defaults.latency_ms, help="задержка запроса")
    parser.add_argument("--read-ms", type=float, default=defaults.read_ms, help="время команды чтения")
    parser.add_argument("--write-ms", type=float, default=defaults.write_ms, help="время команды записи")
    parser.add_argument("--rate", type=float, default=defaults.rate, help="запросов в секунду")
    parser.add_argument("--threshold", type=float, default=defaults.threshold, help="порог отказа 503")
    parser.add_argument(
        "--operating-limit", type=float, default=defaults.operating_limit, help="секунд на метод"
    )
    parser.add_argument("--persist", type=Path, help="файл, где портал переживает перезапуск")
    parser.add_argument("--plan-app-url", help="адрес вкладки «План лечения»")
    parser.add_argument("--empty", action="store_true", help="портал без воронки и полей клиники")
    parser.add_argument("--simple-crm", action="store_true", help="простая CRM, без лидов")
    parser.add_argument("--tls", action="store_true", help="https с собственным сертификатом")
    return parser


if __name__ == "__main__":
    main()
