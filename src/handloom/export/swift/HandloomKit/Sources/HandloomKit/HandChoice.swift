import Foundation

/// Which of several hands is taken, as the model was trained. `RULES.md` gives the rules in full.
public enum HandChoice: String, Sendable {
    case raised, followed, largest, left, right
    case mostConfident = "most_confident"

    /// The chosen hand of one picture, or `nil`. `hands` has Vision's first one first.
    public func chosen(of hands: [HandArray]) -> HandArray? {
        let hands = candidates(among: hands).map { hands[$0] }
        switch self {
        case .followed, .mostConfident:
            return hands.first
        case .raised:
            let palm = hands.map { $0.palm }.max() ?? 0
            return first(of: hands.filter { $0.palm >= HandChoice.comparable * palm }, with: { $0.up })
        case .largest, .left, .right:
            return first(of: hands, with: { $0.area })
        }
    }

    /// Of hands of comparable size the palm of the smallest is at least this share of the palm of the largest.
    static let comparable = 0.5

    /// A hand whose box lies in the box of a larger one by more than this share is that hand, seen twice.
    static let inside = 0.5

    /// Where in `hands` those are that may be chosen: each hand once, and with `left` or `right` those of that side.
    func candidates(among hands: [HandArray]) -> [Int] {
        hands.indices.filter { place in
            let hand = hands[place]
            guard hand.isPresent else { return false }
            let isPart = hands.contains { other in
                other.isPresent && other.area > hand.area && hand.shareInside(other) > HandChoice.inside
            }
            switch self {
            case .left: return !isPart && hand.side == .left
            case .right: return !isPart && hand.side == .right
            default: return !isPart
            }
        }
    }

    private func first(of hands: [HandArray], with measure: (HandArray) -> Double) -> HandArray? {
        var best: HandArray?
        for hand in hands where best.map({ measure(hand) > measure($0) }) ?? true {
            best = hand
        }
        return best
    }
}

/// The chosen hand, from picture to picture: it is followed until another one is clearly better.
public struct HandFollower: Sendable {
    /// The rule.
    public let choice: HandChoice

    /// A hand further away than this, in palm lengths, from where it was lost is another one.
    private static let stillTheSame = 3.0

    /// For so long after it was lost, the hand is looked for where it was, seconds.
    private static let memory = 0.5

    /// Another hand has to be the better choice for so long before it is followed instead, seconds.
    private static let patience = 0.3

    /// How much better: higher by so many palm lengths, or larger by this factor.
    private static let higher = 1.0
    private static let larger = 1.5

    private var last: HandArray?
    private var time: TimeInterval = 0
    private var others: [HandArray] = []
    private var betterSince: TimeInterval?

    /// Follows by this rule.
    public init(choice: HandChoice) {
        self.choice = choice
    }

    /// The chosen hand in the next picture, of all that were found in it, or `nil`.
    ///
    /// `now` is in seconds; where it goes back, a new stream begins. `complete` says whether all hands were looked for,
    /// or only the one that is followed.
    public mutating func next(_ found: [HandArray], at now: TimeInterval, complete: Bool = true) -> HandArray? {
        if now < time { reset() }
        let hands = choice.candidates(among: found).map { found[$0] }
        var hand: HandArray?
        if let last = last, now - time <= HandFollower.memory {
            hand = nearest(of: hands, to: last) ?? choice.chosen(of: hands.filter { !isAnother($0, than: last) })
            if complete, let followed = hand {
                hand = better(than: followed, among: hands, at: now)
            }
        } else {
            hand = choice.chosen(of: hands)
            betterSince = nil
        }
        if complete && (hand != nil || last == nil) {
            others = hands.filter { $0 != hand }
        }
        if let hand = hand {
            last = hand
            time = now
        }
        return hand
    }

    /// Whether a hand was lost only just now.
    func remembers(at now: TimeInterval) -> Bool {
        last != nil && now - time <= HandFollower.memory
    }

    /// That of the hands which is the one of the picture before, if any is.
    func same(of found: [HandArray]) -> HandArray? {
        last.flatMap { nearest(of: choice.candidates(among: found).map { found[$0] }, to: $0) }
    }

    /// Forgets the hand.
    public mutating func reset() {
        self = HandFollower(choice: choice)
    }

    private func nearest(of hands: [HandArray], to last: HandArray) -> HandArray? {
        let near = hands.filter { $0.distance(to: last) <= HandFollower.stillTheSame && !isAnother($0, than: last) }
        return near.min { $0.distance(to: last) < $1.distance(to: last) }
    }

    private func isAnother(_ hand: HandArray, than last: HandArray) -> Bool {
        guard let nearest = others.map({ hand.distance(to: $0) }).min() else { return false }
        return nearest <= HandFollower.stillTheSame && nearest < hand.distance(to: last)
    }

    private mutating func better(
        than hand: HandArray, among hands: [HandArray], at now: TimeInterval
    ) -> HandArray {
        guard let best = choice.chosen(of: hands), best != hand, isClearlyBetter(best, than: hand) else {
            betterSince = nil
            return hand
        }
        let since = betterSince ?? now
        betterSince = since
        if now - since < HandFollower.patience { return hand }
        betterSince = nil
        return best
    }

    private func isClearlyBetter(_ one: HandArray, than hand: HandArray) -> Bool {
        switch choice {
        case .followed, .mostConfident:
            return false
        case .raised where one.palm >= HandChoice.comparable * hand.palm:
            return one.up - hand.up >= HandFollower.higher * one.palm || hand.palm < HandChoice.comparable * one.palm
        default:
            return one.area >= HandFollower.larger * hand.area
        }
    }
}

extension HandArray {
    /// The longest seen side of the triangle of wrist, first and last knuckle, as a share of the picture; 0 without one.
    var palm: Double {
        let corners = [0, 5, 17].filter(isSeen).map(place)
        return corners.flatMap { one in corners.map { HandArray.length(one, $0) } }.max() ?? 0
    }

    /// How far the middle of its seen joints is above the picture's lower edge, as a share of the height.
    var up: Double {
        let seen = HandArray.joints.indices.filter(isSeen)
        return seen.reduce(0) { $0 + place($1).y } / Double(max(seen.count, 1))
    }

    /// The size of the box around its seen joints, as a share of the picture.
    var area: Double { (box.high.x - box.low.x) * (box.high.y - box.low.y) }

    /// The share of the box around its seen joints that lies in the box of another hand.
    func shareInside(_ other: HandArray) -> Double {
        let (one, two) = (box, other.box)
        let width = min(one.high.x, two.high.x) - max(one.low.x, two.low.x)
        let height = min(one.high.y, two.high.y) - max(one.low.y, two.low.y)
        return max(width, 0) * max(height, 0) / max(area, 1e-12)
    }

    /// The mean distance between the joints that are seen of two hands, in palm lengths of the other one.
    func distance(to other: HandArray) -> Double {
        let both = HandArray.joints.indices.filter { isSeen($0) && other.isSeen($0) }
        guard !both.isEmpty else { return .infinity }
        let apart = both.reduce(0) { $0 + HandArray.length(place($1), other.place($1)) } / Double(both.count)
        let palm = other.isSeen(9) && other.isSeen(0) ? HandArray.length(other.place(9), other.place(0)) : other.palm
        return apart / max(palm, 1e-6)
    }

    private typealias Place = (x: Double, y: Double)

    private var box: (low: Place, high: Place) {
        let seen = HandArray.joints.indices.filter(isSeen).map(place)
        let (x, y) = (seen.map { $0.x }, seen.map { $0.y })
        return ((x.min() ?? 0, y.min() ?? 0), (x.max() ?? 0, y.max() ?? 0))
    }

    private func isSeen(_ joint: Int) -> Bool { values[2 * HandArray.joints.count + joint] > 0 }

    private func place(_ joint: Int) -> Place {
        (Double(values[joint]), Double(values[HandArray.joints.count + joint]))
    }

    private static func length(_ one: Place, _ other: Place) -> Double {
        let (x, y) = (one.x - other.x, one.y - other.y)
        return (x * x + y * y).squareRoot()
    }
}
