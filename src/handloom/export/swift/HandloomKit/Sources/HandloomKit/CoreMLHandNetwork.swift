#if canImport(Vision) && canImport(CoreML)
import CoreML
import CoreVideo
import Foundation
import ImageIO

/// One of the two networks, asked through Core ML.
public final class CoreMLHandNetwork: HandNetwork {
    private let model: MLModel
    private let outputNames: [String]
    private let image: MLMultiArray
    private let numbers: UnsafeMutableBufferPointer<Float>

    /// Takes `model` of the class that Xcode makes of `PalmDetector.mlpackage` or `HandLandmarks.mlpackage`.
    public init(model: MLModel) throws {
        let description = model.modelDescription
        let names = [["boxes", "scores"], ["landmarks", "presence", "handedness"]]
        let shape = description.inputDescriptionsByName["image"]?.multiArrayConstraint?.shape ?? []
        guard let known = names.first(where: { $0.allSatisfy { description.outputDescriptionsByName[$0] != nil } }),
            shape.count == 4
        else { throw HandModelError.unexpectedInput }
        let count = shape.reduce(1) { $0 * $1.intValue }
        numbers = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
        numbers.initialize(repeating: 0)
        // Core ML reads these numbers; writing them one by one as NSNumber would take longer than the network.
        do {
            image = try MLMultiArray(
                dataPointer: UnsafeMutableRawPointer(numbers.baseAddress!), shape: shape, dataType: .float32,
                strides: shape.indices.map { axis in
                    NSNumber(value: shape[(axis + 1)...].reduce(1) { $0 * $1.intValue })
                },
                deallocator: nil)
        } catch {
            numbers.deallocate()  // Swift runs no `deinit` after an `init` that throws.
            throw error
        }
        outputNames = known
        self.model = model
    }

    deinit {
        numbers.deallocate()
    }

    /// The outputs, in the order of the file's note.
    public func outputs(for picture: [Float]) throws -> [[Float]] {
        guard picture.count == numbers.count else { throw HandModelError.unexpectedInput }
        for (place, value) in picture.enumerated() { numbers[place] = value }
        let given = try MLDictionaryFeatureProvider(dictionary: ["image": MLFeatureValue(multiArray: image)])
        let made = try model.prediction(from: given)
        return try outputNames.map { name in
            guard let array = made.featureValue(for: name)?.multiArrayValue else {
                throw HandNetworkError.unexpectedOutput
            }
            return (0..<array.count).map { array[$0].floatValue }
        }
    }
}

extension LandmarkHandDetector {
    /// Takes the models of the two classes that Xcode makes of the files in `landmarker`.
    public convenience init(palmDetector: MLModel, handLandmarks: MLModel) throws {
        self.init(
            palmDetector: try CoreMLHandNetwork(model: palmDetector),
            handLandmarks: try CoreMLHandNetwork(model: handLandmarks))
    }

    /// As `hand(in:at:)`, of a camera's picture in the format BGRA.
    public func hand(
        in pixelBuffer: CVPixelBuffer, orientation: CGImagePropertyOrientation, at time: TimeInterval?
    ) throws -> HandArray? {
        guard let picture = PixelPicture(pixelBuffer)?.upright(exif: Int(orientation.rawValue)) else {
            throw HandModelError.unexpectedPicture
        }
        return try hand(in: picture, at: time)
    }
}

extension PixelPicture {
    /// Copies a picture in the format BGRA; `nil` for another format.
    public init?(_ pixelBuffer: CVPixelBuffer) {
        guard CVPixelBufferGetPixelFormatType(pixelBuffer) == kCVPixelFormatType_32BGRA else { return nil }
        guard CVPixelBufferLockBaseAddress(pixelBuffer, .readOnly) == kCVReturnSuccess else { return nil }
        defer { CVPixelBufferUnlockBaseAddress(pixelBuffer, .readOnly) }
        guard let address = CVPixelBufferGetBaseAddress(pixelBuffer) else { return nil }
        let (width, height) = (CVPixelBufferGetWidth(pixelBuffer), CVPixelBufferGetHeight(pixelBuffer))
        let rowBytes = CVPixelBufferGetBytesPerRow(pixelBuffer)
        let pixels = UnsafeRawBufferPointer(start: address, count: rowBytes * height)
        var bytes = [UInt8](repeating: 0, count: 3 * width * height)
        for row in 0..<height {
            for column in 0..<width {
                let (from, to) = (row * rowBytes + 4 * column, 3 * (row * width + column))
                bytes[to] = pixels[from + 2]
                bytes[to + 1] = pixels[from + 1]
                bytes[to + 2] = pixels[from]
            }
        }
        self.init(width: width, height: height, bytes: bytes)
    }
}
#endif
