"""Rules of the API: validation, authentication, and rate limits."""
