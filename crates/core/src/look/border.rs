//! The picture inside a border: letterboxes, frames, captions, the bars of apps.
//!
//! A border is flat, and it ends all at once: along its inner edge nearly every sample is of the border's grey, and
//! the next one is not. The flat ground around a thing on a photo ends here and there, and the sky fades; neither
//! has such an edge. So lines of samples are walked from each side inwards, over flat ones and over lines of text,
//! and the place where most of the ground ends is the edge, if it is straight enough. That is done in rounds: what is
//! inside a frame may have a frame again, and an app has bar upon bar.
//!
//! What cannot be told: a thing on white ground in a white frame; a photo of a poster that fills the picture but for a
//! flat wall. A background that is a blurred copy of the picture is not flat and not found.

mod edge;
mod small;

use crate::plane::View;
use edge::{Edge, Edges};
use small::{Lines, SIDES, Small};

/// Rounds, at most: bars of an app, and frames in frames.
const ROUNDS: usize = 8;

/// Lines that may be skipped at the picture's edge: a mixture of border and frame, a trace of what it was cut from.
const SKIN: usize = 2;

/// Bars as wide as each other on opposite sides and of one grey are no accident: so much of their edges is enough, if
/// it is spread over them. What is missing is the dark of scenes in black letterboxes. A ball on white ground has such
/// margins too, but the lines that touch it touch it in one place.
const STRAIGHT_IF_EQUAL: f32 = 0.3;
const SPREAD_IF_EQUAL: f32 = 0.75;

/// The inner picture's least share of each side, and of the area. Less is a detail.
const LEAST_SIDE: f32 = 0.2;
const LEAST_AREA: f32 = 0.1;

/// The widest bar's share of its side, at the least. Without less, a picture is what it was.
const LEAST_BORDER: f32 = 0.01;

/// Samples along a side of the inner picture, at the least.
const LEAST_LINES: usize = 4;

/// Where the inner picture is, in shares of the picture's width and height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Inner {
    /// From the left to its left edge.
    pub left: f32,
    /// From the top to its upper edge.
    pub upper: f32,
    /// From the left to its right edge.
    pub right: f32,
    /// From the top to its lower edge.
    pub lower: f32,
}

/// The picture inside a flat border, if there is one and enough is left inside.
///
/// Of a reduced plane the shares are those of the picture it stands for. A picture that is mirrored or turned has its
/// box mirrored or turned.
pub fn inner_box(view: View<'_>) -> Option<Inner> {
    let small = Small::of(view);
    let whole = small.whole();
    let mut lines = whole;
    let mut places = whole.map(|line| line as f32);
    for _ in 0..ROUNDS {
        let Some(edges) = (0..=SKIN).find_map(|skin| settled(&small, &lines, skin)) else { break };
        let (next, next_places) = trimmed(&small, &lines, &places, &edges);
        if !is_enough(&next, &whole) {
            break;
        }
        (lines, places) = (next, next_places);
    }
    let [left, upper, right, lower] = SIDES.map(|side| small.share(side, places[side]));
    let widest = left.max(upper).max(1.0 - right).max(1.0 - lower);
    (widest >= LEAST_BORDER).then_some(Inner { left, upper, right, lower })
}

fn is_enough(inner: &Lines, whole: &Lines) -> bool {
    let left = |side: usize| inner[side + 2].saturating_sub(inner[side]);
    let part = |side: usize| left(side) as f32 / whole[side + 2] as f32;
    left(0).min(left(1)) >= LEAST_LINES && part(0).min(part(1)) >= LEAST_SIDE && part(0) * part(1) >= LEAST_AREA
}

/// The edges of one border, or of the outermost bars: the proposals of all sides without those that are not straight.
///
/// What the neighbours leave is how long an edge has to be, so the worst is dropped first and the others are looked at
/// again. Those that are as bad as each other go together, or the answer would depend on their order.
fn settled(small: &Small, lines: &Lines, skin: usize) -> Option<Edges> {
    let mut edges = SIDES.map(|side| Edge::propose(small, lines, side, skin));
    while edges.iter().any(Option::is_some) {
        let missing = SIDES.map(|side| missing(small, lines, &edges, side));
        let worst = missing.iter().copied().fold(f32::MIN, f32::max);
        if worst <= 0.0 {
            return Some(edges);
        }
        for side in SIDES {
            if missing[side] >= worst {
                edges[side] = None;
            }
        }
    }
    None
}

/// How much too little of an edge is straight; below 0, it is straight enough.
fn missing(small: &Small, lines: &Lines, edges: &Edges, side: usize) -> f32 {
    let Some(edge) = edges[side] else { return f32::MIN };
    let found = edge.straight(small, lines, edges, side);
    let is_equal = edges[side ^ 2].is_some_and(|other| edge.equals(&other));
    let wanted = match edge.flat {
        _ if is_equal && found.spread >= SPREAD_IF_EQUAL => STRAIGHT_IF_EQUAL,
        edge::FLAT => edge::STRAIGHT,
        _ => edge::STRAIGHT_IF_NOISY,
    };
    wanted - found.share
}

/// What is inside the edges: whole lines for the next round, and the exact places.
fn trimmed(small: &Small, lines: &Lines, places: &[f32; 4], edges: &Edges) -> (Lines, [f32; 4]) {
    let (mut next, mut next_places) = (*lines, *places);
    for side in SIDES {
        let Some(edge) = edges[side] else { continue };
        let (place, clear) = edge.place(small, lines, edges, side);
        if side < 2 {
            next[side] = lines[side] + clear;
            next_places[side] = lines[side] as f32 + place;
        } else {
            next[side] = lines[side].saturating_sub(clear);
            next_places[side] = lines[side] as f32 - place;
        }
    }
    (next, next_places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orient;
    use crate::plane::Plane;
    use crate::reduction::{Place, Reduction};

    /// Samples that say where they are by no rule, none of them black or white.
    fn scene(x: usize, y: usize) -> u8 {
        let mixed = (x * 7919 + y * 104_729 + 12_345).wrapping_mul(2_654_435_761) >> 16;
        40 + (mixed % 170) as u8
    }

    fn plane(width: usize, height: usize, grey: impl Fn(usize, usize) -> u8) -> Plane {
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| grey(x, y)).collect();
        Plane::new(pixels, width, height).unwrap()
    }

    /// A scene with a border of so many samples on each side.
    fn bordered(size: (usize, usize), border: [usize; 4], ground: u8) -> Plane {
        let [left, upper, right, lower] = border;
        plane(left + size.0 + right, upper + size.1 + lower, |x, y| {
            let is_inside = (left..left + size.0).contains(&x) && (upper..upper + size.1).contains(&y);
            if is_inside { scene(x, y) } else { ground }
        })
    }

    fn values(inner: Inner) -> [f32; 4] {
        [inner.left, inner.upper, inner.right, inner.lower]
    }

    #[track_caller]
    fn assert_box(found: Option<Inner>, expected: [f32; 4], tolerance: f32) {
        let found = values(found.expect("a border"));
        let is_near = found.iter().zip(&expected).all(|(found, expected)| (found - expected).abs() <= tolerance);
        assert!(is_near, "expected {expected:?}, got {found:?}");
    }

    #[test]
    fn borders_of_all_shapes_are_found() {
        for border in
            [[5, 5, 5, 5], [0, 9, 0, 9], [12, 0, 12, 0], [0, 0, 0, 3], [2, 0, 0, 0], [1, 8, 3, 0], [20, 9, 1, 2]]
        {
            for (size, ground) in [((60_usize, 45_usize), 0), ((45, 80), 255), ((300, 401), 3)] {
                let scale = size.0.div_ceil(80);
                let border = border.map(|lines| lines * scale);
                let plane = bordered(size, border, ground);
                let (width, height) = (plane.width() as f32, plane.height() as f32);
                let [left, upper, right, lower] = border.map(|lines| lines as f32);
                let expected = [left / width, upper / height, 1.0 - right / width, 1.0 - lower / height];
                assert_box(inner_box(plane.view()), expected, 0.01);
            }
        }
    }

    #[test]
    fn what_is_no_border_stays() {
        let round = |x: usize, y: usize| x.abs_diff(30).pow(2) + y.abs_diff(22).pow(2) < 300;
        let planes = [
            plane(60, 45, scene),
            plane(60, 45, |x, y| if round(x, y) { scene(x, y) } else { 255 }),
            plane(60, 45, |_, y| (y * 5) as u8),
            plane(60, 45, |_, y| y as u8),
            plane(60, 90, |_, y| (y * 3 / 2) as u8),
            plane(60, 45, |x, y| ((x + y) * 2) as u8),
            plane(60, 45, |x, y| if y > 20 { scene(x, y) } else { (200 + 2 * y) as u8 }),
            plane(60, 45, |_, _| 0),
            plane(1, 1, |_, _| 9),
            plane(1, 700, |_, y| if y < 90 { 0 } else { scene(0, y) }),
            plane(3, 3, |x, y| if (x, y) == (1, 1) { 99 } else { 0 }),
        ];
        for (number, plane) in planes.iter().enumerate() {
            assert_eq!(inner_box(plane.view()), None, "{number}");
        }
    }

    #[test]
    fn a_thing_on_white_loses_its_black_frame_only() {
        let plane = plane(66, 50, |x, y| match (x, y) {
            _ if !(3..63).contains(&x) || !(3..47).contains(&y) => 0,
            _ if x.abs_diff(33).pow(2) + y.abs_diff(25).pow(2) < 300 => scene(x, y),
            _ => 255,
        });
        assert_box(inner_box(plane.view()), [3.0 / 66.0, 3.0 / 50.0, 63.0 / 66.0, 47.0 / 50.0], 0.001);
    }

    #[test]
    fn bars_with_text_and_frames_in_frames_are_found() {
        let text =
            |x: usize, y: usize| y < 16 && (3..6).contains(&(y % 8)) && x > 4 && x < 50 && (x * 5 + y * 3) % 7 < 5;
        let caption = plane(60, 70, |x, y| if y >= 20 { scene(x, y) } else { 255 - 90 * u8::from(text(x, y)) });
        assert_box(inner_box(caption.view()), [0.0, 20.0 / 70.0, 1.0, 1.0], 0.005);
        let frames = plane(80, 60, |x, y| match x.min(79 - x).min(y).min(59 - y) {
            0..2 => 0,
            2..7 => 250,
            7..8 => 20,
            8..11 => 180,
            _ => scene(x, y),
        });
        assert_box(inner_box(frames.view()), [11.0 / 80.0, 11.0 / 60.0, 69.0 / 80.0, 49.0 / 60.0], 0.005);
    }

    #[test]
    fn an_edge_within_a_sample_is_found() {
        // A quarter of line 4 is border.
        let plane = plane(60, 45, |x, y| match y {
            0..4 => 0,
            4 => (3 * u32::from(scene(x, 5)) / 4) as u8,
            _ => scene(x, y),
        });
        assert_box(inner_box(plane.view()), [0.0, 4.25 / 45.0, 1.0, 1.0], 0.003);
    }

    #[test]
    fn too_little_inside_is_no_picture() {
        assert!(inner_box(bordered((30, 30), [35, 35, 35, 35], 0).view()).is_none());
        assert!(inner_box(bordered((60, 8), [0, 30, 0, 30], 0).view()).is_none());
        assert!(inner_box(bordered((40, 40), [30, 30, 30, 30], 0).view()).is_some());
    }

    #[test]
    fn a_turned_picture_has_its_box_turned() {
        for plane in [bordered((60, 45), [1, 8, 3, 0], 255), bordered((333, 248), [20, 0, 40, 9], 0)] {
            let [left, upper, right, lower] = values(inner_box(plane.view()).unwrap());
            let (from_right, from_lower) = ((1.0 - right, 1.0 - left), (1.0 - lower, 1.0 - upper));
            for orientation in 1..=8 {
                let (across, down) = match orientation {
                    2 => (from_right, (upper, lower)),
                    3 => (from_right, from_lower),
                    4 => ((left, right), from_lower),
                    5 => ((upper, lower), (left, right)),
                    6 => (from_lower, (left, right)),
                    7 => (from_lower, from_right),
                    8 => ((upper, lower), from_right),
                    _ => ((left, right), (upper, lower)),
                };
                let turned = orient::turn(plane.clone(), orientation).unwrap();
                assert_box(inner_box(turned.view()), [across.0, down.0, across.1, down.1], 1e-5);
            }
        }
    }

    #[test]
    fn shares_are_those_of_the_picture_behind_a_reduced_plane() {
        // 473 x 357 pixels, the last column of samples is one pixel of picture and seven of padding.
        let place = Place { step: 8, left: 0, upper: 0, width: 473, height: 357 };
        let plane = bordered((50, 45), [6, 0, 4, 0], 0);
        let eighths: Vec<i16> = plane.pixels().iter().map(|&sample| 8 * i16::from(sample)).collect();
        let reduced = plane.reduced(Reduction::new(&eighths, place).unwrap()).unwrap();
        assert_box(inner_box(reduced.view()), [48.0 / 473.0, 0.0, 448.0 / 473.0, 1.0], 0.002);
    }
}
