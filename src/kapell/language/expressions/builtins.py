"""The names that jq knows, and those of them that a workflow may not use, with the reason."""

from __future__ import annotations

_BY_ARITY = {
    0: (
        "abs acos acosh add all any arrays ascii_downcase ascii_upcase asin asinh atan atanh booleans builtins cbrt "
        "ceil combinations cos cosh empty erf erfc error exp exp10 exp2 explode expm1 fabs finites first flatten "
        "floor frexp from_entries fromdate fromdateiso8601 fromjson gamma gmtime have_decnum have_literal_numbers "
        "implode infinite isfinite isinfinite isnan isnormal iterables j0 j1 keys keys_unsorted last length lgamma "
        "lgamma_r localtime log log10 log1p log2 logb ltrim max min mktime modf nan nearbyint normals not now nulls "
        "numbers objects paths recurse reverse rint round rtrim scalars significand sin sinh sort sqrt strings tan "
        "tanh tgamma to_entries toboolean todate todateiso8601 tojson tonumber tostream tostring transpose trim trunc "
        "type unique utf8bytelength values y0 y1"
    ),
    1: (
        "IN INDEX add all any bsearch capture combinations contains del delpaths endswith error first flatten format "
        "fromstream getpath group_by has in index indices inside isempty join last ltrimstr map map_values match "
        "max_by min_by nth path paths pick range recurse repeat rindex rtrimstr scan select sort_by split splits "
        "startswith strflocaltime strftime strptime test trimstr truncate_stream unique_by walk with_entries"
    ),
    2: (
        "IN INDEX JOIN all any atan2 capture copysign drem fdim fmax fmin fmod gsub hypot jn ldexp limit match "
        "nextafter nexttoward nth pow range recurse remainder scalb scalbln scan setpath skip split splits sub test "
        "until while yn"
    ),
    3: "JOIN fma gsub range sub",
    4: "JOIN",
}

BUILTINS: frozenset[tuple[str, int]] = frozenset(
    (name, arity) for arity, names in _BY_ARITY.items() for name in names.split()
)
"""Every function of libjq that an expression may call, as (name, number of arguments)."""

_ENVIRONMENT = "the server's environment is no input of a workflow"
_NO_INPUT = "an expression has one input, `.`"
_NO_OUTPUT = "an expression has no terminal to write to"
_NO_MODULES = "expressions cannot load modules"
_NO_EXIT = "an expression cannot end the process"

REFUSED: dict[str, str] = {
    "env": _ENVIRONMENT,
    "input": _NO_INPUT,
    "inputs": _NO_INPUT,
    "input_filename": _NO_INPUT,
    "input_line_number": _NO_INPUT,
    "debug": _NO_OUTPUT,
    "stderr": _NO_OUTPUT,
    "modulemeta": _NO_MODULES,
    "get_search_list": _NO_MODULES,
    "get_jq_origin": _NO_MODULES,
    "get_prog_origin": _NO_MODULES,
    "halt": _NO_EXIT,
    "halt_error": _NO_EXIT,
}
"""Functions of jq that are refused, with the reason, whatever their number of arguments."""

FORMATS = frozenset({"text", "json", "html", "uri", "urid", "csv", "tsv", "sh", "base64", "base64d"})
"""The names that may follow `@`."""
