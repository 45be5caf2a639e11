"""HTTP requests, responses and retries; specific to Pipedrive only in its base URLs."""
