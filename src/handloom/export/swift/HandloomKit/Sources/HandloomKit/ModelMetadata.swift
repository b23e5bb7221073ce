import Foundation

/// What a model's file says of itself, in addition to its interface.
public struct ModelMetadata: Equatable, Sendable {
    /// What the background class is called where the file does not say.
    public static let defaultBackgroundLabel = "background"

    /// Frames that a prediction sees; `nil` where the file does not say.
    public let window: Int?

    /// Frames a second that the model was trained at; `nil` where the file does not say.
    public let frameRate: Double?

    /// The recommended threshold of each class that has one.
    public let thresholds: [String: Double]

    /// Whether a left hand has to be mirrored before prediction.
    public let mirrorsLeftHands: Bool

    /// Which of several hands the model was trained to take; `nil` where the file does not say.
    public let hand: HandChoice?

    /// What found the joints of the training, by name; `nil` where the file does not say.
    public let landmarker: String?

    /// The class of no gesture; it need not be among the model's.
    public let backgroundLabel: String

    /// When a gesture counts in a stream; `nil` where that was not chosen.
    public let stream: StreamSettings?

    /// What the file carries to prove itself, as `SelfCheck` reads it; `nil` where it carries nothing.
    public let selfCheck: String?

    /// Reads the strings that a model's creator left in its file.
    public init(userDefined: [String: String]) {
        window = userDefined["Prediction Window Size"].flatMap { Int($0) }
        frameRate = userDefined["Target Frame Rate"].flatMap { Double($0) }
        thresholds = ModelMetadata.numbers(userDefined["Recommended Thresholds"])
        mirrorsLeftHands = userDefined["Left Hands"] == "mirrored"
        hand = userDefined["Hand"].flatMap { HandChoice(rawValue: $0) }
        landmarker = userDefined["Landmarker"]
        backgroundLabel = userDefined["Background Label"] ?? ModelMetadata.defaultBackgroundLabel
        stream = userDefined["Stream Settings"].flatMap { StreamSettings($0) }
        selfCheck = userDefined["Self Check"]
    }

    private static func numbers(_ json: String?) -> [String: Double] {
        guard let data = json?.data(using: .utf8) else { return [:] }
        return (try? JSONDecoder().decode([String: Double].self, from: data)) ?? [:]
    }
}
