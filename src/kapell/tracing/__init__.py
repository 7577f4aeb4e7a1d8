"""Traces: a run is a trace, its tasks and their attempts are spans, told to a collector of OpenTelemetry.

Spans are made from what became durable, and their ids follow from the run's: a run that survives the death of its
process carries its own trace on, and a span that is told twice is the same span.
"""
