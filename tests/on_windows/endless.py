"""Процесс без конца для проверок: пишет свой номер в файл и ждёт, пока его остановят."""

import os
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    draft = Path(sys.argv[1]).with_suffix(".draft")
    draft.write_text(str(os.getpid()), encoding="ascii")
    draft.replace(sys.argv[1])
    time.sleep(600)
