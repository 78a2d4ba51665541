"""Настройка проверок свойств: без срока на пример, чтобы медленный компьютер ничего не решал."""

from hypothesis import settings

settings.register_profile("domain", deadline=None)
settings.load_profile("domain")
