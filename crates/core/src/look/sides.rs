//! What the second look works on, made of the bytes of looks: grey planes, coarse ones, colours, and where they lie.

use super::grids::{Affine, Grid, Picture, Template};
use super::score::{COLOURS, SIDE};
use crate::orient::turned;

/// Bytes of a look.
pub const LOOK: usize = 1170;
/// Sides of the coarse planes.
pub const COARSE: usize = 16;
/// Where the colours and the grey values of a look begin.
const COLOUR: [usize; 2] = [18, 82];
const GREY: usize = 146;

/// Where a thumb lies in the whole picture, and what else is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// Its middle in the whole picture, which runs from -1 to 1.
    pub middle: [f32; 2],
    /// Half its sides there.
    pub half: [f32; 2],
    /// Pixels that it shows, in a row and in a column.
    pub size: [f32; 2],
    /// 0 to 1.
    pub quality: f32,
}

/// All planes of a picture of the library.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The thumb, a little blurred.
    pub fine: Picture<SIDE>,
    /// Half its sides.
    pub coarse: Picture<COARSE>,
    /// Cb and Cr, less 128.
    pub colours: [Picture<COLOURS>; 2],
}

/// A picture of the library. Most are never looked at but for their coarse planes.
pub struct Candidate<'a> {
    look: &'a [u8; LOOK],
    /// Where it lies.
    pub frame: Frame,
    /// Its coarse plane.
    pub coarse: Grid<COARSE>,
    seen: Option<Box<Seen>>,
}

impl<'a> Candidate<'a> {
    /// The coarse plane alone.
    #[inline(always)]
    pub fn new(look: &'a [u8; LOOK]) -> Self {
        Candidate { look, frame: frame(look), coarse: blurred(&halved(&plane(&look[GREY..], 1))), seen: None }
    }

    /// All planes.
    #[inline(always)]
    pub fn seen(&mut self) -> &Seen {
        let (look, coarse) = (self.look, self.coarse);
        if self.seen.is_none() {
            self.seen = Some(Box::new(seen(look, 1, coarse)));
        }
        self.seen.get_or_insert_with(|| Box::new(seen(look, 1, coarse)))
    }
}

/// A query as one of its eight turns.
pub struct Query {
    /// Where it lies.
    pub frame: Frame,
    /// The thumb, a little blurred.
    pub fine: Template<SIDE>,
    /// Half its sides.
    pub coarse: Template<COARSE>,
    /// Cb and Cr, less 128.
    pub colours: [Picture<COLOURS>; 2],
}

impl Query {
    /// The query as it lay before this was done to the library's picture.
    #[inline(always)]
    pub fn new(look: &[u8; LOOK], turn: u8) -> Self {
        let back = match turn {
            6 => 8,
            8 => 6,
            other => other,
        };
        let seen = seen(look, back, blurred(&halved(&plane(&look[GREY..], back))));
        let mut frame = frame(look);
        let [a, b, _, d, e, _] = turned_back(turn);
        let [x, y] = frame.middle;
        frame.middle = [a * x + b * y, d * x + e * y];
        if turn > 4 {
            frame.half.reverse();
            frame.size.reverse();
        }
        let (fine, coarse) = (Template::new(seen.fine.value), Template::new(seen.coarse.value));
        Query { frame, fine, coarse, colours: seen.colours }
    }
}

/// From a point of the query to the same point of the query turned back, which lies as the library's picture does.
pub fn turned_back(turn: u8) -> Affine {
    let [a, b, d, e] = match turn {
        2 => [-1, 0, 0, 1],
        3 => [-1, 0, 0, -1],
        4 => [1, 0, 0, -1],
        5 => [0, 1, 1, 0],
        6 => [0, 1, -1, 0],
        7 => [0, -1, -1, 0],
        8 => [0, -1, 1, 0],
        _ => [1, 0, 0, 1],
    }
    .map(|n| n as f32);
    [a, b, 0.0, d, e, 0.0]
}

#[inline(always)]
fn frame(look: &[u8; LOOK]) -> Frame {
    let share = |at: usize| f32::from(u16::from_le_bytes([look[at], look[at + 1]])) / 65535.0;
    let pixels = |at: usize| u32::from_le_bytes([look[at], look[at + 1], look[at + 2], look[at + 3]]).max(1) as f32;
    let (left, upper, right, lower) = (share(2), share(4), share(6), share(8));
    // Boxes without an inside are no boxes of ours, and do no harm.
    let half = [(right - left).max(0.01), (lower - upper).max(0.01)];
    Frame {
        middle: [left + right - 1.0, upper + lower - 1.0],
        half,
        size: [pixels(10) * half[0], pixels(14) * half[1]],
        quality: f32::from(look[1].min(100)) / 100.0,
    }
}

#[inline(always)]
fn seen(look: &[u8; LOOK], turn: u8, coarse: Grid<COARSE>) -> Seen {
    Seen {
        fine: Picture::new(blurred(&plane(&look[GREY..], turn))),
        coarse: Picture::new(coarse),
        colours: COLOUR.map(|at| Picture::new(plane(&look[at..], turn).map(|row| row.map(|v| v - 128.0)))),
    }
}

#[inline(always)]
fn plane<const N: usize>(bytes: &[u8], turn: u8) -> Grid<N> {
    let mut grid = [[0f32; N]; N];
    let turned = if turn == 1 { None } else { Some(turned(&bytes[..N * N], N, turn)) };
    let bytes = turned.as_deref().unwrap_or(bytes);
    for (row, bytes) in grid.iter_mut().zip(bytes.chunks_exact(N)) {
        for (value, byte) in row.iter_mut().zip(bytes) {
            *value = f32::from(*byte);
        }
    }
    grid
}

#[inline(always)]
fn halved(grid: &Grid<SIDE>) -> Grid<COARSE> {
    let mut out = [[0f32; COARSE]; COARSE];
    for (y, row) in out.iter_mut().enumerate() {
        let sums: [f32; SIDE] = std::array::from_fn(|x| grid[2 * y][x] + grid[2 * y + 1][x]);
        for (x, value) in row.iter_mut().enumerate() {
            *value = (sums[2 * x] + sums[2 * x + 1]) * 0.25;
        }
    }
    out
}

/// Weighted 1, 2, 1 with the neighbours, both ways: about a Gaussian of sigma 0.7.
#[inline(always)]
fn blurred<const N: usize>(grid: &Grid<N>) -> Grid<N> {
    let mut out = [[0f32; N]; N];
    for y in 0..N {
        let (above, below) = (y.saturating_sub(1), (y + 1).min(N - 1));
        let column: [f32; N] = std::array::from_fn(|x| (grid[above][x] + 2.0 * grid[y][x] + grid[below][x]) * 0.25);
        for x in 1..N - 1 {
            out[y][x] = (column[x - 1] + 2.0 * column[x] + column[x + 1]) * 0.25;
        }
        out[y][0] = (3.0 * column[0] + column[1]) * 0.25;
        out[y][N - 1] = (3.0 * column[N - 1] + column[N - 2]) * 0.25;
    }
    out
}
