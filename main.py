"""`python main.py` walks. A thin door to edge_nav.cli."""

from __future__ import annotations

from edge_nav.cli import main

if __name__ == "__main__":
    main()
