"""State: bookmarks, known ids, refused access, and the state and catalog that a user passes in."""
