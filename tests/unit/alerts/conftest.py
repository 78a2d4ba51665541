"""Мир для каналов, которым нужен портал."""

from tests.integration.conftest import world

__all__ = ["world"]
