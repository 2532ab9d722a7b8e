//! Bright and dark parts of a picture, for the hash that survives cropping.

use super::blur::{gaussian_blur, median3};
use crate::error::{Error, Result};
use crate::plane::View;
use crate::resample::resize;

/// Widest picture that is segmented: pixels are counted in 32 bits.
const MAX_SIZE: usize = 1 << 15;

/// How the picture is cut.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How many of the largest segments to keep; `None` and 0 keep all.
    pub limit: Option<usize>,
    /// Brightness above which a pixel belongs to a bright segment.
    pub threshold: f32,
    /// A segment must have more pixels than this.
    pub min_size: f64,
    /// Side to which the picture is scaled before it is cut.
    pub image_size: usize,
}

/// The rectangle around a segment, in pixels of the picture; it can be empty in a tiny one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentBox {
    /// First column.
    pub left: usize,
    /// First row.
    pub upper: usize,
    /// Column after the last.
    pub right: usize,
    /// Row after the last.
    pub lower: usize,
}

/// The boxes that `imagehash.crop_resistant_hash` (ImageHash 4.3.2) hashes one by one, in its
/// order, after "Efficient Cropping-Resistant Robust Image Hashing", doi:10.1109/ARES.2014.85.
///
/// # Errors
/// [`Error::Argument`] if `image_size` is zero or beyond reason.
pub fn segment_boxes(view: View<'_>, options: &Options) -> Result<Vec<SegmentBox>> {
    let size = options.image_size;
    if size == 0 || size > MAX_SIZE {
        return Err(Error::Argument(format!("expected an image_size from 1 to {MAX_SIZE}, got {size}")));
    }
    let plane = resize(view, size, size)?;
    let map = median3(&gaussian_blur(plane.pixels(), size, size), size, size);
    let mut segments = find_segments(&map, size, options);
    if let Some(limit) = options.limit.filter(|&limit| limit > 0) {
        segments.sort_by_key(|segment| std::cmp::Reverse(segment.pixels));
        segments.truncate(limit);
    }
    let scale = (view.width() as f64 / size as f64, view.height() as f64 / size as f64);
    Ok(segments.iter().map(|segment| segment.scaled(scale)).collect())
}

/// A set of connected pixels: how many, and the first and last column and row.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Segment {
    bright: bool,
    pixels: usize,
    left: u32,
    upper: u32,
    right: u32,
    lower: u32,
}

impl Segment {
    /// The box in the picture, as `Image.crop` rounds the coordinates that ImageHash gives it.
    fn scaled(&self, (across, down): (f64, f64)) -> SegmentBox {
        let round = |edge: u32, scale: f64| (f64::from(edge) * scale).round_ties_even() as usize;
        SegmentBox {
            left: round(self.left, across),
            upper: round(self.upper, down),
            right: round(self.right + 1, across),
            lower: round(self.lower + 1, down),
        }
    }

    /// Takes in all pixels of `other`.
    fn absorb(&mut self, other: &Segment) {
        self.pixels += other.pixels;
        self.left = self.left.min(other.left);
        self.upper = self.upper.min(other.upper);
        self.right = self.right.max(other.right);
        self.lower = self.lower.max(other.lower);
    }
}

/// The segments in ImageHash's order: bright ones, then dark ones, each by their first pixel.
///
/// ImageHash counts the pixels it has been to and stops looking for dark segments when the count
/// reaches the number of pixels. But the count starts with the pixels around the picture, and a
/// segment of one pixel never enters it. So dark segments at the lower end can be left out. Where
/// the count falls short after the last segment ImageHash fails; here the search just ends.
fn find_segments(map: &[u8], size: usize, options: &Options) -> Vec<Segment> {
    let parts = connected_parts(map, size, options.threshold);
    let (bright, dark): (Vec<Segment>, Vec<Segment>) = parts.iter().partition(|part| part.bright);
    let counted = |part: &Segment| if part.pixels > 1 { part.pixels } else { 0 };
    let mut seen = 4 * size + bright.iter().map(counted).sum::<usize>();
    let mut found = bright;
    for part in dark {
        if seen >= size * size {
            break;
        }
        seen += counted(&part);
        found.push(part);
    }
    found.retain(|part| part.pixels as f64 > options.min_size);
    if found.is_empty() {
        let last = size as u32 - 1;
        found.push(Segment { bright: true, pixels: 2, left: 0, upper: 0, right: last, lower: last });
    }
    found
}

/// All parts of pixels on one side of the threshold that touch along an edge, in the order of
/// their first pixels.
fn connected_parts(map: &[u8], size: usize, threshold: f32) -> Vec<Segment> {
    let least = (0..=255).find(|&value| f32::from(value) > threshold);
    let mut forest = Forest::default();
    let mut previous = 0;
    for (y, row) in map.chunks_exact(size).enumerate() {
        let first = forest.runs.len();
        push_runs(row, y as u32, least, &mut forest);
        forest.join_rows(previous, first);
        previous = first;
    }
    forest.into_parts()
}

/// Adds the runs of one row from left to right; `least` is the darkest value that is bright.
fn push_runs(row: &[u8], y: u32, least: Option<u8>, forest: &mut Forest) {
    let is_bright = |value: u8| least.is_some_and(|least| value >= least);
    let mut left = 0;
    while left < row.len() {
        let bright = is_bright(row[left]);
        let rest = &row[left + 1..];
        let more = rest.iter().position(|&value| is_bright(value) != bright).unwrap_or(rest.len());
        let (start, end) = (left as u32, (left + more) as u32);
        forest.push(Segment { bright, pixels: more + 1, left: start, upper: y, right: end, lower: y });
        left += more + 1;
    }
}

/// Runs of pixels, and for each an earlier run it hangs together with, or itself.
#[derive(Default)]
struct Forest {
    runs: Vec<Segment>,
    parents: Vec<u32>,
}

impl Forest {
    fn push(&mut self, run: Segment) {
        self.parents.push(self.runs.len() as u32);
        self.runs.push(run);
    }

    /// The first run of all that `run` hangs together with; shortens the way for the next time.
    fn root(&mut self, mut run: usize) -> usize {
        while self.parents[run] as usize != run {
            let parent = self.parents[run] as usize;
            self.parents[run] = self.parents[parent];
            run = parent;
        }
        run
    }

    /// Joins the runs from `first` on, one row, with those from `above` on, the row before.
    fn join_rows(&mut self, above: usize, first: usize) {
        let (mut upper, mut lower) = (above, first);
        while upper < first && lower < self.runs.len() {
            let (a, b) = (self.runs[upper], self.runs[lower]);
            if a.bright == b.bright && a.left <= b.right && b.left <= a.right {
                self.join(upper, lower);
            }
            // Runs fill their rows, so the one that ends first cannot touch any further run.
            upper += usize::from(a.right <= b.right);
            lower += usize::from(b.right <= a.right);
        }
    }

    /// Makes the earlier of the two roots the root of both.
    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a.max(b)] = a.min(b) as u32;
    }

    /// Adds each run to its root. A root comes before all runs below it, so the roots stand in the
    /// order of their first pixels.
    fn into_parts(mut self) -> Vec<Segment> {
        for run in 0..self.runs.len() {
            let root = self.root(run);
            if root != run {
                let other = self.runs[run];
                self.runs[root].absorb(&other);
            }
        }
        let roots = self.parents.iter().enumerate();
        roots.filter(|&(run, &parent)| run == parent as usize).map(|(run, _)| self.runs[run]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeSet, VecDeque};

    fn options(threshold: f32, min_size: f64) -> Options {
        Options { limit: None, threshold, min_size, image_size: 0 }
    }

    fn noise(length: usize, seed: u32, kinds: u32) -> Vec<u8> {
        let mut state = seed;
        let next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 16) % kinds) as u8
        };
        std::iter::repeat_with(next).take(length).collect()
    }

    /// One region by a search in breadth, and how many of its pixels ImageHash would count.
    fn region(remaining: &mut BTreeSet<(u32, u32)>) -> Option<(Segment, usize)> {
        let start = remaining.pop_first()?;
        let (mut queue, mut reached) = (VecDeque::from([start]), vec![start]);
        while let Some((y, x)) = queue.pop_front() {
            let around = [(y.wrapping_sub(1), x), (y + 1, x), (y, x.wrapping_sub(1)), (y, x + 1)];
            for next in around.into_iter().filter(|next| remaining.remove(next)) {
                queue.push_back(next);
                reached.push(next);
            }
        }
        let pixels = reached.len();
        let (ys, xs): (Vec<u32>, Vec<u32>) = reached.into_iter().unzip();
        let (left, upper) = (*xs.iter().min()?, *ys.iter().min()?);
        let (right, lower) = (*xs.iter().max()?, *ys.iter().max()?);
        let segment = Segment { bright: true, pixels, left, upper, right, lower };
        Some((segment, if pixels == 1 { 0 } else { pixels }))
    }

    fn slow_segments(map: &[u8], size: usize, options: &Options) -> Vec<Segment> {
        let pixels = |bright: bool| -> BTreeSet<(u32, u32)> {
            let chosen = |&i: &usize| (f32::from(map[i]) > options.threshold) == bright;
            let place = |i: usize| ((i / size) as u32, (i % size) as u32);
            (0..map.len()).filter(chosen).map(place).collect()
        };
        let (mut found, mut seen) = (Vec::new(), 4 * size);
        let (mut hills, mut valleys) = (pixels(true), pixels(false));
        while let Some((segment, counted)) = region(&mut hills) {
            found.push(segment);
            seen += counted;
        }
        while seen < size * size {
            let Some((segment, counted)) = region(&mut valleys) else {
                break;
            };
            found.push(Segment { bright: false, ..segment });
            seen += counted;
        }
        found.retain(|segment| segment.pixels as f64 > options.min_size);
        found
    }

    #[test]
    fn runs_find_what_a_search_finds() {
        for seed in 0..60 {
            for (size, kinds, threshold) in
                [(1, 2, 0.0), (3, 2, 0.0), (5, 3, 0.0), (9, 5, 1.0), (16, 2, 0.5), (40, 7, 3.0)]
            {
                let map = noise(size * size, seed, kinds);
                let options = options(threshold, 0.0);
                let expected = slow_segments(&map, size, &options);
                if !expected.is_empty() {
                    assert_eq!(find_segments(&map, size, &options), expected, "{size} {seed}");
                }
            }
        }
    }

    #[test]
    fn nothing_found_gives_the_whole_picture() {
        let found = find_segments(&[0; 400], 20, &options(128.0, 500.0));
        assert_eq!(found.len(), 1);
        let whole = SegmentBox { left: 0, upper: 0, right: 77, lower: 31 };
        assert_eq!(found[0].scaled((77.0 / 20.0, 31.0 / 20.0)), whole);
    }

    #[test]
    fn the_search_for_dark_parts_can_end_early() {
        // 80 pixels around the picture, 20 bright ones and the upper 300 dark ones make 400.
        let mut map = vec![0; 400];
        map[300..320].fill(255);
        let found = find_segments(&map, 20, &options(128.0, 0.0));
        let pixels: Vec<usize> = found.iter().map(|part| part.pixels).collect();
        assert_eq!(pixels, [20, 300]);
    }

    #[test]
    fn boxes_round_half_to_even() {
        let part = Segment { bright: true, pixels: 9, left: 1, upper: 3, right: 4, lower: 6 };
        let expected = SegmentBox { left: 0, upper: 2, right: 2, lower: 4 };
        assert_eq!(part.scaled((0.5, 0.5)), expected);
    }

    #[test]
    fn the_largest_come_first_under_a_limit() {
        let mut pixels = vec![255; 40 * 40];
        pixels.chunks_exact_mut(40).for_each(|row| row[25..].fill(0));
        let plane = crate::plane::Plane::new(pixels, 40, 40).unwrap();
        let limited = |limit| {
            let options = Options { limit, image_size: 40, ..options(128.0, 10.0) };
            segment_boxes(plane.view(), &options).unwrap()
        };
        assert_eq!(limited(Some(1)), limited(None)[..1]);
        assert_eq!(limited(Some(0)), limited(None));
        assert_eq!(limited(None).len(), 2);
    }

    #[test]
    fn a_size_of_zero_is_refused() {
        let plane = crate::plane::Plane::new(vec![0], 1, 1).unwrap();
        let refused = segment_boxes(plane.view(), &options(128.0, 500.0)).unwrap_err();
        assert!(refused.to_string().contains("got 0"), "{refused}");
    }
}
