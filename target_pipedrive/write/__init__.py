"""Write requests: intent before, outcome after, recovery of interrupted ones, bulk and conversion calls."""
