"""Demo run by `make demo`."""
