"""Events from outside: CloudEvents 1.0 as HTTP carries them, and their way into the store."""
