"""Печати узла: личные данные в очереди зашифрованы и недолги (ADR 0003), снимок планов в сделке подписан."""

import json
import re
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import (
        EllipticCurvePrivateKey,
        EllipticCurveSignatureAlgorithm,
    )

LIFETIME = timedelta(seconds=60)
#: Порядок группы P-256 (FIPS 186-4, D.1.2.3) и длина половины подписи.
P256_ORDER, HALF = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551, 32
SEALED = re.compile(r'(\{.*),"seal":"([A-Za-z0-9+/]{86}==)"\}', re.DOTALL)


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


class SnapshotSeal:
    """Подпись узла под номером сделки и текстом снимка (ECDSA P-256).

    Поле сделки правит любой сотрудник, а узел, когда копию смотрят, недоступен: печать сверяет сама вкладка —
    открытым ключом из своего архива (plan_frontend/local_app/snapshot.js). Подделать её им нельзя.
    """

    def __init__(self, key: bytes) -> None:
        self._derived = blake2b(b"plan-snapshot", key=key[:64], digest_size=48, person=b"ident-seal").digest()

    @cached_property
    def _key(self) -> "EllipticCurvePrivateKey":
        """Ключ подписи; библиотека весит мегабайты и грузится с первым планом."""
        from cryptography.hazmat.primitives.asymmetric import ec

        secret = int.from_bytes(self._derived, "big") % (P256_ORDER - 1) + 1
        return ec.derive_private_key(secret, ec.SECP256R1())

    @property
    def mark(self) -> str:
        """Возвращает отличие этого ключа от других: самого ключа по нему не узнать."""
        return blake2b(self._derived, digest_size=8).hexdigest()

    @property
    def public(self) -> str:
        """Возвращает открытый ключ, каким его берёт WebCrypto (``raw``: точка без сжатия), в base64."""
        point = self._key.public_key().public_numbers()
        return b64encode(b"\x04" + b"".join(one.to_bytes(HALF, "big") for one in (point.x, point.y))).decode()

    def sealed(self, deal_id: int, text: str) -> str:
        """Возвращает текст снимка с печатью для этой сделки; пустой остаётся пустым."""
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

        if not text:
            return ""
        halves = decode_dss_signature(self._key.sign(_signed(deal_id, text), _ecdsa()))
        seal = b64encode(b"".join(half.to_bytes(HALF, "big") for half in halves)).decode("ascii")
        return f'{text[:-1]},"seal":"{seal}"}}'

    def fits(self, deal_id: int, written: str) -> bool:
        """Отвечает, нами ли запечатан текст и для этой ли сделки."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

        found = SEALED.fullmatch(written)
        if found is None:
            return False
        both = b64decode(found[2])
        signature = encode_dss_signature(
            *(int.from_bytes(half, "big") for half in (both[:HALF], both[HALF:]))
        )
        try:
            self._key.public_key().verify(signature, _signed(deal_id, found[1] + "}"), _ecdsa())
        except InvalidSignature:
            return False
        return True


def _signed(deal_id: int, text: str) -> bytes:
    return f"{deal_id}:{text}".encode()


def _ecdsa() -> "EllipticCurveSignatureAlgorithm":
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256

    return ec.ECDSA(SHA256())
