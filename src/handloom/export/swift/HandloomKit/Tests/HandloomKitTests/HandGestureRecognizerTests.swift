import HandloomKit
import XCTest

final class HandGestureRecognizerTests: XCTestCase {
    func testVectors() throws {
        for example in try Vectors.load().recognizer {
            var recognizer = HandGestureRecognizer(
                smoothing: Vectors.smoothing(weight: example.weight, count: example.count),
                settings: GestureDecision.Settings(
                    thresholds: example.thresholds,
                    defaultThreshold: example.defaultThreshold,
                    holdTime: example.holdTime,
                    cooldown: example.cooldown,
                    backgroundLabel: example.backgroundLabel
                ),
                longestGap: example.longestGap ?? 1
            )
            for (index, time) in example.times.enumerated() {
                let events = recognizer.update(with: outcome(example.inputs[index]), at: time)
                XCTAssertEqual(events.map(words), example.events[index], "\(example.name), at \(time)")
            }
        }
    }

    func testWaitingChangesNothing() {
        var recognizer = HandGestureRecognizer()
        XCTAssertEqual(recognizer.update(with: outcome(["a": 1]), at: 0), [.began("a")])
        XCTAssertEqual(recognizer.update(with: .waiting, at: 1), [])
        XCTAssertEqual(recognizer.active, "a")
    }

    func testAResetEndsWithoutAnEvent() {
        var recognizer = HandGestureRecognizer()
        _ = recognizer.update(with: outcome(["a": 1]), at: 0)
        recognizer.reset()
        XCTAssertNil(recognizer.active)
        XCTAssertEqual(recognizer.update(with: .noHand, at: 1), [])
    }

    func testWaitingAfterALongGapEndsAGesture() {
        var recognizer = HandGestureRecognizer()
        _ = recognizer.update(with: outcome(["a": 1]), at: 0)
        XCTAssertEqual(recognizer.update(with: .waiting, at: 2), [.ended("a")])
    }

    private func outcome(_ probabilities: [String: Double]?) -> HandOutcome {
        guard let probabilities = probabilities else { return .noHand }
        return .prediction(HandPrediction(label: "", probabilities: probabilities))
    }

    private func words(_ event: GestureEvent) -> String {
        switch event {
        case .began(let label): return "began \(label)"
        case .ended(let label): return "ended \(label)"
        }
    }
}
