#if canImport(Vision) && canImport(AVFoundation)
import AVFoundation
import CoreVideo
import Foundation
import HandloomKit
import ImageIO
import Vision

/// The frames of a photo or a clip with the first hand that Vision finds in each, as HandloomKit asks for it.
func framesByVision(_ file: LabeledFile, _ media: Media) async throws -> [Frame] {
    guard #available(macOS 12.0, iOS 15.0, *) else { throw JointsError("macOS 12 or newer is needed") }
    return try await media == .photos ? [photo(at: file.url)] : clip(at: file.url)
}

private func photo(at url: URL) throws -> Frame {
    try autoreleasepool {
        guard
            let source = CGImageSourceCreateWithURL(url as CFURL, nil),
            let picture = CGImageSourceCreateImageAtIndex(source, 0, nil)
        else { throw JointsError("no picture") }
        let properties = CGImageSourceCopyPropertiesAtIndex(source, 0, nil) as? [CFString: Any]
        let turned = (properties?[kCGImagePropertyOrientation] as? NSNumber)?.uint32Value ?? 1
        let orientation = CGImagePropertyOrientation(rawValue: turned) ?? .up
        let handler = VNImageRequestHandler(cgImage: picture, orientation: orientation, options: [:])
        return Frame(time: 0, hand: try hand(by: handler))
    }
}

@available(macOS 12.0, iOS 15.0, *)
private func clip(at url: URL) async throws -> [Frame] {
    let asset = AVURLAsset(url: url)
    guard let track = try await asset.loadTracks(withMediaType: .video).first else { throw JointsError("no video") }
    let turned = try await track.load(.preferredTransform)
    let numbers = [turned.a, turned.b, turned.c, turned.d].map { Int($0.rounded()) }
    let orientation = Turn(matrix: numbers).flatMap { CGImagePropertyOrientation(rawValue: $0.rawValue) } ?? .up
    let reader = try AVAssetReader(asset: asset)
    let format = [kCVPixelBufferPixelFormatTypeKey as String: NSNumber(value: kCVPixelFormatType_32BGRA)]
    let output = AVAssetReaderTrackOutput(track: track, outputSettings: format)
    reader.add(output)
    guard reader.startReading() else { throw reader.error ?? JointsError("no video that can be decoded") }
    var frames: [Frame] = []
    var start: Double?
    while let next = try autoreleasepool(invoking: { try nextFrame(of: output, orientation, &start) }) {
        frames.append(next)
    }
    // A clip that ends in the middle would be taken for a shorter one.
    if reader.status != .completed { throw reader.error ?? JointsError("it ends in the middle") }
    return frames
}

/// The next frame with a picture; its time counts from `start`, which the first frame sets.
private func nextFrame(
    of output: AVAssetReaderTrackOutput, _ orientation: CGImagePropertyOrientation, _ start: inout Double?
) throws -> Frame? {
    while let sample = output.copyNextSampleBuffer() {
        guard let picture = CMSampleBufferGetImageBuffer(sample) else { continue }
        let time = CMTimeGetSeconds(CMSampleBufferGetPresentationTimeStamp(sample))
        let first = start ?? time
        start = first
        let handler = VNImageRequestHandler(cvPixelBuffer: picture, orientation: orientation, options: [:])
        return Frame(time: time - first, hand: try hand(by: handler))
    }
    return nil
}

private func hand(by handler: VNImageRequestHandler) throws -> HandArray? {
    let request = VNDetectHumanHandPoseRequest()
    request.maximumHandCount = 1
    try handler.perform([request])
    guard let found = request.results?.first else { return nil }
    var side: HandSide?
    if #available(macOS 12.0, iOS 15.0, *) {
        side = found.chirality == .left ? .left : found.chirality == .right ? .right : nil
    }
    guard
        let hand = HandArray(try found.keypointsMultiArray(), side: side),
        hand.values.allSatisfy({ $0.isFinite })
    else { throw JointsError("Vision gave other joints than 63 numbers") }
    return hand
}
#endif
