"""What an order line costs."""

import unittest
from decimal import Decimal

from priceservice.catalogue import load_catalogue
from priceservice.pricing import UnknownArticleError, compute_price


class PricingTest(unittest.TestCase):
    """Prices are the catalogue's, times the quantity, to the cent."""

    def test_one_costs_what_the_catalogue_says(self) -> None:
        """One article costs its price."""
        self.assertEqual(compute_price("A-0001", 1), load_catalogue()["A-0001"])

    def test_several_cost_as_often_as_much(self) -> None:
        """Three articles cost three times the price."""
        self.assertEqual(compute_price("A-0002", 3), load_catalogue()["A-0002"] * 3)

    def test_every_price_has_cents(self) -> None:
        """A price has two decimals, also where it is round."""
        for article in list(load_catalogue())[:20]:
            self.assertEqual(compute_price(article, 7).as_tuple().exponent, Decimal("0.01").as_tuple().exponent)

    def test_an_unknown_article_is_an_error(self) -> None:
        """There is no price for what is not in the catalogue."""
        with self.assertRaises(UnknownArticleError):
            compute_price("none", 1)


if __name__ == "__main__":
    unittest.main()
