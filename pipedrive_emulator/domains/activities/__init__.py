"""Activities and call logs."""
