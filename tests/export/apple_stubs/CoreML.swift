// Core ML, as far as HandloomKit calls it, for a machine without it: signatures as Apple documents them.
// Apple's types are not Sendable here, which is the stricter of what Apple may say.
@_exported import Foundation

public enum MLMultiArrayDataType: Int, Sendable {
    case double = 65600
    case float32 = 65568
    case float16 = 65552
    case int32 = 131104
}

open class MLMultiArray: NSObject {
    public let shape: [NSNumber]
    public let dataType: MLMultiArrayDataType
    private var numbers: [Float]

    public init(shape: [NSNumber], dataType: MLMultiArrayDataType) throws {
        self.shape = shape
        self.dataType = dataType
        numbers = [Float](repeating: 0, count: shape.reduce(1) { $0 * $1.intValue })
    }

    public init(
        dataPointer: UnsafeMutableRawPointer, shape: [NSNumber], dataType: MLMultiArrayDataType, strides: [NSNumber],
        deallocator: ((UnsafeMutableRawPointer) -> Void)? = nil
    ) throws {
        fatalError("no stand-in")
    }

    public convenience init(concatenating multiArrays: [MLMultiArray], axis: Int, dataType: MLMultiArrayDataType) {
        fatalError("no stand-in")
    }

    public var count: Int { numbers.count }

    public subscript(idx: Int) -> NSNumber {
        get { NSNumber(value: numbers[idx]) }
        set { numbers[idx] = newValue.floatValue }
    }
}

open class MLMultiArrayConstraint: NSObject {
    public let shape: [NSNumber]

    init(shape: [NSNumber]) {
        self.shape = shape
    }
}

open class MLFeatureDescription: NSObject {
    public let multiArrayConstraint: MLMultiArrayConstraint?

    init(_ constraint: MLMultiArrayConstraint?) {
        multiArrayConstraint = constraint
    }
}

public struct MLModelMetadataKey: RawRepresentable, Hashable, Sendable {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    public static let creatorDefinedKey = MLModelMetadataKey(rawValue: "MLModelCreatorDefinedKey")
}

open class MLModelDescription: NSObject {
    public let inputDescriptionsByName: [String: MLFeatureDescription]
    public let outputDescriptionsByName: [String: MLFeatureDescription]
    public let metadata: [MLModelMetadataKey: Any]

    init(window: Int, creatorDefined: [String: String]) {
        let shape = [window, 3, 21].map { NSNumber(value: $0) }
        inputDescriptionsByName = ["poses": MLFeatureDescription(MLMultiArrayConstraint(shape: shape))]
        outputDescriptionsByName = ["label": MLFeatureDescription(nil), "labelProbabilities": MLFeatureDescription(nil)]
        metadata = [.creatorDefinedKey: creatorDefined]
    }
}

open class MLFeatureValue: NSObject {
    public let multiArrayValue: MLMultiArray?
    public let stringValue: String
    public let dictionaryValue: [AnyHashable: NSNumber]

    public init(multiArray value: MLMultiArray) {
        multiArrayValue = value
        stringValue = ""
        dictionaryValue = [:]
    }

    public init(string value: String) {
        multiArrayValue = nil
        stringValue = value
        dictionaryValue = [:]
    }

    public init(dictionary value: [AnyHashable: NSNumber]) throws {
        multiArrayValue = nil
        stringValue = ""
        dictionaryValue = value
    }
}

public protocol MLFeatureProvider {
    var featureNames: Set<String> { get }
    func featureValue(for featureName: String) -> MLFeatureValue?
}

open class MLDictionaryFeatureProvider: NSObject, MLFeatureProvider {
    private let values: [String: MLFeatureValue]

    public init(dictionary: [String: Any]) throws {
        values = dictionary.compactMapValues { $0 as? MLFeatureValue }
    }

    public var featureNames: Set<String> { Set(values.keys) }

    public func featureValue(for featureName: String) -> MLFeatureValue? { values[featureName] }
}

open class MLModelConfiguration: NSObject {}

open class MLPredictionOptions: NSObject {}

open class MLModel: NSObject {
    public let modelDescription: MLModelDescription
    private let answer: ([Float]) -> [String: Double]

    public init(contentsOf url: URL, configuration: MLModelConfiguration) throws {
        fatalError("no stand-in")
    }

    /// In place of a file: a window of so many frames, and what is said of its numbers.
    public init(window: Int, creatorDefined: [String: String], answer: @escaping ([Float]) -> [String: Double]) {
        modelDescription = MLModelDescription(window: window, creatorDefined: creatorDefined)
        self.answer = answer
    }

    public func prediction(from input: any MLFeatureProvider) throws -> any MLFeatureProvider {
        guard let poses = input.featureValue(for: "poses")?.multiArrayValue else { fatalError("no poses") }
        let probabilities = answer((0..<poses.count).map { poses[$0].floatValue })
        let best = probabilities.max { $0.value < $1.value }?.key ?? ""
        let numbers = Dictionary(uniqueKeysWithValues: probabilities.map { (AnyHashable($0), NSNumber(value: $1)) })
        return try MLDictionaryFeatureProvider(dictionary: [
            "label": MLFeatureValue(string: best), "labelProbabilities": MLFeatureValue(dictionary: numbers),
        ])
    }

    public func prediction(
        from input: any MLFeatureProvider, options: MLPredictionOptions = MLPredictionOptions()
    ) async throws -> any MLFeatureProvider {
        fatalError("no stand-in")
    }
}
