// Vision, as far as HandloomKit calls it, for a machine without it: signatures as Apple documents them.
// Apple's classes are not Sendable here, which is the stricter of what Apple may say.
import CoreML
import CoreVideo
import ImageIO

private func array(_ joints: [Float]) throws -> MLMultiArray {
    let array = try MLMultiArray(shape: [1, 3, 21], dataType: .float32)
    for (index, number) in joints.enumerated() {
        array[index] = NSNumber(value: number)
    }
    return array
}

public struct VNImageOption: RawRepresentable, Hashable, Sendable {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }
}

public enum VNChirality: Int, Sendable {
    case unknown = 0
    case left = -1
    case right = 1
}

open class VNRequest: NSObject {
    fileprivate func look(at picture: CVPixelBuffer) {}
}

open class VNRecognizedPointsObservation: NSObject {
    fileprivate let joints: [Float]

    fileprivate init(joints: [Float]) {
        self.joints = joints
    }

    public func keypointsMultiArray() throws -> MLMultiArray { try array(joints) }
}

open class VNHumanHandPoseObservation: VNRecognizedPointsObservation {
    public let chirality: VNChirality

    fileprivate init(joints: [Float], isLeft: Bool) {
        chirality = isLeft ? .left : .right
        super.init(joints: joints)
    }
}

open class VNDetectHumanHandPoseRequest: VNRequest {
    public var maximumHandCount = 2
    public private(set) var results: [VNHumanHandPoseObservation]?

    override fileprivate func look(at picture: CVPixelBuffer) {
        results = picture.hands.prefix(maximumHandCount).map { VNHumanHandPoseObservation(joints: $0, isLeft: $1) }
    }
}

open class VNImageRequestHandler: NSObject {
    private let picture: CVPixelBuffer

    public init(
        cvPixelBuffer pixelBuffer: CVPixelBuffer,
        orientation: CGImagePropertyOrientation,
        options: [VNImageOption: Any] = [:]
    ) {
        picture = orientation.rawValue == pixelBuffer.orientation ? pixelBuffer : CVPixelBuffer(hands: [])
    }

    public convenience init(cvPixelBuffer pixelBuffer: CVPixelBuffer, options: [VNImageOption: Any] = [:]) {
        self.init(cvPixelBuffer: pixelBuffer, orientation: .up, options: options)
    }

    public convenience init(
        cgImage image: CGImage, orientation: CGImagePropertyOrientation, options: [VNImageOption: Any] = [:]
    ) {
        self.init(cvPixelBuffer: image.buffer, orientation: orientation, options: options)
    }

    public func perform(_ requests: [VNRequest]) throws {
        requests.forEach { $0.look(at: picture) }
    }
}

// The newer interface: iOS 18, macOS 15, tvOS 18, visionOS 2.

public protocol VisionRequest: Sendable {
    associatedtype Result: Sendable
}

public protocol ImageProcessingRequest: VisionRequest {
    func perform(on pixelBuffer: CVPixelBuffer, orientation: CGImagePropertyOrientation?) async throws -> Result
}

public struct HumanHandPoseObservation: Sendable {
    public enum Chirality: Sendable {
        case left, right
    }

    public let chirality: Chirality?
    fileprivate let joints: [Float]

    public var keypoints: MLMultiArray { get throws { try array(joints) } }
}

public struct DetectHumanHandPoseRequest: ImageProcessingRequest {
    public typealias Result = [HumanHandPoseObservation]

    public enum Revision: Sendable {
        case revision1
    }

    public var maximumHandCount = 2

    public init(_ revision: Revision? = nil) {}

    public func perform(
        on pixelBuffer: CVPixelBuffer, orientation: CGImagePropertyOrientation? = nil
    ) async throws -> [HumanHandPoseObservation] {
        pixelBuffer.hands.prefix(maximumHandCount).map {
            HumanHandPoseObservation(chirality: $0.isLeft ? .left : .right, joints: $0.joints)
        }
    }
}
