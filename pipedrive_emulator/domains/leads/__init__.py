"""Leads, and conversions between leads and deals."""
