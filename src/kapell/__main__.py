"""Let `python -m kapell` be the `kapell` command."""

from kapell.cli import main

if __name__ == "__main__":
    main()
