"""Check of the documentation against the emulator's request log of every stream and every action."""
