"""Stateful emulator of Pipedrive's REST API on loopback, for tests, demos and benchmarks."""
