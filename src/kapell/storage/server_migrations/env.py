"""What Alembic runs: the migrations, on the connection that `ServerDatabase` hands in."""

from __future__ import annotations

from alembic import context

from kapell.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=False,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
