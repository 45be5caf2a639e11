"""Every stream and every action run against the emulator, its request log held against the documentation."""
