"""Records that are kept until the input has ended, and the keys of all records."""
