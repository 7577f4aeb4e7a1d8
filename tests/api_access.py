"""Who may ask what of the API: the table that was reviewed by hand."""

PUBLIC = {
    ("GET", "/api/v1/sign-in"),
    ("POST", "/api/v1/sign-in"),
    ("GET", "/api/v1/sign-in/providers"),
    ("GET", "/api/v1/sign-in/oidc/{provider}"),
    ("GET", "/api/v1/sign-in/oidc/{provider}/callback"),
    ("GET", "/health"),
    ("GET", "/ready"),
    ("GET", "/metrics"),
}
"""What strangers may ask: to be let in, and whether the server is well."""

EXPECTED = """
viewer        run.read workflow.read event.read trigger.read
operator      run.read workflow.read event.read trigger.read run.start run.control run.repair run.data
              event.send trigger.write
author        run.read workflow.read event.read trigger.read run.start run.control run.data event.send trigger.write
              workflow.write workflow.publish secret.read
approver      run.read workflow.read event.read trigger.read
auditor       run.read workflow.read event.read trigger.read settings.read audit.read identity.read
administrator run.read workflow.read event.read event.send trigger.read trigger.write settings.read
              run.start run.control run.repair run.data
              workflow.write workflow.publish audit.read identity.read identity.write secret.read secret.write
"""
"""Which permissions that routes need a role has everywhere; reviewed by hand."""


def read_expected():
    """Role -> permissions."""
    found, role = {}, ""
    for line in EXPECTED.strip().splitlines():
        words = line.split()
        if not line.startswith(" "):
            role, *words = words
        found.setdefault(role, set()).update(words)
    return found
