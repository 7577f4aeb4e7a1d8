"""What a `run` task starts: containers, scripts, shell commands, other workflows (dsl-reference, Run)."""

from typing import Annotated, ClassVar, Literal

from kapell.language.model.base import Record
from kapell.language.model.data import Duration, ExternalResource
from kapell.language.shapes import ExactlyOne, JsonValue, NeededWhen, Rule, ValueText

ReturnKind = Literal["stdout", "stderr", "code", "all", "none"]


class ContainerLifetime(Record, frozen=True, kw_only=True):
    """When a container is removed."""

    RULES: ClassVar[tuple[Rule, ...]] = (NeededWhen("after", "cleanup", "eventually"),)

    cleanup: Annotated[Literal["always", "never", "eventually"], "When to remove the container."]
    after: Annotated[Duration | None, "How long after, where `cleanup` is `eventually`."] = None


class Container(Record, frozen=True, kw_only=True):
    """A container to run."""

    image: Annotated[ValueText, "The image to run."]
    name: Annotated[ValueText | None, "The container's name."] = None
    command: Annotated[ValueText | None, "The command to run in the container."] = None
    ports: Annotated[dict[str, JsonValue] | None, "The port mappings."] = None
    volumes: Annotated[dict[str, JsonValue] | None, "The volume mappings."] = None
    environment: Annotated[dict[str, JsonValue] | None, "The environment variables."] = None
    stdin: Annotated[ValueText | None, "What the process reads as standard input."] = None
    arguments: Annotated[tuple[ValueText, ...], "The command's arguments."] = ()
    lifetime: Annotated[ContainerLifetime | None, "When the container is removed."] = None
    pull_policy: Annotated[Literal["ifNotPresent", "always", "never"], "When the image is pulled."] = "ifNotPresent"


class Script(Record, frozen=True, kw_only=True):
    """A script to run."""

    RULES: ClassVar[tuple[Rule, ...]] = (ExactlyOne(("code", "source")),)

    language: Annotated[str, "The script's language: `python` or `js`."]
    code: Annotated[ValueText | None, "The script itself."] = None
    source: Annotated[ExternalResource | None, "Where to fetch the script."] = None
    stdin: Annotated[ValueText | None, "What the script reads as standard input."] = None
    arguments: Annotated[tuple[ValueText, ...], "The script's arguments."] = ()
    environment: Annotated[dict[str, JsonValue] | None, "The environment variables."] = None


class Shell(Record, frozen=True, kw_only=True):
    """A shell command to run."""

    command: Annotated[ValueText, "The command."]
    stdin: Annotated[ValueText | None, "What the command reads as standard input."] = None
    arguments: Annotated[tuple[ValueText, ...], "The command's arguments (`$1`, `$2`, ...)."] = ()
    environment: Annotated[dict[str, JsonValue] | None, "The environment variables."] = None


class Subflow(Record, frozen=True, kw_only=True):
    """A workflow to run as a child."""

    namespace: Annotated[str, "The workflow's namespace."]
    name: Annotated[str, "The workflow's name."]
    version: Annotated[str, "The workflow's version, or `latest`."]
    input: Annotated[dict[str, JsonValue] | None, "The child's input."] = None


class RunBase(Record, frozen=True, kw_only=True):
    """What all kinds of `run` have."""

    await_: Annotated[bool, "Whether the task waits for the end."] = True
    return_: Annotated[ReturnKind, "What the task gives of the process."] = "stdout"


class ContainerRun(RunBase, frozen=True, kw_only=True):
    """`run: container`."""

    container: Annotated[Container, "Runs a container."]


class ScriptRun(RunBase, frozen=True, kw_only=True):
    """`run: script`."""

    script: Annotated[Script, "Runs a script."]


class ShellRun(RunBase, frozen=True, kw_only=True):
    """`run: shell`."""

    shell: Annotated[Shell, "Runs a shell command."]


class WorkflowRun(RunBase, frozen=True, kw_only=True):
    """`run: workflow`."""

    workflow: Annotated[Subflow, "Runs another workflow."]


Run = ContainerRun | ScriptRun | ShellRun | WorkflowRun
