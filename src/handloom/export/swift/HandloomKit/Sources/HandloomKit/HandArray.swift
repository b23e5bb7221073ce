import Foundation

/// Which of the two hands, as a person has them.
public enum HandSide: Sendable {
    case left, right
}

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
    public static let zero = HandArray(unchecked: [Float](repeating: 0, count: count), side: nil)

    /// All x, then all y, then all confidences.
    public let values: [Float]

    /// Which hand it is; `nil` where that is not known.
    public let side: HandSide?

    /// Takes all x, then all y, then all confidences; `nil` unless there are 63 numbers.
    public init?(values: [Float], side: HandSide? = nil) {
        guard values.count == HandArray.count else { return nil }
        self.init(unchecked: values, side: side)
    }

    private init(unchecked values: [Float], side: HandSide?) {
        self.values = values
        self.side = side
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
    ///
    /// Its side is not known afterwards, so that it is not mirrored a second time.
    public func mirrored() -> HandArray {
        let count = HandArray.joints.count
        var mirrored = values
        for joint in 0..<count where values[2 * count + joint] > 0 {
            mirrored[joint] = 1 - values[joint]
        }
        return HandArray(unchecked: mirrored, side: nil)
    }

    /// A window as a model takes it that wants left hands mirrored: mirrored as a whole if most of its hands are left.
    ///
    /// Vision may take a frame of a left hand for a right one: mirrored frame by frame, the hand would jump.
    public static func leftHandsMirrored(in window: [HandArray]) -> [HandArray] {
        let left = window.filter { $0.side == .left }.count
        let right = window.filter { $0.side == .right }.count
        return left > right ? window.map { $0.mirrored() } : window
    }

    private func channel(_ index: Int) -> [Float] {
        let count = HandArray.joints.count
        return Array(values[(index * count)..<((index + 1) * count)])
    }
}
