"""The services that an order needs: stock, payments, and a carrier, with rules of their own.

PUT, DELETE /reservations/{order}    409 when there is not enough in stock
PUT, DELETE /payments/{order}        402 when the card does not cover the amount
PUT         /shipments/{order}       503 each time the carrier is busy (its first call of all), 422 for a country
                                     that it does not serve
GET         /ledger                  all that happened, in order

python shop.py                       # prints its address and serves until it is stopped
"""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

SERVED_COUNTRIES = {"BE", "DE", "NL"}
CARD_LIMIT = 500
BUSY_CALLS = 1


class RefusedError(Exception):
    """A service says no, with an HTTP status."""

    def __init__(self, status: int, title: str) -> None:
        """Keep both for the answer."""
        super().__init__(title)
        self.status = status


class Shop:
    """The state of the three services; repeating a call changes nothing."""

    def __init__(self) -> None:
        """Begin with ten articles in stock."""
        self.stock = {"A-0001": 10}
        self.records: dict[str, dict[str, dict[str, Any]]] = {"reservations": {}, "payments": {}, "shipments": {}}
        self.ledger: list[str] = []
        self._busy_calls = BUSY_CALLS

    def put(self, kind: str, order: str, body: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked, once for each order."""
        records = self.records[kind]
        if order not in records:
            record = getattr(self, f"_make_{kind}")(order, body)
            records[order] = record
            self.ledger.append(f"{order}: {kind} made")
        return records[order]

    def delete(self, kind: str, order: str) -> dict[str, Any]:
        """Undo it, once for each order."""
        record = self.records[kind].pop(order, None)
        if record is not None:
            if kind == "reservations":
                self.stock[record["article"]] += record["quantity"]
            self.ledger.append(f"{order}: {kind} undone")
        return {"order": order}

    def _make_reservations(self, order: str, body: dict[str, Any]) -> dict[str, Any]:
        if self.stock.get(body["article"], 0) < body["quantity"]:
            raise RefusedError(409, f"there are only {self.stock.get(body['article'], 0)} of {body['article']}")
        self.stock[body["article"]] -= body["quantity"]
        return {"order": order, **body}

    def _make_payments(self, order: str, body: dict[str, Any]) -> dict[str, Any]:
        if body["amount"] > CARD_LIMIT:
            raise RefusedError(402, f"the card covers no more than {CARD_LIMIT}")
        return {"order": order, "amount": body["amount"], "card": body["card"][-4:]}

    def _make_shipments(self, order: str, body: dict[str, Any]) -> dict[str, Any]:
        if self._busy_calls:
            self._busy_calls -= 1
            self.ledger.append(f"{order}: carrier busy")
            raise RefusedError(503, "the carrier is busy")
        if body["country"] not in SERVED_COUNTRIES:
            raise RefusedError(422, f"the carrier does not go to {body['country']}")
        return {"order": order, "tracking": f"T{len(self.records['shipments']) + 1:06}"}


def make_handler(shop: Shop) -> type[BaseHTTPRequestHandler]:
    """Return the class that answers requests for this shop, one at a time."""
    lock = Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(200, shop.ledger)

        def do_PUT(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            _, kind, order = self.path.split("/")
            with lock:
                try:
                    self._answer(200, shop.put(kind, order, body))
                except RefusedError as refusal:
                    self._answer(refusal.status, {"title": str(refusal)})

        def do_DELETE(self) -> None:
            _, kind, order = self.path.split("/")
            with lock:
                self._answer(200, shop.delete(kind, order))

        def _answer(self, status: int, body: Any) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Keep quiet; the ledger tells what happened."""

    return Handler


def main() -> None:
    """Serve on a free port of 127.0.0.1 until stopped."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), make_handler(Shop()))
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
