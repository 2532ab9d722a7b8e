//! Laying one small grey plane onto another: which affine map takes the query's points to the library's?
//!
//! Lucas and Kanade, "An iterative image registration technique" (1981): the map that makes the squared differences
//! smallest, by Gauss and Newton's steps. The steps are composed (Baker and Matthews, "Lucas-Kanade 20 years on",
//! 2004) and use the mean of both pictures' gradients (Benhimane and Malis, 2004), which gets there in fewer of them.
//! Brightness and contrast (`bias`, `gain`) are solved for with the map. Pixels that do not fit, such as those under
//! a logo, lose their say by Geman and McClure's weights (1987).

use super::grids::{Affine, Grid, Picture, Template, UNMOVED, Warped, centres, composed, gradients, total, warp};

/// Columns that are worked on together.
const LANES: usize = 16;
/// Sums that the normal equations are made of.
const SUMS: usize = 21;
/// A step is no larger than this in any parameter: what the linear model says holds nearby.
const LONGEST_STEP: f32 = 0.15;
/// How far a parameter may move from where it began.
const FURTHEST: f32 = 0.45;
/// Steps shorter than this, a thirtieth of a pixel of the thumb, change nothing.
const SHORTEST_STEP: f32 = 0.002;
/// Share of the mean diagonal that is added to it, so that plain pictures do not run away.
const DAMPING: f32 = 0.01;
/// Residuals of so many times the mean one count half as much as those of zero, or less.
const ROBUST: f32 = 3.0;
/// In grey levels: rounding alone makes differences of this size.
const ROUNDING: f32 = 0.5;
/// The least and greatest contrast of one picture in terms of the other.
const GAINS: (f32, f32) = (0.05, 20.0);

/// How the grey levels of the library's picture become the query's: `gain` times, plus `bias`.
#[derive(Clone, Copy, Debug)]
pub struct Tone {
    /// Contrast.
    pub gain: f32,
    /// Brightness, in grey levels.
    pub bias: f32,
}

/// Gain and bias by weighted least squares, the residuals with them, and the mean absolute residual.
#[inline(always)]
fn fit_tone<const N: usize>(
    query: &Grid<N>,
    warped: &Grid<N>,
    weights: &Grid<N>,
    residuals: &mut Grid<N>,
) -> (Tone, f32) {
    let mut sums = [[0f32; N]; 5];
    for y in 0..N {
        for x in 0..N {
            let (m, q, w) = (weights[y][x], query[y][x], warped[y][x]);
            sums[0][x] += m;
            sums[1][x] += m * q;
            sums[2][x] += m * w;
            sums[3][x] += m * w * w;
            sums[4][x] += m * w * q;
        }
    }
    let [count, q, w, ww, wq] = sums.map(total);
    let count = count.max(1e-3);
    let (mean_q, mean_w) = (q / count, w / count);
    let gain = (wq / count - mean_q * mean_w) / (ww / count - mean_w * mean_w).max(1e-2);
    let gain = gain.max(GAINS.0).min(GAINS.1);
    let bias = mean_q - gain * mean_w;
    let mut sizes = [0f32; N];
    for y in 0..N {
        for x in 0..N {
            let residual = query[y][x] - gain * warped[y][x] - bias;
            residuals[y][x] = residual;
            sizes[x] += weights[y][x] * residual.abs();
        }
    }
    (Tone { gain, bias }, total(sizes) / count)
}

/// Weights by residual: Geman and McClure's, 1 / (1 + (r / s)^2)^2.
#[inline(always)]
fn reweigh<const N: usize>(inside: &Grid<N>, residuals: &Grid<N>, mean: f32, weights: &mut Grid<N>) {
    let per_scale = 1.0 / (ROBUST * mean + ROUNDING);
    for y in 0..N {
        for x in 0..N {
            let r = residuals[y][x] * per_scale;
            let fit = 1.0 / (1.0 + r * r);
            weights[y][x] = inside[y][x] * fit * fit;
        }
    }
}

/// The tone between a query and a warped picture, with robust weights; `weights` and `residuals` are those of the fit.
#[inline(always)]
pub fn tone<const N: usize>(
    query: &Grid<N>,
    warped: &Warped<N>,
    weights: &mut Grid<N>,
    residuals: &mut Grid<N>,
) -> Tone {
    *weights = warped.inside;
    let (_, mean) = fit_tone(query, &warped.value, weights, residuals);
    reweigh(&warped.inside, residuals, mean, weights);
    let (tone, mean) = fit_tone(query, &warped.value, weights, residuals);
    reweigh(&warped.inside, residuals, mean, weights);
    tone
}

/// One step's sums over all pixels: see [`equations`] for their order.
#[inline(always)]
#[allow(clippy::needless_range_loop)] // as in all loops of lanes: one number for five planes and all sums
fn sums<const N: usize>(
    template: &Template<N>,
    warped: &Grid<N>,
    gain: f32,
    weights: &Grid<N>,
    residuals: &Grid<N>,
) -> [[f32; N]; SUMS] {
    let [across, down] = gradients(warped);
    let at = centres::<N>();
    let mut sums = [[0f32; N]; SUMS];
    for first in (0..N).step_by(LANES) {
        let mut part = [[0f32; LANES]; SUMS];
        for y in 0..N {
            let v = at[y];
            for lane in 0..LANES {
                let x = first + lane;
                let (m, r, w) = (weights[y][x], residuals[y][x], warped[y][x]);
                let gx = 0.5 * (template.across[y][x] + gain * across[y][x]);
                let gy = 0.5 * (template.down[y][x] + gain * down[y][x]);
                let (mx, my) = (m * gx, m * gy);
                for (n, q) in [mx * gx, mx * gy, my * gy].into_iter().enumerate() {
                    part[3 * n][lane] += q;
                    part[3 * n + 1][lane] += q * v;
                    part[3 * n + 2][lane] += q * v * v;
                }
                for (n, q) in [mx * r, my * r, mx, my, mx * w, my * w].into_iter().enumerate() {
                    part[9 + 2 * n][lane] += q;
                    part[10 + 2 * n][lane] += q * v;
                }
            }
        }
        for (all, part) in sums.iter_mut().zip(&part) {
            all[first..first + LANES].copy_from_slice(part);
        }
    }
    sums
}

/// The sums times 1, `u` and `u u` of their columns, as moments by the powers of `u` and `v`.
struct Moments {
    /// Of gx gx, gx gy, gy gy: 1, u, v, uu, uv, vv.
    squares: [[f32; 6]; 3],
    /// Of gx, gy, each with the residual, alone, and with the warped value: 1, u, v.
    lines: [[f32; 3]; 6],
}

#[inline(always)]
fn moments<const N: usize>(sums: &[[f32; N]; SUMS]) -> Moments {
    let at = centres::<N>();
    let plain = |n: usize| total(sums[n]);
    let by_u = |n: usize| total::<N>(std::array::from_fn(|x| sums[n][x] * at[x]));
    let by_uu = |n: usize| total::<N>(std::array::from_fn(|x| sums[n][x] * at[x] * at[x]));
    Moments {
        squares: std::array::from_fn(|n| {
            let n = 3 * n;
            [plain(n), by_u(n), plain(n + 1), by_uu(n), by_u(n + 1), plain(n + 2)]
        }),
        lines: std::array::from_fn(|n| [plain(9 + 2 * n), by_u(9 + 2 * n), plain(10 + 2 * n)]),
    }
}

/// The normal equations of a step, in the order of [`Affine`]'s parameters by (u, v, 1), after gain and bias have
/// been eliminated: what they could explain is not for the map to explain.
#[inline(always)]
fn equations(moments: &Moments, tones: [f32; 3]) -> ([[f32; 6]; 6], [f32; 6]) {
    // Where u, v and 1 stand among the moments.
    const LINE: [usize; 3] = [1, 2, 0];
    const SQUARE: [[usize; 3]; 3] = [[3, 4, 1], [4, 5, 2], [1, 2, 0]];
    let [count, sum, variation] = tones;
    let mean = sum / count;
    let line = |kind: usize, i: usize| moments.lines[2 * kind + i / 3][LINE[i % 3]];
    let alone: [f32; 6] = std::array::from_fn(|i| line(1, i));
    let with_tone: [f32; 6] = std::array::from_fn(|i| line(2, i) - mean * alone[i]);
    let mut matrix = [[0f32; 6]; 6];
    for i in 0..6 {
        for j in 0..6 {
            let whole = moments.squares[i / 3 + j / 3][SQUARE[i % 3][j % 3]];
            matrix[i][j] = whole - alone[i] * alone[j] / count - with_tone[i] * with_tone[j] / variation;
        }
    }
    (matrix, std::array::from_fn(|i| line(0, i)))
}

/// Weighted count, sum and squared deviation of the warped values.
#[inline(always)]
fn spread<const N: usize>(warped: &Grid<N>, weights: &Grid<N>) -> [f32; 3] {
    let mut sums = [[0f32; N]; 3];
    for y in 0..N {
        for x in 0..N {
            let (m, w) = (weights[y][x], warped[y][x]);
            sums[0][x] += m;
            sums[1][x] += m * w;
            sums[2][x] += m * w * w;
        }
    }
    let [count, sum, square] = sums.map(total);
    let count = count.max(1e-3);
    [count, sum, (square - sum * sum / count).max(1.0)]
}

/// Solves by Cholesky's factors; zero where the equations say nothing.
#[inline(always)]
fn solve(mut matrix: [[f32; 6]; 6], right: [f32; 6]) -> [f32; 6] {
    let mean = (0..6).map(|i| matrix[i][i]).sum::<f32>() / 6.0;
    let damping = DAMPING * mean.max(0.0) + 1e-3;
    for (i, row) in matrix.iter_mut().enumerate() {
        row[i] += damping;
    }
    let mut x = right;
    for i in 0..6 {
        for j in 0..=i {
            let sum: f32 = (0..j).map(|k| matrix[i][k] * matrix[j][k]).sum();
            let rest = matrix[i][j] - sum;
            matrix[i][j] = if i == j { rest.max(1e-3).sqrt() } else { rest / matrix[j][j] };
        }
        let sum: f32 = (0..i).map(|k| matrix[i][k] * x[k]).sum();
        x[i] = (x[i] - sum) / matrix[i][i];
    }
    for i in (0..6).rev() {
        let sum: f32 = (i + 1..6).map(|k| matrix[k][i] * x[k]).sum();
        x[i] = (x[i] - sum) / matrix[i][i];
    }
    x
}

/// Moves the map by at most `steps` steps from where it stands, towards where the pictures agree.
///
/// `begin` is where the whole search began; no parameter goes further from it than 0.45.
#[inline(always)]
pub fn align<const N: usize>(
    template: &Template<N>,
    picture: &Picture<N>,
    begin: &Affine,
    map: Affine,
    steps: usize,
) -> Affine {
    let mut map = map;
    let (mut weights, mut residuals) = ([[0f32; N]; N], [[0f32; N]; N]);
    for _ in 0..steps {
        let warped = warp(picture, &map);
        let tone = tone(&template.value, &warped, &mut weights, &mut residuals);
        let sums = sums(template, &warped.value, tone.gain, &weights, &residuals);
        let (matrix, right) = equations(&moments(&sums), spread(&warped.value, &weights));
        // Gradients are by pixel, the map by coordinates: a pixel is 2 / N of them.
        let half = 2.0 / N as f32;
        let step = solve(matrix, right).map(|s| (s * half).clamp(-LONGEST_STEP, LONGEST_STEP));
        let moved: Affine = std::array::from_fn(|i| UNMOVED[i] + step[i]);
        map = composed(&map, &moved);
        map = std::array::from_fn(|i| map[i].max(begin[i] - FURTHEST).min(begin[i] + FURTHEST));
        if step.iter().all(|s| s.abs() < SHORTEST_STEP) {
            break;
        }
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{self, Level};

    /// Waves under a map, with gain and bias.
    fn waves<const N: usize>(map: &Affine, gain: f32, bias: f32) -> Grid<N> {
        let at = centres::<N>();
        let value = |u: f32, v: f32| {
            100.0 + 40.0 * libm::sinf(3.0 * u + 1.0) * libm::cosf(2.0 * v) + 30.0 * libm::sinf(2.5 * v + u)
        };
        std::array::from_fn(|y| {
            std::array::from_fn(|x| {
                let (u, v) = (at[x], at[y]);
                let (u, v) = (map[0] * u + map[1] * v + map[2], map[3] * u + map[4] * v + map[5]);
                gain * value(u, v) + bias
            })
        })
    }

    #[test]
    fn maps_gains_and_biases_are_found() {
        let picture = Picture::new(waves::<32>(&UNMOVED, 1.0, 0.0));
        for map in [
            UNMOVED,
            [0.9, 0.0, 0.1, 0.0, 0.9, -0.1],
            [0.98, 0.07, 0.0, -0.07, 0.98, 0.02],
            [0.85, 0.0, 0.0, 0.0, 1.0, 0.0],
        ] {
            let template = Template::new(waves::<32>(&map, 0.6, 20.0));
            let found = align(&template, &picture, &UNMOVED, UNMOVED, 20);
            assert!(found.iter().zip(map).all(|(found, map)| (found - map).abs() < 0.01), "{map:?}: {found:?}");
            let warped = warp(&picture, &found);
            let tone = tone(&template.value, &warped, &mut [[0.0; 32]; 32], &mut [[0.0; 32]; 32]);
            assert!((tone.gain - 0.6).abs() < 0.02 && (tone.bias - 20.0).abs() < 2.0, "{tone:?}");
        }
    }

    #[test]
    fn a_sticker_does_not_lead_astray() {
        let picture = Picture::new(waves::<32>(&UNMOVED, 1.0, 0.0));
        let map = [0.95, 0.0, 0.04, 0.0, 0.95, -0.04];
        let mut query = waves::<32>(&map, 1.0, 0.0);
        query[3..9].iter_mut().for_each(|row| row[2..9].fill(255.0));
        let found = align(&Template::new(query), &picture, &UNMOVED, UNMOVED, 20);
        assert!(found.iter().zip(map).all(|(found, map)| (found - map).abs() < 0.05), "{found:?}");
    }

    #[test]
    fn blanks_stay_where_they_are() {
        let flat = [[7.0; 16]; 16];
        assert_eq!(align(&Template::new(flat), &Picture::new(flat), &UNMOVED, UNMOVED, 5), UNMOVED);
    }

    #[test]
    fn every_level_gives_the_same_bits() {
        let picture = Picture::new(waves::<32>(&UNMOVED, 1.0, 0.0));
        let template = Template::new(waves::<32>(&[0.93, 0.02, 0.05, -0.03, 0.9, 0.02], 1.3, -9.0));
        let found = Level::available().into_iter().map(|level| {
            simd::run(
                level,
                #[inline(always)]
                || align(&template, &picture, &UNMOVED, UNMOVED, 6).map(f32::to_bits),
            )
        });
        let found: Vec<_> = found.collect();
        assert!(found.iter().all(|bits| *bits == found[0]));
    }

    #[test]
    fn equations_are_solved() {
        let mut matrix = [[0.5; 6]; 6];
        (0..6).for_each(|i| matrix[i][i] = 4000.0 + i as f32);
        let x = solve(matrix, [4000.0; 6]);
        // The damping takes a hundredth.
        assert!(x.iter().all(|x| (x - 0.99).abs() < 0.005), "{x:?}");
        assert!(solve([[f32::NAN; 6]; 6], [1.0; 6]).len() == 6);
    }
}
