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
        XCTAssertEqual(metadata.backgroundLabel, "background")
    }

    func testThresholdsThatAreNoJSONAreNone() {
        XCTAssertEqual(ModelMetadata(userDefined: ["Recommended Thresholds": "high"]).thresholds, [:])
    }
}
