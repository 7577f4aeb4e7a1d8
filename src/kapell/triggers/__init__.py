"""Triggers: what starts runs by itself, and the answer to "why has it not run?".

`calendar` is pure: when does a schedule fire next? `deciding` is pure: what becomes of the firings that are due?
`firing` writes decisions down, each in the transaction that moves its trigger on; `duty` starts what was decided.
`hearing` reads events for the triggers that fire by them, and `event_firing` writes down what they hear.
"""
