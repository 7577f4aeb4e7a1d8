"""Coming in, going out, and the live stream in between."""

from __future__ import annotations

import os
import signal
import socket

from playwright.sync_api import expect
from tests.kapell_server import WORKFLOWS, Server, write_source

AWAY = (
    "ERR_CONNECTION_REFUSED",
    "ERR_CONNECTION_RESET",
    "ERR_INCOMPLETE_CHUNKED_ENCODING",
    "Unable to preload CSS",
    "dynamically imported module",
)
"""What a browser says of a server that is away."""


def test_a_wrong_password_is_refused_and_the_right_one_opens_home(visit, server):
    visitor = visit()
    visitor.go("/runs?status=faulted")
    expect(visitor.page).to_have_title("Sign in · Kapell")
    with visitor.allowing("401"):
        visitor.page.get_by_role("textbox", name="Name").fill("admin")
        visitor.page.get_by_role("textbox", name="Password").fill("wrong")
        visitor.page.keyboard.press("Enter")
        expect(visitor.page.get_by_role("alert")).to_contain_text("do not belong together")
    expect(visitor.page.get_by_role("textbox", name="Name")).to_have_value("admin")
    visitor.page.get_by_role("textbox", name="Password").fill(server.password)
    visitor.page.keyboard.press("Enter")
    visitor.expect_heading("Runs")  # where one wanted to go
    assert "status" in visitor.page.url
    visitor.page.get_by_role("button", name="Administrator").click()
    visitor.page.get_by_role("menuitem", name="Sign out").click()
    expect(visitor.page.get_by_role("heading", name="Sign in to Kapell")).to_be_visible()


def test_the_first_screen_says_what_to_do(admin):
    admin.expect_heading("Home")
    expect(admin.page.get_by_text("No workflow has been published yet")).to_be_visible()
    expect(admin.page.get_by_text("Nothing has faulted")).to_be_visible()
    expect(admin.page.get_by_text("The engine is well.")).to_be_visible()


def test_the_stream_goes_on_after_the_server_was_killed(visit, tmp_path, browser):
    server = Server(tmp_path)
    server.token = server.make_token()
    try:
        visitor = visit(server.address)
        visitor.sign_in("admin", server.password)
        expect(visitor.page.locator("[data-live=live]")).to_be_visible()
        with visitor.allowing(*AWAY):
            os.kill(server.process.pid, signal.SIGKILL)
            server.process.wait(30)
            expect(visitor.page.locator("[data-live=lost]")).to_be_visible()
            server._start(int(server.address.rpartition(":")[2]))
            expect(visitor.page.locator("[data-live=live]")).to_be_visible()
        with server.client() as client:
            client.workflows.publish("demo", "sleep", source=write_source("sleep", WORKFLOWS["sleep"]))
            run = client.runs.start("demo", "sleep")
        expect(visitor.page.get_by_text(run.run_id).locator("visible=true")).to_be_visible()
        visitor.go("about:blank")
    finally:
        server.stop()


def test_a_port_that_nobody_listens_on_is_told_apart_from_a_refusal(visit, tmp_path):
    """What a page says when the server is away is in words, and it goes on by itself."""
    server = Server(tmp_path)
    visitor = visit(server.address)
    visitor.sign_in("admin", server.password)
    server.stop()
    with visitor.allowing(*AWAY):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", int(server.address.rpartition(":")[2]))) != 0
        visitor.page.get_by_role("navigation").get_by_role("link", name="Runs").click()
        expect(visitor.page.get_by_text("The server cannot be reached").first).to_be_visible()
        server.restart()
        expect(visitor.page.locator("[data-live=live]")).to_be_visible()
        visitor.go("about:blank")
    server.stop()
