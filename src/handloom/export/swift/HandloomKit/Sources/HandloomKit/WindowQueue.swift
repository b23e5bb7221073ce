import Foundation

/// Keeps the newest frames for a model that looks at a window of them, and says when to predict.
public struct WindowQueue: Sendable {
    /// What becomes of a frame without a hand.
    public enum MissingHand: String, Sendable {
        /// A frame of zeros takes its place, so that the window keeps its length in time.
        case appendZeros

        /// It is left out, so that the window spans the gap.
        case skip
    }

    /// What to do after a frame.
    public enum Step: Equatable, Sendable {
        /// Nothing: the window is not full yet, or it is not time.
        case wait

        /// It is time, but too few of the last frames held a hand.
        case tooFewHands

        /// Predict on these frames, the oldest first.
        case predict([HandArray])
    }

    /// Frames that a prediction sees.
    public let window: Int

    /// Frames from one prediction to the next.
    public let stride: Int

    /// What becomes of a frame without a hand.
    public let missingHand: MissingHand

    /// The share of the last `window` frames that has to hold a hand.
    public let minimumPresence: Double

    private var frames: [HandArray] = []
    private var present: [Bool] = []
    private var framesUntilStep: Int

    /// An empty queue.
    ///
    /// - Parameters:
    ///   - window: frames that a prediction sees.
    ///   - stride: frames from one prediction to the next.
    ///   - missingHand: what becomes of a frame without a hand.
    ///   - minimumPresence: the share of the last `window` frames that has to hold a hand, 0 to 1.
    public init(
        window: Int,
        stride: Int = 1,
        missingHand: MissingHand = .appendZeros,
        minimumPresence: Double = 0.6
    ) {
        precondition(window > 0 && stride > 0, "window and stride must be positive")
        precondition((0...1).contains(minimumPresence), "the required share must be from 0 to 1")
        self.window = window
        self.stride = stride
        self.missingHand = missingHand
        self.minimumPresence = minimumPresence
        framesUntilStep = window
    }

    /// Takes the next frame at the model's rate, or `nil` for a frame without a hand.
    public mutating func append(_ hand: HandArray?) -> Step {
        let seen = hand.flatMap { $0.isPresent ? $0 : nil }
        present.append(seen != nil)
        if present.count > window {
            present.removeFirst()
        }
        if let frame = seen ?? (missingHand == .appendZeros ? HandArray.zero : nil) {
            frames.append(frame)
        }
        if frames.count > window {
            frames.removeFirst()
        }
        if missingHand == .skip && !present.contains(true) {
            frames.removeAll()  // else a returning hand would be joined to one of long ago
        }
        framesUntilStep -= 1
        guard framesUntilStep == 0 else { return .wait }
        framesUntilStep = stride
        let share = Double(present.filter { $0 }.count) / Double(window)
        guard frames.count == window, share >= minimumPresence else { return .tooFewHands }
        return .predict(frames)
    }

    /// Empties the queue.
    public mutating func reset() {
        frames.removeAll()
        present.removeAll()
        framesUntilStep = window
    }
}
