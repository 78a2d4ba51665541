"""Вход собранной программы: то же, что ``python -m cli``."""

import sys

from cli.__main__ import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
