import HandloomKit
import XCTest

final class SelfCheckTests: XCTestCase {
    func testAStoredFrameIsShownForSeveral() throws {
        let check = try SelfCheck(entry(frames: 3, hold: 2, bytes: [255, 51]), window: 3)
        XCTAssertEqual(check.probabilities, [["a": 0.25, "b": 0.75]])
        XCTAssertEqual(check.windows.count, 1)
        XCTAssertEqual(check.windows[0].map { $0.values }, [1, 1, 0.2].map { [Float](repeating: $0, count: 63) })
    }

    func testAnEntryThatDoesNotFitIsRefused() {
        XCTAssertThrowsError(try SelfCheck("{}", window: 1))
        XCTAssertThrowsError(try SelfCheck(entry(frames: 3, hold: 0, bytes: [255, 51]), window: 3))
        XCTAssertThrowsError(try SelfCheck(entry(frames: 3, hold: 2, bytes: [255, 51]), window: 4))
        XCTAssertThrowsError(try SelfCheck(entry(frames: Int.max, hold: Int.max, bytes: [255]), window: 1))
        XCTAssertThrowsError(try SelfCheck(entry(frames: 3, hold: 2, bytes: [255]), window: 3))
        XCTAssertThrowsError(try SelfCheck(entry(frames: 1, hold: 1, bytes: [255, 51]), window: 1))
    }

    /// One window; each stored frame has the same byte throughout.
    private func entry(frames: Int, hold: Int, bytes: [UInt8]) -> String {
        let windows = Data(bytes.flatMap { [UInt8](repeating: $0, count: HandArray.count) }).base64EncodedString()
        return #"{"frames": \#(frames), "hold": \#(hold), "windows": "\#(windows)", "labels": ["a", "b"], "#
            + #""probabilities": [[0.25, 0.75]], "sha256_of_file": "00"}"#
    }
}
