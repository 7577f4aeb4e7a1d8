"""The page of the settings."""

from __future__ import annotations

from kapell.settings import OIDC_KEY, OIDC_PREFIX, PREFIX, OidcSettings, Settings
from reference.markdown import make_page, make_table, read_fields

INTRODUCTION = """\
Each setting is an environment variable, a line in a file, or for some a flag of the command; a flag counts before the
environment, the environment before the file, the file before the default. The file is TOML and named by `KAPELL_CONFIG`;
there a setting is written without its prefix and in small letters, `max_calls = 20`. A name that is none of these is
refused, with the likeliest one. `kapell settings` shows what is in force, and where it comes from."""


PROVIDERS = f"""\
Each is a table `[oidc.<key>]` of the file; its key stands in URLs and before the names of its groups. One more, with the
key `{OIDC_KEY}`, can be set by the environment: `{OIDC_PREFIX}ISSUER` and so on, lists separated by commas."""


def make_settings_page() -> str:
    """Return the page of the settings, in the order in which they are declared."""
    meanings, defaults = read_fields(Settings), Settings()
    rows = [
        (f"`{PREFIX}{name.upper()}`", _show_default(getattr(defaults, name)), meanings[name])
        for name in Settings.__struct_fields__
    ]
    secrets = (
        f"Besides, `{PREFIX}SECRET_<NAME>` gives a secret to the runs of the command line (not to those of a server)."
    )
    of_provider, any_provider = read_fields(OidcSettings), OidcSettings(issuer="", client_id="")
    provider_rows = [
        (f"`{name}`", _show_default(getattr(any_provider, name)), of_provider[name])
        for name in OidcSettings.__struct_fields__
    ]
    return make_page(
        "Settings",
        INTRODUCTION,
        make_table(("variable", "default", "meaning"), rows),
        secrets,
        "## Providers of OpenID Connect",
        PROVIDERS,
        make_table(("line", "default", "meaning"), provider_rows),
    )


def _show_default(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(f"`{each}`" for each in value)
    return "" if value in ("", None, {}) else f"`{value}`"
