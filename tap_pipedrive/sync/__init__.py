"""The sync: lists, child streams, delete detection, and the rotation of a small token budget."""
