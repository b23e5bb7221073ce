#if canImport(Vision) && canImport(CoreML)
import CoreML
import Foundation

/// The model, or Vision, is not as expected.
public enum HandModelError: Error {
    /// The input is not called "poses", or is not a window of 3 channels of 21 joints.
    case unexpectedInput

    /// The outputs are not called "label" and "labelProbabilities", or hold something else.
    case unexpectedOutput

    /// Vision's array of joints does not have 3 x 21 numbers.
    case unexpectedJoints

    /// A picture is in another format than BGRA.
    case unexpectedPicture

    /// What the file carries to prove itself cannot be read, or is of another window or other labels.
    case unexpectedSelfCheck
}

/// A Core ML model with Create ML's interface, whatever class Xcode made of it.
final class ClassifierModel {
    let metadata: ModelMetadata

    /// Frames that a prediction sees: what the input's shape says, whatever the metadata say.
    let window: Int

    private let model: MLModel

    init(_ model: MLModel) throws {
        let description = model.modelDescription
        let input = description.inputDescriptionsByName["poses"]?.multiArrayConstraint
        let shape = input?.shape.map { $0.intValue } ?? []
        guard shape.count == 3, shape[0] > 0, shape[1] == HandArray.channels.count, shape[2] == HandArray.joints.count
        else { throw HandModelError.unexpectedInput }
        guard description.outputDescriptionsByName["label"] != nil,
            description.outputDescriptionsByName["labelProbabilities"] != nil
        else { throw HandModelError.unexpectedOutput }
        let userDefined = description.metadata[MLModelMetadataKey.creatorDefinedKey] as? [String: String]
        metadata = ModelMetadata(userDefined: userDefined ?? [:])
        window = shape[0]
        self.model = model
    }

    /// Predicts on a full window, the oldest frame first; mirrors left hands if the model wants that.
    func prediction(frames: [HandArray]) throws -> HandPrediction {
        try answer(to: metadata.mirrorsLeftHands ? HandArray.leftHandsMirrored(in: frames) : frames)
    }

    /// Asks for the probabilities that the file says it gives; `nil` where it says nothing of the kind.
    func selfCheck() throws -> SelfCheckResult? {
        guard let entry = metadata.selfCheck else { return nil }
        guard let check = try? SelfCheck(entry, window: window) else { throw HandModelError.unexpectedSelfCheck }
        var largest = 0.0
        for (frames, expected) in zip(check.windows, check.probabilities) {
            let found = try answer(to: frames).probabilities
            guard Set(found.keys) == Set(expected.keys) else { throw HandModelError.unexpectedSelfCheck }
            for (label, probability) in expected {
                let difference = abs(found[label, default: 0] - probability)
                largest = max(largest, difference.isNaN ? .infinity : difference)
            }
        }
        return SelfCheckResult(windows: check.windows.count, largestDifference: largest)
    }

    private func answer(to frames: [HandArray]) throws -> HandPrediction {
        let shape = [frames.count, HandArray.channels.count, HandArray.joints.count]
        let poses = try MLMultiArray(shape: shape.map { NSNumber(value: $0) }, dataType: .float32)
        for (index, value) in frames.flatMap({ $0.values }).enumerated() {
            poses[index] = NSNumber(value: value)
        }
        let input = try MLDictionaryFeatureProvider(dictionary: ["poses": MLFeatureValue(multiArray: poses)])
        let output = try model.prediction(from: input)
        guard let label = output.featureValue(for: "label")?.stringValue,
            let probabilities = output.featureValue(for: "labelProbabilities")?.dictionaryValue as? [String: Double]
        else { throw HandModelError.unexpectedOutput }
        return HandPrediction(label: label, probabilities: probabilities)
    }
}
#endif
