"""Learning: batches, the Lightning module, checkpoints, and the stage that ties them."""
