"""Deals with their products, installments, participants and subscriptions."""
