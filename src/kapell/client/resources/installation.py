"""The installation: its settings, and what is wrong with it."""

from __future__ import annotations

from kapell.client.calls import Call
from kapell.client.operations import Resource, S, operation
from kapell.client.wire.installation import Diagnostics, EngineHealth, SettingLine

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

    @operation
    def engine(self) -> Call[EngineHealth]:
        """Say how the engine is at the moment: what waits, what is behind, how much room there is."""
        return Call(method="GET", path="/engine", gives=EngineHealth)
