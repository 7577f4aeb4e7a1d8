"""Reads jq's grammar (1.8) into the typed tree: precedence climbing, and a method for each kind of term.

Operators from loose to tight: `|`, `,`, `//` (right), assignments (not chained), `or`, `and`, comparisons (not
chained), `+ -`, `* / %`, unary `-`, postfix. `def`, `label` and `as` reach as far to the right as they can. Nesting is
limited, so that neither this parser nor any reader of the tree meets Python's limit of recursion.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import msgspec

from kapell.language.expressions import tree
from kapell.language.expressions.errors import ExpressionSyntaxError
from kapell.language.expressions.lexer import Token, TokenStream, read_text, read_token

if TYPE_CHECKING:
    from kapell.language.expressions.tree import Node, Pattern

MAX_LENGTH = 16_384
MAX_NESTING = 40
MAX_DEPTH = 120

_ASSIGNMENTS = frozenset({"=", "|=", "+=", "-=", "*=", "/=", "%=", "//="})
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
_ALTERNATIVE, _ASSIGN, _OR, _AND, _COMPARE, _SUM, _PRODUCT = range(7)
_LEVELS = {
    "//": _ALTERNATIVE,
    **dict.fromkeys(_ASSIGNMENTS, _ASSIGN),
    "or": _OR,
    "and": _AND,
    **dict.fromkeys(_COMPARISONS, _COMPARE),
    **dict.fromkeys("+-", _SUM),
    **dict.fromkeys("*/%", _PRODUCT),
}
_CONSTANTS = {"null": None, "true": True, "false": False}


def parse_expression(source: str) -> Node:
    """Return the tree of a jq expression, which stands without `${ }`.

    Raises:
        ExpressionSyntaxError: It does not follow the grammar, or is too long or too deep.
    """
    if len(source) > MAX_LENGTH:
        raise ExpressionSyntaxError(f"The expression is longer than {MAX_LENGTH:,} characters.", MAX_LENGTH)
    try:
        root = _Parser(source).parse()
    except RecursionError:
        raise ExpressionSyntaxError("The expression is nested too deeply.", 0, "Split it into several tasks.") from None
    _check_depth(root)
    return root


def _check_depth(root: Node) -> None:
    level = [root]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in tree.iter_children(node)]
        if not level:
            return
    raise ExpressionSyntaxError(
        f"The expression is nested deeper than {MAX_DEPTH} levels.", level[0].position, "Split it into several tasks."
    )


class _Parser(TokenStream):
    """One pass over one source."""

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.nesting = 0
        self.commas = True

    def parse(self) -> Node:
        if self.token.kind == "end":
            raise ExpressionSyntaxError("The expression is empty.", 0, "`.` is the input itself.")
        root = self.parse_pipe()
        if self.token.kind != "end":
            raise self.unexpected("the end of the expression")
        return root

    # -- operators -------------------------------------------------------------------------------------------------

    def parse_nested(self, *, commas: bool = True) -> Node:
        """Parse a pipe in brackets of some kind; only here does depth grow."""
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise ExpressionSyntaxError(
                f"Brackets are nested deeper than {MAX_NESTING} levels.",
                self.token.position,
                "Split it into several tasks.",
            )
        outer, self.commas = self.commas, commas
        node = self.parse_pipe()
        self.commas = outer
        self.nesting -= 1
        return node

    def parse_pipe(self) -> Node:
        """Parse `a | b`, with what reaches to the far right: `def`, `label`, and `as` (in `parse_postfix`)."""
        position = self.token.position
        stages: list[Node] = []
        while True:
            if self.at("def"):
                stages.append(self.parse_definition())
                break
            if self.token.text == "label" and self.token.kind == "keyword":
                stages.append(self.parse_label())
                break
            stages.append(self.parse_comma())
            if not self.at("|"):
                break
            position = self.advance().position
        return stages[0] if len(stages) == 1 else tree.Pipe(position, tuple(stages))

    def parse_comma(self) -> Node:
        position = self.token.position
        items = [self.parse_operators(0)]
        while self.commas and self.accept(","):
            items.append(self.parse_operators(0))
        return items[0] if len(items) == 1 else tree.Comma(position, tuple(items))

    def parse_operators(self, level: int) -> Node:
        left = self.parse_unary()
        while self.token.kind in ("sign", "keyword"):
            found = _LEVELS.get(self.token.text)
            if found is None or found < level:
                break
            operator = self.advance()
            right = self.parse_operators(found if found == _ALTERNATIVE else found + 1)
            if found == _ASSIGN:
                left = tree.Assignment(operator.position, operator.text, left, right)
            else:
                left = tree.Binary(operator.position, operator.text, left, right)
            if found in (_ASSIGN, _COMPARE) and _LEVELS.get(self.token.text) == found and self.token.kind == "sign":
                raise ExpressionSyntaxError(
                    f"`{operator.text}` cannot be chained with `{self.token.text}`.",
                    self.token.position,
                    "Use parentheses.",
                )
        return left

    def parse_unary(self) -> Node:
        if not self.at("-"):
            return self.parse_postfix()
        signs = []
        while self.at("-"):
            signs.append(self.advance())
        node = self.parse_postfix()
        for sign in reversed(signs):
            node = tree.Negate(sign.position, node)
        return node

    # -- postfix ---------------------------------------------------------------------------------------------------

    def parse_postfix(self) -> Node:
        node = self.parse_suffixes(self.parse_term())
        if not self.at("as"):
            return node
        position = self.advance().position
        patterns = self.parse_patterns()
        self.expect("|")
        return tree.Bind(position, node, patterns, self.parse_pipe())

    def parse_suffixes(self, node: Node) -> Node:
        """Parse what follows a term. A `?` after a step of a path forgives that step only, elsewhere the whole term."""
        forgivable = False
        while True:
            if self.at("?"):
                position = self.advance().position
                node = msgspec.structs.replace(node, lenient=True) if forgivable else tree.Try(position, node, None)
                forgivable = False
                continue
            step = self.parse_step(node)
            if step is None:
                return node
            node, forgivable = step, True

    def parse_step(self, target: Node) -> Node | None:
        """Parse one step of a path: `.name`, `."name"`, `[...]`; None if there is none."""
        token = self.token
        if token.kind == "field":
            self.advance()
            return tree.Index(token.position, target, tree.Literal(token.position + 1, token.text[1:]))
        if self.at("["):
            return self.parse_brackets(target)
        if not self.accept("."):
            return None
        if self.token.kind in ("quote", "format"):
            return tree.Index(token.position, target, self.parse_string())
        if self.at("["):
            return self.parse_brackets(target)
        raise self.unexpected("a field's name")

    def parse_brackets(self, target: Node) -> Node:
        opened = self.advance()
        if self.accept("]"):
            return tree.Iterate(opened.position, target)
        if self.accept(":"):
            end = self.parse_nested()
            self.expect("]", opened)
            return tree.Slice(opened.position, target, None, end)
        key = self.parse_nested()
        if self.accept(":"):
            bound = None if self.at("]") else self.parse_nested()
            self.expect("]", opened)
            return tree.Slice(opened.position, target, key, bound)
        self.expect("]", opened)
        return tree.Index(opened.position, target, key)

    # -- terms -----------------------------------------------------------------------------------------------------

    def parse_term(self) -> Node:
        token = self.token
        match token.kind:
            case "field":
                self.advance()
                identity = tree.Identity(token.position)
                return tree.Index(token.position, identity, tree.Literal(token.position + 1, token.text[1:]))
            case "number":
                self.advance()
                return tree.Literal(token.position, _read_number(token.text))
            case "quote" | "format":
                return self.parse_string_or_format()
            case "variable":
                self.advance()
                return self.make_variable(token)
            case "name":
                return self.parse_call()
            case "keyword":
                return self.parse_keyword()
            case _:
                return self.parse_sign()

    def parse_sign(self) -> Node:
        token = self.token
        match token.text:
            case ".":
                self.advance()
                identity = tree.Identity(token.position)
                if self.token.kind in ("quote", "format"):
                    return tree.Index(token.position, identity, self.parse_string())
                return identity
            case "..":
                self.advance()
                return tree.RecurseAll(token.position)
            case "(":
                self.advance()
                node = self.parse_nested()
                self.expect(")", token)
                return node
            case "[":
                self.advance()
                items = None if self.at("]") else self.parse_nested()
                self.expect("]", token)
                return tree.Array(token.position, items)
            case "{":
                return self.parse_object()
            case _:
                raise self.unexpected("an expression")

    def parse_keyword(self) -> Node:
        token = self.token
        match token.text:
            case "if":
                return self.parse_if()
            case "try":
                self.advance()
                body = self.parse_guarded()
                handler = self.parse_guarded() if self.accept("catch") else None
                return tree.Try(token.position, body, handler)
            case "reduce":
                return self.parse_reduce()
            case "foreach":
                return self.parse_foreach()
            case "def" | "label":
                return self.parse_pipe()
            case "import" | "include" | "module":
                raise ExpressionSyntaxError(
                    "Expressions cannot load modules.", token.position, "Write the function here."
                )
            case _:
                raise self.unexpected("an expression")

    def parse_guarded(self) -> Node:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise ExpressionSyntaxError(f"`try` is nested deeper than {MAX_NESTING} levels.", self.token.position)
        node = self.parse_unary() if self.at("-") else self.parse_suffixes(self.parse_term())
        self.nesting -= 1
        return node

    def make_variable(self, token: Token) -> Node:
        name = token.text[1:]
        if name == "__loc__":
            line = self.source.count("\n", 0, token.position) + 1
            return tree.Literal(token.position, {"file": "<top-level>", "line": line})
        if name == "ENV":
            raise ExpressionSyntaxError(
                "`$ENV` is not available: the server's environment is no input of a workflow.",
                token.position,
                "Use `$secrets` or the workflow's input.",
            )
        if "::" in name:
            raise ExpressionSyntaxError("Expressions cannot load modules.", token.position)
        return tree.Variable(token.position, name)

    def parse_call(self) -> Node:
        token = self.advance()
        if token.text in _CONSTANTS and not self.at("("):
            return tree.Literal(token.position, _CONSTANTS[token.text])
        if token.text == "break" and self.token.kind == "variable":
            return tree.Break(token.position, self.advance().text[1:])
        arguments: list[Node] = []
        if self.at("("):
            opened = self.advance()
            arguments.append(self.parse_nested())
            while self.accept(";"):
                arguments.append(self.parse_nested())
            self.expect(")", opened)
        return tree.Call(token.position, token.text, tuple(arguments))

    # -- strings ---------------------------------------------------------------------------------------------------

    def parse_string_or_format(self) -> Node:
        token = self.token
        if token.kind == "format":
            following = read_token(self.source, token.end)
            if following.kind != "quote":
                self.advance()
                return tree.Format(token.position, token.text[1:])
        return self.parse_string()

    def parse_string(self) -> Node:
        start = self.token
        format_name = "text"
        if start.kind == "format":
            format_name = self.advance().text[1:]
            if self.token.kind != "quote":
                raise self.unexpected("a string")
        opened = self.token
        parts: list[str | Node] = []
        text, position = read_text(self.source, opened.end)
        while self.source[position] != '"':
            if text:
                parts.append(text)
            self.token = read_token(self.source, position + 2)
            parts.append(self.parse_nested())
            if not self.at(")"):
                raise self.unexpected("`)` for the `\\(` in a string")
            text, position = read_text(self.source, self.token.end)
        self.token = read_token(self.source, position + 1)
        if not parts:
            return tree.Literal(opened.position, text)
        if text:
            parts.append(text)
        return tree.StringTemplate(start.position, tuple(parts), format_name)

    # -- objects ---------------------------------------------------------------------------------------------------

    def parse_object(self) -> Node:
        opened = self.advance()
        entries: list[tree.Entry] = []
        while not self.at("}"):
            entries.append(self.parse_entry())
            if not self.accept(","):
                break
        self.expect("}", opened)
        return tree.Object(opened.position, tuple(entries))

    def parse_entry(self) -> tree.Entry:
        token = self.token
        shorthand: Node | None = None
        if token.kind in ("name", "keyword") and "::" not in token.text:
            self.advance()
            key: Node = tree.Literal(token.position, token.text)
            shorthand = tree.Index(token.position, tree.Identity(token.position), key)
        elif token.kind == "variable":
            self.advance()
            shorthand = self.make_variable(token)
            key = shorthand if self.at(":") else tree.Literal(token.position, token.text[1:])
        elif token.kind in ("quote", "format"):
            key = self.parse_string()
            shorthand = tree.Index(token.position, tree.Identity(token.position), key)
        elif self.at("("):
            self.advance()
            key = self.parse_nested()
            self.expect(")", token)
            _check_key(key)
        elif token.kind == "number":
            raise ExpressionSyntaxError("A key is a string.", token.position, f'Write `"{token.text}"`.')
        else:
            raise self.unexpected("a key")
        if shorthand is not None and not self.at(":"):
            return tree.Entry(token.position, key, shorthand)
        self.expect(":")
        return tree.Entry(token.position, key, self.parse_nested(commas=False))

    # -- keywords --------------------------------------------------------------------------------------------------

    def parse_if(self) -> Node:
        opened = self.advance()
        branches = [self.parse_branch(opened)]
        while self.at("elif"):
            branches.append(self.parse_branch(self.advance()))
        otherwise = self.parse_nested() if self.accept("else") else None
        self.expect("end", opened)
        return tree.If(opened.position, tuple(branches), otherwise)

    def parse_branch(self, opened: Token) -> tree.Branch:
        condition = self.parse_nested()
        self.expect("then", opened)
        return tree.Branch(opened.position, condition, self.parse_nested())

    def parse_reduce(self) -> Node:
        opened = self.advance()
        source, patterns = self.parse_source()
        bracket = self.expect("(")
        initial = self.parse_nested()
        self.expect(";")
        update = self.parse_nested()
        self.expect(")", bracket)
        return tree.Reduce(opened.position, source, patterns, initial, update)

    def parse_foreach(self) -> Node:
        opened = self.advance()
        source, patterns = self.parse_source()
        bracket = self.expect("(")
        initial = self.parse_nested()
        self.expect(";")
        update = self.parse_nested()
        extract = self.parse_nested() if self.accept(";") else None
        self.expect(")", bracket)
        return tree.Foreach(opened.position, source, patterns, initial, update, extract)

    def parse_source(self) -> tuple[Node, tuple[Pattern, ...]]:
        source = self.parse_suffixes(self.parse_term())
        self.expect("as")
        return source, self.parse_patterns()

    def parse_label(self) -> Node:
        opened = self.advance()
        name = self.parse_variable_name()
        self.expect("|")
        return tree.Label(opened.position, name, self.parse_nested(commas=self.commas))

    def parse_definition(self) -> Node:
        opened = self.advance()
        if self.token.kind not in ("name", "keyword"):
            raise self.unexpected("the name of a function")
        name = self.advance().text
        parameters: list[str] = []
        if self.at("("):
            bracket = self.advance()
            parameters.append(self.parse_parameter())
            while self.accept(";"):
                parameters.append(self.parse_parameter())
            self.expect(")", bracket)
        self.expect(":")
        body = self.parse_nested()
        self.expect(";")
        rest = self.parse_nested(commas=self.commas)
        return tree.Definition(opened.position, name, tuple(parameters), body, rest)

    def parse_parameter(self) -> str:
        if self.token.kind not in ("name", "keyword", "variable"):
            raise self.unexpected("the name of a parameter")
        return self.advance().text

    # -- patterns --------------------------------------------------------------------------------------------------

    def parse_variable_name(self) -> str:
        if self.token.kind != "variable" or self.token.text == "$__loc__":
            raise self.unexpected("a variable, such as `$x`,")
        return self.advance().text[1:]

    def parse_patterns(self) -> tuple[Pattern, ...]:
        patterns = [self.parse_pattern()]
        while self.accept("?//"):
            patterns.append(self.parse_pattern())
        return tuple(patterns)

    def parse_pattern(self) -> Pattern:
        opened = self.token
        if not (self.at("[") or self.at("{")):
            return tree.VariablePattern(opened.position, self.parse_variable_name())
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise ExpressionSyntaxError(f"Patterns are nested deeper than {MAX_NESTING} levels.", opened.position)
        self.advance()
        pattern: Pattern
        if opened.text == "[":
            items = [self.parse_pattern()]
            while self.accept(","):
                items.append(self.parse_pattern())
            self.expect("]", opened)
            pattern = tree.ArrayPattern(opened.position, tuple(items))
        else:
            entries = [self.parse_pattern_entry()]
            while self.accept(","):
                entries.append(self.parse_pattern_entry())
            self.expect("}", opened)
            pattern = tree.ObjectPattern(opened.position, tuple(entries))
        self.nesting -= 1
        return pattern

    def parse_pattern_entry(self) -> tree.PatternEntry:
        token = self.token
        binds: str | None = None
        if token.kind == "variable":
            binds = self.parse_variable_name()
            key: Node = tree.Literal(token.position, binds)
            if not self.at(":"):
                return tree.PatternEntry(token.position, key, binds, None)
        elif token.kind in ("name", "keyword"):
            self.advance()
            key = tree.Literal(token.position, token.text)
        elif token.kind in ("quote", "format"):
            key = self.parse_string()
        else:
            self.expect("(")
            key = self.parse_nested()
            self.expect(")", token)
        self.expect(":")
        return tree.PatternEntry(token.position, key, binds, self.parse_pattern())


def _check_key(key: Node) -> None:
    if isinstance(key, tree.Literal) and not isinstance(key.value, str):
        raise ExpressionSyntaxError("A key is a string.", key.position, "Write it in quotes.")


def _read_number(text: str) -> int | float:
    if text.isdecimal():
        return int(text) if len(text) <= sys.float_info.dig + 4 else _read_long_number(text)
    return min(float(text), sys.float_info.max)


def _read_long_number(text: str) -> int | float:
    """Keep integers of 64 bits; what is larger is a double, as everywhere in jq."""
    number = int(text[:400])
    return number if number < 2**64 and len(text) <= 400 else min(float(text), sys.float_info.max)  # noqa: PLR2004 -- 64 bits
