"""Модели настроек: один файл TOML, неизвестные ключи отклоняются, значения неизменны.

base — раздел и пределы · portal, ident, node, rules, pages, alerts — разделы · settings — всё вместе.
"""

from config.models.alerts import AlertSettings, EmailSettings
from config.models.base import LOCAL_HOST, LOOPBACK, Between, Section
from config.models.ident import BranchSettings, Database, MssqlDatabase, SqliteDatabase
from config.models.node import JournalSettings, NodeSettings, RedisSettings, SecuritySettings, SyncSettings
from config.models.pages import ApplicationSettings, FlowerSettings, MonitorSettings, WebSettings
from config.models.portal import PortalSettings, RetrySettings
from config.models.rules import RuleSettings
from config.models.settings import Settings

__all__ = [
    "LOCAL_HOST",
    "LOOPBACK",
    "AlertSettings",
    "ApplicationSettings",
    "Between",
    "BranchSettings",
    "Database",
    "EmailSettings",
    "FlowerSettings",
    "JournalSettings",
    "MonitorSettings",
    "MssqlDatabase",
    "NodeSettings",
    "PortalSettings",
    "RedisSettings",
    "RetrySettings",
    "RuleSettings",
    "Section",
    "SecuritySettings",
    "Settings",
    "SqliteDatabase",
    "SyncSettings",
    "WebSettings",
]
