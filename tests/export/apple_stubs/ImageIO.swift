// Image I/O and Core Graphics, as far as HandloomKit and its tool call them, for a machine without them. A photo is a
// JSON file with a `StoredPicture`.
import CoreVideo
import Foundation

public enum CGImagePropertyOrientation: UInt32, Sendable {
    case up = 1
    case upMirrored, down, downMirrored, leftMirrored, right, rightMirrored, left
}

public typealias CFURL = URL
public typealias CFDictionary = NSDictionary

public final class CGImage {
    public let buffer: CVBuffer

    init(_ buffer: CVBuffer) {
        self.buffer = buffer
    }
}

public final class CGImageSource {
    let picture: StoredPicture?

    init(_ picture: StoredPicture?) {
        self.picture = picture
    }
}

public let kCGImagePropertyOrientation: CFString = "Orientation"

public func CGImageSourceCreateWithURL(_ url: CFURL, _ options: CFDictionary?) -> CGImageSource? {
    guard let content = try? Data(contentsOf: url) else { return nil }
    return CGImageSource(try? JSONDecoder().decode(StoredPicture.self, from: content))
}

public func CGImageSourceCreateImageAtIndex(_ isrc: CGImageSource, _ index: Int, _ options: CFDictionary?) -> CGImage? {
    isrc.picture.map { CGImage($0.buffer) }
}

public func CGImageSourceCopyPropertiesAtIndex(
    _ isrc: CGImageSource, _ index: Int, _ options: CFDictionary?
) -> CFDictionary? {
    isrc.picture.map { [kCGImagePropertyOrientation: NSNumber(value: $0.orientation)] as NSDictionary }
}

/// Objective-C's, which Foundation brings on Apple's systems.
public func autoreleasepool<Result>(invoking body: () throws -> Result) rethrows -> Result { try body() }
