"""Singer streams: one class per catalogue entry."""
