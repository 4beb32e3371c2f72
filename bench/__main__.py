"""``python -m kinema.bench`` is ``kinema``."""

from kinema.bench.cli import main

if __name__ == "__main__":
    main()
