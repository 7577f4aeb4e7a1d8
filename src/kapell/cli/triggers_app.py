"""The commands under `kapell triggers`."""

from typing import Annotated

import typer

from kapell.cli import options
from kapell.cli.server_commands import Server

triggers_app = typer.Typer(
    help="Make, pause and fire triggers of a server, and ask why one has not fired.", no_args_is_help=True
)

Name = Annotated[
    str,
    typer.Argument(metavar="TRIGGER", help="Its id, or its namespace and name: shop/nightly.", show_default=False),
]
Namespace = Annotated[str | None, typer.Option("--namespace", help="Only this namespace.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many at most.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the audit log.", show_default=False)]


@triggers_app.command("list")
def list_triggers(
    namespace: Namespace = None,
    workflow: Annotated[str | None, typer.Option("--workflow", help="Only those that start this workflow.")] = None,
    limit: Limit = 100,
    server: Server = None,
    token_file: options.TokenFile = None,
    json: options.Json = False,
) -> int:
    """List triggers, and when each fires next."""
    from kapell.cli.triggering import list_all

    return list_all(server, token_file, namespace, workflow, limit, as_json=json)


@triggers_app.command()
def show(trigger: Name, server: Server = None, token_file: options.TokenFile = None, json: options.Json = False) -> int:
    """Show a trigger, its next firings, and what became of the last ones."""
    from kapell.cli.triggering import show_one

    return show_one(server, token_file, trigger, as_json=json)


@triggers_app.command()
def create(
    trigger: Annotated[
        str, typer.Argument(metavar="TRIGGER", help="Its namespace and name: shop/nightly.", show_default=False)
    ],
    workflow: Annotated[
        str, typer.Option("--workflow", metavar="NAME[@VERSION]", help="What it starts, in its own namespace.")
    ],
    cron: Annotated[
        str | None, typer.Option("--cron", metavar="EXPRESSION", help='When: "30 6 * * MON-FRI", for example.')
    ] = None,
    every: Annotated[str | None, typer.Option("--every", metavar="DURATION", help="At which interval: PT15M.")] = None,
    after: Annotated[
        str | None, typer.Option("--after", metavar="DURATION", help="How long after the end of the run before.")
    ] = None,
    zone: Annotated[str, typer.Option("--zone", help="The zone that --cron is meant in.")] = "UTC",
    on_type: Annotated[
        list[str] | None,
        typer.Option("--on-type", metavar="TYPE", help="On events of this type; of any of these, if given repeatedly."),
    ] = None,
    filter: Annotated[  # noqa: A002 -- the option's name
        list[str] | None,
        typer.Option(
            "--filter",
            metavar="JSON",
            help='On events that fit a filter: {"with": {"type": "paid"}}, with `correlate` if need be.',
        ),
    ] = None,
    gather: Annotated[bool, typer.Option("--all", help="Only when there was an event for each of these.")] = False,
    read: Annotated[
        str, typer.Option("--read", metavar="data|envelope|raw", help="What the run gets of each event.")
    ] = "envelope",
    debounce: Annotated[
        str, typer.Option("--debounce", metavar="DURATION", help="Once no further event has come for so long.")
    ] = "PT0S",
    input: Annotated[str | None, typer.Option("--input", metavar="JSON", help="The input of its runs.")] = None,  # noqa: A002 -- the option's name
    jitter: Annotated[
        str, typer.Option("--jitter", metavar="DURATION", help="Up to how long each firing is put off.")
    ] = "PT0S",
    missed: Annotated[
        str, typer.Option("--missed", metavar="one|skip|all", help="What becomes of missed firings.")
    ] = "one",
    overlap: Annotated[
        str,
        typer.Option("--overlap", metavar="allow|queue|skip|replace", help="And while the run before is under way."),
    ] = "allow",
    paused: Annotated[bool, typer.Option("--paused", help="Make it paused.")] = False,
    server: Server = None,
    token_file: options.TokenFile = None,
    json: options.Json = False,
) -> int:
    """Make a trigger that starts a workflow by a schedule, or when events come."""
    from kapell.cli.triggering import create_one, make_events, make_spec

    schedule = {"cron": cron, "every": every, "after": after, "zone": zone}
    events = make_events(on_type or [], filter or [], read, debounce, is_all=gather)
    spec = make_spec(workflow, schedule, events, input, {"jitter": jitter, "missed": missed, "overlap": overlap})
    return create_one(server, token_file, trigger, spec, is_paused=paused, as_json=json)


@triggers_app.command()
def pause(
    trigger: Name,
    reason: Reason = "",
    server: Server = None,
    token_file: options.TokenFile = None,
    json: options.Json = False,
) -> int:
    """Let a trigger start nothing until it is resumed."""
    from kapell.cli.triggering import change_one

    return change_one(server, token_file, trigger, "pause", reason, as_json=json)


@triggers_app.command()
def resume(
    trigger: Name,
    reason: Reason = "",
    server: Server = None,
    token_file: options.TokenFile = None,
    json: options.Json = False,
) -> int:
    """Let a paused trigger start runs again, from now."""
    from kapell.cli.triggering import change_one

    return change_one(server, token_file, trigger, "resume", reason, as_json=json)


@triggers_app.command()
def fire(trigger: Name, server: Server = None, token_file: options.TokenFile = None, json: options.Json = False) -> int:
    """Fire a trigger now, paused or not, and print the id of its run."""
    from kapell.cli.triggering import fire_one

    return fire_one(server, token_file, trigger, as_json=json)


@triggers_app.command()
def history(
    trigger: Name,
    limit: Limit = 20,
    server: Server = None,
    token_file: options.TokenFile = None,
    json: options.Json = False,
) -> int:
    """Tell what became of a trigger's firings, the newest first: why there was a run, or was none."""
    from kapell.cli.triggering import tell_history

    return tell_history(server, token_file, trigger, limit, as_json=json)


@triggers_app.command()
def delete(trigger: Name, server: Server = None, token_file: options.TokenFile = None) -> int:
    """Drop a trigger and its history; its runs stay."""
    from kapell.cli.triggering import delete_one

    return delete_one(server, token_file, trigger)
