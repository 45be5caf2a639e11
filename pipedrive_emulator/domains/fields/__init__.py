"""Field definitions and their options."""
