"""Behaviour of live accounts that differs from the published description: `--dialect observed`."""
