"""Background duties of the engine: one small file each."""
