"""The engine is killed with SIGKILL hundreds of times while 50 runs with side effects are under way."""

from __future__ import annotations

import itertools
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from crash_checks import Evidence, check_everything, describe_unfinished
from crash_counter import CountingServer
from crash_faults import ALONE, POINTS

AMOUNT = os.environ.get("KAPELL_TEST_CRASH") or ("each-change" if os.environ.get("CI") == "true" else "quick")
HITS_WANTED, RANDOM_WANTED, MOST_FOLDERS = {
    "quick": (1, 20, 12),
    "each-change": (4, 80, 60),
    "full": (20, 250, 120),  # some 15 minutes on two cores: before a release, and after a change of the engine
}[AMOUNT]
AT_ONCE = 2
MOST_LIVES = 120
_RANDOM_SHARE = 0.2
_AT_A_TIME = 8
"""Of so many points the first that comes along is hit: whoever waits for a rare one would miss the others."""
_MISSES = 2
"""After so many lives in vain a folder is taken to have no more occasion for a point."""
_CALM_SECONDS = 120.0
_POINT_SECONDS = 3.0
_OFTEN = {"append", "attempt_created", "attempt_ended", "perform", "release", "timer_fired", "timer", "log"}
"""What happens so often that not only its first passage in a life is worth a kill."""


class Board:
    """How often each point was hit, over all folders."""

    def __init__(self):
        self.hits = Counter()
        self.tries = Counter()
        self.random_kills = 0
        self.in_flight_kills = 0
        self.attempts_in_flight = 0
        self.lives = 0
        self.longest_gone = 0.0
        self.numbers = Counter()
        self._lock = threading.Lock()

    def choose(self, dice, exhausted):
        """Return what to do next: points of which one is to be hit, none for a kill at any moment; `None`: nothing."""
        with self._lock:
            missing = [point for point in POINTS if self.hits[point] < HITS_WANTED and point not in exhausted]
            wants_random = self.random_kills < RANDOM_WANTED
            if wants_random and (not missing or dice.random() < _RANDOM_SHARE):
                return []
            if not missing:
                return None
            dice.shuffle(missing)
            missing.sort(key=lambda point: (self.hits[point], self.tries[point]))
            if missing[0] in ALONE:
                return missing[:1]
            return [point for point in missing if point not in ALONE][:_AT_A_TIME]

    def note(self, points, told):
        with self._lock:
            self.lives += 1
            self.tries.update(points)
            if told["code"] == 0:
                return
            assert told["code"] == -9, f"the engine failed by itself: {told}"
            if told["hit"]:
                self.hits[told["hit"]] += 1
            else:
                self.random_kills += 1
            self.in_flight_kills += told["in_flight"] > 0
            self.attempts_in_flight += told["in_flight"]
            assert told["gone_after"] >= 0, "processes of a killed engine went on"
            self.longest_gone = max(self.longest_gone, told["gone_after"])

    @property
    def is_full(self):
        return self.random_kills >= RANDOM_WANTED and all(self.hits[point] >= HITS_WANTED for point in POINTS)

    def describe(self):
        kills = sum(self.hits.values()) + self.random_kills
        lines = [
            f"{kills} kills: {self.random_kills} at random moments, {sum(self.hits.values())} at {len(POINTS)} points",
            f"{self.in_flight_kills} of them with attempts in flight ({self.attempts_in_flight} attempts)",
            f"nothing of a killed engine was left after {self.longest_gone:.2f} s at the latest",
            ", ".join(f"{name}: {count}" for name, count in sorted(self.numbers.items())),
        ]
        cells = [f"{point:<24}{self.hits[point]:>4}" for point in POINTS]
        lines.extend("  ".join(cells[start : start + 4]) for start in range(0, len(cells), 4))
        return "\n".join(lines)


class Campaign:
    """One data folder: its runs are driven to their end through many lives."""

    def __init__(self, number, root, server, board):
        self._folder = root / f"folder-{number}"
        self._folder.mkdir()
        self._key = self._folder.name
        self._server = server
        self._board = board
        self._missed = Counter()
        self._dice = random.Random(number)  # noqa: S311 -- dice of a test

    def run(self):
        driver = str(Path(__file__).with_name("driver.py"))
        command = [sys.executable, driver, str(self._folder), f"{self._server.url}/{self._key}"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            try:
                self._drive(process)
            finally:
                process.stdin.close()
                process.wait(60)
        evidence = Evidence(self._folder, self._server, self._key)
        try:
            numbers = check_everything(evidence)
        finally:
            evidence.close()
        self._board.numbers.update(numbers)

    def _drive(self, process):
        for _ in range(MOST_LIVES):
            if self._board.is_full:
                break
            points = self._board.choose(self._dice, {name for name, count in self._missed.items() if count >= _MISSES})
            if points is None:
                break
            told = self._live(process, points, _POINT_SECONDS if points else self._dice.uniform(0.05, 0.4))
            self._board.note(points, told)
            if not told["hit"]:
                self._missed.update(points)
            if told["code"] == 0 and told["left"] == 0:
                return
        told = self._live(process, [], _CALM_SECONDS)
        if told["code"] != 0 or told["left"] != 0:
            pytest.fail(f"not all runs ended within {_CALM_SECONDS} s: {told}\n{describe_unfinished(self._folder)}")

    def _live(self, process, points, seconds):
        order = {
            "passages": {point: self._dice.randint(1, 8) if _happens_often(point) else 1 for point in points},
            "seconds": seconds,
            "seed": self._dice.random(),
        }
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        assert answer, "the driver died"
        return json.loads(answer)


def _happens_often(point):
    return point.rpartition(".")[0] in _OFTEN and point != "append.large"


@pytest.fixture
def board(record_property):
    board = Board()
    began = time.monotonic()
    yield board
    title = f"Crash test ({AMOUNT}, {time.monotonic() - began:.0f} s, {board.lives} lives):"
    record_property("report", f"{title}\n{board.describe()}")


@pytest.mark.crash
@pytest.mark.timeout(2400)
@pytest.mark.xdist_group("crash")
def test_nothing_is_lost_and_nothing_runs_twice_unseen(tmp_path, board):
    numbers = itertools.count()

    def work():
        while not board.is_full and (number := next(numbers)) < MOST_FOLDERS:
            Campaign(number, tmp_path, server, board).run()

    with CountingServer() as server, ThreadPoolExecutor(AT_ONCE) as pool:
        for done in [pool.submit(work) for _ in range(AT_ONCE)]:
            done.result()
    survivors = [process for process in psutil.process_iter() if _is_ours(process, str(tmp_path))]
    assert survivors == []
    missing = {point: board.hits[point] for point in POINTS if board.hits[point] < HITS_WANTED}
    assert not missing, f"fault points that were hit too seldom: {missing}"
    assert board.random_kills >= RANDOM_WANTED
    assert board.in_flight_kills > 0


def _is_ours(process, mark):
    try:
        return mark in process.environ().get("LC_KAPELL_CRASH", "")
    except psutil.Error:
        return False
