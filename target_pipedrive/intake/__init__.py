"""Singer input: lines and messages, checked before they reach the run."""
