// Core Video, as far as HandloomKit calls it, for a machine without it.
import Foundation

/// In place of Apple's picture; `hands` are what the stand-in for Vision finds in it, the largest first.
public final class CVBuffer {
    public let hands: [(joints: [Float], isLeft: Bool)]

    /// The EXIF number of the orientation with which they are found.
    public let orientation: UInt32

    public init(hands: [(joints: [Float], isLeft: Bool)], orientation: UInt32 = 1) {
        self.hands = hands
        self.orientation = orientation
    }
}

public typealias CVImageBuffer = CVBuffer
public typealias CVPixelBuffer = CVImageBuffer
public typealias CFString = String

public let kCVPixelBufferPixelFormatTypeKey: CFString = "PixelFormatType"
public let kCVPixelFormatType_32BGRA: UInt32 = 0x4247_5241

/// A picture in a JSON file: {"orientation": 1, "hands": [{"joints": [63 numbers], "isLeft": false}]}.
public struct StoredPicture: Decodable {
    struct Hand: Decodable {
        let joints: [Float]
        let isLeft: Bool
    }

    public let orientation: UInt32
    let hands: [Hand]

    public var buffer: CVBuffer { CVBuffer(hands: hands.map { ($0.joints, $0.isLeft) }, orientation: orientation) }
}
