"""Users, roles, permissions and teams."""
