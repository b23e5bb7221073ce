import Foundation

/// What is wrong, in one line for the person who called the tool.
struct JointsError: Error {
    let message: String

    init(_ message: String) {
        self.message = message
    }
}

/// What a file holds, by its suffix.
enum Media: String {
    case photos, clips

    init?(suffix: String) {
        switch suffix.lowercased() {
        case "jpg", "jpeg", "png", "heic", "heif", "tif", "tiff", "webp", "avif", "dng": self = .photos
        case "mov", "mp4", "m4v": self = .clips
        default: return nil
        }
    }
}

/// A photo or a clip with its label.
struct LabeledFile: Equatable {
    let url: URL

    /// From the folder of the data on, with `/`.
    let path: String

    /// The name of the folder that the class has in the folder of the data.
    let label: String

    /// Who is to stay on one side of a split; empty: not known.
    let group: String
}

/// A folder with a folder for each class, as `data/pose=labeled_directories` has it: all photos in it, or all clips.
struct LabeledFolder {
    /// In the order of their paths.
    let files: [LabeledFile]

    let media: Media

    /// Paths of what is neither a photo nor a clip, lies in no class, or is a link; hidden ones are not among them.
    let passedOver: [String]

    /// `media` says which, where the folder has both; the first capture group of `group` is found in the file's name.
    init(at folder: URL, media: Media? = nil, group: NSRegularExpression? = nil) throws {
        var found: [Media: [LabeledFile]] = [:]
        var passedOver: [String] = []
        for path in try LabeledFolder.paths(in: folder) {
            let parts = path.split(separator: "/")
            let url = folder.appendingPathComponent(path)
            guard
                parts.count > 1, let kind = Media(suffix: url.pathExtension),
                LabeledFolder.type(of: url) == .typeRegular
            else {
                passedOver.append(path)
                continue
            }
            let name = LabeledFolder.group(in: String(parts[parts.count - 1]), by: group)
            let file = LabeledFile(url: url, path: path, label: String(parts[0]), group: name)
            found[kind, default: []].append(file)
        }
        if media == nil, found.count > 1 {
            throw JointsError("\(folder.path): has photos and clips; say which with --photos or --clips")
        }
        guard let kind = media ?? found.keys.first, let files = found[kind] else {
            let what = media?.rawValue ?? "photos or clips"
            throw JointsError("\(folder.path): no \(what) in it; put them into a folder for each class")
        }
        self.files = files
        self.media = kind
        self.passedOver = passedOver
    }

    /// Paths of all files below a folder, sorted; hidden ones are left out, links are not followed.
    private static func paths(in folder: URL) throws -> [String] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        } catch {
            throw JointsError("\(folder.path): no folder that can be listed")
        }
        var paths: [String] = []
        for name in names.sorted() where !name.hasPrefix(".") {
            let url = folder.appendingPathComponent(name)
            if type(of: url) == .typeDirectory {
                paths += try LabeledFolder.paths(in: url).map { "\(name)/\($0)" }
            } else {
                paths.append(name)
            }
        }
        return paths
    }

    /// What a path is itself: a link is a link.
    private static func type(of url: URL) -> FileAttributeType? {
        try? FileManager.default.attributesOfItem(atPath: url.path)[.type] as? FileAttributeType
    }

    private static func group(in name: String, by pattern: NSRegularExpression?) -> String {
        guard
            let found = pattern?.firstMatch(in: name, range: NSRange(name.startIndex..., in: name)),
            let range = Range(found.range(at: 1), in: name)
        else { return "" }
        return String(name[range])
    }
}
