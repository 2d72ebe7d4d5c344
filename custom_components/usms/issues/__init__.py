"""Repair issues: what a person has to know or do."""
