"""The commands under `kapell events`."""

from datetime import datetime
from typing import Annotated

import typer

from kapell.cli import options

events_app = typer.Typer(help="Send CloudEvents, and see which have come and who consumed them.", no_args_is_help=True)

Namespace = Annotated[str | None, typer.Option("--namespace", help="Only events of this namespace.")]
Types = Annotated[
    list[str] | None, typer.Option("--type", metavar="TYPE", help="Only events of this type; may be repeated.")
]
_TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]


@events_app.command()
def send(
    namespace: Annotated[str, typer.Option("--namespace", help="Whose they are: its runs see them.")],
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE]", help="A JSON file with an event, or a list of them; - is stdin.", show_default=False
        ),
    ] = None,
    type: Annotated[str | None, typer.Option("--type", help="In place of a file: what happened.")] = None,  # noqa: A002 -- the option's name
    source: Annotated[str, typer.Option("--source", metavar="URI", help="Where.")] = "/kapell/cli",
    subject: Annotated[str | None, typer.Option("--subject", help="To what.")] = None,
    payload: Annotated[str | None, typer.Option("--payload", metavar="JSON", help="Its data.")] = None,
    id: Annotated[  # noqa: A002 -- the option's name
        str | None, typer.Option("--id", help="Its id; one that its source has sent before is dropped. [default: new]")
    ] = None,
    data: options.Data = None,
    server: options.Server = None,
    token_file: options.TokenFile = None,
    json: options.Json = False,
) -> int:
    """Send events: of a file, of stdin, or one that is made of the options."""
    from kapell.cli.choosing import choose_events
    from kapell.cli.sending import make_asked, read_events, send_events

    if type is None:
        events = read_events(file)
    else:
        events = [make_asked(file, kind=type, source=source, subject=subject, payload=payload, event_id=id)]
    with choose_events(data=data, server=server, token_file=token_file) as target:
        return send_events(target, namespace, events, as_json=json)


@events_app.command("list")
def list_events(
    namespace: Namespace = None,
    type: Types = None,  # noqa: A002 -- the option's name
    source: Annotated[str | None, typer.Option("--source", help="Only events of this source.")] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="Only events of this subject.")] = None,
    id: Annotated[str | None, typer.Option("--id", help="Only events with this id.")] = None,  # noqa: A002 -- the option's name
    via: Annotated[
        str | None, typer.Option("--via", help="Only what came this way, such as run/RUN, or api/PERSON.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option("--since", metavar="TIME", formats=_TIMES, help="Only what arrived then or later."),
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--until", metavar="TIME", formats=_TIMES, help="Only what arrived before.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 20,
    before: Annotated[
        int | None, typer.Option("--before", metavar="POSITION", help="Go on before the last event of a page.")
    ] = None,
    data: options.Data = None,
    server: options.Server = None,
    token_file: options.TokenFile = None,
    json: options.Json = False,
) -> int:
    """List events, the newest first, without their data."""
    from kapell.cli.choosing import choose_events
    from kapell.cli.event_target import WantedEvents
    from kapell.cli.showing_events import list_page, read_moment

    wanted = WantedEvents(namespace, type or (), source, subject, id, via, read_moment(since), read_moment(until))
    with choose_events(data=data, server=server, token_file=token_file) as target:
        return list_page(target, wanted, limit, before, as_json=json)


@events_app.command()
def show(
    position: Annotated[
        int, typer.Argument(metavar="POSITION", min=1, help="The event's position, as `list` shows it.")
    ],
    data: options.Data = None,
    server: options.Server = None,
    token_file: options.TokenFile = None,
    json: options.Json = False,
) -> int:
    """Show an event: its attributes, its data, and which runs consumed it."""
    from kapell.cli.choosing import choose_events
    from kapell.cli.showing_events import show_event

    with choose_events(data=data, server=server, token_file=token_file) as target:
        return show_event(target, position, as_json=json)


@events_app.command()
def tail(
    namespace: Namespace = None,
    type: Types = None,  # noqa: A002 -- the option's name
    after: Annotated[
        int | None, typer.Option("--after", metavar="POSITION", min=0, help="Begin behind it; 0 for all that are kept.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="End after so many. [default: go on until Ctrl-C]")
    ] = None,
    data: options.Data = None,
    server: options.Server = None,
    token_file: options.TokenFile = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document a line, for programs.")] = False,
) -> int:
    """Print events as they arrive, a line each, until Ctrl-C."""
    from kapell.cli.choosing import choose_events
    from kapell.cli.event_target import WantedEvents
    from kapell.cli.showing_events import tail_events

    with choose_events(data=data, server=server, token_file=token_file) as target:
        return tail_events(target, WantedEvents(namespace, type or ()), after, limit, as_json=json)
