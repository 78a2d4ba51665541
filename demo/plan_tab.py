"""Вкладка «План лечения» в демонстрации: приложение на портале, служба ответов — своим процессом."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from demo.app_hosting import AppHosting
from demo.broker import free_port
from demo.portal.options import ALL_SCOPES, OAuthToken

CURATOR = 5


@dataclass
class PlanTab:
    """Приложение на портале: где лежит, чей доступ, где отвечает служба."""

    hosting: AppHosting
    token: OAuthToken = field(
        default_factory=lambda: OAuthToken(
            secrets.token_urlsafe(24), CURATOR, "local.demo.plans", "demo-member", ALL_SCOPES
        )
    )
    port: int = field(default_factory=free_port)

    def sections(self, portal: str) -> Mapping[str, object]:
        """Возвращает разделы настроек web и application; ``portal`` — адрес портала."""
        host = portal.split("/")[2]
        return {
            "web": {"port": self.port, "origins": [self.hosting.origin]},
            "application": {
                "client_id": self.token.client_id,
                "member_id": self.token.member_id,
                "oauth": host,
                "sdk": f"{portal.rstrip('/')}/api/v1/",
                "shim": f"http://127.0.0.1:{self.port}",
            },
        }
