"""The parts of the crash test find each other, and its mark has a meaning."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "crash: kills engines many times; `KAPELL_TEST_CRASH=full` makes it as long as in CI"
    )


def pytest_terminal_summary(terminalreporter):
    """Print what the tests of this folder recorded as `report`, also when they passed and in other processes."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, text in getattr(report, "user_properties", ()):
                if name == "report" and getattr(report, "when", "") == "teardown":
                    terminalreporter.section(report.nodeid)
                    terminalreporter.write_line(text)
