"""The vault: secrets and other values, sealed with a master key that the database does not hold.

Nothing is imported here: who only opens what runs left sealed need not load what keeps secrets in the database.
"""
