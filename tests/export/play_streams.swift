// Plays streams through all of HandloomKit, with stand-ins for Apple's frameworks, and prints the events of each frame.
import CoreML
import CoreVideo
import Foundation
import HandloomKit
import ImageIO

/// A hand in a picture: x and y of its lower left corner, its width and height, whether it is a left one.
struct Hand: Decodable {
    let numbers: [Double]
    let isLeft: Bool

    init(from decoder: Decoder) throws {
        var items = try decoder.unkeyedContainer()
        numbers = try (0..<4).map { _ in try items.decode(Double.self) }
        isLeft = try items.decode(String.self) == "left"
    }

    func joints(of shape: [[Double]]) -> [Float] {
        let x = shape.map { Float(numbers[0] + numbers[2] * $0[0] / 16) }
        let y = shape.map { Float(numbers[1] + numbers[3] * $0[1] / 16) }
        return x + y + [Float](repeating: 1, count: 21)
    }
}

/// A camera's stream: of each frame its time and its hands, and what the model answers.
struct Stream: Decodable {
    let kind: String
    let window: Int
    let stride: Int
    let missingHand: String
    let minimumPresence: Double
    let metadata: [String: String]
    let weight: Double?
    let count: Int?
    let holdTime: Double
    let cooldown: Double
    let given: Bool
    let times: [Double]
    let shape: [[Double]]
    let hands: [[Hand]]
    let labels: [String]
    let answers: [[Double]]

    var pictures: [CVPixelBuffer] {
        hands.map { CVPixelBuffer(hands: $0.map { ($0.joints(of: shape), $0.isLeft) }) }
    }

    /// Each window has an answer of its own: by the places of its hands, a later frame counting more.
    var model: MLModel {
        MLModel(window: window, creatorDefined: metadata) { [labels, answers, window] numbers in
            let places = (0..<window).map { Int(numbers[$0 * HandArray.count] * 64) * ($0 + 1) }
            let answer = answers[places.reduce(0, +) % answers.count]
            return Dictionary(uniqueKeysWithValues: zip(labels, answer))
        }
    }

    func recognizer(_ metadata: ModelMetadata) -> HandGestureRecognizer {
        let smoothing = weight.map { Smoothing.exponential(weight: $0) } ?? count.map { Smoothing.mean(count: $0) }
        return HandGestureRecognizer(
            metadata: metadata, smoothing: given ? smoothing ?? Smoothing.none : nil,
            holdTime: given ? holdTime : nil, cooldown: given ? cooldown : nil)
    }

    func action() throws -> HandActionClassifier {
        try HandActionClassifier(
            model: model, stride: given ? stride : nil, missingHand: WindowQueue.MissingHand(rawValue: missingHand)!,
            minimumPresence: minimumPresence)
    }

    func events() throws -> [[String]] {
        var said: [HandOutcome] = []
        if kind == "pose" {
            let classifier = try HandPoseClassifier(model: model)
            said = try zip(pictures, times).map { try classifier.classify($0, orientation: .up, at: $1) }
        } else {
            let classifier = try action()
            said = try zip(pictures, times).map { try classifier.classify($0, orientation: .up, at: $1) }
        }
        return words(said)
    }

    func eventsByNewestRequest() async throws -> [[String]] {
        var said: [HandOutcome] = []
        if kind == "pose" {
            let classifier = try HandPoseClassifier(model: model)
            for (picture, time) in zip(pictures, times) {
                said.append(try await classifier.outcome(of: picture, orientation: .up, at: time))
            }
        } else {
            let classifier = try action()
            for (picture, time) in zip(pictures, times) {
                said.append(try await classifier.outcome(of: picture, orientation: .up, at: time))
            }
        }
        return words(said)
    }

    func selfCheck() throws -> SelfCheckResult? {
        kind == "pose" ? try HandPoseClassifier(model: model).selfCheck() : try action().selfCheck()
    }

    private func words(_ outcomes: [HandOutcome]) -> [[String]] {
        var recognizer = recognizer(ModelMetadata(userDefined: metadata))
        return zip(outcomes, times).map { outcome, time in
            recognizer.update(with: outcome, at: time).map { event in
                switch event {
                case .began(let label): return "began \(label)"
                case .ended(let label): return "ended \(label)"
                }
            }
        }
    }
}

/// What came of a stream: the events of each frame, by both of Vision's requests, and how far the model was apart.
struct Said: Encodable {
    let events: [[String]]
    let eventsByNewestRequest: [[String]]
    let apart: Double?
}

@main
struct Play {
    static func main() async throws {
        let streams = try JSONDecoder().decode(
            [Stream].self, from: Data(contentsOf: URL(fileURLWithPath: CommandLine.arguments[1])))
        var said: [Said] = []
        for stream in streams {
            said.append(
                Said(
                    events: try stream.events(),
                    eventsByNewestRequest: try await stream.eventsByNewestRequest(),
                    apart: try stream.selfCheck()?.largestDifference))
        }
        FileHandle.standardOutput.write(try JSONEncoder().encode(said))
    }
}
