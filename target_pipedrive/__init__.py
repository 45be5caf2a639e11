"""Singer target that writes records to Pipedrive."""
