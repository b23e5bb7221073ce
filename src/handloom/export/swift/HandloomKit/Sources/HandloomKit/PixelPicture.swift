import Foundation

/// A picture as plain bytes: red, green and blue of each pixel, row by row from above.
public struct PixelPicture: Equatable, Sendable {
    /// Pixels in a row.
    public let width: Int

    /// Rows.
    public let height: Int

    /// `3 * width * height` bytes.
    public let bytes: [UInt8]

    /// Takes red, green and blue of each pixel; `nil` unless there are as many bytes as the sizes say, and a pixel.
    public init?(width: Int, height: Int, bytes: [UInt8]) {
        guard width > 0, height > 0, bytes.count == 3 * width * height else { return nil }
        self.width = width
        self.height = height
        self.bytes = bytes
    }

    /// The picture upright, for the EXIF number of its orientation, 1 to 8; `nil` for another number.
    public func upright(exif: Int) -> PixelPicture? {
        guard (1...8).contains(exif) else { return nil }
        if exif == 1 { return self }
        let isTurned = exif > 4  // rows become columns
        let (newWidth, newHeight) = isTurned ? (height, width) : (width, height)
        var made = [UInt8](repeating: 0, count: bytes.count)
        for row in 0..<newHeight {
            for column in 0..<newWidth {
                var (x, y) = isTurned ? (row, column) : (column, row)
                if [2, 3, 7, 8].contains(exif) { x = width - 1 - x }
                if [3, 4, 6, 7].contains(exif) { y = height - 1 - y }
                let (from, to) = (3 * (y * width + x), 3 * (row * newWidth + column))
                made[to] = bytes[from]
                made[to + 1] = bytes[from + 1]
                made[to + 2] = bytes[from + 2]
            }
        }
        return PixelPicture(width: newWidth, height: newHeight, bytes: made)
    }

    /// The picture with a border of its edge pixels: so many columns on each side, and rows above and below.
    func bordered(across: Int, down: Int) -> PixelPicture {
        let (newWidth, newHeight) = (width + 2 * across, height + 2 * down)
        var made: [UInt8] = []
        made.reserveCapacity(3 * newWidth * newHeight)
        for row in 0..<newHeight {
            let first = 3 * width * min(max(row - down, 0), height - 1)
            let last = first + 3 * (width - 1)
            for _ in 0..<across { made += bytes[first..<(first + 3)] }
            made += bytes[first..<(last + 3)]
            for _ in 0..<across { made += bytes[last..<(last + 3)] }
        }
        return PixelPicture(width: newWidth, height: newHeight, bytes: made) ?? self
    }

    /// The picture with its longer side no larger than this, by the mean of the area of each pixel; itself if it is not.
    func scaledDown(to largestSide: Int) -> PixelPicture {
        let scale = Double(largestSide) / Double(max(width, height))
        if scale >= 1 { return self }
        let newWidth = max(1, Int((scale * Double(width)).rounded(.toNearestOrEven)))
        let newHeight = max(1, Int((scale * Double(height)).rounded(.toNearestOrEven)))
        let (columns, rows) = (AreaShare.all(from: width, to: newWidth), AreaShare.all(from: height, to: newHeight))
        var made = [UInt8](repeating: 0, count: 3 * newWidth * newHeight)
        var sums = [Float](repeating: 0, count: 3 * newWidth)
        bytes.withUnsafeBufferPointer { pixels in
            for (row, shares) in rows.enumerated() {
                for place in sums.indices { sums[place] = 0 }
                for down in shares {
                    for (column, across) in columns.enumerated() {
                        for share in across {
                            let from = 3 * (down.place * width + share.place)
                            let weight = down.share * share.share
                            sums[3 * column] += weight * Float(pixels[from])
                            sums[3 * column + 1] += weight * Float(pixels[from + 1])
                            sums[3 * column + 2] += weight * Float(pixels[from + 2])
                        }
                    }
                }
                for (place, sum) in sums.enumerated() {
                    made[3 * newWidth * row + place] = UInt8(min(max(sum.rounded(.toNearestOrEven), 0), 255))
                }
            }
        }
        return PixelPicture(width: newWidth, height: newHeight, bytes: made) ?? self
    }

    /// What is seen outside of the picture.
    enum Outside {
        case black, edge
    }

    /// What lies between four corners, as a picture of `size` pixels a side, bilinear.
    ///
    /// Places are rounded to 1/32 of a pixel, as MediaPipe and OpenCV before its version 5 do. Corners are the lower
    /// left, the upper left, the upper right and the lower right one, in pixels.
    func crop(_ corners: [HandSquare.Point], size: Int, outside: Outside) -> [UInt8] {
        let places = CropPlaces(corners, size: size)
        var made = [UInt8](repeating: 0, count: 3 * size * size)
        bytes.withUnsafeBufferPointer { pixels in
            for row in 0..<size {
                for column in 0..<size {
                    let (x, y) = places.place(row: row, column: column)
                    let to = 3 * (row * size + column)
                    let (left, top, right, down) = (x >> 5, y >> 5, x & 31, y & 31)
                    var (red, green, blue) = (512, 512, 512)
                    for corner in 0..<4 {
                        var (column, row) = (left + corner % 2, top + corner / 2)
                        let share = (corner % 2 == 0 ? 32 - right : right) * (corner / 2 == 0 ? 32 - down : down)
                        if outside == .edge {
                            column = min(max(column, 0), width - 1)
                            row = min(max(row, 0), height - 1)
                        } else if column < 0 || row < 0 || column >= width || row >= height {
                            continue
                        }
                        let from = 3 * (row * width + column)
                        red += share * Int(pixels[from])
                        green += share * Int(pixels[from + 1])
                        blue += share * Int(pixels[from + 2])
                    }
                    made[to] = UInt8(red >> 10)
                    made[to + 1] = UInt8(green >> 10)
                    made[to + 2] = UInt8(blue >> 10)
                }
            }
        }
        return made
    }
}

/// How much of a pixel lies in a larger one.
private struct AreaShare {
    let place: Int
    let share: Float

    /// For each of the new pixels of a row or column the old ones that lie in it.
    static func all(from old: Int, to new: Int) -> [[AreaShare]] {
        let size = Double(old) / Double(new)
        return (0..<new).map { pixel in
            let (start, end) = (Double(pixel) * size, min(Double(pixel + 1) * size, Double(old)))
            return (Int(start)..<min(Int(end.rounded(.up)), old)).compactMap { place in
                let inside = min(Double(place + 1), end) - max(Double(place), start)
                return inside > 1e-9 ? AreaShare(place: place, share: Float(inside / (end - start))) : nil
            }
        }
    }
}

/// Where the pixels of a crop lie in the picture.
private struct CropPlaces {
    /// Places further away, in pixels, are outside of all pictures.
    private static let far = 32_766.0

    private let size: Double
    private let x: [Double]
    private let y: [Double]
    private let depth: [Double]

    /// The corners are not quite those of a square, so the map is that of four points to four points.
    init(_ corners: [HandSquare.Point], size: Int) {
        self.size = Double(size)
        let points = corners.map { (x: Double($0.x), y: Double($0.y)) }
        let (low, origin, right, far) = (points[0], points[1], points[2], points[3])
        let (ax, ay) = (right.x - far.x, right.y - far.y)
        let (bx, by) = (low.x - far.x, low.y - far.y)
        let sx = origin.x - right.x + far.x - low.x
        let sy = origin.y - right.y + far.y - low.y
        let area = ax * by - bx * ay
        let g = area == 0 ? 0 : (sx * by - bx * sy) / area
        let h = area == 0 ? 0 : (ax * sy - sx * ay) / area
        x = [right.x - origin.x + g * right.x, low.x - origin.x + h * low.x, origin.x]
        y = [right.y - origin.y + g * right.y, low.y - origin.y + h * low.y, origin.y]
        depth = [g, h]
    }

    /// In 1/32 of a pixel.
    func place(row: Int, column: Int) -> (x: Int, y: Int) {
        let (u, v) = (Double(column) / size, Double(row) / size)
        let divisor = depth[0] * u + depth[1] * v + 1
        return (rounded((x[0] * u + x[1] * v + x[2]) / divisor), rounded((y[0] * u + y[1] * v + y[2]) / divisor))
    }

    private func rounded(_ place: Double) -> Int {
        Int((32 * min(max(place, -CropPlaces.far), CropPlaces.far)).rounded(.toNearestOrEven))
    }
}
