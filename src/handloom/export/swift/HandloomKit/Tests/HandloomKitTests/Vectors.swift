import Foundation
import HandloomKit

/// The examples in `vectors.json`, which implementations in other languages share.
struct Vectors: Decodable {
    struct FrameClockCase: Decodable {
        let name: String
        let frameRate: Double
        let longestGap: Double
        let times: [Double]
        let arrivals: [String]
    }

    struct WindowQueueCase: Decodable {
        let name: String
        let window: Int
        let stride: Int
        let missingHand: String
        let minimumPresence: Double
        let hands: [Int]
        let steps: [String]
    }

    struct SmoothingCase: Decodable {
        let name: String
        let weight: Double?
        let count: Int?
        let inputs: [[String: Double]?]
        let outputs: [[String: Double]?]
    }

    struct RecognizerCase: Decodable {
        let name: String
        let weight: Double?
        let count: Int?
        let thresholds: [String: Double]
        let defaultThreshold: Double
        let holdTime: Double
        let cooldown: Double
        let backgroundLabel: String
        let longestGap: Double?
        let times: [Double]
        let inputs: [[String: Double]?]
        let events: [[String]]
    }

    struct LeftHandsCase: Decodable {
        let name: String
        let sides: [String]
        let mirrored: Bool
    }

    /// x and y of a hand's lower left corner, its width and height, and its side, `""` where that is not known.
    struct Hand: Decodable {
        let array: HandArray

        init(from decoder: Decoder) throws {
            var numbers = try decoder.unkeyedContainer()
            let (x, y) = (try numbers.decode(Double.self), try numbers.decode(Double.self))
            let (width, height) = (try numbers.decode(Double.self), try numbers.decode(Double.self))
            let side = try numbers.decode(String.self)
            let joints = Hand.shape.map { Float(x + width * $0.0 / 16) } + Hand.shape.map { Float(y + height * $0.1 / 16) }
            guard
                let hand = HandArray(
                    values: joints + [Float](repeating: 1, count: 21),
                    side: side == "left" ? .left : side == "right" ? .right : nil)
            else { throw CocoaError(.coderReadCorrupt) }
            array = hand
        }

        /// The joints of a hand whose box is 16 wide and high. Their mean height is a whole number: no rounding.
        static let shape: [(Double, Double)] = [
            (8, 0), (4, 2), (2, 4), (1, 6), (0, 7),
            (5, 8), (5, 11), (4, 13), (4, 14),
            (8, 9), (8, 12), (8, 14), (8, 16),
            (10, 8), (11, 11), (11, 13), (12, 15),
            (12, 7), (14, 8), (15, 9), (16, 2),
        ]
    }

    struct HandChoiceCase: Decodable {
        let name: String
        let choice: String
        let hands: [Hand]
        let chosen: Int
    }

    struct HandFollowerCase: Decodable {
        let name: String
        let choice: String
        let times: [Double]
        let hands: [[Hand]]
        let chosen: [Int]
    }

    let frameClock: [FrameClockCase]
    let windowQueue: [WindowQueueCase]
    let smoothing: [SmoothingCase]
    let recognizer: [RecognizerCase]
    let leftHands: [LeftHandsCase]
    let handChoice: [HandChoiceCase]
    let handFollower: [HandFollowerCase]

    /// The file, read once.
    static func load() throws -> Vectors {
        try read.get()
    }

    private static let read = Result { try readFile() }

    private static func readFile() throws -> Vectors {
        guard let url = Bundle.module.url(forResource: "vectors", withExtension: "json") else {
            throw CocoaError(.fileNoSuchFile)
        }
        return try JSONDecoder().decode(Vectors.self, from: Data(contentsOf: url))
    }

    /// The smoothing that a case names by its weight or its count.
    static func smoothing(weight: Double?, count: Int?) -> Smoothing {
        if let weight = weight {
            return Smoothing.exponential(weight: weight)
        }
        return count.map { Smoothing.mean(count: $0) } ?? Smoothing.none
    }
}
