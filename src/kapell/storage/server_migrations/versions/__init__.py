"""One migration a file; a published one never changes."""
