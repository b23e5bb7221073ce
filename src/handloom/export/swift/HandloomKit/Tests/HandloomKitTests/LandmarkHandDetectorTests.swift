import XCTest

@testable import HandloomKit

/// The examples in `landmarks.json`, of which Python computed the results.
struct LandmarkVectors: Decodable {
    struct Squares: Decodable {
        let name: String
        let width: Int
        let height: Int
        let palm: [Float]
        let palmSquare: [Float]
        let palmCorners: [Float]
        let joints: [Float]
        let handSquare: [Float]
        let shown: [Float]
        let places: [Float]
        let overlap: Double
        let otherSquare: [Float]
    }

    struct Crops: Decodable {
        let name: String
        let width: Int
        let height: Int
        let size: Int
        let corners: [Float]
        let edge: [UInt8]
        let black: [UInt8]
        let whole: [UInt8]
    }

    struct Palms: Decodable {
        let name: String
        let places: [Int]
        let boxes: [[Float]]
        let scores: [Float]
        let palms: [[Float]]
    }

    struct Scaled: Decodable {
        let name: String
        let width: Int
        let height: Int
        let side: Int
        let bytes: [UInt8]
    }

    struct Stream: Decodable {
        struct Call: Decodable {
            let crop: [UInt8]
            let places: [Int]?
            let boxes: [[Float]]?
            let scores: [Float]?
            let joints: [Float]?
            let presence: Float?
            let right: Float?
        }

        struct Frame: Decodable {
            let time: TimeInterval
            let calls: [Call]
            let joints: [Float]
            let side: String
        }

        let name: String
        let width: Int
        let height: Int
        let choice: String
        let frames: [Frame]
    }

    let squares: [Squares]
    let crops: [Crops]
    let palms: [Palms]
    let scaled: [Scaled]
    let streams: [Stream]

    /// The file, read once.
    static func load() throws -> LandmarkVectors {
        try read.get()
    }

    private static let read = Result { try readFile() }

    private static func readFile() throws -> LandmarkVectors {
        guard let url = Bundle.module.url(forResource: "landmarks", withExtension: "json") else {
            throw CocoaError(.fileNoSuchFile)
        }
        return try JSONDecoder().decode(LandmarkVectors.self, from: Data(contentsOf: url))
    }

    /// The detector's outputs, of which the boxes that say something are stored.
    static func outputs(places: [Int], boxes: [[Float]], scores: [Float]) -> [[Float]] {
        var all = [Float](repeating: 0, count: 2016 * 18)
        var likely = [Float](repeating: -20, count: 2016)
        for (place, (box, score)) in zip(places, zip(boxes, scores)) {
            all.replaceSubrange((18 * place)..<(18 * place + 18), with: box)
            likely[place] = score
        }
        return [all, likely]
    }
}

/// A network that answers what the networks in Python answered, and is shown the same.
private final class Recorded: HandNetwork {
    var calls: [LandmarkVectors.Stream.Call] = []
    private let side: Int

    init(side: Int) {
        self.side = side
    }

    func outputs(for picture: [Float]) throws -> [[Float]] {
        XCTAssertEqual(picture.count, 3 * side * side)
        guard !calls.isEmpty else {
            XCTFail("a call more than in Python")
            return []
        }
        let call = calls.removeFirst()
        for (at, expected) in call.crop.enumerated() {
            // Where Python's `linspace` looks.
            let place = Int(Double(at) * (Double(picture.count - 1) / Double(call.crop.count - 1)))
            // A place may lie in the middle between two 32nds of a pixel, and is then rounded either way.
            XCTAssertEqual(picture[place] * 255, Float(expected), accuracy: 1.01, "byte \(place)")
        }
        if let presence = call.presence, let joints = call.joints, let right = call.right {
            var landmarks = [Float](repeating: 0, count: 63)
            for (at, value) in joints.enumerated() { landmarks[3 * (at / 2) + at % 2] = value }
            return [landmarks, [presence], [right]]
        }
        return LandmarkVectors.outputs(
            places: call.places ?? [], boxes: call.boxes ?? [], scores: call.scores ?? [])
    }
}

final class LandmarkHandDetectorTests: XCTestCase {
    private func made(_ width: Int, _ height: Int) throws -> PixelPicture {
        var bytes: [UInt8] = []
        for y in 0..<height {
            for x in 0..<width {
                for colour in 0..<3 {
                    let place = (x * (2 + colour) + y * (4 - colour) + ((x * y) >> 6)) % 510
                    bytes.append(UInt8(place < 256 ? place : 510 - place))
                }
            }
        }
        return try XCTUnwrap(PixelPicture(width: width, height: height, bytes: bytes))
    }

    private func points(_ numbers: [Float]) -> [HandSquare.Point] {
        stride(from: 0, to: numbers.count, by: 2).map { HandSquare.Point(x: numbers[$0], y: numbers[$0 + 1]) }
    }

    private func numbers(_ points: [HandSquare.Point]) -> [Float] { points.flatMap { [$0.x, $0.y] } }

    private func numbers(_ square: HandSquare) -> [Float] {
        [square.x, square.y, square.width, square.height, square.angle]
    }

    private func assertNear(_ found: [Float], _ expected: [Float], _ tolerance: Float, _ name: String) {
        XCTAssertEqual(found.count, expected.count, name)
        for (one, other) in zip(found, expected) { XCTAssertEqual(one, other, accuracy: tolerance, name) }
    }

    func testSquaresLieWherePythonPutsThem() throws {
        for example in try LandmarkVectors.load().squares {
            let (width, height) = (example.width, example.height)
            let corners = points(example.palm).map { HandSquare.fromDetector($0, width: width, height: height) }
            let palm = Palm(low: corners[0], high: corners[1], wrist: corners[2], middle: corners[3], score: 1)
            let square = HandSquare.around(palm: palm, width: width, height: height)
            assertNear(numbers(square), example.palmSquare, 1e-5, example.name)
            assertNear(
                numbers(square.corners(width: width, height: height)), example.palmCorners, 1e-3, example.name)
            let hand = HandSquare.around(hand: points(example.joints), width: width, height: height)
            assertNear(numbers(hand), example.handSquare, 1e-5, example.name)
            assertNear(numbers(square.inPicture(points(example.shown))), example.places, 1e-5, example.name)
            let other = example.otherSquare
            let second = HandSquare(x: other[0], y: other[1], width: other[2], height: other[3], angle: other[4])
            XCTAssertEqual(hand.overlap(second), example.overlap, accuracy: 1e-6, example.name)
        }
    }

    func testCropsAreTheBytesOfPython() throws {
        for example in try LandmarkVectors.load().crops {
            let picture = try made(example.width, example.height)
            let (corners, size) = (points(example.corners), example.size)
            XCTAssertEqual(picture.crop(corners, size: size, outside: .edge), example.edge, example.name)
            XCTAssertEqual(picture.crop(corners, size: size, outside: .black), example.black, example.name)
            let whole = HandSquare.aroundPicture(width: example.width, height: example.height)
            XCTAssertEqual(picture.crop(whole, size: size, outside: .black), example.whole, example.name)
        }
    }

    func testEachPalmIsFoundOnce() throws {
        for example in try LandmarkVectors.load().palms {
            let outputs = LandmarkVectors.outputs(
                places: example.places, boxes: example.boxes, scores: example.scores)
            let found = Palm.found(boxes: outputs[0], scores: outputs[1], confidence: 0.5)
            let seen = found.map { numbers([$0.low, $0.high, $0.wrist, $0.middle]) + [$0.score] }
            XCTAssertEqual(seen.count, example.palms.count, example.name)
            for (one, other) in zip(seen, example.palms) { assertNear(one, other, 1e-5, example.name) }
        }
    }

    func testPicturesAreScaledDownByTheMeanOfAreas() throws {
        for example in try LandmarkVectors.load().scaled {
            let small = try made(example.width, example.height).scaledDown(to: example.side)
            assertNear(small.bytes.map { Float($0) }, example.bytes.map { Float($0) }, 1, example.name)
        }
        let picture = try made(20, 10)
        XCTAssertEqual(picture.scaledDown(to: 20), picture)
    }

    func testStreamsAskAndAnswerAsPythonDoes() throws {
        for example in try LandmarkVectors.load().streams {
            let (palms, landmarks) = (Recorded(side: 192), Recorded(side: 224))
            let detector = LandmarkHandDetector(
                palmDetector: palms, handLandmarks: landmarks,
                choice: try XCTUnwrap(HandChoice(rawValue: example.choice)))
            let picture = try made(example.width, example.height)
            for (number, frame) in example.frames.enumerated() {
                let name = "\(example.name), frame \(number)"
                palms.calls = frame.calls.filter { $0.presence == nil }
                landmarks.calls = frame.calls.filter { $0.presence != nil }
                let hand = try detector.hand(in: picture, at: frame.time)
                XCTAssertTrue(palms.calls.isEmpty && landmarks.calls.isEmpty, "\(name): fewer calls than in Python")
                guard let found = hand, !frame.joints.isEmpty else {
                    XCTAssertEqual(hand == nil, frame.joints.isEmpty, name)
                    continue
                }
                let joints = zip(found.x, found.y).flatMap { [$0, 1 - $1] }
                assertNear(joints, frame.joints, 1e-4, name)
                XCTAssertEqual(found.side == .left ? "left" : "right", frame.side, name)
            }
        }
    }

    func testAPictureByItselfIsLookedAtOnce() throws {
        let stream = try XCTUnwrap(LandmarkVectors.load().streams.first)
        let first = try XCTUnwrap(stream.frames.first)
        let (palms, landmarks) = (Recorded(side: 192), Recorded(side: 224))
        palms.calls = first.calls.filter { $0.presence == nil }
        landmarks.calls = first.calls.filter { $0.presence != nil }
        let detector = LandmarkHandDetector(
            palmDetector: palms, handLandmarks: landmarks,
            choice: try XCTUnwrap(HandChoice(rawValue: stream.choice)))
        let hand = try detector.hand(in: made(stream.width, stream.height), at: nil)
        XCTAssertEqual(hand == nil, first.joints.isEmpty)
    }

    func testOtherOutputsAreAnError() throws {
        struct Other: HandNetwork {
            func outputs(for picture: [Float]) -> [[Float]] { [[1, 2, 3]] }
        }
        let detector = LandmarkHandDetector(palmDetector: Other(), handLandmarks: Other())
        XCTAssertThrowsError(try detector.hand(in: made(30, 40), at: 0))
    }

    func testPicturesAreTurnedUpright() throws {
        // Bytes count up, so that each pixel tells where it was: 3 columns, 2 rows.
        let bytes: [UInt8] = (0..<6).flatMap { [$0, $0, $0] }
        let picture = try XCTUnwrap(PixelPicture(width: 3, height: 2, bytes: bytes))
        let expected: [Int: [UInt8]] = [
            1: [0, 1, 2, 3, 4, 5], 2: [2, 1, 0, 5, 4, 3], 3: [5, 4, 3, 2, 1, 0], 4: [3, 4, 5, 0, 1, 2],
            5: [0, 3, 1, 4, 2, 5], 6: [3, 0, 4, 1, 5, 2], 7: [5, 2, 4, 1, 3, 0], 8: [2, 5, 1, 4, 0, 3],
        ]
        for (exif, pixels) in expected {
            let upright = try XCTUnwrap(picture.upright(exif: exif))
            XCTAssertEqual(upright.bytes, pixels.flatMap { [$0, $0, $0] }, "\(exif)")
            XCTAssertEqual(upright.width, exif > 4 ? 2 : 3)
        }
        XCTAssertNil(picture.upright(exif: 9))
        XCTAssertNil(PixelPicture(width: 3, height: 2, bytes: []))
    }
}
