"""Plans: how the columns of a stream map to an action or entity, compiled once per SCHEMA."""
