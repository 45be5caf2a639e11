"""Types of values, and conversions to them."""
