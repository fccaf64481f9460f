"""`models`: the bundles that are here, whether they are whole, and those that can be fetched."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

from edge_nav.bundle import Bundle, list_bundles, open_bundle
from edge_nav.commands.options import PullOptions


def list_models() -> int:
    """A table of the bundles under models/bundles, and one of the models that `models pull` knows by name."""
    from edge_nav.hub.named import named_models

    found = list_bundles()
    if not found:
        sys.stdout.write("No bundle is here: put one under models/bundles, or give --bundle DIR.\n")
    else:
        table = Table(title="model bundles")
        for column in ("name", "intended use", "licence", "state"):
            table.add_column(column)
        for bundle in found:
            table.add_row(bundle.name, bundle.intended_use, bundle.licence, bundle.state)
        Console().print(table)
    table = Table(title="python main.py models pull NAME")
    for column in ("name", "what", "licence", "about GB"):
        table.add_column(column, overflow="fold")
    for name, model in named_models().items():
        licences = "; ".join(dict.fromkeys(r.licence or "unknown" for r in model.repositories))
        table.add_row(name, model.what, licences, f"{sum(r.about_gb or 0 for r in model.repositories):.1f}")
    Console().print(table)
    return 0


def verify_model(name: str) -> int:
    """Check every file's size and hash, and each graph against the manifest; raises UsageError naming what differs."""
    from edge_nav.commands.verify import verify

    bundle = open_bundle(name)
    m = bundle.manifest
    sys.stdout.write(f"{m.name}: {len(m.files)} files match their manifest. {m.intended_use}; licence: {m.licence}.\n")
    for line in verify(bundle):
        sys.stdout.write(f"{line}\n")
    _show_parity(bundle)
    return 0


def pull_model(options: PullOptions) -> int:
    """Fetch a named model or a repository of a hub; raises UsageError naming what failed."""
    from edge_nav.hub.progress import shown
    from edge_nav.hub.pull import pull

    try:
        with shown() as feedback:
            pulled = pull(options.name, options.to, options.revision, feedback)
    except KeyboardInterrupt:
        sys.stderr.write("edge-nav: Interrupted: the same command goes on where this one stopped.\n")
        return 130
    done = f"{pulled.fetched} files fetched" if pulled.fetched else "nothing to fetch"
    sys.stdout.write(
        f"{pulled.folder}: {done}, all {pulled.files} verified ({pulled.bytes / 1e9:.3g} GB). Next:\n  {pulled.then}\n"
    )
    return 0


def _show_parity(bundle: Bundle) -> None:
    from edge_nav.commands.verify import parity_rows

    rows = parity_rows(bundle)
    if not rows:
        sys.stdout.write("It has no parity report.\n")
        return
    table = Table(title=f"parity, as its exporter found it ({bundle.manifest.parity})")
    for column in ("what", "measure", "value", "limit", "", "detail"):
        table.add_column(column, overflow="fold")
    for row in rows:
        limit, passed = row.get("tolerance"), row.get("passed")
        state = "" if limit is None else ("ok" if passed else "failed")
        table.add_row(
            *(str(row.get(k, "")) for k in ("what", "measure")),
            *("-" if v is None else f"{v:.4g}" for v in (row.get("value"), limit)),
            state,
            str(row.get("detail", "")),
        )
    Console().print(table)
