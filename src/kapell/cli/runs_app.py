"""The commands under `kapell runs`."""

from typing import Annotated

import typer

from kapell.cli import options

runs_app = typer.Typer(help="List, look into, control and repair runs.", no_args_is_help=True)


@runs_app.command("list")
def list_runs(
    status: Annotated[
        list[str] | None, typer.Option("--status", help="Only runs of this status; may be repeated.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="Only runs of this workflow.")] = None,
    namespace: Annotated[str | None, typer.Option("--namespace", help="Only runs of this namespace.")] = None,
    parent: Annotated[
        str | None, typer.Option("--parent", metavar="RUN", help="Only the child runs of this run.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 20,
    after: Annotated[
        str | None, typer.Option("--after", metavar="RUN", help="Go on after the last run of a page.")
    ] = None,
    data: options.Data = None,
    server: options.Server = None,
    token_file: options.TokenFile = None,
    json: options.Json = False,
) -> int:
    """List runs, the newest first."""
    from kapell.cli.choosing import choose_target
    from kapell.cli.listing import list_page
    from kapell.cli.target import WantedRuns

    with choose_target(data=data, server=server, token_file=token_file) as target:
        wanted = WantedRuns(status or [], name, namespace, parent, after)
        return list_page(target, wanted, limit, as_json=json)


@runs_app.command()
def show(
    run: options.LastRun = "last",
    data: options.Data = None,
    server: options.Server = None,
    token_file: options.TokenFile = None,
    json: options.Json = False,
) -> int:
    """Show a run: where it stands, its input and output, and what became of its tasks."""
    from kapell.cli.choosing import choose_target
    from kapell.cli.showing import show_run

    with choose_target(data=data, server=server, token_file=token_file) as target:
        return show_run(target, run, as_json=json)


@runs_app.command()
def history(
    run: options.LastRun = "last",
    after: Annotated[int, typer.Option("--after", metavar="SEQ", help="Only events after this number.")] = 0,
    data: options.Data = None,
    server: options.Server = None,
    token_file: options.TokenFile = None,
    json: options.Json = False,
) -> int:
    """Tell a run's history, a sentence an event; with --json the events as they are stored."""
    from kapell.cli.choosing import choose_target
    from kapell.cli.showing import tell_history

    with choose_target(data=data, server=server, token_file=token_file) as target:
        return tell_history(target, run, after, as_json=json)


@runs_app.command()
def log(
    run: options.LastRun = "last",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run has ended.")] = False,
    data: options.Data = None,
    server: options.Server = None,
    token_file: options.TokenFile = None,
    json: options.Json = False,
) -> int:
    """Print what the processes of a run wrote."""
    from kapell.cli.choosing import choose_target
    from kapell.cli.showing import print_log

    with choose_target(data=data, server=server, token_file=token_file) as target:
        return print_log(target, run, follow=follow, as_json=json)


@runs_app.command()
def prune(
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="LENGTH", help="How long ago they ended: 30d, 12h, 10m or P1W.")
    ],
    data: options.Data = None,
    server: options.NoServer = None,
    json: options.Json = False,
) -> int:
    """Delete runs that have ended, with all that only they refer to."""
    from kapell.cli.choosing import choose_folder
    from kapell.cli.pruning import prune_runs

    instead = "A server deletes runs by itself: set KAPELL_RETENTION_DAYS where it is started."
    settings = choose_folder(data=data, server=server, instead=instead)
    return prune_runs(settings, older_than, as_json=json)


@runs_app.command()
def cancel(
    run: options.Run,
    data: options.Data = None,
    server: options.Server = None,
    token_file: options.TokenFile = None,
    json: options.Json = False,
) -> int:
    """End a run and everything that it has under way."""
    from kapell.cli.choosing import choose_target
    from kapell.cli.controlling import cancel_run

    with choose_target(data=data, server=server, token_file=token_file) as target:
        return cancel_run(target, run, as_json=json)


@runs_app.command()
def suspend(
    run: options.Run,
    data: options.Data = None,
    server: options.Server = None,
    token_file: options.TokenFile = None,
    json: options.Json = False,
) -> int:
    """Start nothing more of a run; what is under way runs to its end."""
    from kapell.cli.choosing import choose_target
    from kapell.cli.controlling import suspend_run

    with choose_target(data=data, server=server, token_file=token_file) as target:
        return suspend_run(target, run, as_json=json)


@runs_app.command()
def resume(
    run: options.Run,
    detach: options.Detach = False,
    workflows: options.Workflows = None,
    data: options.Data = None,
    server: options.Server = None,
    token_file: options.TokenFile = None,
    secrets: options.Secrets = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Let a suspended run go on."""
    from kapell.cli.choosing import choose_target
    from kapell.cli.repairing import resume_run
    from kapell.cli.show import Show

    show = Show(as_json=json, quiet=quiet, verbose=verbose, detach=detach)
    with choose_target(data=data, server=server, token_file=token_file, secrets=secrets, workflows=workflows) as target:
        return resume_run(target, show, run, workflows or [])


@runs_app.command()
def retry(
    run: options.Run,
    task: Annotated[str | None, typer.Option("--task", metavar="REF", help="A task around the faulted one.")] = None,
    input: Annotated[str | None, typer.Option("--input", metavar="JSON", help="Another raw input for it.")] = None,  # noqa: A002 -- the option's name
    detach: options.Detach = False,
    workflows: options.Workflows = None,
    data: options.Data = None,
    server: options.Server = None,
    token_file: options.TokenFile = None,
    secrets: options.Secrets = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Try the task again at which a run faulted, and carry the run on to its end."""
    from kapell.cli.choosing import choose_target
    from kapell.cli.repairing import retry_task
    from kapell.cli.show import Show

    show = Show(as_json=json, quiet=quiet, verbose=verbose, detach=detach)
    with choose_target(data=data, server=server, token_file=token_file, secrets=secrets, workflows=workflows) as target:
        return retry_task(target, show, run, task, input, workflows or [])


@runs_app.command()
def skip(
    run: options.Run,
    output: Annotated[
        str | None, typer.Option("--output", metavar="JSON", help="The output that it shall have.")
    ] = None,
    detach: options.Detach = False,
    workflows: options.Workflows = None,
    data: options.Data = None,
    server: options.Server = None,
    token_file: options.TokenFile = None,
    secrets: options.Secrets = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Count the task as done at which a run faulted, and carry the run on to its end."""
    from kapell.cli.choosing import choose_target
    from kapell.cli.repairing import skip_task
    from kapell.cli.show import Show

    show = Show(as_json=json, quiet=quiet, verbose=verbose, detach=detach)
    with choose_target(data=data, server=server, token_file=token_file, secrets=secrets, workflows=workflows) as target:
        return skip_task(target, show, run, output, workflows or [])


@runs_app.command()
def fork(
    run: options.Run,
    from_: Annotated[str, typer.Option("--from", metavar="REF", help="The task to begin with: its reference or name.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, although side effects happen again.")] = False,
    detach: options.Detach = False,
    workflows: options.Workflows = None,
    data: options.Data = None,
    server: options.Server = None,
    token_file: options.TokenFile = None,
    secrets: options.Secrets = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Begin a new run that keeps the results which a run had before a task."""
    from kapell.cli.choosing import choose_target
    from kapell.cli.forking import fork_run
    from kapell.cli.show import Show

    show = Show(as_json=json, quiet=quiet, verbose=verbose, detach=detach)
    with choose_target(data=data, server=server, token_file=token_file, secrets=secrets, workflows=workflows) as target:
        return fork_run(target, show, run, from_, workflows or [], is_agreed=yes)
