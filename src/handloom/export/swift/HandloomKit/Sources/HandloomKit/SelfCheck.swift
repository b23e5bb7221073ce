import Foundation

/// What a model's file carries to prove itself: windows, and the probabilities that the trained model gave for them.
public struct SelfCheck: Equatable, Sendable {
    /// Windows as the network takes them, the oldest frame first; left hands are not to be mirrored in them.
    public let windows: [[HandArray]]

    /// For each window the probability of each class.
    public let probabilities: [[String: Double]]

    private struct Entry: Decodable {
        let frames: Int
        let hold: Int
        let windows: Data
        let labels: [String]
        let probabilities: [[Double]]
    }

    /// Reads the entry `Self Check` of a file's metadata, for a model with this window.
    ///
    /// Throws where the entry is of another window, or not of the form that `RULES.md` states.
    public init(_ json: String, window: Int) throws {
        let entry = try JSONDecoder().decode(Entry.self, from: Data(json.utf8))
        guard window > 0, entry.frames == window, (1...window).contains(entry.hold), !entry.probabilities.isEmpty,
            Set(entry.labels).count == entry.labels.count,
            entry.probabilities.allSatisfy({ $0.count == entry.labels.count })
        else { throw CocoaError(.coderReadCorrupt) }
        let stored = (window - 1) / entry.hold + 1
        let (frames, rest) = entry.windows.count.quotientAndRemainder(dividingBy: HandArray.count)
        guard rest == 0, frames % stored == 0, frames / stored == entry.probabilities.count
        else { throw CocoaError(.coderReadCorrupt) }
        let values = entry.windows.map { Float($0) / 255 }
        windows = entry.probabilities.indices.map { number in
            (0..<window).map { frame in
                let first = (number * stored + frame / entry.hold) * HandArray.count
                return HandArray(values: Array(values[first..<(first + HandArray.count)])) ?? HandArray.zero
            }
        }
        probabilities = entry.probabilities.map { Dictionary(uniqueKeysWithValues: zip(entry.labels, $0)) }
    }
}

/// What came of asking a model, on this device, for the probabilities that its file says it gives.
public struct SelfCheckResult: Equatable, Sendable {
    /// How many windows it was asked about.
    public let windows: Int

    /// The largest difference of a probability from the trained model's; infinite where the answer was no number.
    public let largestDifference: Double
}
