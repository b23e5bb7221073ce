import HandloomKit
import XCTest

final class SmoothingTests: XCTestCase {
    func testVectors() throws {
        for example in try Vectors.load().smoothing {
            var smoother = Smoother(Vectors.smoothing(weight: example.weight, count: example.count))
            for (input, output) in zip(example.inputs, example.outputs) {
                guard let input = input else {
                    smoother.reset()
                    continue
                }
                XCTAssertEqual(smoother.add(input), output, example.name)
            }
        }
    }
}
