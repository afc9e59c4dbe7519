"""A file that says when the agent last finished a round; the liveness probe.

    python3 -m common.heartbeat --max-age 120
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path


def path() -> Path:
    return Path(os.environ.get("HEARTBEAT_FILE", os.path.join(tempfile.gettempdir(), "deskmate-heartbeat")))


def beat() -> None:
    path().touch()


def main() -> int:
    parser = argparse.ArgumentParser(description="Exit code 0 if the agent has finished a round lately.")
    parser.add_argument("--max-age", type=float, default=120, help="seconds")
    options = parser.parse_args()
    try:
        age = time.time() - path().stat().st_mtime
    except FileNotFoundError:
        print("no round yet", file=sys.stderr)
        return 1
    if age > options.max_age:
        print(f"last round {age:.0f} s ago", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
