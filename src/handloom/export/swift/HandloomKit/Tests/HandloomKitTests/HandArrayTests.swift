import HandloomKit
import XCTest

final class HandArrayTests: XCTestCase {
    func testChannelsAreTheThirdsOfTheNumbers() throws {
        let hand = try XCTUnwrap(HandArray(values: (0..<63).map { Float($0) }))
        XCTAssertEqual(hand.x, (0..<21).map { Float($0) })
        XCTAssertEqual(hand.y, (21..<42).map { Float($0) })
        XCTAssertEqual(hand.confidence, (42..<63).map { Float($0) })
    }

    func testAnotherCountOfNumbersIsNoHand() {
        XCTAssertNil(HandArray(values: [1, 2, 3]))
    }

    func testOnlyJointsThatWereSeenAreMirrored() throws {
        var values = [Float](repeating: 0.25, count: HandArray.count)
        values[42] = 0
        let mirrored = try XCTUnwrap(HandArray(values: values)).mirrored()
        XCTAssertEqual(mirrored.x[0], 0.25)
        XCTAssertEqual(mirrored.x[1], 0.75)
        XCTAssertEqual(mirrored.y, [Float](repeating: 0.25, count: 21))
        XCTAssertEqual(mirrored.confidence, Array(values[42...]))
    }

    func testAFrameOfZerosHoldsNoHand() throws {
        XCTAssertFalse(HandArray.zero.isPresent)
        XCTAssertTrue(try XCTUnwrap(HandArray(values: [Float](repeating: 0.5, count: 63))).isPresent)
    }

    func testAWindowIsMirroredAsAWhole() throws {
        for example in try Vectors.load().leftHands {
            let window = try example.sides.map { side in
                try XCTUnwrap(
                    HandArray(
                        values: [Float](repeating: 0.25, count: HandArray.count),
                        side: side == "left" ? .left : side == "right" ? .right : nil))
            }
            let x = HandArray.leftHandsMirrored(in: window).flatMap { $0.x }
            let expected: Float = example.mirrored ? 0.75 : 0.25
            XCTAssertEqual(x, [Float](repeating: expected, count: x.count), example.name)
        }
    }
}
