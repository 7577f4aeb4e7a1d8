from kapell.identity.permissions import ADMINISTRATOR, BUILT_IN_ROLES, PERMISSIONS

# Reviewed by hand: who gets what. A change here is a decision, never a repair of the test.
READS = {"workflow.read", "run.read", "event.read", "trigger.read"}
RUNS = {"run.start", "run.control", "run.data", "event.send", "trigger.write"}
EXPECTED = {
    "viewer": READS,
    "operator": READS | RUNS | {"run.repair"},
    "author": READS | RUNS | {"workflow.write", "workflow.publish", "secret.read"},
    "approver": READS | {"approval.decide"},
    "auditor": READS | {"audit.read", "identity.read", "settings.read"},
    "administrator": set(PERMISSIONS),
}


def test_the_built_in_roles_have_these_permissions():
    assert {name: set(role.permissions) for name, role in BUILT_IN_ROLES.items()} == EXPECTED


def test_each_permission_is_described_and_is_somebodys():
    assert all(text.endswith(".") and text[0].isupper() for text in PERMISSIONS.values())
    assert all(name.count(".") == 1 for name in PERMISSIONS)


def test_only_the_administrator_can_change_who_may_do_what():
    assert [name for name, role in BUILT_IN_ROLES.items() if "identity.write" in role.permissions] == [ADMINISTRATOR]
    assert [name for name, role in BUILT_IN_ROLES.items() if "secret.write" in role.permissions] == [ADMINISTRATOR]
