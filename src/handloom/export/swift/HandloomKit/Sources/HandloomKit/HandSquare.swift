import Foundation

/// A turned square around a hand: where it lies, and where points of its crop are in the picture.
///
/// The arithmetic is that of MediaPipe's graphs (Apache License 2.0), as handloom does it in training, rounded alike.
struct HandSquare: Equatable, Sendable {
    /// x to the right and y down.
    struct Point: Equatable, Sendable {
        var x: Float
        var y: Float
    }

    /// The centre, as shares of the picture's width and height, from the upper left corner.
    var x: Float
    var y: Float

    /// The side, as shares of the picture's width and height.
    var width: Float
    var height: Float

    /// Radians by which it is turned, clockwise as one sees it.
    var angle: Float

    /// A palm's square: its upright box, moved towards the fingers by half of its height, and 2.6 times as large.
    private static let palmShift: Float = -0.5
    private static let palmScale: Float = 2.6

    /// A hand's square: the box around its joints, moved towards the fingers by a tenth, and twice as large.
    private static let handShift: Float = -0.1
    private static let handScale: Float = 2

    /// The direction from the wrist to the fingers that is upright in the crop, radians anticlockwise from the x axis.
    ///
    /// MediaPipe's graph sets 90 for palms, which is read as radians.
    private static let palmUpright: Float = 90
    private static let handUpright = Float(Double.pi / 2)

    /// The joints that decide a hand's square: wrist, thumb, and the two lower ones of each finger.
    private static let deciding = [0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18]

    /// The square in which the hand of a palm is looked for; all points are shares of the picture's sides.
    static func around(palm: Palm, width: Int, height: Int) -> HandSquare {
        let (sideX, sideY) = (Float(width), Float(height))
        let box = Point(x: palm.high.x - palm.low.x, y: palm.high.y - palm.low.y)
        let angle = turn(from: palm.wrist, to: palm.middle, sideX, sideY, upright: palmUpright)
        let centre = Point(x: palm.low.x + box.x / 2, y: palm.low.y + box.y / 2)
        return movedAndScaled(centre, box, angle, sideX, sideY, shift: palmShift, scale: palmScale)
    }

    /// The square in which a hand is looked for in the next picture; the 21 joints are shares of the picture's sides.
    static func around(hand: [Point], width: Int, height: Int) -> HandSquare {
        let (sideX, sideY) = (Float(width), Float(height))
        let joints = deciding.map { hand[$0] }
        let ahead = Point(
            x: ((joints[4].x + joints[8].x) / 2 + joints[6].x) / 2,
            y: ((joints[4].y + joints[8].y) / 2 + joints[6].y) / 2)
        let angle = turn(from: joints[0], to: ahead, sideX, sideY, upright: handUpright)
        let (low, high) = bounds(joints)
        let middle = Point(x: (high.x + low.x) / 2, y: (high.y + low.y) / 2)
        let (cosine, sine) = (cosine(-angle), sine(-angle))
        let turned = joints.map { joint -> Point in
            let (x, y) = ((joint.x - middle.x) * sideX, (joint.y - middle.y) * sideY)
            return Point(x: x * cosine - y * sine, y: x * sine + y * cosine)
        }
        let box = bounds(turned)
        let (x, y) = ((box.high.x + box.low.x) / 2, (box.high.y + box.low.y) / 2)
        let centre = Point(x: x * cosine + y * sine + sideX * middle.x, y: y * cosine - x * sine + sideY * middle.y)
        return movedAndScaled(
            Point(x: centre.x / sideX, y: centre.y / sideY),
            Point(x: (box.high.x - box.low.x) / sideX, y: (box.high.y - box.low.y) / sideY),
            angle, sideX, sideY, shift: handShift, scale: handScale)
    }

    /// The lower left, upper left, upper right and lower right corner, in pixels.
    func corners(width: Int, height: Int) -> [Point] {
        let (middleX, middleY) = (x * Float(width), y * Float(height))
        let (sizeX, sizeY) = (self.width * Float(width), self.height * Float(height))
        let degrees = Float(Double(angle * 180) / Double.pi)
        let radians = Double(degrees) * Double.pi / 180
        let (across, down) = (Float(sin(radians)) * 0.5, Float(cos(radians)) * 0.5)
        let low = Point(x: middleX - across * sizeY - down * sizeX, y: middleY + down * sizeY - across * sizeX)
        let high = Point(x: middleX + across * sizeY - down * sizeX, y: middleY - down * sizeY - across * sizeX)
        return [
            low, high,
            Point(x: 2 * middleX - low.x, y: 2 * middleY - low.y),
            Point(x: 2 * middleX - high.x, y: 2 * middleY - high.y),
        ]
    }

    /// Points of the crop as points of the picture, both shares of the sides.
    func inPicture(_ points: [Point]) -> [Point] {
        let (cosine, sine) = (HandSquare.cosine(angle), HandSquare.sine(angle))
        return points.map { point in
            let (across, down) = (point.x - 0.5, point.y - 0.5)
            return Point(
                x: (cosine * across - sine * down) * width + x,
                y: (sine * across + cosine * down) * height + y)
        }
    }

    /// Intersection over union of the two squares, both taken as if they were not turned.
    func overlap(_ other: HandSquare) -> Double {
        func along(_ one: Float, _ two: Float, _ size: Float, _ otherSize: Float) -> Double {
            let (first, second) = (Double(size), Double(otherSize))
            let shared = (first + second) / 2 - abs(Double(one) - Double(two))
            return min(max(shared, 0), first, second)
        }
        let shared = along(x, other.x, width, other.width) * along(y, other.y, height, other.height)
        let union = Double(width * height) + Double(other.width * other.height) - shared
        return shared > 0 ? shared / union : 0
    }

    /// The corners of the smallest upright square around a whole picture, as `corners` gives them.
    static func aroundPicture(width: Int, height: Int) -> [Point] {
        let (sideX, sideY) = (Double(width), Double(height))
        let half = max(sideX, sideY) / 2
        let (left, right) = (Float(sideX / 2 - half), Float(sideX / 2 + half))
        let (top, bottom) = (Float(sideY / 2 - half), Float(sideY / 2 + half))
        return [
            Point(x: left, y: bottom), Point(x: left, y: top), Point(x: right, y: top), Point(x: right, y: bottom),
        ]
    }

    /// A point of the square around a whole picture as one of the picture, both shares of the sides.
    static func fromDetector(_ point: Point, width: Int, height: Int) -> Point {
        let (sideX, sideY) = (Float(width), Float(height))
        let whole = max(sideX, sideY)
        let (shareX, shareY) = (1 / sideX, 1 / sideY)
        return Point(
            x: point.x * (whole * shareX) + (-0.5 * whole + 0.5 * sideX) * shareX,
            y: point.y * (whole * shareY) + (-0.5 * whole + 0.5 * sideY) * shareY)
    }

    /// The corners of the upright box around points.
    static func bounds(_ points: [Point]) -> (low: Point, high: Point) {
        var (low, high) = (points[0], points[0])
        for point in points.dropFirst() {
            low = Point(x: min(low.x, point.x), y: min(low.y, point.y))
            high = Point(x: max(high.x, point.x), y: max(high.y, point.y))
        }
        return (low, high)
    }

    private static func turn(
        from wrist: Point, to ahead: Point, _ sideX: Float, _ sideY: Float, upright: Float
    ) -> Float {
        let (across, down) = (ahead.x * sideX - wrist.x * sideX, ahead.y * sideY - wrist.y * sideY)
        let turn = Double(upright - Float(atan2(-Double(down), Double(across))))
        return Float(turn - 2 * Double.pi * ((turn + Double.pi) / (2 * Double.pi)).rounded(.down))
    }

    private static func movedAndScaled(
        _ centre: Point, _ size: Point, _ angle: Float, _ sideX: Float, _ sideY: Float, shift: Float, scale: Float
    ) -> HandSquare {
        let ahead = sideY * size.y * shift
        let longer = max(size.x * sideX, size.y * sideY)
        return HandSquare(
            x: centre.x - ahead * sine(angle) / sideX,
            y: centre.y + ahead * cosine(angle) / sideY,
            width: longer / sideX * scale,
            height: longer / sideY * scale,
            angle: angle)
    }

    private static func cosine(_ angle: Float) -> Float { Float(cos(Double(angle))) }

    private static func sine(_ angle: Float) -> Float { Float(sin(Double(angle))) }
}
