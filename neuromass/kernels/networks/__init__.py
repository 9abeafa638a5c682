"""The loops of networks: one for lanes in tiles, one for a few lanes in local variables."""
