"""Подставки критериев: мир с базой, Redis и порталом."""

from tests.integration.conftest import world

__all__ = ["world"]
