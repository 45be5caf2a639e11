"""What live accounts accept and answer beside the published description: `--dialect observed`."""
