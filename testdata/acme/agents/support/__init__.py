"""Triages a tenant's new tickets."""
