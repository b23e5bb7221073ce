#if canImport(Vision) && canImport(CoreML)
import CoreML
import CoreVideo
import ImageIO
import Vision

/// Finds one hand in a picture with Vision, and gives its joints as the model takes them.
final class HandDetector {
    private let request = VNDetectHumanHandPoseRequest()
    private let mirrorsLeftHands: Bool

    init(mirrorsLeftHands: Bool) {
        self.mirrorsLeftHands = mirrorsLeftHands
        request.maximumHandCount = 1
    }

    /// The joints of the largest hand; `nil` without one.
    func hand(in pixelBuffer: CVPixelBuffer, orientation: CGImagePropertyOrientation) throws -> HandArray? {
        let handler = VNImageRequestHandler(cvPixelBuffer: pixelBuffer, orientation: orientation, options: [:])
        try handler.perform([request])
        guard let observation = request.results?.first else { return nil }
        guard let hand = try HandArray(observation.keypointsMultiArray()) else { throw HandModelError.unexpectedJoints }
        // iOS 14 does not tell left from right: there the hand is taken as it is.
        if mirrorsLeftHands, #available(iOS 15.0, macOS 12.0, *), observation.chirality == .left {
            return hand.mirrored()
        }
        return hand
    }
}

extension HandArray {
    /// Takes what Vision's `keypointsMultiArray()` gives, of any element type; `nil` unless it has 63 numbers.
    public init?(_ array: MLMultiArray) {
        self.init(values: (0..<array.count).map { array[$0].floatValue })
    }
}
#endif
