"""Custom fields: their definitions, their columns, and the values of rows."""
