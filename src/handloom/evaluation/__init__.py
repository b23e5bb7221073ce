"""How well a trained model does on examples it has not seen."""
