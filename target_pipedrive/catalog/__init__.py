"""Facts of the API as data: actions, entities, and the notation they are written in."""
