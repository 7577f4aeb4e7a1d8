"""Backup and restore: everything of an installation in one file that belongs to no database.

`sources` reads a data folder or a PostgreSQL database as it was at one moment, `archive` is the file, `targets` fill
either of the two. So a backup is also how an installation moves from one to the other.
"""
