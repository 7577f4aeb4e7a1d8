"""The page about brokers names every field of every kind, and its example is one."""

import json
import re

import pytest

from kapell.brokers.settings import KINDS, BrokerSettings, parse_settings

COMMON = set(BrokerSettings.__struct_fields__)


@pytest.fixture
def page(project_dir):
    return (project_dir / "docs" / "how-to" / "brokers.md").read_text(encoding="utf-8")


def list_fields(text):
    return {name for row in re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}


def test_every_field_is_on_the_page(page):
    common, nats, rabbitmq, mqtt, redis = re.split(r"^## (?!What)", page, flags=re.MULTILINE)
    assert list_fields(common) == COMMON
    for kind, text in {"nats": nats, "rabbitmq": rabbitmq, "mqtt": mqtt, "redis": redis}.items():
        assert list_fields(text) == set(KINDS[kind].__struct_fields__) - COMMON


def test_the_example_is_one(page):
    (example,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert parse_settings(json.loads(example)).stream == "ORDERS"
