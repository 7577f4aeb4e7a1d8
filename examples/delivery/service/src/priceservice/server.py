"""The web side: `/health` and `/price?article=...&quantity=...`, answered in JSON."""

import argparse
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from urllib.parse import parse_qs, urlsplit

from priceservice.pricing import UnknownArticleError, compute_price


def read_version() -> str:
    """Return the commit that this was built from."""
    stamp = files(__package__).joinpath("version.txt")
    return stamp.read_text(encoding="utf-8").strip() if stamp.is_file() else "unbuilt"


def answer_health() -> tuple[int, dict[str, str]]:
    """Tell that the service works, and which version it is."""
    return 200, {"status": "ok", "version": read_version()}


def answer_price(query: dict[str, list[str]]) -> tuple[int, dict[str, str]]:
    """Tell a price; 404 for an unknown article, 400 for a quantity that is no number."""
    article, quantity = query.get("article", [""])[0], query.get("quantity", ["1"])[0]
    if not quantity.isdecimal():
        return 400, {"error": f"{quantity!r} is no quantity"}
    try:
        return 200, {"article": article, "price": str(compute_price(article, int(quantity)))}
    except UnknownArticleError:
        return 404, {"error": f"there is no article {article!r}"}


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    def do_GET(self) -> None:
        """Answer one request."""
        url = urlsplit(self.path)
        if url.path == "/health":
            status, body = answer_health()
        elif url.path == "/price":
            status, body = answer_price(parse_qs(url.query))
        else:
            status, body = 404, {"error": f"there is nothing at {url.path}"}
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Keep quiet: whoever runs the service writes its access log."""


def main() -> None:
    """Serve on 127.0.0.1 until stopped."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    ThreadingHTTPServer(("127.0.0.1", parser.parse_args().port), Handler).serve_forever()


if __name__ == "__main__":
    main()
