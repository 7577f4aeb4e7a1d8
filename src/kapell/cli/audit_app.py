"""The commands under `kapell audit`."""

from pathlib import Path
from typing import Annotated

import typer

from kapell.cli import options

audit_app = typer.Typer(help="Read, verify, prove and export the audit log.", no_args_is_help=True)

Database = Annotated[
    str | None, typer.Option("--database", metavar="URL", help="A PostgreSQL database, in place of the data folder.")
]
HeadFile = Annotated[
    Path | None,
    typer.Option(
        "--head", metavar="FILE", help="What a witness kept: one head, or a head in each line.", dir_okay=False
    ),
]
Number = Annotated[int, typer.Argument(metavar="NUMBER", help="The record's number.", min=1, show_default=False)]
Since = Annotated[str | None, typer.Option("--since", metavar="TIME", help="Only records of this time or later.")]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Only records before this time.")]
ActorId = Annotated[str | None, typer.Option("--actor", metavar="ID", help="Only what this actor did.")]
Action = Annotated[str | None, typer.Option("--action", help="Only this action; with * at its end, all that begin so.")]
Target = Annotated[str | None, typer.Option("--target", help="Only this target; with * at its end, all that begin so.")]
Namespace = Annotated[str | None, typer.Option("--namespace", help="Only this namespace.")]
Decision = Annotated[
    str | None, typer.Option("--decision", metavar="allowed|denied", help="Only what was allowed, or denied.")
]


@audit_app.command()
def verify(
    data: options.Data = None,
    database: Database = None,
    export: Annotated[
        Path | None, typer.Option("--export", metavar="FILE", help="An export, in place of a database.", dir_okay=False)
    ] = None,
    head: HeadFile = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Check the whole log, offline: exits 0 if it is as it was written, 1 if not, 2 if it cannot be read."""
    from kapell.cli.auditing import verify_whole_log

    return verify_whole_log(data, database, export, head, as_json=json, quiet=quiet)


@audit_app.command()
def prove(
    number: Number,
    since: Annotated[
        Path | None,
        typer.Option(
            "--since", metavar="FILE", help="Prove, too, that the log grew from the last head in FILE.", dir_okay=False
        ),
    ] = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="Put in what may be personal.")] = False,
    data: options.Data = None,
    database: Database = None,
) -> int:
    """Print the proof, as JSON, that the newest head covers a record."""
    from kapell.cli.auditing import print_proof

    return print_proof(data, database, number, since, reveals=reveal)


@audit_app.command("check-proof")
def check_proof(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `kapell audit prove` printed.", dir_okay=False)],
    head: HeadFile = None,
    json: options.Json = False,
) -> int:
    """Check a proof with nothing but a head: exits 0 if it holds, 1 if not, 2 if it cannot be read."""
    from kapell.cli.auditing import check_proof_file

    return check_proof_file(file, head, as_json=json)


@audit_app.command()
def export(
    since: Since = None,
    until: Until = None,
    actor: ActorId = None,
    action: Action = None,
    target: Target = None,
    namespace: Namespace = None,
    decision: Decision = None,
    data: options.Data = None,
    database: Database = None,
) -> int:
    """Print the log as JSON lines; without filters `kapell audit verify --export` can check them."""
    from kapell.cli.auditing import export_log, make_filter

    return export_log(data, database, make_filter(since, until, actor, action, target, namespace, decision))


@audit_app.command("list")
def list_records(
    since: Since = None,
    until: Until = None,
    actor: ActorId = None,
    action: Action = None,
    target: Target = None,
    namespace: Namespace = None,
    decision: Decision = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 20,
    before: Annotated[
        int | None, typer.Option("--before", metavar="NUMBER", help="Go on before the last record of a page.")
    ] = None,
    data: options.Data = None,
    database: Database = None,
    json: options.Json = False,
) -> int:
    """List records, the newest first."""
    from kapell.cli.auditing import list_page, make_filter

    where = make_filter(since, until, actor, action, target, namespace, decision)
    return list_page(data, database, where, limit, before, as_json=json)


@audit_app.command("rotate-key")
def rotate_key(
    lost: Annotated[
        bool, typer.Option("--lost", help="The old key is lost: nothing will show that the new one follows it.")
    ] = False,
    data: options.Data = None,
    database: Database = None,
) -> int:
    """Sign with a new key from now on; the server must not be running."""
    from kapell.cli.auditing import rotate_audit_key

    return rotate_audit_key(data, database, is_lost=lost)
