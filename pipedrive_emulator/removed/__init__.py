"""Operations the API no longer publishes, in the form of the published ones; answered only on demand."""
