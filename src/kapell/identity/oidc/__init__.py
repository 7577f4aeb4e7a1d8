"""Signing in by OpenID Connect: the code flow with PKCE, state and nonce.

`service.Oidc` begins and finishes a sign-in; `provider` asks a provider, and nobody else; `claims` checks what it says;
`pending` keeps what is needed until a browser comes back; `configuring` reads the settings.
"""
