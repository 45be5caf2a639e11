"""Ids: the map from external ids to Pipedrive ids, and the resolution of references."""
