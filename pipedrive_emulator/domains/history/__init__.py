"""Changes, flows, recent changes, and followers."""
