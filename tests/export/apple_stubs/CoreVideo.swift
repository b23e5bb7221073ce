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

public typealias CVReturn = Int32
public let kCVReturnSuccess: CVReturn = 0

public struct CVPixelBufferLockFlags: OptionSet, Sendable {
    public let rawValue: UInt64
    public static let readOnly = CVPixelBufferLockFlags(rawValue: 1)

    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }
}

public typealias OSType = UInt32

public func CVPixelBufferGetPixelFormatType(_ pixelBuffer: CVPixelBuffer) -> OSType { fatalError("no stand-in") }
public func CVPixelBufferGetWidth(_ pixelBuffer: CVPixelBuffer) -> Int { fatalError("no stand-in") }
public func CVPixelBufferGetHeight(_ pixelBuffer: CVPixelBuffer) -> Int { fatalError("no stand-in") }
public func CVPixelBufferGetBytesPerRow(_ pixelBuffer: CVPixelBuffer) -> Int { fatalError("no stand-in") }

public func CVPixelBufferGetBaseAddress(_ pixelBuffer: CVPixelBuffer) -> UnsafeMutableRawPointer? {
    fatalError("no stand-in")
}

public func CVPixelBufferLockBaseAddress(
    _ pixelBuffer: CVPixelBuffer, _ lockFlags: CVPixelBufferLockFlags
) -> CVReturn {
    fatalError("no stand-in")
}

@discardableResult
public func CVPixelBufferUnlockBaseAddress(
    _ pixelBuffer: CVPixelBuffer, _ unlockFlags: CVPixelBufferLockFlags
) -> CVReturn {
    fatalError("no stand-in")
}

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
