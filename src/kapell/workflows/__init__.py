"""Stored workflows: drafts that people work on, and versions that never change once they are published."""

from kapell.workflows.published import PublishedWorkflow, PublishedWorkflows
from kapell.workflows.service import Workflows

__all__ = ["PublishedWorkflow", "PublishedWorkflows", "Workflows"]
