"""Projects with their boards, phases and tasks."""
