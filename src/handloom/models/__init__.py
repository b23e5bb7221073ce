"""The classifier's network, and the file it is kept in."""
