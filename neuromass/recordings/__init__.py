"""Recordings: what was recorded, joined, stored and exported."""
