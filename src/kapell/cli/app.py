"""The commands and their options. What each does stands in a module of its own, loaded when the command is called."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import kapell
from kapell.cli import exits, options
from kapell.cli.audit_app import audit_app
from kapell.cli.early_stop import leave_on_sigterm
from kapell.cli.events_app import events_app
from kapell.cli.keeping_commands import backup, doctor, reset_password, restore
from kapell.cli.output import is_terminal, say_error
from kapell.cli.runs_app import runs_app
from kapell.cli.server_commands import publish, sign_in, sign_out
from kapell.cli.triggers_app import triggers_app
from kapell.errors import KapellError


class Commands(TyperGroup):
    """All commands: their results are exit codes, and their errors are told in words."""

    def invoke(self, ctx: Any) -> Any:
        """Carry out a command and exit with its code."""
        try:
            code = super().invoke(ctx)
            sys.stdout.flush()
        except KapellError as error:
            if ctx.params.get("debug"):
                raise
            say_error(error)
            code = exits.UNUSABLE
        ctx.exit(code or exits.COMPLETED)


app = typer.Typer(
    name="kapell",
    cls=Commands,
    help="Run workflows that survive any crash.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # Rich is loaded for people only: it takes as long as all the rest of `--help`.
    rich_markup_mode="rich" if is_terminal(sys.stdout) else None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(audit_app, name="audit")
app.add_typer(runs_app, name="runs")
app.add_typer(events_app, name="events")
app.add_typer(triggers_app, name="triggers")
app.command()(backup)
app.command()(restore)
app.command("reset-password")(reset_password)
app.command()(doctor)


def main() -> None:
    """Be the `kapell` command."""
    try:
        app(prog_name="kapell")
    except BrokenPipeError:
        _leave_broken_pipe()
    except KeyboardInterrupt:
        sys.exit(exits.INTERRUPTED)


def _leave_broken_pipe() -> None:
    """Exit quietly when the reader of our output has gone, as `head` does; nothing more can be written to it."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(exits.COMPLETED)


def _print_version(wanted: bool) -> None:
    if wanted:
        from kapell.cli.output import print_lines

        print_lines(f"kapell {kapell.__version__}")
        raise typer.Exit


@app.callback()
def begin(
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error arose, and what is logged.")] = False,
    version: Annotated[  # noqa: ARG001 -- its callback prints it
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Set up what all commands share."""
    from kapell.telemetry import configure_logging

    configure_logging(debug=debug)


@app.command()
def validate(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Workflows, in YAML or JSON.")],
    json: options.Json = False,
) -> int:
    """Check workflows: 0 if all are valid, 1 if not."""
    from kapell.cli.validating import validate_files

    return validate_files(files, as_json=json)


@app.command()
def run(
    workflow: options.WorkflowOrName,
    input: options.Input = None,  # noqa: A002 -- the option's name
    input_file: options.InputFile = None,
    workflows: options.Workflows = None,
    data: options.Data = None,
    server: options.Server = None,
    token_file: options.TokenFile = None,
    idempotency_key: Annotated[
        str | None, typer.Option("--idempotency-key", metavar="KEY", help="On a server, start one run by it only.")
    ] = None,
    secrets: options.Secrets = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Run a workflow durably and print its output: exits 0 completed, 1 faulted, 2 unusable, 3 cancelled."""
    from kapell.cli.choosing import choose_target
    from kapell.cli.running import run_workflow
    from kapell.cli.show import Show

    show = Show(as_json=json, quiet=quiet, verbose=verbose)
    with choose_target(data=data, server=server, token_file=token_file, secrets=secrets, workflows=workflows) as target:
        return run_workflow(target, show, workflow, input, input_file, workflows or [], idempotency_key)


@app.command()
def resume(
    run: options.OnlyRun = "",
    workflows: options.Workflows = None,
    data: options.Data = None,
    server: options.NoServer = None,
    secrets: options.Secrets = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Carry on the runs that a crash or a stop has left unfinished, with the exit codes of `run`."""
    from kapell.cli.choosing import choose_folder

    instead = "A server carries its runs on by itself; `kapell runs resume RUN` lets a suspended one go on."
    settings = choose_folder(data=data, server=server, secrets=secrets, instead=instead)
    from kapell.cli.folder_target import FolderTarget
    from kapell.cli.resuming import resume_runs
    from kapell.cli.show import Show

    show = Show(as_json=json, quiet=quiet, verbose=verbose)
    with FolderTarget(settings) as target:
        return resume_runs(target, show, run, workflows or [])


@app.command()
def up(
    data: options.Data = None,
    database: Annotated[
        str | None, typer.Option("--database", metavar="URL", help="PostgreSQL, in place of SQLite in the data folder.")
    ] = None,
    host: Annotated[str | None, typer.Option("--host", help="The address to listen on. [default: 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option("--port", help="The port; 0 takes a free one. [default: 8020]")] = None,
    tls_certificate: Annotated[
        Path | None, typer.Option("--tls-certificate", metavar="FILE", help="Serve HTTPS with this chain.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", metavar="FILE", help="The certificate's key.")] = None,
    secrets: options.Secrets = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Publish the workflows that come with Kapell, and keep runs of them coming.")
    ] = False,
) -> int:
    """Start the server: the engine, its API and the console, in one process, until Ctrl-C."""
    leave_on_sigterm()
    from kapell.cli.serving import serve_until_stopped

    return serve_until_stopped(
        {
            "data": data,
            "database": database,
            "host": host,
            "port": port,
            "tls_certificate": tls_certificate,
            "tls_key": tls_key,
            "secrets": secrets,
        },
        is_demo=demo,
    )


@app.command()
def why(
    run: options.LastRun = "last",
    task: Annotated[
        str | None, typer.Argument(metavar="[TASK]", help="A task's name or reference.", show_default=False)
    ] = None,
    data: options.Data = None,
    server: options.Server = None,
    token_file: options.TokenFile = None,
    json: options.Json = False,
) -> int:
    """Say why a run stands where it stands, or what became of one of its tasks."""
    from kapell.cli.choosing import choose_target
    from kapell.cli.explaining import explain_why

    with choose_target(data=data, server=server, token_file=token_file) as target:
        return explain_why(target, run, task, as_json=json)


@app.command()
def explain(file: options.WorkflowFile, json: options.Json = False) -> int:
    """Show what a workflow will do, as a picture in text."""
    from kapell.cli.explaining import explain_file

    return explain_file(file, as_json=json)


@app.command()
def settings(data: options.Data = None, secrets: options.Secrets = None, json: options.Json = False) -> int:
    """List all settings: the value in force, where it comes from, what it means."""
    from kapell.cli.settings_page import list_settings

    return list_settings(data, secrets, as_json=json)


@app.command()
def schema(json: options.Json = False) -> int:  # noqa: ARG001 -- a schema is JSON in any case
    """Print the JSON Schema of the workflow language, for editors."""
    from kapell.cli.output import print_json
    from kapell.language.schema import make_json_schema

    print_json(make_json_schema())
    return exits.COMPLETED


app.command()(publish)
app.command("sign-in")(sign_in)
app.command("sign-out")(sign_out)
