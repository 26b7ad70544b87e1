"""One file for each format: how it is read, how it is written, or both. None knows another."""
