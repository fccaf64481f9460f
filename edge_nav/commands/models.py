"""`models`: the bundles that are here."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

from edge_nav.bundle import list_bundles, open_bundle


def list_models() -> int:
    """A table of the bundles under models/bundles."""
    found = list_bundles()
    if not found:
        sys.stdout.write("No bundle is here: put one under models/bundles, or give --bundle DIR.\n")
        return 0
    table = Table(title="model bundles")
    for column in ("name", "intended use", "licence", "state"):
        table.add_column(column)
    for bundle in found:
        table.add_row(bundle.name, bundle.intended_use, bundle.licence, bundle.state)
    Console().print(table)
    return 0


def verify_model(name: str) -> int:
    """Check every file's size and hash; raises UsageError naming the first that differs."""
    bundle = open_bundle(name)
    sys.stdout.write(f"{bundle.manifest.name}: {len(bundle.manifest.files)} files match their manifest.\n")
    return 0
