import Foundation

/// When a gesture counts in a stream, chosen on validation streams and stored in the model's file.
public struct StreamSettings: Equatable, Sendable {
    /// The lowest probability at which a class counts.
    public let threshold: Double

    /// Of the classes for which another one than `threshold` was chosen.
    public let thresholds: [String: Double]

    /// Seconds for which a class must reach its threshold before its gesture begins.
    public let holdTime: TimeInterval

    /// Seconds after the end of a gesture in which none begins.
    public let cooldown: TimeInterval

    /// Frames, at the model's rate, from one prediction to the next; `nil` where the file does not say.
    public let stride: Int?

    /// So many predictions are averaged; 1: each counts as it is.
    public let mean: Int

    private struct Entry: Decodable {
        let threshold: Double?
        let thresholds: [String: Double]?
        let hold_time: Double?
        let cooldown: Double?
        let stride: Int?
        let mean: Int?
    }

    /// Reads the entry `Stream Settings` of a file's metadata; `nil` where it is not of the form that `RULES.md` states.
    public init?(_ json: String) {
        guard let entry = try? JSONDecoder().decode(Entry.self, from: Data(json.utf8)) else { return nil }
        threshold = entry.threshold ?? 0.8
        thresholds = entry.thresholds ?? [:]
        holdTime = entry.hold_time ?? 0
        cooldown = entry.cooldown ?? 0
        stride = entry.stride
        mean = entry.mean ?? 1
        let shares = [threshold] + thresholds.values
        guard shares.allSatisfy({ (0...1).contains($0) }), holdTime >= 0, cooldown >= 0, (stride ?? 1) > 0, mean > 0
        else { return nil }
    }
}
