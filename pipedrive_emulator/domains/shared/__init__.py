"""Parts that several domains share: rows in the form of v1, and the transfer of child rows."""
