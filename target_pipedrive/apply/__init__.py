"""Application of one record: upsert or action, the diff against the row, and the check of the response."""
