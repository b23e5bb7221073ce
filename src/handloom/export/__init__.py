"""A trained model as a Core ML file that an app takes in place of Create ML's."""
