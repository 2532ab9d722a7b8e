//! A copy of a plane small enough to be walked over from all sides.

use crate::plane::View;
use crate::reduction::Place;

/// Samples along a side of the copy, at most. Half as many would do for the edges, whose place is interpolated;
/// but a border of a hundredth of the side must be seen as a line of its own.
pub const MOST: usize = 160;

/// Sides in the order of a box.
pub const SIDES: [usize; 4] = [0, 1, 2, 3];

/// A box in lines of the copy: left, upper, right, lower.
pub type Lines = [usize; 4];

/// Rows and columns of a small grey picture, both as lines of bytes.
pub struct Small {
    rows: Vec<u8>,
    columns: Vec<u8>,
    across: Vec<usize>,
    down: Vec<usize>,
    place: Place,
}

impl Small {
    /// The means of blocks that lie the same from either end, so that a mirrored picture has a mirrored copy.
    pub fn of(view: View<'_>) -> Small {
        let (across, down) = (cuts(view.width()), cuts(view.height()));
        let rows = if (across.len(), down.len()) == (view.width() + 1, view.height() + 1) {
            view.to_vec()
        } else {
            means(view, &across, &down)
        };
        let columns = crate::orient::turned(&rows, across.len() - 1, 5);
        let whole = Place { step: 1, left: 0, upper: 0, width: view.width(), height: view.height() };
        let place = view.reduction().map_or(whole, |reduction| reduction.place());
        Small { rows, columns, across, down, place }
    }

    /// The whole copy.
    pub fn whole(&self) -> Lines {
        [0, 0, self.across.len() - 1, self.down.len() - 1]
    }

    /// Line `depth` of what is inside `lines`, counted from one of its sides.
    pub fn line(&self, lines: &Lines, side: usize, depth: usize) -> &[u8] {
        let [left, upper, right, lower] = *lines;
        let [_, _, width, height] = self.whole();
        match side {
            0 => &self.columns[(left + depth) * height..][upper..lower],
            1 => &self.rows[(upper + depth) * width..][left..right],
            2 => &self.columns[(right - 1 - depth) * height..][upper..lower],
            _ => &self.rows[(lower - 1 - depth) * width..][left..right],
        }
    }

    /// Where the edge `line` (with a fraction) of a side is in the picture, as a share of the picture's side.
    pub fn share(&self, side: usize, line: f32) -> f32 {
        let Place { step, left, upper, width, height } = self.place;
        let (cuts, before, length) =
            if side.is_multiple_of(2) { (&self.across, left, width) } else { (&self.down, upper, height) };
        let below = (line.max(0.0) as usize).min(cuts.len() - 2);
        let sample = cuts[below] as f32 + (line - below as f32) * (cuts[below + 1] - cuts[below]) as f32;
        ((sample * step as f32 - before as f32) / length as f32).clamp(0.0, 1.0)
    }
}

/// Lines from a side to the opposite one.
pub fn length(lines: &Lines, side: usize) -> usize {
    let low = side % 2;
    lines[low + 2] - lines[low]
}

/// Where the lines of a side are cut, with both ends.
fn cuts(length: usize) -> Vec<usize> {
    let count = length / length.div_ceil(MOST);
    // An odd side in an even number of parts has no middle to cut at.
    let count = count - usize::from(length % 2 == 1 && count.is_multiple_of(2));
    let cut = |i: usize| i * length / count;
    (0..=count).map(|i| if 2 * i <= count { cut(i) } else { length - cut(count - i) }).collect()
}

fn means(view: View<'_>, across: &[usize], down: &[usize]) -> Vec<u8> {
    let mut out = Vec::with_capacity((across.len() - 1) * (down.len() - 1));
    let mut sums = vec![0_u32; view.width()];
    for band in down.windows(2) {
        sums.fill(0);
        for y in band[0]..band[1] {
            for (sum, &sample) in sums.iter_mut().zip(view.row(y)) {
                *sum += u32::from(sample);
            }
        }
        for part in across.windows(2) {
            let area = ((part[1] - part[0]) * (band[1] - band[0])) as u64;
            let sum: u64 = sums[part[0]..part[1]].iter().map(|&sum| u64::from(sum)).sum();
            out.push(((sum + area / 2) / area) as u8);
        }
    }
    out
}
