// Core Video, as far as HandloomKit calls it, for a machine without it.

/// In place of Apple's picture; `hands` are what the stand-in for Vision finds in it, the largest first.
public final class CVBuffer {
    public let hands: [(joints: [Float], isLeft: Bool)]

    public init(hands: [(joints: [Float], isLeft: Bool)]) {
        self.hands = hands
    }
}

public typealias CVImageBuffer = CVBuffer
public typealias CVPixelBuffer = CVImageBuffer
