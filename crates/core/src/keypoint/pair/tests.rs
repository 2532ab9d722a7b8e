//! Pictures made of points: the truth is known.

use std::sync::atomic::AtomicBool;

use super::*;
use crate::keypoint::blob::tests::{Point, blob, noise};

/// A keypoint before it is rounded: code, place in pixels of a plane, diameter over 31 pixels, angle in turns.
type Spot = ([u8; 32], [f64; 2], f64, f64);

const PLANE: [u16; 2] = [512, 400];

fn spots(count: usize, seed: u64) -> Vec<Spot> {
    let mut next = noise(seed);
    let mut share = move || (next() >> 20) as f64 / (1u64 << 44) as f64;
    let mut spot = || {
        let code = std::array::from_fn(|_| (share() * 256.0) as u8);
        (code, [share() * 512.0, share() * 400.0], 1.0 + 2.0 * share(), share())
    };
    (0..count).map(|_| spot()).collect()
}

/// The spots under a map that is about a similarity; what falls outside is gone.
fn moved(spots: &[Spot], map: &Map) -> Vec<Spot> {
    let place = |spot: &Spot| {
        let (at, slope) = (map.apply(spot.1)?, map.slope(spot.1)?);
        let (large, small, _) = stretch(slope);
        let turn = libm::atan2(slope[2] - slope[1], slope[0] + slope[3]) / std::f64::consts::TAU;
        let inside = (0.0..512.0).contains(&at[0]) && (0.0..400.0).contains(&at[1]);
        inside.then_some((spot.0, at, spot.2 * (large * small).sqrt(), spot.3 + turn))
    };
    spots.iter().filter_map(place).collect()
}

fn bytes(spots: &[Spot]) -> Vec<u8> {
    let share = |at: f64, side: u16| (at / f64::from(side) * 65535.0).round() as u16;
    let point = |spot: &Spot| -> Point {
        let size = (32.0 * spot.2.log2() + 32.0).round() as u8;
        (spot.0, share(spot.1[0], PLANE[0]), share(spot.1[1], PLANE[1]), size, (spot.3.rem_euclid(1.0) * 256.0) as u8)
    };
    blob(PLANE, &spots.iter().map(point).collect::<Vec<_>>())
}

fn matched(query: &[u8], other: &[u8]) -> Pair {
    let flag = AtomicBool::new(false);
    match_pairs(query, [other].into_iter(), &Tuning::default(), &Stop::following(&flag)).unwrap().remove(0)
}

/// How far apart two maps put points of the query's middle, in shares of the other's sides.
fn off(found: &Found, map: &Map) -> f64 {
    let shares = |[x, y]: [f64; 2]| [x / 512.0, y / 400.0];
    let points = [[200.0, 150.0], [300.0, 150.0], [300.0, 250.0], [200.0, 250.0]];
    let errors = points.map(|point| apart(found.map.apply(shares(point)).unwrap(), shares(map.apply(point).unwrap())));
    errors.into_iter().fold(0.0, f64::max).sqrt()
}

#[test]
fn maps_are_found() {
    let turned = |degrees: f64, scale: f64| {
        let (a, b) = (scale * degrees.to_radians().cos(), scale * degrees.to_radians().sin());
        Map::similarity(a, b, [256.0 - a * 250.0 + b * 200.0, 200.0 - b * 250.0 - a * 200.0])
    };
    for (map, model) in [
        (turned(0.0, 1.0), Model::Similarity),
        (turned(90.0, 0.6), Model::Similarity),
        (turned(-133.0, 1.9), Model::Similarity),
        (turned(5.0, 3.5), Model::Similarity),
        (Map([0.8, 0.25, 20.0, -0.1, 1.1, 30.0, 0.0, 0.0, 1.0]), Model::Affine),
        (Map([0.9, 0.1, 20.0, -0.1, 0.9, 40.0, 0.0007, 0.0004, 1.0]), Model::Homography),
    ] {
        let (common, extra) = (spots(300, 1), spots(150, 2));
        let query = bytes(&[common.clone(), extra].concat());
        let pair = matched(&query, &bytes(&[moved(&common, &map), spots(60, 3)].concat()));
        let found = pair.found.unwrap();
        assert_eq!(found.model, model, "{map:?}");
        assert!(off(&found, &map) < 0.006, "{map:?}: {}", off(&found, &map));
        let true_ones = pair.inliers.iter().filter(|[query, _]| *query < 300).count();
        assert!(true_ones >= pair.inliers.len() - 1 && found.figures.surprise > 10.0);
        let back = matched(&bytes(&moved(&common, &map)), &query).found.unwrap();
        assert!((back.scale * found.scale - 1.0).abs() < 0.15, "{} {}", back.scale, found.scale);
    }
}

#[test]
fn the_best_of_two_copies_is_found() {
    let common = spots(200, 4);
    let [one, two] = [Map::similarity(0.5, 0.0, [0.0, 0.0]), Map::similarity(0.4, 0.0, [300.0, 220.0])];
    let [mut both, second] = [moved(&common, &one), moved(&common, &two)];
    both.extend(second.into_iter().take(60));
    let pair = matched(&bytes(&both), &bytes(&common));
    assert!(off(&pair.found.unwrap(), &one.inverse().unwrap()) < 0.02);
}

#[test]
fn nothing_in_common_gives_nothing() {
    for seed in 0..40 {
        let pair = matched(&bytes(&spots(600, 100 + seed)), &bytes(&spots(180, 200 + seed)));
        assert_eq!((pair.found, pair.inliers.len()), (None, 0));
    }
    let some = bytes(&spots(50, 1));
    for few in [0, 1, 2, 3] {
        assert_eq!(matched(&some, &bytes(&spots(50, 1)[..few])).found, None);
        assert_eq!(matched(&bytes(&spots(50, 1)[..few]), &some).found, None);
    }
}

#[test]
fn degenerate_ones_are_refused() {
    let common = spots(200, 5);
    // Mirrored in place: the angles cannot agree.
    let mirrored: Vec<Spot> =
        common.iter().map(|spot| (spot.0, [512.0 - spot.1[0], spot.1[1]], spot.2, 0.5 - spot.3)).collect();
    assert_eq!(matched(&bytes(&common), &bytes(&mirrored)).found, None);
    // All on one line.
    let line: Vec<Spot> = common.iter().map(|spot| (spot.0, [spot.1[0], 100.0 + spot.1[0] / 5.0], 1.0, 0.25)).collect();
    assert_eq!(matched(&bytes(&line), &bytes(&line)).found, None);
    // All in one place.
    let heap: Vec<Spot> = common.iter().map(|spot| (spot.0, [99.0, 99.0], 1.0, 0.25)).collect();
    assert_eq!(matched(&bytes(&heap), &bytes(&heap)).found, None);
    // One code everywhere: no nearest is clear.
    let same: Vec<Spot> = common.iter().map(|spot| ([7; 32], spot.1, spot.2, spot.3)).collect();
    let pair = matched(&bytes(&same), &bytes(&same));
    assert!(pair.found.is_none_or(|found| found.figures.quality < 5.0));
}

#[test]
fn a_heap_counts_once() {
    let mut common = spots(3, 6);
    let seed = common[0];
    let mut next = noise(9);
    common.extend((0..40).map(|_| (std::array::from_fn(|_| (next() >> 40) as u8), seed.1, seed.2, seed.3)));
    let pair = matched(&bytes(&common), &bytes(&common));
    assert!(pair.tentative >= 40 && pair.found.is_none_or(|found| found.figures.cells == 3.0));
}

#[test]
fn any_bytes_are_survived() {
    let mut next = noise(10);
    for _ in 0..200 {
        let mut make = |count: u16| {
            let mut bytes: Vec<u8> = (0..16 + 38 * usize::from(count)).map(|_| (next() >> 40) as u8).collect();
            bytes[..4].copy_from_slice(&[1, 0, count as u8, 0]);
            bytes
        };
        let (query, other) = (make(60), make(30));
        matched(&query, &other);
        // The same codes at random places of random planes.
        let mut twin = make(60);
        twin[16..16 + 32 * 60].copy_from_slice(&query[16..16 + 32 * 60]);
        matched(&query, &twin);
    }
}

#[test]
fn answers_are_the_same_at_every_level() {
    let (query, other) = (bytes(&spots(300, 1)), bytes(&spots(300, 1)[100..]));
    let answers: Vec<Pair> = Level::available()
        .into_iter()
        .map(|level| {
            let mut query = Query::new(Blob::read(&query).unwrap(), level);
            match_pair(&mut query, &Blob::read(&other).unwrap(), &Tuning::default())
        })
        .collect();
    assert!(answers[0].found.is_some() && answers.iter().all(|answer| *answer == answers[0]));
}

#[test]
fn tuning_is_checked() {
    let (flag, bytes) = (AtomicBool::new(false), bytes(&spots(3, 1)));
    for tuning in [
        Tuning { limit: 257, ..Tuning::default() },
        Tuning { quality: f64::NAN, ..Tuning::default() },
        Tuning { tolerance: 0.0, ..Tuning::default() },
        Tuning { growth: f64::INFINITY, ..Tuning::default() },
        Tuning { fewest: 2, ..Tuning::default() },
    ] {
        let answer = match_pairs(&bytes, [&bytes[..]].into_iter(), &tuning, &Stop::following(&flag));
        assert!(matches!(answer, Err(Error::Argument(_))));
    }
}
