"""A small web service that tells what a number of articles costs."""
