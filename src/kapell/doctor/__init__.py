"""The doctor: looks at an installation, also at a broken one, and says what is wrong and what to do.

A check is a generator that is handed the `Patient` and yields findings. It changes nothing. One that itself fails is a
finding, and never the end of the examination; one that needs what another has found broken says `skipped`.
"""
