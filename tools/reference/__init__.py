"""The reference pages, a module for each kind: what they say is read from the code, and nothing is left out."""
