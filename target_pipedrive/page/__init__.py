"""HTML file with the changes of a run, planned or written."""
