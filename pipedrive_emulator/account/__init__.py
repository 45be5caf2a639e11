"""One company's account: tables, clock, custom fields, and file contents."""
