import HandloomKit
import XCTest

final class FrameClockTests: XCTestCase {
    func testVectors() throws {
        for example in try Vectors.load().frameClock {
            var clock = FrameClock(frameRate: example.frameRate, longestGap: example.longestGap)
            XCTAssertEqual(example.times.map { words(clock.arrive(at: $0)) }, example.arrivals, example.name)
        }
    }

    func testAResetStartsANewStream() {
        var clock = FrameClock(frameRate: 30)
        _ = clock.arrive(at: 0)
        clock.reset()
        XCTAssertEqual(words(clock.arrive(at: 0.5)), "taken")
    }

    private func words(_ arrival: FrameClock.Arrival) -> String {
        var words: [String] = []
        if arrival.restarted {
            words.append("restarted")
        }
        if arrival.ticksOfPreviousFrame > 0 {
            words.append("\(arrival.ticksOfPreviousFrame) previous")
        }
        if arrival.isTaken {
            words.append("taken")
        }
        return words.joined(separator: " ")
    }
}
