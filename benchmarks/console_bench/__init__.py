"""What `console.py` is made of: a server full of runs, a browser that is measured, and runs that keep moving."""
