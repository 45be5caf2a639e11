"""Scripted faults: their kinds, rules, and effects on a response."""
