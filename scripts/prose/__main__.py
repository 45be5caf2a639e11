"""`python -m scripts.prose [--shrink] [files]`: check the words of the project's texts against `words.toml`.

Without `baseline.txt` no finding is allowed. A file named in it may have as many findings as it allows;
`--shrink` lowers these numbers to those of today, and never raises one.
"""

from __future__ import annotations

import gc
import subprocess
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.prose.rules import Finding, check

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
_MANY = 50
BASELINE = Path(__file__).with_name("baseline.txt")


def tracked() -> list[str]:
    """Return the files to check, as paths below the root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py", "*.md"],  # noqa: S607 found in PATH
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def allowed() -> dict[str, int]:
    """Return the number of findings that the baseline allows, by file."""
    if not BASELINE.exists():
        return {}
    lines = (line.rpartition(" ") for line in BASELINE.read_text(encoding="utf-8").splitlines())
    return {name: int(number) for name, _, number in lines}


def _checked(names: list[str]) -> Iterator[tuple[str, list[Finding]]]:
    """Yield the findings of each file, from two processes if there are many."""
    sources = [(ROOT / name).read_text(encoding="utf-8") for name in names]
    if len(names) < _MANY:
        yield from zip(names, map(check, names, sources), strict=True)
        return
    with ProcessPoolExecutor(max_workers=2, initializer=gc.disable) as pool:
        yield from zip(names, pool.map(check, names, sources, chunksize=16), strict=True)


def main(arguments: list[str]) -> int:
    """Print the findings beyond the baseline.

    Returns:
        1 if there are any, else 0.
    """
    shrink = "--shrink" in arguments
    names = [name for name in arguments if name != "--shrink"]
    baseline = {} if names else allowed()
    findings = {name: found for name, found in _checked(names or tracked()) if found}
    counts = Counter({name: len(found) for name, found in findings.items()})
    if shrink:
        left = {name: min(number, counts[name]) for name, number in baseline.items() if counts[name]}
        BASELINE.write_text("".join(f"{name} {left[name]}\n" for name in sorted(left)), encoding="utf-8")
        return 0
    beyond = [one for name, found in findings.items() if len(found) > baseline.get(name, 0) for one in found]
    for one in beyond:
        print(one)
    if beyond:
        print(f"{len(beyond)} findings; the table of words is scripts/prose/words.toml")
    return int(bool(beyond))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
