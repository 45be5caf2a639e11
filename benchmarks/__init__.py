"""Measured ratios and counts behind the project's promises; `make bench` prints them."""
