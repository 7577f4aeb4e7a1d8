"""The installation: its settings, and what is wrong with it."""

from __future__ import annotations

from kapell.client.calls import Call
from kapell.client.operations import Resource, S, operation
from kapell.client.wire.installation import Diagnostics, SettingLine

SettingLines = list[SettingLine]


class Installation(Resource[S]):
    """What administrators want to know of the installation."""

    @operation
    def settings(self) -> Call[SettingLines]:
        """Return all settings: the value in force, where it comes from, what it means; passwords are not shown."""
        return Call(method="GET", path="/settings", gives=SettingLines)

    @operation
    def diagnose(self) -> Call[Diagnostics]:
        """Examine the installation, as `kapell doctor` does."""
        return Call(method="GET", path="/diagnostics", gives=Diagnostics)
