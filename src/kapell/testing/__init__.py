"""The test kit: what the tests of workflows, connectors and of Kapell itself stand on, without a disk or real time."""
