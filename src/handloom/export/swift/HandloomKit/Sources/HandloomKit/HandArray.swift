import Foundation

/// The joints of one hand in one frame, in the layout of Vision's `keypointsMultiArray()`: 3 channels of 21 joints.
///
/// x and y are fractions of the upright picture's width and height, with the origin at the lower left.
public struct HandArray: Equatable, Sendable {
    /// The channels, in order.
    public static let channels = ["x", "y", "confidence"]

    /// The joints, in order.
    public static let joints = [
        "wrist",
        "thumbCMC", "thumbMP", "thumbIP", "thumbTip",
        "indexMCP", "indexPIP", "indexDIP", "indexTip",
        "middleMCP", "middlePIP", "middleDIP", "middleTip",
        "ringMCP", "ringPIP", "ringDIP", "ringTip",
        "littleMCP", "littlePIP", "littleDIP", "littleTip",
    ]

    /// How many numbers a frame has.
    public static let count = channels.count * joints.count

    /// What stands for a frame without a hand.
    public static let zero = HandArray(unchecked: [Float](repeating: 0, count: count))

    /// All x, then all y, then all confidences.
    public let values: [Float]

    /// Takes all x, then all y, then all confidences; `nil` unless there are 63 numbers.
    public init?(values: [Float]) {
        guard values.count == HandArray.count else { return nil }
        self.values = values
    }

    private init(unchecked values: [Float]) {
        self.values = values
    }

    /// The x of each joint.
    public var x: [Float] { channel(0) }

    /// The y of each joint.
    public var y: [Float] { channel(1) }

    /// The confidence of each joint; 0 where it was not seen.
    public var confidence: [Float] { channel(2) }

    /// Whether any joint was seen.
    public var isPresent: Bool { confidence.contains { $0 > 0 } }

    /// Left and right exchanged: x becomes 1 - x where a joint was seen; joints of confidence 0 stay as they are.
    public func mirrored() -> HandArray {
        let count = HandArray.joints.count
        var mirrored = values
        for joint in 0..<count where values[2 * count + joint] > 0 {
            mirrored[joint] = 1 - values[joint]
        }
        return HandArray(unchecked: mirrored)
    }

    private func channel(_ index: Int) -> [Float] {
        let count = HandArray.joints.count
        return Array(values[(index * count)..<((index + 1) * count)])
    }
}
