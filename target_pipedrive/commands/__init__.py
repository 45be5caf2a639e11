"""Subcommands of `target-pipedrive`, other than those of the ledger."""
