"""What an order line costs."""

from decimal import Decimal

from priceservice.catalogue import load_catalogue

CENT = Decimal("0.01")


class UnknownArticleError(LookupError):
    """The catalogue has no such article."""


def compute_price(article: str, quantity: int) -> Decimal:
    """Return what this many of an article cost, rounded to the cent."""
    catalogue = load_catalogue()
    if article not in catalogue:
        raise UnknownArticleError(article)
    return (catalogue[article] * quantity).quantize(CENT)
