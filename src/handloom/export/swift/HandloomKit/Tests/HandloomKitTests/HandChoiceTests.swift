import HandloomKit
import XCTest

final class HandChoiceTests: XCTestCase {
    func testVectorsOfOnePicture() throws {
        for example in try Vectors.load().handChoice {
            let choice = try XCTUnwrap(HandChoice(rawValue: example.choice))
            let hands = example.hands.map { $0.array }
            XCTAssertEqual(place(of: choice.chosen(of: hands), among: hands), example.chosen, example.name)
        }
    }

    func testVectorsOfAStream() throws {
        for example in try Vectors.load().handFollower {
            var follower = HandFollower(choice: try XCTUnwrap(HandChoice(rawValue: example.choice)))
            let chosen = zip(example.hands, example.times).map { found, time in
                let hands = found.map { $0.array }
                return place(of: follower.next(hands, at: time), among: hands)
            }
            XCTAssertEqual(chosen, example.chosen, example.name)
        }
    }

    func testJointsThatWereNotSeenDoNotCount() throws {
        let examples = try Vectors.load().handChoice.filter { $0.choice == "raised" && !$0.name.hasPrefix("random") }
        for example in examples {
            // Vision gives a joint that it does not see the place (0, 0): here the tip of the little finger.
            let hands = try example.hands.map { hand in
                var values = hand.array.values
                for channel in 0..<3 {
                    values[21 * channel + 20] = 0
                }
                return try XCTUnwrap(HandArray(values: values, side: hand.array.side))
            }
            XCTAssertEqual(place(of: HandChoice.raised.chosen(of: hands), among: hands), example.chosen, example.name)
        }
    }

    private func place(of hand: HandArray?, among hands: [HandArray]) -> Int {
        hand.flatMap { hands.firstIndex(of: $0) } ?? -1
    }
}
