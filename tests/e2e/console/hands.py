"""How people use a page: with a mouse, with their fingers on a narrow window, with a keyboard alone and large type."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import ClassVar

from playwright.sync_api import Error, expect

MOST_KEYS = 150
PATIENCE = 60
"""How often a narrow page is looked at before it is too wide: charts follow the window a moment later."""

IS_FOCUSED = "(element) => element === document.activeElement"
IS_IN_GROUP = """(element) => {
    const group = '[role=tablist], [role=radiogroup], [role=menu], [role=listbox]';
    const around = element.closest(group);
    return around !== null && around === document.activeElement.closest(group);
}"""
INDENTS_BY_TAB = """() => {
    const editor = document.activeElement?.closest('.cm-content');
    return editor !== null && editor !== undefined && !editor.closest('[role=dialog]');
}"""
FIND_FAULT_OF_FOCUS = """() => {
    const element = document.activeElement;
    if (element === null || element === document.body) return 'nothing has the focus';
    const name = element.outerHTML.slice(0, 160);
    if (!element.matches(':focus-visible')) return `the focus is not shown: ${name}`;
    const drawn = [element, element.nextElementSibling, element.parentElement, element.closest('.cm-editor'),
        element.id === 'content' ? element.querySelector('h1') : null];
    const isDrawn = (each) => {
        const style = getComputedStyle(each);
        return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none';
    };
    const fields = 'input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable=true]';
    const isField = element.matches(fields);
    if (!isField && !drawn.some((each) => each && isDrawn(each))) return `no ring is drawn: ${name}`;
    const isTicked = element.matches('input[type=checkbox], input[type=radio]');  // drawn by what stands beside it
    const box = ((isTicked && element.labels?.[0]) || element).getBoundingClientRect();
    const [top, bottom] = [Math.max(box.top, 0), Math.min(box.bottom, innerHeight)];
    const [left, right] = [Math.max(box.left, 0), Math.min(box.right, innerWidth)];
    if (bottom <= top || right <= left) return `it is outside of the window: ${name} ${JSON.stringify(box)}`;
    if (isTicked) return '';
    const points = [[0.5, 0.5], [0.1, 0.5], [0.9, 0.5], [0.5, 0.1], [0.5, 0.9]].map(([x, y]) =>
        document.elementFromPoint(left + (right - left) * x, top + (bottom - top) * y));
    if (points.some((each) => each && (element.contains(each) || each.contains(element)))) return '';
    return `something lies above it: ${name}`;
}"""
FIND_BRIMS = """() => [...document.querySelectorAll('body *')]
    .filter((each) => each.getBoundingClientRect().right > innerWidth + 1
        && !each.parentElement.closest('[data-wide]') && getComputedStyle(each).visibility !== 'hidden')
    .slice(0, 3).map((each) => each.outerHTML.slice(0, 160))"""


class Hands:
    """Somebody who uses a page; see its subclasses.

    Attributes:
        page: The page, as Playwright drives it.
    """

    options: ClassVar = {}
    """How their browser is."""

    def __init__(self, visitor):
        self.visitor = visitor
        self.page = visitor.page

    def press(self, target):
        """Use a button, a link, a tab or a box to tick."""
        raise NotImplementedError

    def write(self, target, text):
        """Put a text into a field, in the place of what is there."""
        raise NotImplementedError

    def write_code(self, target, text):
        """Put a text into an editor, in the place of what is there."""
        self.press(target)
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.insert_text(text)

    def go_to(self, label):
        """Go to a page of the navigation."""
        menu = self.page.get_by_role("button", name="Navigation", exact=True)
        link = self.page.get_by_role("navigation", name="Pages").get_by_role("link", name=label, exact=True)
        if not link.is_visible():
            self.press(menu)
        self.press(link)
        self.visitor.expect_heading(label)

    def choose(self, target, option):
        """Choose an option of a menu that opens."""
        self.press(target)
        self.press(self.page.get_by_role("menuitem", name=option))

    def look(self):
        """See that nothing sticks out at the right of the window."""
        self.page.wait_for_load_state()
        for _ in range(PATIENCE):
            with suppress(Error):  # another document comes
                if self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
                    return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{self.page.url} sticks out: {self.page.evaluate(FIND_BRIMS)}")


def find_surface(target):
    """Return what there is to point at: of radio buttons that are drawn by their label, the label."""
    if target.evaluate("(element) => element.type === 'radio' && element.labels.length > 0"):
        return target.locator("xpath=following-sibling::label | ancestor::label").first
    return target


class Mouse(Hands):
    """Points and clicks, in a window of 1280 pixels."""

    options: ClassVar = {"viewport": {"width": 1280, "height": 900}}

    def press(self, target):
        find_surface(target).click()
        self.look()

    def write(self, target, text):
        target.click()
        target.fill(text)


class Fingers(Mouse):
    """Taps, on a telephone of 390 pixels."""

    options: ClassVar = {"viewport": {"width": 390, "height": 800}, "has_touch": True}

    def press(self, target):
        find_surface(target).tap()
        self.look()


class Keyboard(Hands):
    """Presses keys alone, and sees a page of 1280 pixels at 200 %; each step's focus must be seen."""

    options: ClassVar = {"viewport": {"width": 640, "height": 450}, "reduced_motion": "reduce"}

    def press(self, target):
        self.reach(target)
        kind = target.evaluate("(element) => element.getAttribute('role') ?? element.type ?? element.tagName")
        if kind in {"checkbox", "radio", "switch"}:
            self.page.keyboard.press("Space")
        elif kind == "tab":
            self.page.keyboard.press("Enter")  # arrows have opened it, where nothing was to be loaded first
            expect(target).to_have_attribute("aria-selected", "true")
        elif not target.evaluate("(element) => element.isContentEditable"):
            self.page.keyboard.press("Enter")
        self.look()

    def write(self, target, text):
        self.reach(target)
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.insert_text(text)

    def go_to(self, label):
        self.page.keyboard.press("Control+k")
        field = self.page.get_by_role("textbox", name=re.compile("Go to"))
        expect(field).to_be_focused()
        self.page.keyboard.type(label)
        expect(self.page.get_by_role("button", name=label).first).to_be_visible()
        self.page.keyboard.press("Enter")
        self.visitor.expect_heading(label)
        expect(self.page.locator("#content")).to_be_focused()
        self.check_focus()

    def choose(self, target, option):
        self.press(target)
        self.reach(self.page.get_by_role("menuitem", name=option), key="ArrowDown")
        self.page.keyboard.press("Enter")

    def reach(self, target, key="Tab"):
        """Go from what has the focus to something else; within tabs and the like by arrows."""
        expect(target).to_be_enabled()
        if self.page.evaluate(INDENTS_BY_TAB):
            self.page.keyboard.press("Escape")  # closes what completes words
            self.page.keyboard.press("Escape")  # and now Tab leaves the editor, for two seconds
        for _ in range(MOST_KEYS):
            if target.evaluate(IS_FOCUSED):
                break
            if target.is_disabled():  # such as while a text is checked
                expect(target).to_be_enabled()
            is_near = key == "Tab" and target.evaluate(IS_IN_GROUP)
            self.page.keyboard.press("ArrowRight" if is_near else key)
        expect(target).to_be_focused()
        self.check_focus()

    def check_focus(self):
        """See that what has the focus shows it, and can be seen."""
        fault = ""
        for _ in range(20):  # what scrolls takes a moment
            fault = self.page.evaluate(FIND_FAULT_OF_FOCUS)
            if not fault:
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{self.page.url}: {fault}")


ALL = (Mouse, Fingers, Keyboard)
