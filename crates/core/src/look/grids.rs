//! Small square planes, and how one is looked up where an affine map says.
//!
//! Everything is f32 in fixed-size arrays and loops that compilers turn into vectors, in an order that no vector width
//! changes: every processor gives the same bits.

/// Values at the centres of `N` by `N` cells.
pub type Grid<const N: usize> = [[f32; N]; N];

/// `x = a u + b v + c`, `y = d u + e v + f`, from coordinates of the query to those of the library's thumb; both
/// run from -1 to 1 from the first edge to the last.
pub type Affine = [f32; 6];

/// Every point where it was.
pub const UNMOVED: Affine = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0];

/// Added to a number of at most 16 bits, it leaves the nearest integer in the lowest bits: casts take one at a time.
const INTEGER: f32 = (3 << 22) as f32;

/// The query's side of a comparison: its values and their changes by pixel.
#[derive(Clone, Debug)]
pub struct Template<const N: usize> {
    /// Grey levels.
    pub value: Grid<N>,
    /// Change along rows.
    pub across: Grid<N>,
    /// Change along columns.
    pub down: Grid<N>,
}

impl<const N: usize> Template<N> {
    /// With the gradients of these values.
    #[inline(always)]
    pub fn new(value: Grid<N>) -> Self {
        let [across, down] = gradients(&value);
        Template { value, across, down }
    }
}

/// The library's picture where the map takes the query's pixels.
#[derive(Clone, Debug)]
pub struct Warped<const N: usize> {
    /// Grey levels; those of the nearest edge outside.
    pub value: Grid<N>,
    /// 1 inside of the library's picture, 0 outside.
    pub inside: Grid<N>,
}

/// Central differences, by pixel; one-sided at the edges.
#[inline(always)]
pub fn gradients<const N: usize>(value: &Grid<N>) -> [Grid<N>; 2] {
    let (mut across, mut down) = ([[0.0; N]; N], [[0.0; N]; N]);
    for y in 0..N {
        let (above, below) = (y.saturating_sub(1), (y + 1).min(N - 1));
        let share = if below - above == 2 { 0.5 } else { 1.0 };
        for x in 0..N {
            down[y][x] = (value[below][x] - value[above][x]) * share;
        }
        for x in 1..N - 1 {
            across[y][x] = (value[y][x + 1] - value[y][x - 1]) * 0.5;
        }
        across[y][0] = value[y][1] - value[y][0];
        across[y][N - 1] = value[y][N - 1] - value[y][N - 2];
    }
    [across, down]
}

/// Coordinates of cell centres.
#[inline(always)]
pub fn centres<const N: usize>() -> [f32; N] {
    std::array::from_fn(|i| (2 * i + 1) as f32 / N as f32 - 1.0)
}

/// A picture to be looked up between its pixels: with each pixel stand its right, lower and lower right neighbours.
#[derive(Clone, Debug)]
pub struct Picture<const N: usize> {
    /// The pixels alone.
    pub value: Grid<N>,
    fours: Box<[[[f32; 4]; N]; N]>,
}

impl<const N: usize> Picture<N> {
    /// Of these values.
    #[inline(always)]
    pub fn new(value: Grid<N>) -> Self {
        let mut fours = Box::new([[[0.0; 4]; N]; N]);
        for y in 0..N {
            let under = (y + 1).min(N - 1);
            for x in 0..N {
                let next = (x + 1).min(N - 1);
                fours[y][x] = [value[y][x], value[y][next], value[under][x], value[under][next]];
            }
        }
        Picture { value, fours }
    }
}

/// Looks the library's picture up where the map says, between pixels bilinearly.
#[inline(always)]
pub fn warp<const N: usize>(picture: &Picture<N>, map: &Affine) -> Warped<N> {
    if *map == UNMOVED {
        return Warped { value: picture.value, inside: [[1.0; N]; N] };
    }
    let at = centres::<N>();
    let (half, most) = (N as f32 / 2.0, N as f32 - 1.0);
    let mut out = Warped { value: [[0.0; N]; N], inside: [[0.0; N]; N] };
    for (y, v) in at.iter().enumerate() {
        let (left, upper) = (map[1] * v + map[2] + 1.0, map[4] * v + map[5] + 1.0);
        let (mut cells, mut across, mut down) = ([0u32; N], [0f32; N], [0f32; N]);
        for x in 0..N {
            let (px, py) = ((map[0] * at[x] + left) * half - 0.5, (map[3] * at[x] + upper) * half - 0.5);
            let within = (px >= -0.5) & (px <= most + 0.5) & (py >= -0.5) & (py <= most + 0.5);
            out.inside[y][x] = if within { 1.0 } else { 0.0 };
            let (px, py) = (px.max(0.0).min(most), py.max(0.0).min(most));
            let (column, row) = (px - 0.5 + INTEGER, py - 0.5 + INTEGER);
            (across[x], down[x]) = (px - (column - INTEGER), py - (row - INTEGER));
            cells[x] = (row.to_bits() & 0xffff) * N as u32 + (column.to_bits() & 0xffff);
        }
        // Copied one by one, blended together: compilers take no vectors of values from here and there.
        let mut fours = [[0f32; 4]; N];
        for (four, cell) in fours.iter_mut().zip(cells) {
            // The mask changes nothing; it tells the compiler that the place is inside.
            *four = picture.fours.as_flattened()[cell as usize & (N * N - 1)];
        }
        for x in 0..N {
            let [a, b, c, d] = fours[x];
            let (top, bottom) = (a + (b - a) * across[x], c + (d - c) * across[x]);
            out.value[y][x] = top + (bottom - top) * down[x];
        }
    }
    out
}

/// Adds up lanes in a fixed order.
#[inline(always)]
pub fn total<const N: usize>(lanes: [f32; N]) -> f32 {
    let (mut lanes, mut width) = (lanes, N);
    while width > 1 {
        width /= 2;
        for i in 0..width {
            lanes[i] += lanes[i + width];
        }
    }
    lanes[0]
}

/// First `inner`, then `outer`.
#[inline(always)]
pub fn composed(outer: &Affine, inner: &Affine) -> Affine {
    let [a, b, c, d, e, f] = *outer;
    let [p, q, r, s, t, u] = *inner;
    [a * p + b * s, a * q + b * t, a * r + b * u + c, d * p + e * s, d * q + e * t, d * r + e * u + f]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slope<const N: usize>() -> Grid<N> {
        let at = centres::<N>();
        std::array::from_fn(|y| std::array::from_fn(|x| 20.0 * at[x] - 7.0 * at[y] + 3.0))
    }

    #[test]
    fn a_slope_is_looked_up_exactly() {
        let picture = Picture::new(slope::<32>());
        let map = [0.8, 0.1, 0.05, -0.1, 0.7, -0.1];
        let (warped, at) = (warp(&picture, &map), centres::<32>());
        for y in 0..32 {
            for x in 0..32 {
                let (u, v) = (map[0] * at[x] + map[1] * at[y] + map[2], map[3] * at[x] + map[4] * at[y] + map[5]);
                assert!((warped.value[y][x] - (20.0 * u - 7.0 * v + 3.0)).abs() < 1e-3, "{x} {y}");
                assert_eq!(warped.inside[y][x], 1.0);
            }
        }
    }

    #[test]
    fn what_lies_outside_is_marked_and_is_the_edge() {
        let picture = Picture::new(slope::<16>());
        let warped = warp(&picture, &[1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
        for y in 0..16 {
            assert_eq!(warped.inside[y], std::array::from_fn(|x| if x < 8 { 1.0 } else { 0.0 }));
            assert_eq!(warped.value[y][8..], [picture.value[y][15]; 8]);
        }
        let unmoved = warp(&picture, &UNMOVED);
        assert_eq!((unmoved.value, unmoved.inside), (picture.value, [[1.0; 16]; 16]));
    }

    #[test]
    fn maps_without_numbers_do_no_harm() {
        let picture = Picture::new(slope::<16>());
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30] {
            let warped = warp(&picture, &[bad, 0.0, bad, 0.0, 1.0, bad]);
            assert!(warped.value.as_flattened().iter().all(|value| value.is_finite()));
        }
    }

    #[test]
    fn maps_are_composed_from_the_inside() {
        let (turn, shift) = ([0.0, 1.0, 0.0, -1.0, 0.0, 0.0], [1.0, 0.0, 0.5, 0.0, 2.0, 0.0]);
        assert_eq!(composed(&turn, &shift), [0.0, 2.0, 0.0, -1.0, 0.0, -0.5]);
        assert_eq!(composed(&shift, &turn), [0.0, 1.0, 0.5, -2.0, 0.0, 0.0]);
        assert_eq!(composed(&UNMOVED, &turn), turn);
    }

    #[test]
    fn gradients_of_a_slope_are_the_same_everywhere() {
        let [across, down] = gradients(&slope::<16>());
        assert!(across.as_flattened().iter().all(|value| (value - 2.5).abs() < 1e-4));
        assert!(down.as_flattened().iter().all(|value| (value + 0.875).abs() < 1e-4));
    }

    #[test]
    fn lanes_add_up() {
        assert_eq!(total::<16>(std::array::from_fn(|i| i as f32)), 120.0);
    }
}
