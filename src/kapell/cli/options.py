"""The options and arguments that several commands share, each written once."""

from pathlib import Path
from typing import Annotated

import typer

from kapell.cli.completion import complete_run, complete_workflow_file

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="The data folder. [default: KAPELL_DATA, or .kapell]", file_okay=False),
]
Server = Annotated[
    str | None,
    typer.Option("--server", metavar="URL", help="A server, in place of a folder. [default: KAPELL_SERVER, or none]"),
]
NoServer = Annotated[str | None, typer.Option("--server", hidden=True)]
"""Of commands that make no sense on a server, so that they can say so."""

TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        metavar="FILE",
        help="The file with the server's API token. [default: KAPELL_TOKEN, KAPELL_TOKEN_FILE, or what `sign-in` kept]",
        dir_okay=False,
    ),
]
Secrets = Annotated[
    Path | None, typer.Option("--secrets", metavar="FILE", help="A JSON file with secrets, by name.", dir_okay=False)
]
Workflows = Annotated[
    list[Path] | None,
    typer.Option(
        "--workflows", metavar="PATH", help="A file or folder with workflows for `run: workflow`; may be repeated."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, for programs.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress, not even in a terminal.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show progress as plain lines, in a terminal or not.")]
Detach = Annotated[
    bool,
    typer.Option("--detach", help="Do not wait: the server, or `kapell resume` on a folder, carries it on."),
]
Run = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="The run's id, the beginning of it, or `last`.",
        autocompletion=complete_run,
        show_default=False,
    ),
]
LastRun = Annotated[
    str,
    typer.Argument(metavar="[RUN]", help="The run's id, the beginning of it, or `last`.", autocompletion=complete_run),
]
OnlyRun = Annotated[
    str, typer.Argument(metavar="[RUN]", help="Only this run.", autocompletion=complete_run, show_default=False)
]
WorkflowFile = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help="A workflow, in YAML or JSON.", dir_okay=False, autocompletion=complete_workflow_file
    ),
]
WorkflowOrName = Annotated[
    str,
    typer.Argument(
        metavar="WORKFLOW",
        help="A file, in YAML or JSON; on a server NAMESPACE/NAME[@VERSION] of a published one.",
        autocompletion=complete_workflow_file,
        show_default=False,
    ),
]
Input = Annotated[str | None, typer.Option("--input", metavar="JSON", help="The input.", show_default=False)]
InputFile = Annotated[
    str | None, typer.Option("--input-file", metavar="FILE", help="A file with the input; - is stdin.")
]
