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
    private var clock: FrameClock

    /// Takes a model with Create ML's interface, for example `model` of the class that Xcode makes of the file.
    ///
    /// `detector` finds the hands in place of Vision; give each classifier one of its own.
    public init(model: MLModel, detector landmarks: LandmarkHandDetector? = nil) throws {
        let checked = try ClassifierModel(model)
        guard checked.window == 1 else { throw HandModelError.unexpectedInput }
        self.model = checked
        detector = HandDetector(choice: checked.metadata.hand, landmarks: landmarks)
        clock = FrameClock(frameRate: checked.metadata.frameRate ?? 30)
    }

    /// Loads a compiled model (`.mlmodelc`).
    public convenience init(contentsOf url: URL, configuration: MLModelConfiguration = MLModelConfiguration()) throws {
        try self.init(model: MLModel(contentsOf: url, configuration: configuration))
    }

    /// Asks the model, on this device, for the probabilities that its file says it gives; `nil` where it says nothing.
    ///
    /// `README.md` says how far apart they may be.
    public func selfCheck() throws -> SelfCheckResult? {
        try model.selfCheck()
    }

    /// Looks for the hand in the picture and classifies it.
    ///
    /// - Parameters:
    ///   - pixelBuffer: the picture.
    ///   - orientation: how to turn it upright.
    ///   - time: of a stream's picture its time stamp, in seconds: then the chosen one of two hands is followed. Without
    ///     one the picture stands by itself.
    public func classify(
        _ pixelBuffer: CVPixelBuffer, orientation: CGImagePropertyOrientation, at time: TimeInterval? = nil
    ) throws -> HandOutcome {
        try classify(detector.hand(in: pixelBuffer, orientation: orientation, at: time.map(sinceTheStart)))
    }

    /// Classifies a hand that the app found itself; `nil` stands for no hand.
    ///
    /// If the model wants left hands mirrored, a hand whose `side` is left is mirrored.
    public func classify(_ hand: HandArray?) throws -> HandOutcome {
        guard let hand = hand, hand.isPresent else { return .noHand }
        return .prediction(try model.prediction(frames: [hand]))
    }

    /// Seconds since the stream's first picture; the hand is forgotten where a new stream begins.
    private func sinceTheStart(_ time: TimeInterval) -> TimeInterval {
        if clock.arrive(at: time).restarted {
            detector.reset()
        }
        return clock.since
    }
}

#if compiler(>=6.0)
extension HandPoseClassifier {
    /// As `classify(_:orientation:at:)`, with the request that Vision has from iOS 18 and macOS 15 on, if it has it.
    public func outcome(
        of pixelBuffer: CVPixelBuffer,
        orientation: CGImagePropertyOrientation,
        at time: TimeInterval? = nil,
        isolation: isolated (any Actor)? = #isolation
    ) async throws -> HandOutcome {
        let since = time.map(sinceTheStart)
        return try classify(
            await detector.handByNewestRequest(in: pixelBuffer, orientation: orientation, at: since))
    }
}
#endif
#endif
