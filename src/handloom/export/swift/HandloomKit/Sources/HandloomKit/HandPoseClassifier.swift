#if canImport(Vision) && canImport(CoreML)
import CoreML
import CoreVideo
import Foundation
import ImageIO

/// Says which pose a hand in a picture takes. Use an instance from one queue at a time.
public final class HandPoseClassifier {
    /// What the model's file says of itself.
    public var metadata: ModelMetadata { model.metadata }

    private let model: ClassifierModel
    private let detector: HandDetector

    /// Takes a model with Create ML's interface, for example `model` of the class that Xcode makes of the file.
    public init(model: MLModel) throws {
        let checked = try ClassifierModel(model)
        guard checked.window == 1 else { throw HandModelError.unexpectedInput }
        self.model = checked
        detector = HandDetector(mirrorsLeftHands: checked.metadata.mirrorsLeftHands)
    }

    /// Loads a compiled model (`.mlmodelc`).
    public convenience init(contentsOf url: URL, configuration: MLModelConfiguration = MLModelConfiguration()) throws {
        try self.init(model: MLModel(contentsOf: url, configuration: configuration))
    }

    /// Looks for a hand in the picture and classifies it.
    public func classify(_ pixelBuffer: CVPixelBuffer, orientation: CGImagePropertyOrientation) throws -> HandOutcome {
        try classify(detector.hand(in: pixelBuffer, orientation: orientation))
    }

    /// Classifies a hand that the app found itself, already mirrored if it has to be; `nil` stands for no hand.
    public func classify(_ hand: HandArray?) throws -> HandOutcome {
        guard let hand = hand, hand.isPresent else { return .noHand }
        return .prediction(try model.prediction(frames: [hand]))
    }
}
#endif
