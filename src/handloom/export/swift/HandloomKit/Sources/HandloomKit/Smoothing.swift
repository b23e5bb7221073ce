import Foundation

/// How probabilities are averaged over predictions.
public enum Smoothing: Equatable, Sendable {
    /// They are taken as they are.
    case none

    /// New ones count with `weight`, above 0 and at most 1; the average so far with the rest.
    case exponential(weight: Double)

    /// The mean of the last `count` predictions, or of as many as there are.
    case mean(count: Int)
}

/// Averages probabilities over predictions.
public struct Smoother: Sendable {
    /// How.
    public let smoothing: Smoothing

    private var recent: [[String: Double]] = []

    /// Has seen no prediction.
    public init(_ smoothing: Smoothing) {
        switch smoothing {
        case .none:
            break
        case .exponential(let weight):
            precondition(weight > 0 && weight <= 1, "the weight must be above 0 and at most 1")
        case .mean(let count):
            precondition(count > 0, "the count must be positive")
        }
        self.smoothing = smoothing
    }

    /// Takes the newest probabilities and gives the average.
    public mutating func add(_ probabilities: [String: Double]) -> [String: Double] {
        switch smoothing {
        case .none:
            return probabilities
        case .exponential(let weight):
            let average = recent.last.map { before in
                probabilities.merging(before) { new, old in weight * new + (1 - weight) * old }
            }
            recent = [average ?? probabilities]
            return recent[0]
        case .mean(let count):
            recent.append(probabilities)
            if recent.count > count {
                recent.removeFirst()
            }
            let sums = recent.dropFirst().reduce(recent[0]) { sum, one in sum.merging(one, uniquingKeysWith: +) }
            return sums.mapValues { $0 / Double(recent.count) }
        }
    }

    /// Forgets all predictions.
    public mutating func reset() {
        recent.removeAll()
    }
}
