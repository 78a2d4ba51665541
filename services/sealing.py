"""Запечатанные сообщения: личные данные в очереди лежат только зашифрованными и недолго (ADR 0003)."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import timedelta
from hashlib import blake2b

LIFETIME = timedelta(seconds=60)


class SealBroken(Exception):
    """Сообщение не наше, испорчено или устарело."""

    def __init__(self, message: str = "запечатанное сообщение чужое, испорчено или устарело") -> None:
        super().__init__(message)


class Sealer:
    """Печать одного назначения: вопрос нельзя выдать за ответ — ключи у них разные."""

    def __init__(self, key: bytes, purpose: str, lifetime: timedelta = LIFETIME) -> None:
        from cryptography.fernet import Fernet

        derived = blake2b(purpose.encode(), key=key[:64], digest_size=32, person=b"ident-seal").digest()
        self._fernet, self._lifetime = Fernet(urlsafe_b64encode(derived)), lifetime

    def seal(self, message: Mapping[str, object]) -> str:
        plain = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
        return self._fernet.encrypt(plain).decode("ascii")

    def unseal(self, sealed: str) -> dict[str, object]:
        """Вскрывает сообщение; чужое, испорченное или старше срока — SealBroken."""
        from cryptography.fernet import InvalidToken

        try:
            plain = self._fernet.decrypt(sealed.encode(), ttl=int(self._lifetime.total_seconds()))
        except (InvalidToken, ValueError):
            raise SealBroken from None
        message = json.loads(plain)
        assert isinstance(message, dict)
        return message


def plan_request_sealer(key: bytes) -> Sealer:
    return Sealer(key, "plan-request")


def plan_answer_sealer(key: bytes) -> Sealer:
    return Sealer(key, "plan-answer")
