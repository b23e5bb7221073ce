import Foundation

/// A gesture began or ended.
public enum GestureEvent: Equatable, Sendable {
    case began(String)
    case ended(String)
}

/// Turns probabilities into gestures that begin and end.
///
/// `RULES.md` gives the rules in full.
public struct GestureDecision: Sendable {
    /// When a gesture is recognised.
    public struct Settings: Equatable, Sendable {
        /// The lowest probability at which a class counts.
        public var thresholds: [String: Double]

        /// The same for a class that is not among `thresholds`.
        public var defaultThreshold: Double

        /// Seconds for which a class must reach its threshold before its gesture begins.
        public var holdTime: TimeInterval

        /// Seconds after the end of a gesture in which none begins.
        public var cooldown: TimeInterval

        /// The class of no gesture; it need not be among the model's.
        public var backgroundLabel: String

        /// Each setting has a default.
        public init(
            thresholds: [String: Double] = [:],
            defaultThreshold: Double = 0.8,
            holdTime: TimeInterval = 0,
            cooldown: TimeInterval = 0,
            backgroundLabel: String = ModelMetadata.defaultBackgroundLabel
        ) {
            self.thresholds = thresholds
            self.defaultThreshold = defaultThreshold
            self.holdTime = holdTime
            self.cooldown = cooldown
            self.backgroundLabel = backgroundLabel
        }
    }

    /// Times are compared with this much slack, in seconds: differences of time stamps are rounded.
    public static let timeTolerance = 1e-6

    /// When a gesture is recognised.
    public let settings: Settings

    /// The gesture that began and has not ended.
    public private(set) var active: String?

    private var candidate: String?
    private var candidateSince: TimeInterval = 0
    private var lastEnd: TimeInterval?

    /// No gesture is active.
    public init(settings: Settings = Settings()) {
        self.settings = settings
    }

    /// Takes the probabilities of this time, in seconds, or `nil` where there is no hand; times must not decrease.
    public mutating func update(with probabilities: [String: Double]?, at time: TimeInterval) -> [GestureEvent] {
        var events: [GestureEvent] = []
        let recognised = probabilities.flatMap { recognisedGesture(in: $0) }
        if recognised != candidate {
            candidate = recognised
            candidateSince = time
        }
        if let ended = active, ended != recognised {
            events.append(.ended(ended))
            active = nil
            lastEnd = time
        }
        if let label = recognised, active == nil, hasPassed(settings.holdTime, since: candidateSince, at: time),
            lastEnd.map({ hasPassed(settings.cooldown, since: $0, at: time) }) ?? true
        {
            events.append(.began(label))
            active = label
        }
        return events
    }

    /// Forgets everything; a gesture that is active ends without an event.
    public mutating func reset() {
        active = nil
        candidate = nil
        lastEnd = nil
    }

    /// The most likely class, if it is a gesture and its probability reaches its threshold.
    private func recognisedGesture(in probabilities: [String: Double]) -> String? {
        // Of equal probabilities the label that sorts first wins: a dictionary has no order. Labels sort by Unicode
        // scalars, as in other languages; Swift's own order of strings is another.
        let best = probabilities.max { one, other in
            one.value == other.value
                ? other.key.unicodeScalars.lexicographicallyPrecedes(one.key.unicodeScalars)
                : one.value < other.value
        }
        guard let (label, probability) = best, label != settings.backgroundLabel else { return nil }
        return probability >= settings.thresholds[label, default: settings.defaultThreshold] ? label : nil
    }

    private func hasPassed(_ seconds: TimeInterval, since start: TimeInterval, at time: TimeInterval) -> Bool {
        time - start + GestureDecision.timeTolerance >= seconds
    }
}
