"""The data doctor: what looks wrong in labelled examples, found in their joints."""
