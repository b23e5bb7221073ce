// swift-tools-version:5.5
import PackageDescription

let package = Package(
    name: "HandloomKit",
    platforms: [.iOS(.v14), .macOS(.v11)],
    products: [.library(name: "HandloomKit", targets: ["HandloomKit"])],
    targets: [
        .target(name: "HandloomKit"),
        .executableTarget(name: "handloom-joints", dependencies: ["HandloomKit"]),
        .testTarget(
            name: "HandloomKitTests", dependencies: ["HandloomKit"],
            resources: [.copy("vectors.json"), .copy("landmarks.json")]),
        .testTarget(name: "HandloomJointsTests", dependencies: ["handloom-joints"]),
    ]
)
