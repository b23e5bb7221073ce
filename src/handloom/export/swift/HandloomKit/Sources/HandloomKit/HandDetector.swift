#if canImport(Vision) && canImport(CoreML)
import CoreML
import CoreVideo
import ImageIO
import Vision

/// Finds one hand in a picture with Vision, and gives its joints as the model takes them.
final class HandDetector {
    /// How many hands Vision is asked for.
    private static let handCount = 1

    private let request = VNDetectHumanHandPoseRequest()

    init() {
        request.maximumHandCount = HandDetector.handCount
    }

    /// The joints of a hand; `nil` without one.
    func hand(in pixelBuffer: CVPixelBuffer, orientation: CGImagePropertyOrientation) throws -> HandArray? {
        let handler = VNImageRequestHandler(cvPixelBuffer: pixelBuffer, orientation: orientation, options: [:])
        try handler.perform([request])
        return chosen(of: try (request.results ?? []).map(joints))
    }

    /// The one hand that counts, of all that were found, the largest first.
    private func chosen(of hands: [HandArray]) -> HandArray? {
        hands.first
    }

    private func joints(of hand: VNHumanHandPoseObservation) throws -> HandArray {
        var side: HandSide?
        // iOS 14 does not tell left from right: there the hand is taken as it is.
        if #available(iOS 15.0, macOS 12.0, *) {
            side = hand.chirality == .left ? .left : hand.chirality == .right ? .right : nil
        }
        return try HandDetector.joints(hand.keypointsMultiArray(), side: side)
    }

    private static func joints(_ array: MLMultiArray, side: HandSide?) throws -> HandArray {
        guard let hand = HandArray(array, side: side) else { throw HandModelError.unexpectedJoints }
        return hand
    }
}

// Xcode 16 is the first to know the newer request.
#if compiler(>=6.0)
extension HandDetector {
    /// As `hand(in:orientation:)`, with the request that Vision has from iOS 18 and macOS 15 on, if it has it.
    func handByNewestRequest(
        in pixelBuffer: CVPixelBuffer,
        orientation: CGImagePropertyOrientation,
        isolation: isolated (any Actor)? = #isolation
    ) async throws -> HandArray? {
        guard #available(iOS 18.0, macOS 15.0, tvOS 18.0, visionOS 2.0, *) else {
            return try hand(in: pixelBuffer, orientation: orientation)
        }
        var request = DetectHumanHandPoseRequest()
        request.maximumHandCount = HandDetector.handCount
        let picture = ReadOnly(pixelBuffer: pixelBuffer)
        let hands = try await request.perform(on: picture.pixelBuffer, orientation: orientation)
        return chosen(of: try hands.map(joints))
    }

    @available(iOS 18.0, macOS 15.0, tvOS 18.0, visionOS 2.0, *)
    private func joints(of hand: HumanHandPoseObservation) throws -> HandArray {
        let side: HandSide? = hand.chirality == .left ? .left : hand.chirality == .right ? .right : nil
        return try HandDetector.joints(hand.keypoints, side: side)
    }

    /// A picture that may cross to Vision's thread: Vision only reads it, and the caller waits meanwhile.
    private struct ReadOnly: @unchecked Sendable {
        let pixelBuffer: CVPixelBuffer
    }
}
#endif

extension HandArray {
    /// Takes what Vision's `keypointsMultiArray()` gives, of any element type; `nil` unless it has 63 numbers.
    public init?(_ array: MLMultiArray, side: HandSide? = nil) {
        self.init(values: (0..<array.count).map { array[$0].floatValue }, side: side)
    }
}
#endif
