"""How a server's database gets from the schema that it has to the one that `storage/tables/` declares (Alembic)."""
