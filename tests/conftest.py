"""What every test shares: no network but loopback, and a cache of its own."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LOOPBACK = {"127.0.0.1", "::1", "localhost"}

# Calibration and truth are kept between tests, apart from the user's; entries are keyed by the source that made them.
os.environ["KINEMA_CACHE"] = str(ROOT / "build" / "test-cache")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse connections to other machines."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and isinstance(address, tuple) and address[0] not in LOOPBACK:
            raise OSError(f"tests may not connect to {address}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Closed forms against simulation, a row per family and law: the seed that is worst."""
    rows = [
        row
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == "truth"
        for row in value
    ]
    worst: dict[tuple[str, str], list[object]] = {}
    seeds: dict[tuple[str, str], set[object]] = {}
    for row in rows:
        key = (row[0], row[1])
        seeds.setdefault(key, set()).add(row[2])
        if key not in worst or row[5] > worst[key][5]:
            worst[key] = row
    if not worst:
        return
    terminalreporter.section("truth: closed form against simulation, the worst of its seeds")
    terminalreporter.write_line(f"{'family':18} {'law':38} {'seeds':>5} {'closed form':>12} {'simulated':>12} {'error':>9} {'allowed':>8}")
    for (family, law), (_, _, _, closed, found, error, allowed) in worst.items():
        terminalreporter.write_line(
            f"{family:18} {law:38} {len(seeds[family, law]):5d} {closed:12.5g} {found:12.5g} {error:9.4%} {allowed:8.2%}"
        )
