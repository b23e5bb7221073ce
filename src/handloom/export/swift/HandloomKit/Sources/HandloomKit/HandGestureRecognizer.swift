import Foundation

/// From what a classifier says to gestures that begin and end: smoothing, then the decision.
public struct HandGestureRecognizer: Sendable {
    private var smoother: Smoother
    private var decision: GestureDecision

    /// Has seen nothing yet.
    public init(smoothing: Smoothing = .none, settings: GestureDecision.Settings = GestureDecision.Settings()) {
        smoother = Smoother(smoothing)
        decision = GestureDecision(settings: settings)
    }

    /// Takes the thresholds and the background label from the model.
    public init(
        metadata: ModelMetadata,
        smoothing: Smoothing = .none,
        holdTime: TimeInterval = 0,
        cooldown: TimeInterval = 0
    ) {
        let settings = GestureDecision.Settings(
            thresholds: metadata.thresholds,
            holdTime: holdTime,
            cooldown: cooldown,
            backgroundLabel: metadata.backgroundLabel
        )
        self.init(smoothing: smoothing, settings: settings)
    }

    /// The gesture that began and has not ended.
    public var active: String? { decision.active }

    /// Takes what the classifier said of the frame of this time, in seconds; times must not decrease.
    public mutating func update(with outcome: HandOutcome, at time: TimeInterval) -> [GestureEvent] {
        switch outcome {
        case .waiting:
            return []
        case .noHand:
            smoother.reset()
            return decision.update(with: nil, at: time)
        case .prediction(let prediction):
            return decision.update(with: smoother.add(prediction.probabilities), at: time)
        }
    }

    /// Forgets everything; a gesture that is active ends without an event.
    public mutating func reset() {
        smoother.reset()
        decision.reset()
    }
}
