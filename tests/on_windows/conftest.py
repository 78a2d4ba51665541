"""Собирает эти проверки только там, где им есть что проверять."""

import sys

collect_ignore_glob = [] if sys.platform == "win32" else ["test_*.py"]
