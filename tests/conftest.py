"""What all suites share: where the specification's data is, how hypothesis behaves, the marks."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

pytest_plugins = ["tests.databases", "tests.postgres"]

IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}

# Without `explain`: on Python 3.11 it traces every line of every example, for a comment on failures.
PHASES = [Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink]
settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow], phases=PHASES)
settings.register_profile("ci", parent=settings.get_profile("dev"), derandomize=True, database=None, print_blob=True)
settings.load_profile("ci" if IN_CI else "dev")

LONGEST_ID = 100
MARKERS = {
    "serial": "cannot share the machine with another test of this mark; such tests run one after the other",
    "slow": "takes more than some ten seconds",
}


def pytest_configure(config):
    for name, meaning in MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")


def pytest_make_parametrize_id(val):
    """Shorten long values: an id goes through reports, processes and the environment, for each step of a test."""
    if isinstance(val, str | bytes) and len(val) > LONGEST_ID:
        start = val[:LONGEST_ID]
        return f"{start if isinstance(start, str) else ascii(start)}~{len(val)}"
    return None


def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("serial"):
            item.add_marker(pytest.mark.xdist_group("serial"))


@pytest.fixture(scope="session")
def project_dir():
    """The root of the checkout."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def spec_dir():
    """The folder with the specification's schema, examples, invalid documents and conformance features."""
    found = os.environ.get("KAPELL_SPEC_DIR")
    if found and (Path(found) / "schema" / "workflow.yaml").is_file():
        return Path(found)
    explanation = (
        f"KAPELL_SPEC_DIR={found!r} is no folder with schema/workflow.yaml: set it to a folder that holds `schema/`, "
        "`examples/` and `ctk-features/` of release v1.0.3 of the Open Workflow Specification"
    )
    if IN_CI:
        pytest.fail(explanation)
    pytest.skip(explanation)
