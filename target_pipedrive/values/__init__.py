"""Values of records: parsing, normalization, comparison, and encoding for a request."""
