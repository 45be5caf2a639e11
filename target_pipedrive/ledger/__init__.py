"""The ledger: ids, intents and outcomes on disk, and the results and rejects files."""
