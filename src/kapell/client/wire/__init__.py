"""What goes over the wire: the API's answers and bodies as plain structs, which a test holds to the OpenAPI document.

Answers take a member that they do not know, and words that were added to a list of words, so that a client goes on to
work with a newer server.
"""
