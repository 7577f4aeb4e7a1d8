"""The workflow language: read, check, lint, save, and describe to editors. Pure: no I/O, no clock."""
