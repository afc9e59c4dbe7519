"""Reads a tenant's knowledge base and sums up what is new."""
