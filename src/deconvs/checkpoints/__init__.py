"""Checkpoints of one framework as checkpoints of another: by the names of their layers, from file to file."""
