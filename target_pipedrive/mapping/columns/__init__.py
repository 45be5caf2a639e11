"""Columns of a stream: names, bindings, references, and columns that belong together."""
