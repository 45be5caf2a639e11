"""Custom fields of the account: lookup by column, options, values, and creation of missing fields."""
