"""Every page for everybody: what axe finds, light and dark; the keyboard alone; narrow windows and large type."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

PAGES = ["/", "/runs"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_serious(visit, workflows, path, scheme):
    visitor = visit(color_scheme=scheme, reduced_motion="reduce")
    visitor.sign_in("admin", workflows.password, path)
    expect(visitor.page.get_by_role("heading", level=1)).to_be_visible()
    visitor.page.wait_for_load_state("load")
    visitor.page.wait_for_timeout(300)
    visitor.check_access()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_so_is_the_way_in(visit, scheme):
    visitor = visit(color_scheme=scheme)
    visitor.go("/")
    expect(visitor.page.get_by_role("heading", name="Sign in to Kapell")).to_be_visible()
    visitor.check_access()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", [1280, 768, 390, 640], ids=["1280", "768", "390", "200 % of 1280"])
def test_nothing_sticks_out(visit, workflows, path, width):
    visitor = visit(viewport={"width": width, "height": 800})
    visitor.sign_in("admin", workflows.password, path)
    expect(visitor.page.get_by_role("heading", level=1)).to_be_visible()
    wide = visitor.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide[0] <= wide[1]
