"""An order is delivered, or everything that was done for it is undone, newest first."""

import json
import subprocess
import sys
from urllib.request import urlopen

import pytest

ORDER = {"id": "7", "article": "A-0001", "quantity": 2, "amount": 40, "card": "4000111122223333", "country": "BE"}


@pytest.fixture
def shop(examples_dir):
    process = subprocess.Popen([sys.executable, examples_dir / "order" / "shop.py"], stdout=subprocess.PIPE, text=True)
    yield process.stdout.readline().strip()
    process.kill()
    process.wait()
    process.stdout.close()


def read_ledger(shop):
    with urlopen(shop + "/ledger") as response:
        return json.load(response)


def test_an_order_is_delivered_although_the_carrier_is_busy_at_first(run_example, shop):
    ended = run_example("order/order.yaml", {"shop": shop, "order": ORDER})
    assert ended.exit_code == 0, ended.errors
    assert ended.output == {"order": "7", "state": "delivered", "tracking": "T000001"}
    assert read_ledger(shop) == [
        "7: reservations made",
        "7: payments made",
        "7: carrier busy",
        "7: shipments made",
    ]


def test_a_refused_shipment_undoes_payment_and_reservation_in_this_order(run_example, shop):
    ended = run_example("order/order.yaml", {"shop": shop, "order": ORDER | {"country": "US"}})
    assert ended.exit_code == 0, ended.errors
    assert ended.output["state"] == "cancelled"
    assert ended.output["status"] == 422
    assert read_ledger(shop) == [
        "7: reservations made",
        "7: payments made",
        "7: carrier busy",
        "7: payments undone",
        "7: reservations undone",
    ]


def test_a_declined_card_undoes_only_the_reservation(run_example, shop):
    ended = run_example("order/order.yaml", {"shop": shop, "order": ORDER | {"amount": 501}})
    assert ended.output["status"] == 402
    assert read_ledger(shop) == ["7: reservations made", "7: reservations undone"]


def test_an_order_without_a_quantity_is_refused_before_anything_happens(run_example, shop):
    order = {name: value for name, value in ORDER.items() if name != "quantity"}
    ended = run_example("order/order.yaml", {"shop": shop, "order": order})
    assert ended.exit_code in {1, 2}
    assert "quantity" in ended.errors
    assert read_ledger(shop) == []
