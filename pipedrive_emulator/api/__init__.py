"""The published API: operations, HTTP messages, and multipart bodies."""
