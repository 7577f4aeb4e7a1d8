"""How a call proves who it is (dsl-reference, Authentication)."""

from typing import Annotated, ClassVar, Literal

from kapell.language.model.base import Record
from kapell.language.shapes import Alone, ExactlyOne, Needs, Rule, Text, ValueText

SecretName = Annotated[str, Text(min_length=1)]
UriTemplate = Annotated[str, Text(role="value", format="uri-template")]
PathTemplate = Annotated[str, Text(format="path-template")]


class PasswordAuthentication(Record, frozen=True, kw_only=True):
    """A user name and password, written here or kept in a secret (basic and digest)."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        ExactlyOne(("use", "username")),
        Needs("username", "password"),
        Needs("password", "username"),
    )

    use: Annotated[SecretName | None, "The secret that holds `username` and `password`."] = None
    username: Annotated[ValueText | None, "The user name."] = None
    password: Annotated[ValueText | None, "The password."] = None


class BearerAuthentication(Record, frozen=True, kw_only=True):
    """A bearer token, written here or kept in a secret."""

    RULES: ClassVar[tuple[Rule, ...]] = (ExactlyOne(("use", "token")),)

    use: Annotated[SecretName | None, "The secret that holds the `token`."] = None
    token: Annotated[ValueText | None, "The bearer token."] = None


class OAuth2Client(Record, frozen=True, kw_only=True):
    """The client that asks for a token."""

    id: Annotated[ValueText | None, "The client id."] = None
    secret: Annotated[ValueText | None, "The client secret."] = None
    assertion: Annotated[ValueText | None, "A JWT with a signed assertion of the credentials."] = None
    authentication: Annotated[
        Literal["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"],
        "How the client proves who it is.",
    ] = "client_secret_post"


class OAuth2Request(Record, frozen=True, kw_only=True):
    """The form of the token request."""

    OPEN: ClassVar[bool] = True

    encoding: Annotated[
        Literal["application/x-www-form-urlencoded", "application/json"],
        "The encoding of the token request.",
    ] = "application/x-www-form-urlencoded"


class OAuth2Token(Record, frozen=True, kw_only=True):
    """A security token of a party (RFC 8693)."""

    token: Annotated[ValueText, "The token."]
    type: Annotated[ValueText, "The token's type."]


class OAuth2Endpoints(Record, frozen=True, kw_only=True):
    """The authority's endpoints, relative to its URI."""

    OPEN: ClassVar[bool] = True

    token: Annotated[PathTemplate, "Where tokens are had."] = "/oauth2/token"  # noqa: S105 -- a path, no password
    revocation: Annotated[PathTemplate, "Where tokens are revoked."] = "/oauth2/revoke"
    introspection: Annotated[PathTemplate, "Where tokens are looked into."] = "/oauth2/introspect"


class OpenIdConnectAuthentication(Record, frozen=True, kw_only=True):
    """A token had by OpenID Connect, or a secret that holds all of this."""

    RULES: ClassVar[tuple[Rule, ...]] = (Alone("use"),)

    use: Annotated[SecretName | None, "The secret that holds the configuration."] = None
    authority: Annotated[UriTemplate | None, "The URI of the authority."] = None
    grant: Annotated[
        Literal[
            "authorization_code",
            "client_credentials",
            "password",
            "refresh_token",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ]
        | None,
        "The grant type.",
    ] = None
    client: Annotated[OAuth2Client | None, "The client that asks."] = None
    request: Annotated[OAuth2Request | None, "The form of the token request."] = None
    issuers: Annotated[tuple[str, ...], "The issuers whose tokens are accepted."] = ()
    scopes: Annotated[tuple[str, ...], "The scopes to ask for."] = ()
    audiences: Annotated[tuple[str, ...], "The audiences to ask for."] = ()
    username: Annotated[ValueText | None, "The user name, for the grant `password`."] = None
    password: Annotated[ValueText | None, "The password, for the grant `password`."] = None
    subject: Annotated[OAuth2Token | None, "The identity on whose behalf the request is made."] = None
    actor: Annotated[OAuth2Token | None, "The identity that acts."] = None


class OAuth2Authentication(OpenIdConnectAuthentication, frozen=True, kw_only=True):
    """A token had by OAuth2, or a secret that holds all of this."""

    endpoints: Annotated[OAuth2Endpoints | None, "The authority's endpoints."] = None


class AuthenticationPolicy(Record, frozen=True, kw_only=True):
    """One way to authenticate."""

    OPEN: ClassVar[bool] = True
    RULES: ClassVar[tuple[Rule, ...]] = (ExactlyOne(("basic", "bearer", "digest", "oauth2", "oidc")),)

    basic: Annotated[PasswordAuthentication | None, "HTTP basic authentication."] = None
    bearer: Annotated[BearerAuthentication | None, "A bearer token."] = None
    digest: Annotated[PasswordAuthentication | None, "HTTP digest authentication."] = None
    oauth2: Annotated[OAuth2Authentication | None, "OAuth2."] = None
    oidc: Annotated[OpenIdConnectAuthentication | None, "OpenID Connect."] = None


class Authentication(AuthenticationPolicy, frozen=True, kw_only=True):
    """One way to authenticate, or the name of one in `use.authentications`."""

    OPEN: ClassVar[bool] = False
    RULES: ClassVar[tuple[Rule, ...]] = (ExactlyOne(("use", "basic", "bearer", "digest", "oauth2", "oidc")),)

    use: Annotated[SecretName | None, "The name of a policy in `use.authentications`."] = None
