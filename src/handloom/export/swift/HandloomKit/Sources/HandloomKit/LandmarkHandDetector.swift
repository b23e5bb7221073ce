import Foundation

/// One of the two networks that `handloom` exports with `export_coreml.landmarker`.
///
/// `CoreMLHandNetwork` asks Core ML; tests and other runtimes bring their own.
public protocol HandNetwork {
    /// The outputs, in the order of the file's note.
    ///
    /// `picture` has red, green and blue of each pixel, each from 0 to 1, row by row from above: 192 x 192 pixels for
    /// the palm detector, 224 x 224 for the landmark network.
    func outputs(for picture: [Float]) throws -> [[Float]]
}

/// A network gave something else than its numbers.
public enum HandNetworkError: Error {
    case unexpectedOutput
}

/// Finds hands as the model's training did, with MediaPipe's two networks in place of Vision.
///
/// What is around the networks is the arithmetic of `handloom`: anchors, suppression, the turned square, its crop,
/// projection, and following from picture to picture. Use an instance from one queue at a time.
public final class LandmarkHandDetector {
    /// Which of several hands `hand(in:at:)` takes. A classifier that gets this detector sets its model's rule.
    public var choice: HandChoice {
        didSet { if choice != oldValue { reset() } }
    }

    /// Pixels of the crop that the landmark network sees.
    static let side = 224

    /// A palm that overlaps with the square of a followed hand by more than this is that hand.
    private static let samePlace = 0.5

    /// While a hand is followed, others are looked for in pictures that are so far apart, seconds.
    private static let searchSeconds = 0.3

    /// A hand that was lost is looked for with a border of so large a share of the picture.
    private static let border = 0.5

    private let palmDetector: HandNetwork
    private let handLandmarks: HandNetwork
    private let confidence: Float
    private let largestSide: Int

    private var follower: HandFollower
    private var squares: [HandSquare] = []
    private var isFollowed = false
    private var nextSearch = -TimeInterval.infinity

    /// - Parameters:
    ///   - palmDetector: `PalmDetector`.
    ///   - handLandmarks: `HandLandmarks`.
    ///   - choice: which of several hands is taken.
    ///   - confidence: what a network is less sure of is no hand.
    ///   - largestSide: larger pictures are scaled down; 480 pixels is what training does with clips.
    public init(
        palmDetector: HandNetwork,
        handLandmarks: HandNetwork,
        choice: HandChoice = .raised,
        confidence: Float = 0.5,
        largestSide: Int = 480
    ) {
        self.palmDetector = palmDetector
        self.handLandmarks = handLandmarks
        self.choice = choice
        self.confidence = confidence
        self.largestSide = largestSide
        follower = HandFollower(choice: choice)
    }

    /// Forgets the hand that is followed.
    public func reset() {
        follower = HandFollower(choice: choice)
        squares = []
        isFollowed = false
        nextSearch = -TimeInterval.infinity
    }

    /// The joints of the chosen hand in an upright picture that is not mirrored, or `nil`.
    ///
    /// `time` is that of the picture in its stream, in seconds: then the hand is followed. Without one the picture
    /// stands by itself.
    public func hand(in picture: PixelPicture, at time: TimeInterval?) throws -> HandArray? {
        let picture = picture.scaledDown(to: largestSide)
        guard let time = time else { return choice.chosen(of: try hands(in: picture)) }
        let isSearch = handCount > 1 && (time >= nextSearch || !isFollowed)
        if isSearch { nextSearch = time + LandmarkHandDetector.searchSeconds }
        let found = try follow(in: picture, searching: isSearch)
        let hands = found.map { $0.hand }
        let hand = follower.next(hands, at: time, complete: isSearch)
        isFollowed = hand != nil
        squares = hand.flatMap { hands.firstIndex(of: $0) }.map { [found[$0].square] } ?? []
        guard hand == nil, follower.remembers(at: time) else { return hand }
        return try lost(in: picture)
    }

    /// All hands of a picture, the surest one first; each hand once.
    func hands(in picture: PixelPicture) throws -> [HandArray] {
        try joints(in: picture, squares: palmSquares(in: picture)).map { $0.hand }
    }

    private var handCount: Int { choice == .followed || choice == .mostConfident ? 1 : 2 }

    /// The hands of a stream's next picture, those first that were followed for longest, and their next squares.
    private func follow(in picture: PixelPicture, searching: Bool) throws -> [(hand: HandArray, square: HandSquare)] {
        var squares = self.squares
        if squares.count < handCount && (searching || squares.isEmpty) {
            for square in try palmSquares(in: picture) {
                let isNew = squares.allSatisfy { square.overlap($0) <= LandmarkHandDetector.samePlace }
                if isNew { squares.append(square) }
            }
        }
        return try joints(in: picture, squares: Array(squares.prefix(handCount))).map { found in
            (found.hand, HandSquare.around(hand: found.joints, width: picture.width, height: picture.height))
        }
    }

    /// The hand that was lost, near where it was: hands that touch the edge are found with a border.
    private func lost(in picture: PixelPicture) throws -> HandArray? {
        let across = Int((LandmarkHandDetector.border * Double(picture.width)).rounded(.toNearestOrEven))
        let down = Int((LandmarkHandDetector.border * Double(picture.height)).rounded(.toNearestOrEven))
        let found = try hands(in: picture.bordered(across: across, down: down))
        return follower.same(of: found.map { $0.without(across: across, down: down, of: picture) })
    }

    private func palmSquares(in picture: PixelPicture) throws -> [HandSquare] {
        let (width, height) = (picture.width, picture.height)
        let corners = HandSquare.aroundPicture(width: width, height: height)
        let crop = picture.crop(corners, size: Palm.side, outside: .black)
        let outputs = try palmDetector.outputs(for: LandmarkHandDetector.shares(crop))
        guard outputs.count >= 2, outputs[0].count == Palm.anchors.count * Palm.numbers,
            outputs[1].count == Palm.anchors.count
        else { throw HandNetworkError.unexpectedOutput }
        let palms = Palm.found(boxes: outputs[0], scores: outputs[1], confidence: confidence)
        return palms.prefix(handCount).map { palm in
            var palm = palm
            palm.low = HandSquare.fromDetector(palm.low, width: width, height: height)
            palm.high = HandSquare.fromDetector(palm.high, width: width, height: height)
            palm.wrist = HandSquare.fromDetector(palm.wrist, width: width, height: height)
            palm.middle = HandSquare.fromDetector(palm.middle, width: width, height: height)
            return HandSquare.around(palm: palm, width: width, height: height)
        }
    }

    private struct Found {
        let joints: [HandSquare.Point]
        let hand: HandArray
    }

    /// The hands that the landmark network sees in squares of the picture, each hand once.
    private func joints(in picture: PixelPicture, squares: [HandSquare]) throws -> [Found] {
        var found: [Found] = []
        for square in squares where square.width > 0 && square.height > 0 {
            let corners = square.corners(width: picture.width, height: picture.height)
            let crop = picture.crop(corners, size: LandmarkHandDetector.side, outside: .edge)
            let outputs = try handLandmarks.outputs(for: LandmarkHandDetector.shares(crop))
            guard outputs.count >= 3, outputs[0].count == 3 * HandArray.joints.count,
                let presence = outputs[1].first, let right = outputs[2].first
            else { throw HandNetworkError.unexpectedOutput }
            if presence <= confidence { continue }
            let side = Float(LandmarkHandDetector.side)
            let joints = square.inPicture(
                HandArray.joints.indices.map { joint in
                    HandSquare.Point(x: outputs[0][3 * joint] / side, y: outputs[0][3 * joint + 1] / side)
                })
            if found.contains(where: { LandmarkHandDetector.isSameHand(joints, $0.joints, in: picture) }) { continue }
            found.append(Found(joints: joints, hand: HandArray(joints: joints, side: right >= 0.5 ? .right : .left)))
        }
        return found
    }

    /// Whether two sets of joints are of one hand: enough of them are near to each other, and their boxes overlap.
    static func isSameHand(_ one: [HandSquare.Point], _ other: [HandSquare.Point], in picture: PixelPicture) -> Bool {
        let sameJoints = 10
        let (sameJoint, sameBox): (Float, Float) = (0.2, 0.2)
        let (sideX, sideY) = (Float(picture.width), Float(picture.height))
        func length(_ one: HandSquare.Point, _ other: HandSquare.Point) -> Float {
            let (x, y) = ((one.x - other.x) * sideX, (one.y - other.y) * sideY)
            return (x * x + y * y).squareRoot()
        }
        func palm(_ joints: [HandSquare.Point]) -> Float {
            max(length(joints[0], joints[5]), length(joints[5], joints[17]), length(joints[17], joints[0]))
        }
        let near = sameJoint * max(palm(one), palm(other))
        guard zip(one, other).filter({ length($0, $1) < near }).count >= sameJoints else { return false }
        let (box, otherBox) = (HandSquare.bounds(one), HandSquare.bounds(other))
        return Palm.overlap(box.low, box.high, otherBox.low, otherBox.high) > sameBox
    }

    /// Bytes as numbers from 0 to 1.
    static func shares(_ bytes: [UInt8]) -> [Float] {
        let unit = Float(1.0 / 255)
        return bytes.map { Float($0) * unit }
    }
}

extension HandArray {
    /// Joints as shares of the picture from its upper left corner, all of them seen.
    init(joints: [HandSquare.Point], side: HandSide?) {
        let values =
            joints.map { $0.x } + joints.map { Float(1 - Double($0.y)) }
            + [Float](repeating: 1, count: HandArray.joints.count)
        self = HandArray(values: values, side: side) ?? .zero
    }

    /// The same joints in the picture itself, where they were found in it with a border.
    func without(across: Int, down: Int, of picture: PixelPicture) -> HandArray {
        func inner(_ share: Float, _ side: Int, _ border: Int) -> Float {
            Float((Double(share) * Double(side + 2 * border) - Double(border)) / Double(side))
        }
        let values =
            x.map { inner($0, picture.width, across) } + y.map { inner($0, picture.height, down) } + confidence
        return HandArray(values: values, side: side) ?? .zero
    }
}
