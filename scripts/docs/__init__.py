"""Generation of the parts of the documentation that come from the catalogs and settings."""
