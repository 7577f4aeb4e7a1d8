"""The answers that a client gets."""

import json
import threading
import unittest
from http.server import ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.request import urlopen

from priceservice.server import Handler


class ServerTest(unittest.TestCase):
    """A real server on a free port, asked over HTTP."""

    def setUp(self) -> None:
        """Start the server."""
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def tearDown(self) -> None:
        """Stop it."""
        self.server.shutdown()
        self.server.server_close()

    def get(self, path: str) -> dict[str, str]:
        """Return the JSON that a path answers."""
        with urlopen(f"http://127.0.0.1:{self.server.server_port}{path}") as response:
            answer: dict[str, str] = json.load(response)
            return answer

    def test_health(self) -> None:
        """The service says that it works."""
        self.assertEqual(self.get("/health")["status"], "ok")

    def test_price(self) -> None:
        """A price comes with its article."""
        self.assertEqual(self.get("/price?article=A-0001&quantity=2")["article"], "A-0001")

    def test_unknown_article(self) -> None:
        """What is not there is not found."""
        with self.assertRaises(HTTPError) as caught:
            self.get("/price?article=none")
        self.assertEqual(caught.exception.code, 404)
        caught.exception.close()


if __name__ == "__main__":
    unittest.main()
