// AVFoundation and Core Media, as far as handloom-joints calls them, for a machine without them: signatures as Apple
// documents them. A clip is a JSON file: {"transform": [a, b, c, d], "frames": [{"time": 0.5, "hands": [...]}]}.
import CoreVideo
import Foundation
import ImageIO

public struct CGAffineTransform {
    public var a, b, c, d, tx, ty: CGFloat
}

public struct AVMediaType: RawRepresentable, Hashable, Sendable {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    public static let video = AVMediaType(rawValue: "vide")
}

open class AVPartialAsyncProperty<Root: AnyObject> {}

open class AVAsyncProperty<Root: AnyObject, Value>: AVPartialAsyncProperty<Root> {
    let value: (Root) -> Value

    init(_ value: @escaping (Root) -> Value) {
        self.value = value
    }
}

extension AVPartialAsyncProperty where Root: AVAssetTrack {
    public static var preferredTransform: AVAsyncProperty<Root, CGAffineTransform> { AVAsyncProperty { $0.transform } }
}

open class AVAssetTrack: NSObject {
    fileprivate let transform: CGAffineTransform
    fileprivate let pictures: [(time: Double, picture: CVBuffer)]

    fileprivate init(_ clip: StoredClip) {
        let matrix = clip.transform.map { CGFloat($0) }
        transform = CGAffineTransform(a: matrix[0], b: matrix[1], c: matrix[2], d: matrix[3], tx: 0, ty: 0)
        pictures = clip.frames.map { ($0.time, $0.picture.buffer) }
    }

    public func load<T>(_ property: AVAsyncProperty<AVAssetTrack, T>) async throws -> T { property.value(self) }
}

open class AVAsset: NSObject {
    let url: URL

    init(at url: URL) {
        self.url = url
    }

    public func loadTracks(withMediaType mediaType: AVMediaType) async throws -> [AVAssetTrack] {
        [AVAssetTrack(try JSONDecoder().decode(StoredClip.self, from: Data(contentsOf: url)))]
    }
}

open class AVURLAsset: AVAsset {
    public init(url URL: URL, options: [String: Any]? = nil) {
        super.init(at: URL)
    }
}

open class AVAssetReaderOutput: NSObject {
    fileprivate var left: ArraySlice<(time: Double, picture: CVBuffer)> = []

    public func copyNextSampleBuffer() -> CMSampleBuffer? {
        left.popFirst().map { CMSampleBuffer(seconds: $0.time, picture: $0.picture) }
    }
}

open class AVAssetReaderTrackOutput: AVAssetReaderOutput {
    public init(track: AVAssetTrack, outputSettings: [String: Any]?) {
        super.init()
        left = track.pictures[...]
    }
}

open class AVAssetReader: NSObject {
    public enum Status: Int, Sendable {
        case unknown, reading, completed, failed, cancelled
    }

    public private(set) var status = Status.unknown
    public var error: (any Error)? { nil }

    public init(asset: AVAsset) throws {}

    public func add(_ output: AVAssetReaderOutput) {}

    public func startReading() -> Bool {
        status = .completed
        return true
    }
}

public struct CMTime: Sendable {
    let seconds: Double
}

public final class CMSampleBuffer {
    let seconds: Double
    let picture: CVBuffer

    init(seconds: Double, picture: CVBuffer) {
        self.seconds = seconds
        self.picture = picture
    }
}

public func CMTimeGetSeconds(_ time: CMTime) -> Double { time.seconds }

public func CMSampleBufferGetImageBuffer(_ sbuf: CMSampleBuffer) -> CVImageBuffer? { sbuf.picture }

public func CMSampleBufferGetPresentationTimeStamp(_ sbuf: CMSampleBuffer) -> CMTime { CMTime(seconds: sbuf.seconds) }

private struct StoredClip: Decodable {
    struct Frame: Decodable {
        let time: Double
        let picture: StoredPicture
    }

    let transform: [Double]
    let frames: [Frame]
}
