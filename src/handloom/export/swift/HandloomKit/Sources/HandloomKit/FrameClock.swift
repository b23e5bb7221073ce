import Foundation

/// Brings frames that arrive at any times to the constant rate that a model was trained at.
///
/// Each tick of that rate gets the newest frame that is not later than the tick. `RULES.md` gives the rule in full.
public struct FrameClock: Sendable {
    /// What a frame's arrival means.
    public struct Arrival: Equatable, Sendable {
        /// The frames before this one belong to another stream: forget them.
        public let restarted: Bool

        /// How many ticks in a row get the frame before this one.
        public let ticksOfPreviousFrame: Int

        /// Whether this frame, after those ticks, gets the next one.
        public let isTaken: Bool
    }

    /// A frame later than its tick by this fraction of the interval still belongs to it: time stamps are rounded.
    public static let tickTolerance = 0.1

    /// Ticks a second.
    public let frameRate: Double

    /// Seconds between two frames from which on the later one starts a new stream.
    public let longestGap: TimeInterval

    /// How many ticks of the stream have been given to frames.
    public private(set) var ticks = 0

    /// Seconds from the stream's first frame to the newest one.
    public private(set) var since: TimeInterval = 0

    private var start: TimeInterval?
    private var latest: TimeInterval = 0

    /// Starts with the first frame that arrives.
    public init(frameRate: Double, longestGap: TimeInterval = 1) {
        precondition(frameRate > 0 && longestGap > 0, "frame rate and longest gap must be positive")
        self.frameRate = frameRate
        self.longestGap = longestGap
    }

    /// Tells what to do with a frame of this time stamp, in seconds.
    public mutating func arrive(at time: TimeInterval) -> Arrival {
        guard let start = start, time >= latest, time - latest <= longestGap else {
            let restarted = self.start != nil
            self.start = time
            latest = time
            ticks = 1
            since = 0
            return Arrival(restarted: restarted, ticksOfPreviousFrame: 0, isTaken: true)
        }
        latest = time
        since = time - start
        let tolerance = FrameClock.tickTolerance / frameRate
        var ticksOfPreviousFrame = 0
        while Double(ticks) / frameRate + tolerance < since {
            ticksOfPreviousFrame += 1
            ticks += 1
        }
        let isTaken = Double(ticks) / frameRate <= since + tolerance
        if isTaken {
            ticks += 1
        }
        return Arrival(restarted: false, ticksOfPreviousFrame: ticksOfPreviousFrame, isTaken: isTaken)
    }

    /// Forgets the stream; the next frame starts a new one.
    public mutating func reset() {
        start = nil
    }
}
