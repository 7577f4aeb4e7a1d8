"""The statements of identity: one module for each kind of thing; each call works in its caller's transaction."""
