"""Questions that an account settles: by reads, or by rows of a sandbox that are deleted again."""
