"""What the linter says about expressions: their syntax, the variables they name, and where they may read secrets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from kapell.language.expressions import tree
from kapell.language.expressions.errors import ExpressionSyntaxError
from kapell.language.expressions.parser import parse_expression
from kapell.language.expressions.scope import find_free_variables
from kapell.language.forms import CALLS
from kapell.language.places import ARGUMENTS, Place, place_of
from kapell.language.problems import Problem, Severity, list_words, suggest
from kapell.language.texts import is_wrapped, unwrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kapell.language.pointers import Path
    from kapell.language.reading_scalars import Site
    from kapell.language.source import SourceDocument

_EMBEDDED: Final = re.compile(r"\$\{([^{}]*)\}")
_BARE_VARIABLE: Final = re.compile(r"\s*\$([A-Za-z_][A-Za-z0-9_]*)(\.[A-Za-z_][A-Za-z0-9_]*|\[[^\]]*\])*\s*")
_LOOKS_LIKE_JQ: Final = re.compile(r"\.|\$(" + "|".join(ARGUMENTS) + r")\b")
_CODE: Final = (("run", "shell", "command"), ("run", "script", "code"), ("run", "container", "command"))
"""Where `${ }` may well belong to another language."""

_ACTIVITY_RUNS: Final = ("container", "script", "shell")


def lint_expressions(document: SourceDocument, sites: Sequence[Site]) -> list[Problem]:
    """Check every text that the run may evaluate."""
    return _ExpressionLinter(document).lint(sites)


class _ExpressionLinter:
    def __init__(self, document: SourceDocument) -> None:
        self._document = document
        self._problems: list[Problem] = []
        self._tasks_that_hide: dict[Path, Path] = {}
        self._uses_of_input: list[tuple[Path, Path]] = []
        secrets = document.value.get("use") if isinstance(document.value, dict) else None
        declared = secrets.get("secrets") if isinstance(secrets, dict) else None
        self._secrets = [name for name in declared if isinstance(name, str)] if isinstance(declared, list) else []

    def lint(self, sites: Sequence[Site]) -> list[Problem]:
        for site in sites:
            place = place_of(self._document.value, site.path)
            if site.form.role == "expression" or is_wrapped(site.text):
                self._lint_expression(site, place)
            elif "$" in site.text:
                self._lint_text(site, place)
        for task_path, path in self._uses_of_input:
            if task_path in self._tasks_that_hide:
                self._report(
                    "error",
                    "secret_in_input",
                    "`$input` is not known here, because the task's `input.from` reads `$secrets`",
                    path,
                    "Such an input is not recorded; read the secret in the task's arguments instead.",
                )
        return self._problems

    def _report(self, severity: Severity, code: str, message: str, path: Path, hint: str = "", index: int = 0) -> None:
        self._problems.append(self._document.problem(severity, code, message, path, hint=hint, index=index))

    # -- expressions --------------------------------------------------------------------------------------------------

    def _lint_expression(self, site: Site, place: Place) -> None:
        source, begin = unwrap(site.text)
        try:
            root = parse_expression(source)
            free = find_free_variables(root)
        except ExpressionSyntaxError as error:
            said = error.message.rstrip(".")
            self._report("error", "expression", said, site.path, error.hint, begin + error.position)
            return
        for name in sorted(free):
            self._lint_variable(name, root, site, place, begin)
        if "secrets" in free:
            self._lint_secrets(root, site, place)
        if "input" in free and place.inner[:1] in (("output",), ("export",)):
            self._uses_of_input.append((place.task_path, site.path))

    def _lint_variable(self, name: str, root: tree.Node, site: Site, place: Place, begin: int) -> None:
        index = begin + _position_of(root, name)
        if name in place.variables:
            return
        if name == "output" and place.inner[:1] not in (("output",), ("export",)):
            self._report(
                "warning",
                "not_yet_known",
                "`$output` is only known in `output` and `export`",
                site.path,
                "The output of the task before is this task's input: `.`.",
                index,
            )
        if name in ARGUMENTS or place.is_shared:
            return
        known = [*ARGUMENTS, *sorted(place.variables)]
        meant = suggest(name, known)
        hint = (
            f"Did you mean `${meant}`?"
            if meant
            else f"Known here are {list_words((f'${word}' for word in known), 'and')}."
        )
        self._report("error", "unknown_variable", f"there is no variable `${name}` here", site.path, hint, index)

    # -- secrets (decision 5) -----------------------------------------------------------------------------------------

    def _lint_secrets(self, root: tree.Node, site: Site, place: Place) -> None:
        refusal = _refuse_secrets(place)
        if refusal:
            self._report(
                "error",
                "secret_place",
                f"`$secrets` cannot be read here: {refusal}",
                site.path,
                "Read it in the arguments or the `input.from` of a task that calls or runs something.",
            )
            return
        if place.inner[:2] == ("input", "from"):
            self._tasks_that_hide[place.task_path] = site.path
        for name in _secrets_read(root):
            if name not in self._secrets:
                meant = suggest(name, self._secrets)
                hint = f"Did you mean `{meant}`?" if meant else "List its name under `use: secrets:`."
                self._report("error", "unknown_secret", f"the secret `{name}` is not in `use.secrets`", site.path, hint)

    # -- texts --------------------------------------------------------------------------------------------------------

    def _lint_text(self, site: Site, place: Place) -> None:
        text = site.text
        embedded = [inner.strip() for inner in _EMBEDDED.findall(text)]
        if place.inner[:3] in _CODE:
            embedded = [inner for inner in embedded if _LOOKS_LIKE_JQ.match(inner)]
        if embedded and any(embedded):
            self._report(
                "warning",
                "not_evaluated",
                "`${ }` within a longer text is not evaluated",
                site.path,
                f"Write {rewrite_as_template(text)} if it should be.",
            )
            return
        bare = _BARE_VARIABLE.fullmatch(text)
        if bare and (bare[1] in ARGUMENTS or bare[1] in place.variables):
            self._report(
                "warning",
                "not_evaluated",
                f"`{text.strip()}` is a text here and not evaluated",
                site.path,
                f"Write ${{ {text.strip()} }} if it should be.",
            )


def rewrite_as_template(text: str) -> str:
    r"""Turn a text with `${ }` within it into one expression: `Hello ${ .x }` becomes `${ "Hello \(.x)" }`."""
    parts = []
    at = 0
    for match in _EMBEDDED.finditer(text):
        parts += [_escape(text[at : match.start()]), f"\\({match[1].strip()})"]
        at = match.end()
    parts.append(_escape(text[at:]))
    return f'${{ "{"".join(parts)}" }}'


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")


def _refuse_secrets(place: Place) -> str:
    """Say why secrets cannot be read at a place; an empty string where they can."""
    task, first = place.task, place.inner[0] if place.inner else ""
    if place.is_shared and place.inner[:2] == ("use", "authentications"):
        return ""
    if not place.task_path or first not in ("with", "run", "input"):
        return "what is evaluated here is recorded with the run"
    run = task.get("run")
    is_run = isinstance(run, dict) and any(kind in run for kind in _ACTIVITY_RUNS)
    call = task.get("call")
    if isinstance(run, dict) and "workflow" in run:
        return "the input of a child run is recorded with it"
    if not is_run and call is None:
        return "the task is no activity, so what it evaluates is recorded with the run"
    if isinstance(call, str) and call not in CALLS and not {"@", ":"} & set(call):
        return f"the arguments of the function `{call}` are recorded as the input of its body"
    if first == "input" and place.inner[1:2] != ("from",):
        return "what is evaluated here is recorded with the run"
    return ""


def _secrets_read(root: tree.Node) -> Iterator[str]:
    """Iterate over the names of secrets that an expression reads by name."""
    for node in tree.iter_nodes(root):
        if (
            isinstance(node, tree.Index)
            and isinstance(node.target, tree.Variable)
            and node.target.name == "secrets"
            and isinstance(node.key, tree.Literal)
            and isinstance(node.key.value, str)
        ):
            yield node.key.value


def _position_of(root: tree.Node, name: str) -> int:
    found: Any = [
        node.position for node in tree.iter_nodes(root) if isinstance(node, tree.Variable) and node.name == name
    ]
    return min(found, default=0)
