"""Invented tenants, one JSON file each."""
