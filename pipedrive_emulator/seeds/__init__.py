"""Parts of the seeds: words, custom fields, and rows generated when read."""
