"""What the seeds are made of: words, custom fields, and rows made when read."""
