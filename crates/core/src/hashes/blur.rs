//! The two filters in front of the segmentation, byte for byte those of Pillow 12.

/// Rows that a pass of the box blur looks at: two on each side.
const REACH: usize = 2;

/// Passes of the box blur that stand for one Gaussian blur.
const PASSES: usize = 3;

/// Pillow's `GaussianBlur()` of radius 2: an extended box blur of radius 1.375, three times along
/// the rows, then three times down the columns. Pixels outside repeat the edge.
pub(crate) fn gaussian_blur(pixels: &[u8], width: usize, height: usize) -> Vec<u8> {
    let mut current = blur_rows(pixels, width);
    let mut next = vec![0; current.len()];
    for _ in 0..PASSES {
        blur_columns(&current, width, height, &mut next);
        std::mem::swap(&mut current, &mut next);
    }
    current
}

/// All passes along the rows.
fn blur_rows(pixels: &[u8], width: usize) -> Vec<u8> {
    let mut blurred = vec![0; pixels.len()];
    let mut padded = vec![0; width + 2 * REACH];
    for (row, out) in pixels.chunks_exact(width).zip(blurred.chunks_exact_mut(width)) {
        out.copy_from_slice(row);
        for _ in 0..PASSES {
            pad(out, REACH, &mut padded);
            blend(std::array::from_fn(|shift| &padded[shift..][..width]), out);
        }
    }
    blurred
}

/// One pass down the columns.
fn blur_columns(pixels: &[u8], width: usize, height: usize, blurred: &mut [u8]) {
    for (y, out) in blurred.chunks_exact_mut(width).enumerate() {
        let row = |shift: usize| (y + shift).saturating_sub(REACH).min(height - 1);
        blend(std::array::from_fn(|shift| &pixels[row(shift) * width..][..width]), out);
    }
}

/// Copies `row` into `padded` with `margin` copies of its ends on each side.
fn pad(row: &[u8], margin: usize, padded: &mut [u8]) {
    let width = row.len();
    padded[..margin].fill(row[0]);
    padded[margin..margin + width].copy_from_slice(row);
    padded[margin + width..].fill(row[width - 1]);
}

/// One pass: each output from five neighbours, which stand at the same place of five slices.
fn blend(lines: [&[u8]; 2 * REACH + 1], out: &mut [u8]) {
    let width = out.len();
    let [a, b, c, d, e] = lines.map(|line| &line[..width]);
    for (x, value) in out.iter_mut().enumerate() {
        let near = u16::from(b[x]) + u16::from(c[x]) + u16::from(d[x]);
        let far = u16::from(a[x]) + u16::from(e[x]);
        *value = weigh(near, far);
    }
}

/// The sum of three near neighbours and that of two far ones, weighed and rounded.
///
/// Pillow computes `near * 4473924 + far * 1677722` in units of 2^-24, which are 8/30 and 3/30 but
/// for (6 * far - 4 * near) / 15 units. That is too little to matter unless the exact value lies
/// halfway between two bytes; then its sign says which way to round. So all fits into 16 bits,
/// with the division by 30 as a multiplication that is exact up to 7665, the largest value here.
#[inline(always)]
fn weigh(near: u16, far: u16) -> u8 {
    let thirtieths = 8 * near + 3 * far + 15 - u16::from(2 * near > 3 * far);
    let sixteenths = ((u32::from(thirtieths) * 34_953) >> 16) as u16;
    (sixteenths >> 4) as u8
}

/// Pillow's `MedianFilter()`: the median of the 3 x 3 pixels around each; the edges repeat.
pub(crate) fn median3(pixels: &[u8], width: usize, height: usize) -> Vec<u8> {
    let mut medians = vec![0; pixels.len()];
    let mut sorted = [const { Vec::new() }; 3].map(|mut line: Vec<u8>| {
        line.resize(width + 2, 0);
        line
    });
    for (y, out) in medians.chunks_exact_mut(width).enumerate() {
        let row = |y: usize| &pixels[y.min(height - 1) * width..][..width];
        sort_columns([row(y.saturating_sub(1)), row(y), row(y + 1)], &mut sorted);
        middle_of_columns(&sorted, out);
    }
    medians
}

/// Sorts the three pixels of each column into a low, a middle and a high line, which are one pixel
/// longer at each end.
fn sort_columns(rows: [&[u8]; 3], sorted: &mut [Vec<u8>; 3]) {
    let [above, here, below] = rows;
    let width = here.len();
    let [low, middle, high] = sorted.each_mut().map(|line| &mut line[1..=width]);
    for x in 0..width {
        let (small, large) = (above[x].min(here[x]), above[x].max(here[x]));
        low[x] = small.min(below[x]);
        middle[x] = small.max(large.min(below[x]));
        high[x] = large.max(below[x]);
    }
    for line in sorted {
        line[0] = line[1];
        line[width + 1] = line[width];
    }
}

/// The median of three sorted columns is that of the largest low, the middle middle and the
/// smallest high.
fn middle_of_columns(sorted: &[Vec<u8>; 3], out: &mut [u8]) {
    let width = out.len();
    let [low, middle, high] = sorted.each_ref().map(|line| &line[..width + 2]);
    for (x, value) in out.iter_mut().enumerate() {
        let large = low[x].max(low[x + 1]).max(low[x + 2]);
        let centre = median_of(middle[x], middle[x + 1], middle[x + 2]);
        let small = high[x].min(high[x + 1]).min(high[x + 2]);
        *value = median_of(large, centre, small);
    }
}

/// The middle one of three.
#[inline(always)]
fn median_of(a: u8, b: u8, c: u8) -> u8 {
    a.min(b).max(a.max(b).min(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [(usize, usize); 8] = [(1, 1), (2, 1), (1, 3), (3, 2), (4, 5), (7, 3), (40, 33), (61, 64)];

    fn noise(length: usize) -> Vec<u8> {
        let mut state = 11_u32;
        let next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        std::iter::repeat_with(next).take(length).collect()
    }

    /// Pillow's fixed-point arithmetic.
    fn fixed_point(near: u32, far: u32) -> u8 {
        ((near * 4_473_924 + far * 1_677_722 + (1 << 23)) >> 24) as u8
    }

    #[test]
    fn sixteen_bits_are_enough() {
        for near in 0..=3 * 255_u16 {
            for far in 0..=2 * 255_u16 {
                assert_eq!(weigh(near, far), fixed_point(near.into(), far.into()), "{near} {far}");
            }
        }
    }

    /// One pass in one direction, pixel by pixel.
    fn slow_pass(pixels: &[u8], width: usize, height: usize, (dx, dy): (isize, isize)) -> Vec<u8> {
        let at = |x: usize, y: usize, n: isize| {
            let x = (x as isize + n * dx).clamp(0, width as isize - 1) as usize;
            let y = (y as isize + n * dy).clamp(0, height as isize - 1) as usize;
            u32::from(pixels[y * width + x])
        };
        let sum = |x, y, steps: &[isize]| steps.iter().map(|&n| at(x, y, n)).sum();
        let pixel = |i| {
            let (x, y) = (i % width, i / width);
            fixed_point(sum(x, y, &[-1, 0, 1]), sum(x, y, &[-2, 2]))
        };
        (0..pixels.len()).map(pixel).collect()
    }

    #[test]
    fn blur_equals_six_plain_passes() {
        for (width, height) in SIZES {
            let pixels = noise(width * height);
            let rows = (0..3).fold(pixels.clone(), |p, _| slow_pass(&p, width, height, (1, 0)));
            let all = (0..3).fold(rows, |p, _| slow_pass(&p, width, height, (0, 1)));
            assert_eq!(gaussian_blur(&pixels, width, height), all, "{width} x {height}");
        }
    }

    #[test]
    fn median_equals_sorting() {
        for (width, height) in SIZES {
            let pixels = noise(width * height);
            let medians = median3(&pixels, width, height);
            for (i, got) in medians.into_iter().enumerate() {
                let (x, y) = (i % width, i / width);
                let row = |n: usize| (y + n).saturating_sub(1).min(height - 1) * width;
                let column = |n: usize| (x + n).saturating_sub(1).min(width - 1);
                let mut around: Vec<u8> = (0..9).map(|n| pixels[row(n / 3) + column(n % 3)]).collect();
                around.sort_unstable();
                assert_eq!(got, around[4], "{width} x {height} at {x}, {y}");
            }
        }
    }
}
