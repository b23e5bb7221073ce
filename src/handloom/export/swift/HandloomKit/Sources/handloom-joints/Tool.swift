import Foundation

/// What a person asked for.
struct Options: Equatable {
    static let usage = """
        usage: handloom-joints FOLDER [--to joints.csv] [--overwrite] [--photos | --clips] [--group PATTERN]

        Writes the joints that Vision finds in the photos or clips of FOLDER, which has a folder for each class.
          --to FILE          the table (joints.csv)
          --overwrite        replace the table if there is one
          --photos, --clips  which of them, where FOLDER has both
          --group PATTERN    regular expression on the file name; its first capture group is the group
        """

    var folder = ""
    var table = "joints.csv"
    var overwrite = false
    var media: Media?
    var group = ""

    init(_ words: [String]) throws {
        var rest = words[...]
        while let word = rest.popFirst() {
            switch word {
            case "--to": table = try Options.value(of: word, in: &rest)
            case "--group": group = try Options.value(of: word, in: &rest)
            case "--overwrite": overwrite = true
            case "--photos": media = .photos
            case "--clips": media = .clips
            default:
                guard folder.isEmpty, !word.hasPrefix("-") else { throw JointsError(Options.usage) }
                folder = word
            }
        }
        if folder.isEmpty || table.isEmpty { throw JointsError(Options.usage) }
    }

    private static func value(of word: String, in rest: inout ArraySlice<String>) throws -> String {
        guard let value = rest.popFirst() else { throw JointsError("\(word): needs a value") }
        return value
    }
}

/// From a folder to a table.
struct Tool {
    /// Gives the frames of a photo (one) or a clip.
    let frames: (LabeledFile, Media) async throws -> [Frame]

    /// Gets a line for each thing that a person should know.
    let say: (String) -> Void

    /// Writes the table; a file that cannot be read is named and left out.
    func run(_ options: Options) async throws {
        let pattern = try Tool.pattern(options.group)
        let folder = try LabeledFolder(at: URL(fileURLWithPath: options.folder), media: options.media, group: pattern)
        let target = URL(fileURLWithPath: options.table)
        if !options.overwrite, FileManager.default.fileExists(atPath: target.path) {
            throw JointsError("\(options.table): is there already; add --overwrite, or name another with --to")
        }
        if let first = folder.passedOver.first {
            say("files passed over: \(folder.passedOver.count) (the first: \(first))")
        }
        var table = JointTable()
        var unread = 0
        for file in folder.files {
            do {
                table.add(try await frames(file, folder.media), of: file)
            } catch {
                say("\(file.path): cannot be read (\((error as? JointsError)?.message ?? "\(error)")); left out")
                unread += 1
            }
        }
        if table.rows == 0 { throw JointsError("\(options.folder): none of its \(folder.media.rawValue) can be read") }
        do {
            try Data(table.text.utf8).write(to: target, options: .atomic)
        } catch {
            throw JointsError("\(options.table): cannot be written (\(error.localizedDescription))")
        }
        let read = "\(folder.files.count - unread) of \(folder.files.count) \(folder.media.rawValue)"
        say("\(options.table): \(read); a hand in \(table.hands) of \(table.rows) frames")
        if table.hands == 0 { say("no hand was found at all") }
    }

    private static func pattern(_ text: String) throws -> NSRegularExpression? {
        if text.isEmpty { return nil }
        guard let pattern = try? NSRegularExpression(pattern: text), pattern.numberOfCaptureGroups > 0 else {
            throw JointsError("--group: no regular expression with a capture group: \(text)")
        }
        return pattern
    }
}

@main
struct Command {
    static func main() async {
        do {
            let options = try Options(Array(CommandLine.arguments.dropFirst()))
            try await Tool(frames: framesByVision, say: tell).run(options)
        } catch {
            tell((error as? JointsError)?.message ?? "\(error)")
            exit(1)
        }
    }

    private static func tell(_ line: String) {
        FileHandle.standardError.write(Data("handloom-joints: \(line)\n".utf8))
    }
}

#if !(canImport(Vision) && canImport(AVFoundation))
private func framesByVision(_ file: LabeledFile, _ media: Media) async throws -> [Frame] {
    throw JointsError("Vision is needed, which only a Mac has")
}
#endif
