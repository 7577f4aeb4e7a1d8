"""The workflow language: read, check, lint, save, and describe to editors. Pure: no I/O, no clock."""

from kapell.language.editing import EditError, edit, save_document
from kapell.language.model import Workflow
from kapell.language.nodes import Limits, Position
from kapell.language.problems import InvalidWorkflowError, Problem
from kapell.language.schema import make_json_schema
from kapell.language.source import SourceDocument, read_document
from kapell.language.support import list_unsupported
from kapell.language.validator import Validation, load_workflow, validate

__all__ = [
    "EditError",
    "InvalidWorkflowError",
    "Limits",
    "Position",
    "Problem",
    "SourceDocument",
    "Validation",
    "Workflow",
    "edit",
    "list_unsupported",
    "load_workflow",
    "make_json_schema",
    "read_document",
    "save_document",
    "validate",
]
