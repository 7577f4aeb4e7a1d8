"""Where things are kept: the data folder, the databases in it, their tables and migrations."""
