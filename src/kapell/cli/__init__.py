"""The command line: thin commands over the engine.

Modules of this package import what a command needs inside of it, and not at their top (an exception to the rule of
imports that the project's file lists): `kapell --help` must not load the engine, nor `kapell run` what it does not use.
"""

from kapell.cli.app import main

__all__ = ["main"]
