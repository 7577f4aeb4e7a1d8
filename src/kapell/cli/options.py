"""The options and arguments that several commands share, each written once."""

from pathlib import Path
from typing import Annotated

import typer

from kapell.cli.completion import complete_run, complete_workflow_file

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="The data folder. [default: KAPELL_DATA, or .kapell]", file_okay=False),
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
    bool, typer.Option("--detach", help="Only record it; `kapell resume`, or whoever owns the folder, carries it out.")
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
Input = Annotated[str | None, typer.Option("--input", metavar="JSON", help="The input.", show_default=False)]
InputFile = Annotated[
    str | None, typer.Option("--input-file", metavar="FILE", help="A file with the input; - is stdin.")
]
