"""Run cases by seed and show failed properties: `python -m tests.target.fuzz 17`, or `0-400`.

A single case is shown with its input and settings, and its folder is kept.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.support.emulator import Emulator
from tests.target.fuzz import oracle
from tests.target.fuzz.generator import case
from tests.target.fuzz.harness import Harness


def main(seeds: str) -> None:
    """Run the case of a seed, or the cases of a range (end excluded)."""
    first, _, end = seeds.partition("-")
    chosen = range(int(first), int(end or int(first) + 1))
    folder, begun, wrong = Path(tempfile.mkdtemp(prefix="fuzz-")), time.monotonic(), 0
    with Emulator("--burst", "0") as emulator:
        harness = Harness(emulator, folder)
        for seed in chosen:
            made = case(seed)
            found = oracle.problems(harness, made)
            wrong += bool(found)
            if found or not end:
                sys.stdout.write(
                    "\n    ".join([f"{seed} {made.story}", *(one[:400] for one in found)]) + "\n"
                )
            if not end:
                shown = made.data.decode(errors="backslashreplace")
                sys.stdout.write(f"{shown[:20_000]}\n{made.settings}\n{folder / str(seed)}\n")
            sys.stdout.flush()
        harness.close()
    sys.stdout.write(f"{wrong} of {len(chosen)} cases in {time.monotonic() - begun:.0f} s\n")


if __name__ == "__main__":
    main(sys.argv[1])
