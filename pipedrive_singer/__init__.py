"""Parts that the tap and the target share: command line, configuration, and column names of custom fields."""
