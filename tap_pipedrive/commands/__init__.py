"""Commands in addition to the sync: `auth` and `--plan`."""
