"""Photos and clips as phones make them: decoded, upright, of a bounded size, at a constant rate."""
