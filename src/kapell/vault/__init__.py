"""The vault: secrets and other values, sealed with a master key that the database does not hold."""
