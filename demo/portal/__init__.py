"""Эмулятор облачного REST Bitrix24 для входящих вебхуков.

Точки входа:

* ``demo.portal.server.PortalServer`` — сервер в потоке на свободном порту (``.url``, ``.state``, ``.stats``);
* ``demo.portal.server.create_app`` — ASGI-приложение;
* ``demo.portal.funnel.build_demo_portal`` — портал с воронкой «Стоматология» и полями МАП 2.2;
* ``python -m demo.portal --port 8010`` — отдельный процесс.
"""
