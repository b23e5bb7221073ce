#if canImport(Vision) && canImport(CoreML)
import CoreML
import CoreVideo
import Foundation
import ImageIO

/// Says which action a hand does in a stream of pictures. Use an instance from one queue at a time.
public final class HandActionClassifier {
    /// What the model's file says of itself.
    public var metadata: ModelMetadata { model.metadata }

    private let model: ClassifierModel
    private let detector: HandDetector
    private var clock: FrameClock
    private var queue: WindowQueue
    private var latest: Frame?

    /// Takes a model with Create ML's interface, for example `model` of the class that Xcode makes of the file.
    ///
    /// - Parameters:
    ///   - model: a hand action classifier.
    ///   - stride: frames, at the model's rate, from one prediction to the next; `nil`: as the model's file says of
    ///     streams, else a third of the window.
    ///   - missingHand: what becomes of a frame without a hand.
    ///   - minimumPresence: the share of the window's frames that has to hold a hand, 0 to 1.
    ///   - detector: what finds the hands in place of Vision; give each classifier one of its own.
    public init(
        model: MLModel,
        stride: Int? = nil,
        missingHand: WindowQueue.MissingHand = .appendZeros,
        minimumPresence: Double = 0.6,
        detector landmarks: LandmarkHandDetector? = nil
    ) throws {
        let checked = try ClassifierModel(model)
        self.model = checked
        detector = HandDetector(choice: checked.metadata.hand, landmarks: landmarks)
        clock = FrameClock(frameRate: checked.metadata.frameRate ?? 30)
        let usualStride = checked.metadata.stream?.stride ?? max(1, checked.window / 3)
        queue = WindowQueue(
            window: checked.window, stride: stride ?? usualStride, missingHand: missingHand, minimumPresence: minimumPresence)
    }

    /// Loads a compiled model (`.mlmodelc`), with the defaults of `init(model:)`.
    public convenience init(contentsOf url: URL, configuration: MLModelConfiguration = MLModelConfiguration()) throws {
        try self.init(model: MLModel(contentsOf: url, configuration: configuration))
    }

    /// Asks the model, on this device, for the probabilities that its file says it gives; `nil` where it says nothing.
    ///
    /// `README.md` says how far apart they may be.
    public func selfCheck() throws -> SelfCheckResult? {
        try model.selfCheck()
    }

    /// Takes the next picture of the stream, at whatever rate the camera gives them.
    ///
    /// The newest picture is kept until the next one comes. Vision looks only at pictures that the model's rate needs.
    ///
    /// - Parameters:
    ///   - pixelBuffer: the picture.
    ///   - orientation: how to turn it upright.
    ///   - time: its time stamp, in seconds.
    public func classify(
        _ pixelBuffer: CVPixelBuffer,
        orientation: CGImagePropertyOrientation,
        at time: TimeInterval
    ) throws -> HandOutcome {
        let (frames, restarted) = frames(upTo: Frame(pixelBuffer, orientation), at: time)
        return try outcome(after: frames.map { try $0.hand(with: detector) }, restarted: restarted)
    }

    /// Takes a hand that the app found itself, at the model's rate; `nil` stands for a frame without a hand.
    ///
    /// If the model wants left hands mirrored, the `side` of the window's hands decides.
    public func classify(_ hand: HandArray?) throws -> HandOutcome {
        try outcome(of: queue.append(hand))
    }

    /// Forgets the stream.
    public func reset() {
        clock.reset()
        queue.reset()
        detector.reset()
        latest = nil
    }

    /// What the ticks up to this frame show, the oldest first, and whether a new stream begins.
    private func frames(upTo frame: Frame, at time: TimeInterval) -> (frames: [Frame], restarted: Bool) {
        let arrival = clock.arrive(at: time)
        if arrival.restarted {
            queue.reset()
            detector.reset()
        }
        var frames = [Frame](repeating: latest ?? frame, count: arrival.ticksOfPreviousFrame)
        if arrival.isTaken {
            frames.append(frame)
        }
        for (tick, shown) in zip((clock.ticks - frames.count)..., frames) {
            shown.time = shown.time ?? Double(tick) / clock.frameRate
        }
        latest = frame
        return (frames, arrival.restarted)
    }

    private func outcome(after hands: [HandArray?], restarted: Bool) throws -> HandOutcome {
        let steps = hands.map { queue.append($0) }
        // A slow camera's picture can stand for several frames: the newest step that says something counts.
        guard let step = steps.last(where: { $0 != .wait }) else { return restarted ? .noHand : .waiting }
        return try outcome(of: step)
    }

    private func outcome(of step: WindowQueue.Step) throws -> HandOutcome {
        switch step {
        case .wait: return .waiting
        case .tooFewHands: return .noHand
        case .predict(let frames):
            guard frames.contains(where: { $0.isPresent }) else { return .noHand }
            return .prediction(try model.prediction(frames: frames))
        }
    }
}

#if compiler(>=6.0)
extension HandActionClassifier {
    /// As `classify(_:orientation:at:)`, with the request that Vision has from iOS 18 and macOS 15 on, if it has it.
    ///
    /// Wait for the outcome of a picture before you give the next one.
    public func outcome(
        of pixelBuffer: CVPixelBuffer,
        orientation: CGImagePropertyOrientation,
        at time: TimeInterval,
        isolation: isolated (any Actor)? = #isolation
    ) async throws -> HandOutcome {
        let (frames, restarted) = frames(upTo: Frame(pixelBuffer, orientation), at: time)
        var hands: [HandArray?] = []
        for frame in frames {
            hands.append(try await frame.handByNewestRequest(with: detector))
        }
        return try outcome(after: hands, restarted: restarted)
    }
}
#endif

/// A picture, and its hand from the first time that it is asked for.
private final class Frame {
    private let pixelBuffer: CVPixelBuffer
    private let orientation: CGImagePropertyOrientation
    private var found: HandArray??

    /// Of the first tick that shows it, seconds since the stream began.
    var time: TimeInterval?

    init(_ pixelBuffer: CVPixelBuffer, _ orientation: CGImagePropertyOrientation) {
        self.pixelBuffer = pixelBuffer
        self.orientation = orientation
    }

    func hand(with detector: HandDetector) throws -> HandArray? {
        if let found = found {
            return found
        }
        let hand = try detector.hand(in: pixelBuffer, orientation: orientation, at: time)
        found = .some(hand)
        return hand
    }

    #if compiler(>=6.0)
    func handByNewestRequest(
        with detector: HandDetector, isolation: isolated (any Actor)? = #isolation
    ) async throws -> HandArray? {
        if let found = found {
            return found
        }
        let hand = try await detector.handByNewestRequest(in: pixelBuffer, orientation: orientation, at: time)
        found = .some(hand)
        return hand
    }
    #endif
}
#endif
