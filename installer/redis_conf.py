"""Настройки собственного Redis установки: только этот компьютер, пароль, журнал на диск."""

import secrets
from pathlib import Path

FILE = "redis.conf"
PORT = 6390
TEXT = """# Сделано установщиком. Пароль известен только настройкам интеграции.
bind 127.0.0.1
port {port}
protected-mode yes
requirepass {password}
dir ./
daemonize no
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
"""


def write_redis_conf(folder: Path, port: int = PORT) -> str:
    """Записывает redis.conf с новым паролем и возвращает адрес для настроек."""
    password = secrets.token_urlsafe(24)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    path.touch(mode=0o600)
    path.write_text(TEXT.format(port=port, password=password), encoding="utf-8", newline="\n")
    return f"redis://:{password}@127.0.0.1:{port}/0"
