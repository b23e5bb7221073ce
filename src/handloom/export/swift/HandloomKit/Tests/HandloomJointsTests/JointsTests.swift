import Foundation
import HandloomKit
import XCTest

@testable import handloom_joints

final class JointsTests: XCTestCase {
    private var folder = URL(fileURLWithPath: "")

    override func setUpWithError() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        let photos = ["fist/b.JPG", "fist/anna_1.heic", "fist/deep/c.png", "open/d.jpeg"]
        for path in photos + ["open/.hidden.jpg", "read.me", "e.jpg"] {
            let file = folder.appendingPathComponent(path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data().write(to: file)
        }
        try FileManager.default.createSymbolicLink(
            at: folder.appendingPathComponent("open/again"), withDestinationURL: folder)
    }

    override func tearDownWithError() throws {
        try FileManager.default.removeItem(at: folder)
    }

    func testTheFolderOfAClassIsTheLabel() throws {
        let group = try NSRegularExpression(pattern: "^([a-z]+)_")
        let found = try LabeledFolder(at: folder, group: group)
        XCTAssertEqual(found.media, .photos)
        let paths = ["fist/anna_1.heic", "fist/b.JPG", "fist/deep/c.png", "open/d.jpeg"]
        XCTAssertEqual(found.files.map { $0.path }, paths)
        XCTAssertEqual(found.files.map { $0.label }, ["fist", "fist", "fist", "open"])
        XCTAssertEqual(found.files.map { $0.group }, ["anna", "", "", ""])
        XCTAssertEqual(found.passedOver, ["e.jpg", "open/again", "read.me"])
    }

    func testPhotosAndClipsAreNotMixed() throws {
        try Data().write(to: folder.appendingPathComponent("open/f.mov"))
        XCTAssertThrowsError(try LabeledFolder(at: folder)) { error in
            XCTAssertTrue((error as? JointsError)?.message.contains("--photos or --clips") ?? false)
        }
        XCTAssertEqual(try LabeledFolder(at: folder, media: .clips).files.map { $0.path }, ["open/f.mov"])
    }

    func testCellsAreQuotedWhereACommaAQuoteOrALineIsInThem() {
        let texts = ["plain", "", "a,b", "say \"a\"", "a\nb", "a\r\nb", " a", "ä 手"]
        let cells = ["plain", "", "\"a,b\"", "\"say \"\"a\"\"\"", "\"a\nb\"", "\"a\r\nb\"", "\" a\"", "ä 手"]
        XCTAssertEqual(texts.map(JointTable.cell), cells)
    }

    func testATurnIsWhatItsMatrixDoesToThePicture() {
        // Where the upper left and the upper right corner of the stored picture are shown, by EXIF.
        let corners: [Turn: [[Int]]] = [
            .up: [[-1, -1], [1, -1]], .upMirrored: [[1, -1], [-1, -1]], .down: [[1, 1], [-1, 1]],
            .downMirrored: [[-1, 1], [1, 1]], .leftMirrored: [[-1, -1], [-1, 1]], .right: [[1, -1], [1, 1]],
            .rightMirrored: [[1, 1], [1, -1]], .left: [[-1, 1], [-1, -1]],
        ]
        for (turn, shown) in corners {
            // With the picture's centre at the origin: x is half the difference of the two corners, y the rest.
            let x = zip(shown[1], shown[0]).map { ($0 - $1) / 2 }
            let y = zip(shown[1], shown[0]).map { -($0 + $1) / 2 }
            XCTAssertEqual(Turn(matrix: x + y), turn)
        }
        XCTAssertNil(Turn(matrix: [2, 0, 0, 1]))
    }

    func testTheTableHasARowForEachFrameAndAFileThatCannotBeReadIsNamed() async throws {
        var said: [String] = []
        let hand = HandArray(values: (0..<63).map { Float($0) / 63 }, side: .left)
        let tool = Tool(
            frames: { file, _ in
                if file.path == "fist/b.JPG" { throw JointsError("no picture") }
                return [Frame(time: 0, hand: file.label == "fist" ? hand : nil)]
            }, say: { said.append($0) })
        let target = folder.appendingPathComponent("joints.csv")
        var options = try Options([folder.path, "--to", target.path])
        try await tool.run(options)
        let lines = try String(contentsOf: target, encoding: .utf8).split(separator: "\n")
        XCTAssertEqual(lines.count, 4)
        XCTAssertTrue(lines[1].hasPrefix("0,fist,,fist/anna_1.heic,0,0.0,left,vision,\"[0.0, 0.01587"))
        XCTAssertTrue(lines[3].hasPrefix("2,open,,open/d.jpeg,0,0.0,,vision,\"[0.0, 0.0, 0.0,"))
        XCTAssertEqual(said[1], "fist/b.JPG: cannot be read (no picture); left out")
        XCTAssertEqual(said[2], "\(target.path): 3 of 4 photos; a hand in 2 of 3 frames")

        do {
            try await tool.run(options)
            XCTFail("a table was replaced")
        } catch {
            XCTAssertTrue((error as? JointsError)?.message.contains("add --overwrite") ?? false)
        }
        options.overwrite = true
        try await tool.run(options)
    }

    func testOptionsThatAreNotKnownAreRefused() {
        for words in [[], ["--to"], ["a", "b"], ["a", "--unknown"], ["a", "--group"]] {
            XCTAssertThrowsError(try Options(words))
        }
    }
}
