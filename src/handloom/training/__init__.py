"""Training: batches, the Lightning module, checkpoints, and the stage."""
