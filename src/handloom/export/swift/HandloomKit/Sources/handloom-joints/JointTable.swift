import Foundation
import HandloomKit

/// One frame of a file: when it is shown, and the hand in it.
struct Frame {
    /// Seconds from the clip's first frame on; 0 for a photo.
    let time: Double

    /// `nil` without a hand.
    let hand: HandArray?
}

/// The table of joints that handloom reads (`data/pose=labeled_keypoints_data_frame`): a CSV with a row for each frame.
///
/// `keypoints` has 63 numbers: all x, all y, all confidences, as Vision gives them; zeros without a hand.
struct JointTable {
    /// What made the joints, for the column `landmarker`.
    static let landmarker = "vision"

    static let columns = [
        "session_id", "label", "group", "path", "frame", "time", "chirality", "landmarker", "keypoints",
    ]

    private(set) var text = JointTable.columns.joined(separator: ",") + "\n"
    private(set) var rows = 0
    private(set) var hands = 0
    private var files = 0

    /// Adds the frames of one file.
    mutating func add(_ frames: [Frame], of file: LabeledFile) {
        for (number, frame) in frames.enumerated() {
            let side = frame.hand?.side.map { $0 == .left ? "left" : "right" } ?? ""
            let numbers = (frame.hand ?? .zero).values.map { "\($0)" }.joined(separator: ", ")
            let cells = [
                "\(files)", file.label, file.group, file.path, "\(number)", "\(frame.time)", side,
                JointTable.landmarker, "[\(numbers)]",
            ]
            text += cells.map(JointTable.cell).joined(separator: ",") + "\n"
            rows += 1
            hands += frame.hand == nil ? 0 : 1
        }
        files += 1
    }

    /// A text as a cell of a CSV (RFC 4180), whatever it holds.
    static func cell(_ text: String) -> String {
        // By scalars: for Swift, "\r\n" is one character.
        let special = text.unicodeScalars.contains { ",\"\r\n".unicodeScalars.contains($0) }
        guard special || text.first == " " || text.last == " " else { return text }
        return "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\""
    }
}
