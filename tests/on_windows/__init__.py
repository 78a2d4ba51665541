"""Проверки, которые идут только под Windows: настоящие sc, net, reg, icacls, DPAPI и вызовы системы.

На Linux их не собирают вовсе; под Windows (tests/windows) и на ней самой — ``python manage.py test``.
"""
