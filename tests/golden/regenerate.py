"""Writes the golden replays anew: `make golden`. Read the difference before committing it."""

from __future__ import annotations

import json
import sys

from walks import FOLDER, REAL, SHARED, SYNTHETIC, walk


def main() -> None:
    for name in (*SYNTHETIC, *REAL):
        if name in REAL and not (SHARED / name).is_dir():
            sys.stderr.write(f"{name}: left as it is, {SHARED} is absent\n")
            continue
        lines = [json.dumps(record, ensure_ascii=False) for record in walk(name)]
        (FOLDER / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        said = [r["text"] for r in map(json.loads, lines) if "text" in r]
        sys.stdout.write(f"{name}: {len(lines)} records; {' | '.join(said) or 'silent'}\n")


if __name__ == "__main__":
    main()
