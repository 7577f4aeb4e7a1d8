"""The API's kinds of things, each a class whose methods describe what can be asked of it."""
