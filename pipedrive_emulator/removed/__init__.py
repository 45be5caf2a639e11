"""Operations that the API no longer publishes, in the form of the published ones; enabled on demand."""
