"""Настройки собственного Redis установки: только этот компьютер, пароль, журнал на диск."""

import hashlib
import secrets
from pathlib import Path

from config.files import replace_text

FILE = "redis.conf"
PORT = 6390
#: Команды, которых узел не зовёт и через которые Redis взламывали (RESTORE: CVE-2026-25243).
NEEDLESS = ("restore", "migrate", "replicaof", "slaveof", "module", "debug")
TEXT = """# Сделано установщиком. Пароль известен только настройкам интеграции: здесь лишь его SHA-256.
bind 127.0.0.1
port {port}
protected-mode yes
user default on #{digest} ~* &* +@all {needless}
dir ./
daemonize no
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
hz 2
"""


def write_redis_conf(folder: Path, port: int = PORT) -> str:
    """Записывает redis.conf с новым паролем и возвращает адрес для настроек."""
    password = secrets.token_urlsafe(24)
    digest = hashlib.sha256(password.encode()).hexdigest()
    needless = " ".join(f"-{command}" for command in NEEDLESS)
    folder.mkdir(parents=True, exist_ok=True)
    replace_text(folder / FILE, TEXT.format(port=port, digest=digest, needless=needless))
    return f"redis://:{password}@127.0.0.1:{port}/0"
