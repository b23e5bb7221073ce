/// How a picture is turned to be upright; the numbers are those of EXIF.
enum Turn: UInt32 {
    case up = 1
    case upMirrored, down, downMirrored, leftMirrored, right, rightMirrored, left

    /// From a, b, c, d of a video track's transform: x becomes ax + cy, y becomes bx + dy, with y down.
    init?(matrix: [Int]) {
        switch matrix {
        case [1, 0, 0, 1]: self = .up
        case [-1, 0, 0, 1]: self = .upMirrored
        case [-1, 0, 0, -1]: self = .down
        case [1, 0, 0, -1]: self = .downMirrored
        case [0, 1, 1, 0]: self = .leftMirrored
        case [0, 1, -1, 0]: self = .right
        case [0, -1, -1, 0]: self = .rightMirrored
        case [0, -1, 1, 0]: self = .left
        default: return nil
        }
    }
}
