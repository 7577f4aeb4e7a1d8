"""Who is calling, and what they may do: accounts, groups, roles, bindings, sessions, API tokens, OpenID Connect.

`service.Identity` holds the parts together; `access.Access` answers every question of permission.
"""
