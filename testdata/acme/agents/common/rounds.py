"""The frame of an agent: options, signals, one JSON line for each round."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from common import heartbeat

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    tenant: str
    interval: float  # seconds between rounds
    rounds: int  # 0: until SIGTERM


@dataclass(frozen=True)
class Round:
    """What a round tells the log. Facts only: no text of a customer, no secret."""

    rows: int
    tenants_seen: list[str]  # of all rows that this login can read
    db_user: str
    notes: dict[str, str | int] = field(default_factory=dict)


def options(description: str) -> Options:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--tenant", default=os.environ.get("TENANT"), help="default: $TENANT")
    parser.add_argument("--interval", type=float, default=30, help="seconds between rounds")
    parser.add_argument("--rounds", type=int, default=0, help="0: until SIGTERM")
    given = parser.parse_args()
    if not given.tenant:
        parser.error("--tenant or TENANT is needed")
    if given.interval < 0 or given.rounds < 0:
        parser.error("--interval and --rounds cannot be negative")
    logging.basicConfig(
        stream=sys.stderr,
        level=os.environ.get("LOG_LEVEL", "info").upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    return Options(given.tenant, given.interval, given.rounds)


def stop_on_signal() -> threading.Event:
    """An event that SIGTERM and SIGINT set: the round under way is finished."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def run(agent: str, settings: Options, stop: threading.Event, work: Callable[[], Round], failure: type[Exception]) -> int:
    """Repeats work and returns the exit code: 1 if the last round failed.

    A failure is logged by its text and the next round tries again; any other
    exception is a bug and ends the agent.
    """
    number, code = 0, 0
    while not stop.is_set():
        number += 1
        try:
            done, code = work(), 0
        except failure as error:
            code = 1
            log.error("round %d failed: %s", number, error)
        else:
            line = {"agent": agent, "tenant": settings.tenant, "round": number} | asdict(done)
            print(json.dumps(line | line.pop("notes")), flush=True)
            heartbeat.beat()
        if number == settings.rounds or stop.wait(settings.interval):
            break
    return code
