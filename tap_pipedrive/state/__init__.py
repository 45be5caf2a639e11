"""State: bookmarks, known ids, denied access, and the input state and catalog."""
