import HandloomKit
import XCTest

final class ModelMetadataTests: XCTestCase {
    func testAllKeys() {
        let metadata = ModelMetadata(userDefined: [
            "Prediction Window Size": "30",
            "Target Frame Rate": "29.97",
            "Recommended Thresholds": #"{"fist": 0.625, "ä": 1}"#,
            "Left Hands": "mirrored",
            "Hand": "most_confident",
            "Landmarker": "MediaPipe",
            "Background Label": "other",
        ])
        XCTAssertEqual(metadata.window, 30)
        XCTAssertEqual(metadata.frameRate, 29.97)
        XCTAssertEqual(metadata.thresholds, ["fist": 0.625, "ä": 1])
        XCTAssertTrue(metadata.mirrorsLeftHands)
        XCTAssertEqual(metadata.hand, .mostConfident)
        XCTAssertEqual(metadata.landmarker, "MediaPipe")
        XCTAssertEqual(metadata.backgroundLabel, "other")
    }

    func testNoKeys() {
        let metadata = ModelMetadata(userDefined: [:])
        XCTAssertNil(metadata.window)
        XCTAssertNil(metadata.frameRate)
        XCTAssertEqual(metadata.thresholds, [:])
        XCTAssertFalse(metadata.mirrorsLeftHands)
        XCTAssertNil(metadata.hand)
        XCTAssertNil(metadata.landmarker)
        XCTAssertNil(metadata.stream)
        XCTAssertEqual(metadata.backgroundLabel, "background")
    }

    func testStreamSettings() throws {
        let json = #"{"threshold": 0.9, "thresholds": {"a": 0.5}, "hold_time": 0.2, "cooldown": 1, "stride": 2, "mean": 3}"#
        let stream = try XCTUnwrap(ModelMetadata(userDefined: ["Stream Settings": json]).stream)
        XCTAssertEqual(stream.threshold, 0.9)
        XCTAssertEqual(stream.thresholds, ["a": 0.5])
        XCTAssertEqual(stream.holdTime, 0.2)
        XCTAssertEqual(stream.cooldown, 1)
        XCTAssertEqual(stream.stride, 2)
        XCTAssertEqual(stream.mean, 3)
        for wrong in ["", "[]", #"{"threshold": 2}"#, #"{"stride": 0}"#, #"{"hold_time": -1}"#] {
            XCTAssertNil(ModelMetadata(userDefined: ["Stream Settings": wrong]).stream, wrong)
        }
    }

    func testThresholdsThatAreNoJSONAreNone() {
        XCTAssertEqual(ModelMetadata(userDefined: ["Recommended Thresholds": "high"]).thresholds, [:])
    }
}
