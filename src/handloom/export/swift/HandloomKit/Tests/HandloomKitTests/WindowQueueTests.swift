import HandloomKit
import XCTest

final class WindowQueueTests: XCTestCase {
    func testVectors() throws {
        for example in try Vectors.load().windowQueue {
            var queue = WindowQueue(
                window: example.window,
                stride: example.stride,
                missingHand: try XCTUnwrap(WindowQueue.MissingHand(rawValue: example.missingHand)),
                minimumPresence: example.minimumPresence
            )
            let steps = try example.hands.map { try words(queue.append($0 == 0 ? nil : hand($0))) }
            XCTAssertEqual(steps, example.steps, example.name)
        }
    }

    func testAHandOfConfidenceZeroIsNoHand() {
        var queue = WindowQueue(window: 1)
        XCTAssertEqual(queue.append(HandArray.zero), .tooFewHands)
    }

    func testAResetEmptiesTheQueue() throws {
        var queue = WindowQueue(window: 2)
        _ = queue.append(try hand(1))
        queue.reset()
        XCTAssertEqual(queue.append(try hand(2)), .wait)
        XCTAssertEqual(words(queue.append(try hand(3))), "2 3")
    }

    private func hand(_ number: Int) throws -> HandArray {
        try XCTUnwrap(HandArray(values: [Float](repeating: Float(number), count: HandArray.count)))
    }

    private func words(_ step: WindowQueue.Step) -> String {
        switch step {
        case .wait: return "wait"
        case .tooFewHands: return "tooFewHands"
        case .predict(let frames): return frames.map { String(Int($0.values[0])) }.joined(separator: " ")
        }
    }
}
