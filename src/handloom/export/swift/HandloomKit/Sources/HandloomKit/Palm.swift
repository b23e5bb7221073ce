import Foundation

/// A palm that the detector saw, in shares of a picture from its upper left corner.
///
/// What the detector's numbers mean, and one palm out of the many boxes around each, are as in MediaPipe's graphs
/// (Apache License 2.0).
struct Palm: Equatable, Sendable {
    typealias Point = HandSquare.Point

    /// Two corners of its upright box.
    var low: Point
    var high: Point

    /// The wrist, and the knuckle of the middle finger.
    var wrist: Point
    var middle: Point

    /// 0 to 1.
    var score: Float

    /// Pixels of the picture that the detector sees.
    static let side = 192

    /// Numbers of a box: its centre, its size, and 7 points of which the first is the wrist, the third the knuckle.
    static let numbers = 18

    /// The middle of the cell that each box belongs to, as shares: two grids, so many cells a side, boxes a cell.
    static let anchors: [Point] = [(cells: 24, boxes: 2), (cells: 12, boxes: 6)].flatMap { grid -> [Point] in
        (0..<(grid.cells * grid.cells)).flatMap { cell -> [Point] in
            let (row, column) = (cell / grid.cells, cell % grid.cells)
            let middle = Point(
                x: (Float(column) + 0.5) / Float(grid.cells), y: (Float(row) + 0.5) / Float(grid.cells))
            return [Point](repeating: middle, count: grid.boxes)
        }
    }

    /// Boxes that overlap by more (intersection over union) show the same palm.
    private static let samePalm: Float = 0.3

    /// The palms that the detector is sure of, the surest first, in shares of the picture that it sees.
    ///
    /// `boxes` and `scores` are its outputs: 2016 times 18 numbers, and 2016.
    static func found(boxes: [Float], scores: [Float], confidence: Float) -> [Palm] {
        var seen: [Box] = []
        for place in anchors.indices {
            let score = 1 / (1 + Float(exp(-Double(min(max(scores[place], -100), 100)))))
            let first = numbers * place
            guard score >= confidence, boxes[first + 2] >= 0, boxes[first + 3] >= 0 else { continue }
            seen.append(Box(boxes[first..<(first + numbers)], anchor: anchors[place], score: score))
        }
        // A stable sort, which Swift's own does not promise to be.
        let order = seen.indices.sorted { (-seen[$0].score, $0) < (-seen[$1].score, $1) }
        return merged(order.map { seen[$0] })
    }

    /// Each palm once: the boxes that overlap with the surest one, averaged by score; then the same of the rest.
    private static func merged(_ boxes: [Box]) -> [Palm] {
        var left = boxes
        var found: [Palm] = []
        while let surest = left.first {
            var (together, rest): ([Box], [Box]) = ([surest], [])
            for box in left.dropFirst() {
                if overlap(surest.low, surest.high, box.low, box.high) > samePalm {
                    together.append(box)
                } else {
                    rest.append(box)
                }
            }
            left = rest
            found.append(mean(together))
        }
        return found
    }

    /// Intersection over union of two upright boxes.
    static func overlap(_ low: Point, _ high: Point, _ otherLow: Point, _ otherHigh: Point) -> Float {
        let width = max(min(high.x, otherHigh.x) - max(low.x, otherLow.x), 0)
        let height = max(min(high.y, otherHigh.y) - max(low.y, otherLow.y), 0)
        let shared = width * height
        let area = (high.x - low.x) * (high.y - low.y)
        let union = area + (otherHigh.x - otherLow.x) * (otherHigh.y - otherLow.y) - shared
        return union > 0 ? shared / union : 0
    }

    private static func mean(_ boxes: [Box]) -> Palm {
        let total = boxes.reduce(Float(0)) { $0 + $1.score }
        func mean(_ point: (Box) -> Point) -> Point {
            var (x, y): (Float, Float) = (0, 0)
            for box in boxes {
                x += point(box).x * box.score
                y += point(box).y * box.score
            }
            return Point(x: x / total, y: y / total)
        }
        let (low, high) = (mean { $0.low }, mean { $0.high })
        return Palm(
            low: low,
            high: Point(x: low.x + (high.x - low.x), y: low.y + (high.y - low.y)),
            wrist: mean { $0.wrist },
            middle: mean { $0.middle },
            score: boxes[0].score)
    }

    /// A box of the detector's.
    private struct Box {
        let low: Point
        let high: Point
        let wrist: Point
        let middle: Point
        let score: Float

        init(_ numbers: ArraySlice<Float>, anchor: Point, score: Float) {
            let shares = numbers.map { $0 / Float(Palm.side) }
            func point(_ place: Int) -> Point {
                Point(x: shares[2 * place] + anchor.x, y: shares[2 * place + 1] + anchor.y)
            }
            let (centre, halfX, halfY) = (point(0), shares[2] / 2, shares[3] / 2)
            low = Point(x: centre.x - halfX, y: centre.y - halfY)
            let end = Point(x: centre.x + halfX, y: centre.y + halfY)
            high = Point(x: low.x + (end.x - low.x), y: low.y + (end.y - low.y))
            wrist = point(2)
            middle = point(4)
            self.score = score
        }
    }
}
