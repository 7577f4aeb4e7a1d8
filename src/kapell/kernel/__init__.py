"""What happens next, as functions without I/O: commands, events, state, and the effects that they ask for."""
