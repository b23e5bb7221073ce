#if canImport(Vision) && canImport(CoreML)
import CoreML
import CoreVideo
import Foundation
import ImageIO
import Vision

/// Finds the hand in pictures that the model was trained to take, and gives its joints as the model takes them.
final class HandDetector {
    /// How many hands Vision is asked for: one where the model does not say which of two it takes.
    private let handCount: Int

    private let request = VNDetectHumanHandPoseRequest()
    private var follower: HandFollower?

    /// What finds hands in place of Vision.
    private let landmarks: LandmarkHandDetector?

    init(choice: HandChoice?, landmarks: LandmarkHandDetector? = nil) {
        self.landmarks = landmarks
        landmarks?.choice = choice ?? .mostConfident
        handCount = choice == nil ? 1 : 2
        follower = choice.map { HandFollower(choice: $0) }
        request.maximumHandCount = handCount
    }

    /// Forgets the hand that is followed.
    func reset() {
        follower?.reset()
        landmarks?.reset()
    }

    /// The joints of a hand, or `nil`.
    ///
    /// `time` is that of the picture in its stream, in seconds; without one the picture stands by itself.
    func hand(
        in pixelBuffer: CVPixelBuffer, orientation: CGImagePropertyOrientation, at time: TimeInterval?
    ) throws -> HandArray? {
        if let landmarks = landmarks {
            return try landmarks.hand(in: pixelBuffer, orientation: orientation, at: time)
        }
        let handler = VNImageRequestHandler(cvPixelBuffer: pixelBuffer, orientation: orientation, options: [:])
        try handler.perform([request])
        return chosen(of: try (request.results ?? []).map(joints), at: time)
    }

    /// The chosen one of all hands that were found, the largest first.
    private func chosen(of hands: [HandArray], at time: TimeInterval?) -> HandArray? {
        guard let choice = follower?.choice else { return hands.first }
        guard let time = time else { return choice.chosen(of: hands) }
        return follower?.next(hands, at: time)
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
    /// As `hand(in:orientation:at:)`, with the request that Vision has from iOS 18 and macOS 15 on, if it has it.
    func handByNewestRequest(
        in pixelBuffer: CVPixelBuffer,
        orientation: CGImagePropertyOrientation,
        at time: TimeInterval?,
        isolation: isolated (any Actor)? = #isolation
    ) async throws -> HandArray? {
        guard landmarks == nil, #available(iOS 18.0, macOS 15.0, tvOS 18.0, visionOS 2.0, *) else {
            return try hand(in: pixelBuffer, orientation: orientation, at: time)
        }
        var request = DetectHumanHandPoseRequest()
        request.maximumHandCount = handCount
        let picture = ReadOnly(pixelBuffer: pixelBuffer)
        let hands = try await request.perform(on: picture.pixelBuffer, orientation: orientation)
        return chosen(of: try hands.map(joints), at: time)
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
