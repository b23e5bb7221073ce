"""Every type of layer that the interpreter of neural networks knows, by its name in NeuralNetwork.proto.

What a layer computes is what that file's comments say (apple/coremltools, mlmodel/format/NeuralNetwork.proto).
"""

from handloom.export.interpreter import axis_layers, elementwise_layers, shape_layers, spatial_layers
from handloom.export.interpreter.layer import Prepare

LAYERS: dict[str, Prepare] = {
    **elementwise_layers.LAYERS,
    **shape_layers.LAYERS,
    **spatial_layers.LAYERS,
    **axis_layers.LAYERS,
}
