"""The HTTP API under `/api/v1`: what programs, the console and the commands with `--server` talk to.

`application.py` puts it together. A module of routes reads a request, asks `callers.py` who is calling and whether they
may, calls the engine or a service, and answers with `wire.py`; errors become problem documents in `problems.py`.
"""
