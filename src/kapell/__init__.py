"""Kapell: an open service orchestration and automation platform."""

__version__ = "0.1.0"
