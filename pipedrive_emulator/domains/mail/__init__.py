"""Mail threads and messages."""
