"""Кто вызывает REST: вебхук из адреса или токен пользователя."""

from __future__ import annotations

import hmac

from demo.portal.call import Identity
from demo.portal.errors import refusal
from demo.portal.options import PortalOptions


def by_webhook(options: PortalOptions, user_id: str, code: str) -> Identity:
    """Возвращает владельца вебхука; неверный номер или код — отказ 401."""
    for key in options.webhooks:
        if user_id == str(key.user_id) and hmac.compare_digest(code.encode(), key.code.encode()):
            return Identity(key.user_id, key.scopes, f"webhook:{key.user_id}:{key.code}")
    raise refusal(options.wrong_code_error)


def by_token(options: PortalOptions, token: str) -> Identity:
    """Возвращает владельца токена; без токена и с чужим — NO_AUTH_FOUND, с истёкшим — expired_token."""
    for known in options.tokens:
        if token and hmac.compare_digest(token.encode(), known.token.encode()):
            if known.expired:
                raise refusal("expired_token")
            return Identity(known.user_id, known.scopes, f"app:{known.client_id}", known)
    raise refusal("NO_AUTH_FOUND")
