"""Compare a live Pipedrive account with what this project assumes: `python -m tests.live --help`."""
