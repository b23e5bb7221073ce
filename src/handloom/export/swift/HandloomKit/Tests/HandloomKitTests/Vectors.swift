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

    let frameClock: [FrameClockCase]
    let windowQueue: [WindowQueueCase]
    let smoothing: [SmoothingCase]
    let recognizer: [RecognizerCase]
    let leftHands: [LeftHandsCase]

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
