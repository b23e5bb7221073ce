import Foundation

/// What a model says of a hand.
public struct HandPrediction: Equatable, Sendable {
    /// The most likely class.
    public let label: String

    /// The probability of each class.
    public let probabilities: [String: Double]

    /// A prediction of these.
    public init(label: String, probabilities: [String: Double]) {
        self.label = label
        self.probabilities = probabilities
    }

    /// The probability of the most likely class.
    public var probability: Double { probabilities[label] ?? 0 }
}

/// What a classifier has to say after a frame.
public enum HandOutcome: Equatable, Sendable {
    /// Nothing yet: ask again with the next frame.
    case waiting

    /// There is no hand, or too few frames hold one.
    case noHand

    /// The model was asked.
    case prediction(HandPrediction)
}
