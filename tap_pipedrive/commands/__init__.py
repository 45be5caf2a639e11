"""Commands beside the sync: `auth` and `--plan`."""
