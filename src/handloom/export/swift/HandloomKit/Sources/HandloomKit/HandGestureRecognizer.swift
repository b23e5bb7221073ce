import Foundation

/// From what a classifier says to gestures that begin and end: smoothing, then the decision.
public struct HandGestureRecognizer: Sendable {
    /// Seconds between two outcomes from which on the later one starts a new stream.
    public let longestGap: TimeInterval

    private var smoother: Smoother
    private var decision: GestureDecision
    private var latest: TimeInterval?

    /// Has seen nothing yet.
    public init(
        smoothing: Smoothing = .none,
        settings: GestureDecision.Settings = GestureDecision.Settings(),
        longestGap: TimeInterval = 1
    ) {
        self.longestGap = longestGap
        smoother = Smoother(smoothing)
        decision = GestureDecision(settings: settings)
    }

    /// Takes what the model's file says of streams; what is given counts in its place.
    ///
    /// A file that says nothing of streams gives its recommended thresholds, no smoothing, hold time or cooldown.
    public init(
        metadata: ModelMetadata,
        smoothing: Smoothing? = nil,
        holdTime: TimeInterval? = nil,
        cooldown: TimeInterval? = nil
    ) {
        let stream = metadata.stream
        let settings = GestureDecision.Settings(
            thresholds: stream?.thresholds ?? metadata.thresholds,
            defaultThreshold: stream?.threshold ?? GestureDecision.Settings().defaultThreshold,
            holdTime: holdTime ?? stream?.holdTime ?? 0,
            cooldown: cooldown ?? stream?.cooldown ?? 0,
            backgroundLabel: metadata.backgroundLabel
        )
        let mean = stream?.mean ?? 1
        self.init(smoothing: smoothing ?? (mean > 1 ? .mean(count: mean) : Smoothing.none), settings: settings)
    }

    /// The gesture that began and has not ended.
    public var active: String? { decision.active }

    /// Takes what the classifier said of the frame of this time, in seconds.
    ///
    /// Give every outcome, also `waiting`. Where the time goes back or jumps by more than `longestGap`, a new stream
    /// begins: averages are forgotten and an active gesture ends.
    public mutating func update(with outcome: HandOutcome, at time: TimeInterval) -> [GestureEvent] {
        var events: [GestureEvent] = []
        if let latest = latest, !(time >= latest && time - latest <= longestGap) {
            events = handIsLost(at: time)
            if time < latest {
                decision.reset()  // hold time and cooldown cannot be counted across that
            }
        }
        latest = time
        switch outcome {
        case .waiting:
            return events
        case .noHand:
            return events + handIsLost(at: time)
        case .prediction(let prediction):
            return events + decision.update(with: smoother.add(prediction.probabilities), at: time)
        }
    }

    private mutating func handIsLost(at time: TimeInterval) -> [GestureEvent] {
        smoother.reset()
        return decision.update(with: nil, at: time)
    }

    /// Forgets everything; a gesture that is active ends without an event.
    public mutating func reset() {
        smoother.reset()
        decision.reset()
        latest = nil
    }
}
