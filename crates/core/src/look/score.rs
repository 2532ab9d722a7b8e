//! How sure is it that two pictures, laid onto each other, are one?
//!
//! A few figures of how well they agree, and a logistic function of them that was fitted to edited copies and to pairs
//! of different photographs that look alike: `bench/second_look.py` fits it again.

use super::align::{Tone, tone};
use super::grids::{Affine, Grid, Picture, Template, Warped, total, warp};

/// Sides of the grey planes that are compared.
pub const SIDE: usize = 32;
/// Sides of the colour planes.
pub const COLOURS: usize = 8;
/// Figures that the score is made of; their names are `FEATURES` of the Python module `lookalike.confirm`.
pub const FEATURES: usize = 16;

/// Blocks of gradients in a row and in a column, and the pixels of their sides; the outermost pixels have no gradient.
const BLOCKS: usize = 5;
const BLOCK: usize = 6;
/// Gradients of rounded values have this much energy a pixel by themselves.
const NOISE: f32 = 0.1;
/// From this much energy a pixel on there is something to see in a block.
const DETAIL: f32 = 0.5;
/// Share of the blocks that [`best`] takes.
const BEST: f32 = 0.6;
/// Blocks agree from here on.
const GOOD: f32 = 0.6;
/// What colours need to count as colours, in squared levels a cell.
const COLOUR_NOISE: f32 = 16.0;

/// What a pair of pictures has shown of itself.
#[derive(Clone, Copy, Debug)]
pub struct Evidence {
    /// See `FEATURES` of the Python module.
    pub features: [f32; FEATURES],
    /// Contrast and brightness.
    pub tone: Tone,
}

impl Evidence {
    /// Mean agreement of blocks, -1 to 1.
    pub fn agreement(&self) -> f32 {
        self.features[0]
    }

    /// Share of the query that the library's picture has.
    pub fn overlap(&self) -> f32 {
        self.features[4]
    }
}

/// What is compared besides the grey planes.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// Colours of the query and of the library's picture, less 128.
    pub colours: [&'a [Picture<COLOURS>; 2]; 2],
    /// Width and height of the parts that the thumbs show, in pixels of the query and of the library's picture.
    pub sizes: [[f32; 2]; 2],
    /// The map that the search began with.
    pub begin: Affine,
    /// The lower of both qualities, 0 to 1.
    pub quality: f32,
}

/// Looks at a pair under a map.
#[inline(always)]
pub fn evidence(
    template: &Template<SIDE>,
    picture: &Picture<SIDE>,
    map: &Affine,
    others: &Circumstances<'_>,
) -> Evidence {
    let warped = warp(picture, map);
    let (mut weights, mut residuals) = ([[0f32; SIDE]; SIDE], [[0f32; SIDE]; SIDE]);
    let tone = tone(&template.value, &warped, &mut weights, &mut residuals);
    let overlap = mean(&warped.inside);
    let fitting = mean(&weights) / overlap.max(1e-3);
    let plain = correlation(&template.value, &warped.value, &warped.inside);
    let blocks = blocks(template, &warped);
    let [shear, aspect, rotation, scale, shift] = geometry(map, &others.begin, others.sizes);
    let colour = colours(others.colours, map);
    let features = [
        blocks.agreement,
        blocks.whole,
        plain,
        blocks.good,
        overlap,
        shear,
        aspect,
        rotation,
        scale,
        shift,
        colour,
        blocks.best,
        blocks.energy,
        blocks.detail,
        fitting,
        others.quality,
    ];
    // What no picture has leaves no hole in the table.
    Evidence { features: features.map(|f| if f.is_finite() { f } else { 0.0 }), tone }
}

#[inline(always)]
fn mean<const N: usize>(grid: &Grid<N>) -> f32 {
    let mut sums = [0f32; N];
    for row in grid {
        for x in 0..N {
            sums[x] += row[x];
        }
    }
    total(sums) / (N * N) as f32
}

/// Pearson's correlation where the weights are.
#[inline(always)]
pub fn correlation<const N: usize>(one: &Grid<N>, other: &Grid<N>, weights: &Grid<N>) -> f32 {
    let mut sums = [[0f32; N]; 6];
    for y in 0..N {
        for x in 0..N {
            let (m, a, b) = (weights[y][x], one[y][x], other[y][x]);
            for (sum, value) in sums.iter_mut().zip([m, m * a, m * b, m * a * a, m * b * b, m * a * b]) {
                sum[x] += value;
            }
        }
    }
    let [count, a, b, aa, bb, ab] = sums.map(total);
    let count = count.max(1e-3);
    let (aa, bb, ab) = (aa / count - a * a / count / count, bb / count - b * b / count / count, ab - a * b / count);
    // Planes that differ by rounding alone have no correlation.
    ab / count / (aa.max(0.0) * bb.max(0.0)).sqrt().max(0.25)
}

/// What the blocks say.
struct Blocks {
    agreement: f32,
    whole: f32,
    good: f32,
    best: f32,
    energy: f32,
    detail: f32,
}

/// Sums over gradients by block: products of query and library, squares of the query, of the library, pixels that have
/// both; then the gradients themselves, query's and library's, across and down.
#[inline(always)]
fn products(template: &Template<SIDE>, warped: &Warped<SIDE>) -> [[[f32; BLOCKS]; BLOCKS]; 8] {
    let mut sums = [[[0f32; BLOCKS]; BLOCKS]; 8];
    for row in 0..BLOCKS {
        let mut columns = [[0f32; SIDE]; 8];
        for y in 1 + row * BLOCK..1 + (row + 1) * BLOCK {
            let (value, inside) = (&warped.value, &warped.inside);
            for x in 1..SIDE - 1 {
                let gx = (value[y][x + 1] - value[y][x - 1]) * 0.5;
                let gy = (value[y + 1][x] - value[y - 1][x]) * 0.5;
                let m = inside[y][x] * inside[y][x + 1] * inside[y][x - 1] * inside[y + 1][x] * inside[y - 1][x];
                let (qx, qy) = (m * template.across[y][x], m * template.down[y][x]);
                let (gx, gy) = (m * gx, m * gy);
                let all = [qx * gx + qy * gy, qx * qx + qy * qy, gx * gx + gy * gy, m, qx, qy, gx, gy];
                for (column, value) in columns.iter_mut().zip(all) {
                    column[x] += value;
                }
            }
        }
        for (sums, columns) in sums.iter_mut().zip(&columns) {
            for (sum, part) in sums[row].iter_mut().zip(columns[1..].chunks_exact(BLOCK)) {
                *sum = part.iter().sum();
            }
        }
    }
    sums
}

#[inline(always)]
fn blocks(template: &Template<SIDE>, warped: &Warped<SIDE>) -> Blocks {
    const COUNT: usize = BLOCKS * BLOCKS;
    let [both, query, library, pixels, qx, qy, gx, gy] = products(template, warped).map(|sums| {
        let flat: [f32; COUNT] = std::array::from_fn(|i| sums[i / BLOCKS][i % BLOCKS]);
        flat
    });
    let energies: [f32; COUNT] = std::array::from_fn(|i| (query[i] * library[i]).sqrt());
    // What noise alone would make does not count.
    let strengths: [f32; COUNT] = std::array::from_fn(|i| (energies[i] - NOISE * pixels[i]).max(0.0).sqrt());
    let mut sorted = strengths;
    sorted.sort_unstable_by(f32::total_cmp);
    // One strong edge should not outvote all the rest; where most blocks are empty, the others share the say.
    let most = 2.0 * sorted[COUNT / 2].max(0.5 * sorted[COUNT * 4 / 5]) + 1e-2;
    let (mut weight, mut agreement, mut good) = (1e-3, 0.0, 0.0);
    let (mut detail, mut changes) = (0.0, 0.0);
    let mut each = [(0f32, 0f32); COUNT];
    for i in 0..COUNT {
        let strength = strengths[i].min(most);
        let agrees = both[i] / (energies[i] + NOISE * pixels[i]).max(1e-3);
        each[i] = (agrees, strength);
        weight += strength;
        agreement += strength * agrees;
        good += if agrees > GOOD { strength } else { 0.0 };
        // A smooth slope is like any other: only what changes within a block tells pictures apart.
        let count = pixels[i].max(1.0);
        let of_query = query[i] - (qx[i] * qx[i] + qy[i] * qy[i]) / count;
        let of_library = library[i] - (gx[i] * gx[i] + gy[i] * gy[i]) / count;
        let change = of_query.min(of_library).max(0.0);
        changes += change;
        detail += if change > DETAIL * count { 1.0 } else { 0.0 };
    }
    let [both, query, library, pixels] = [both, query, library, pixels].map(|flat| flat.iter().sum::<f32>());
    let strength = (query * library).sqrt();
    Blocks {
        agreement: agreement / weight,
        whole: both / (strength + NOISE * pixels).max(1e-3),
        good: good / weight,
        best: best(each, weight),
        energy: (changes / pixels.max(1.0)).sqrt(),
        detail: detail / COUNT as f32,
    }
}

/// Mean agreement of the best blocks: what is left when stickers and captions have taken their part.
#[inline(always)]
fn best(mut each: [(f32, f32); BLOCKS * BLOCKS], weight: f32) -> f32 {
    each.sort_unstable_by(|one, other| other.0.total_cmp(&one.0));
    let (mut left, mut sum) = (BEST * weight, 0.0);
    for (agrees, strength) in each {
        let part = strength.min(left);
        sum += part * agrees;
        left -= part;
    }
    sum / (BEST * weight)
}

/// What the map does in pixels: shear, change of aspect, rotation, scale, and shift beyond what a crop explains.
#[inline(always)]
fn geometry(map: &Affine, begin: &Affine, sizes: [[f32; 2]; 2]) -> [f32; 5] {
    let [[query_width, query_height], [width, height]] = sizes;
    let (a, b) = (map[0] * width / query_width, map[1] * width / query_height);
    let (d, e) = (map[3] * height / query_width, map[4] * height / query_height);
    let (across, down) = ((a * a + d * d).sqrt().max(1e-3), (b * b + e * e).sqrt().max(1e-3));
    // Scale and shift as seen from where the search began, which only scales and shifts.
    let (wide, high) = (map[0] / begin[0], map[4] / begin[4]);
    let (right, under) = ((map[2] - begin[2]) / begin[0], (map[5] - begin[5]) / begin[4]);
    let beyond = |shift: f32, scale: f32| (shift.abs() - (1.0 - scale.abs()).abs()).max(0.0);
    let area = wide * high - map[1] * map[3] / (begin[0] * begin[4]);
    [
        ((a * b + d * e) / (across * down)).abs(),
        libm::logf(across / down).abs(),
        ((d - b) / (a + e)).abs().min(2.0),
        libm::logf(area.abs().max(1e-3)).abs() * 0.5,
        beyond(right, wide).max(beyond(under, high)),
    ]
}

/// How far the colours go together, -1 to 1 with 0 for none.
#[inline(always)]
fn colours(colours: [&[Picture<COLOURS>; 2]; 2], map: &Affine) -> f32 {
    let (mut both, mut query, mut library) = (0f32, 0f32, 0f32);
    let mut count = 1e-3;
    for (one, other) in colours[0].iter().zip(colours[1]) {
        let warped = warp(other, map);
        for y in 0..COLOURS {
            for x in 0..COLOURS {
                let (m, q, w) = (warped.inside[y][x], one.value[y][x], warped.value[y][x]);
                both += m * q * w;
                query += m * q * q;
                library += m * w * w;
                count += m;
            }
        }
    }
    both / ((query * library).sqrt() + COLOUR_NOISE * count)
}

/// 0 to 1, as a probability.
#[inline(always)]
pub fn confidence(evidence: &Evidence) -> f32 {
    let [agreement, _, _, _, _, shear, aspect, _, _, shift, colour, best, _, detail, fitting, quality] =
        evidence.features;
    // What counts is how far from perfect: .98 is to .96 as .96 is to .92.
    let sharp = |a: f32| -libm::logf(1.04 - a.min(1.0));
    let logit = OFFSET
        + AGREEMENT * sharp(agreement)
        + BEST_BLOCKS * sharp(best)
        + COLOUR * colour.max(-0.2)
        + FITTING * fitting
        - SHEAR * shear.min(0.4)
        - ASPECT * aspect.min(0.2)
        - SHIFT * shift.min(0.3);
    // Where there is little to see, agreement says little.
    let told = (quality / POOR).min(detail / FEW);
    // At four fifths of the bounds, with a quality of 27, it is what `normal` asks for: blanks, gradients and single
    // edges stay below.
    let most = 2.12 * told + 20.0 * (told - 1.0).max(0.0);
    1.0 / (1.0 + libm::expf(-logit.min(most)))
}

// The fitted function: `bench/second_look.py` prints these lines.
const OFFSET: f32 = -27.03;
const AGREEMENT: f32 = 2.88;
const BEST_BLOCKS: f32 = 2.45;
const COLOUR: f32 = 0.73;
const FITTING: f32 = 21.9;
const SHEAR: f32 = 8.25;
const ASPECT: f32 = 16.4;
const SHIFT: f32 = 46.3;

/// With less quality than this (`LOW_QUALITY` of `looks.py`), or a smaller share of blocks with something to see, no pair is surely one.
const POOR: f32 = 0.33;
const FEW: f32 = 0.12;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::look::grids::UNMOVED;

    fn looked(query: Grid<SIDE>, library: Grid<SIDE>, quality: f32) -> Evidence {
        let none = [(); 2].map(|()| Picture::new([[0.0; COLOURS]; COLOURS]));
        let others = Circumstances { colours: [&none, &none], sizes: [[300.0, 200.0]; 2], begin: UNMOVED, quality };
        evidence(&Template::new(query), &Picture::new(library), &UNMOVED, &others)
    }

    fn noise(seed: usize) -> Grid<SIDE> {
        std::array::from_fn(|y| std::array::from_fn(|x| ((x * 37 + y * 101 + x * y * 13 + seed * 71) % 251) as f32))
    }

    #[test]
    fn equal_pictures_agree_throughout() {
        let seen = looked(noise(1), noise(1), 1.0);
        assert!(seen.agreement() > 0.99 && seen.overlap() == 1.0);
        assert!(confidence(&seen) > 0.99);
        assert_eq!(seen.features[5..10], [0.0; 5]);
    }

    #[test]
    fn others_do_not() {
        assert!(confidence(&looked(noise(1), noise(2), 1.0)) < 0.01);
    }

    #[test]
    fn poor_pictures_are_never_sure() {
        assert!(confidence(&looked(noise(1), noise(1), 0.2)) < 0.9);
        let blank = looked([[9.0; SIDE]; SIDE], [[9.0; SIDE]; SIDE], 1.0);
        assert!(confidence(&blank) < 0.01 && blank.features.iter().all(|f| f.is_finite()));
    }

    #[test]
    fn odd_maps_count_against() {
        let sizes = [[300.0, 200.0]; 2];
        assert_eq!(geometry(&UNMOVED, &UNMOVED, sizes), [0.0; 5]);
        // A crop of nine tenths at a corner: scale and shift go together.
        let [shear, aspect, _, scale, shift] = geometry(&[0.9, 0.0, 0.1, 0.0, 0.9, -0.1], &UNMOVED, sizes);
        assert!(shear < 1e-6 && aspect < 1e-6 && (scale - 0.105).abs() < 1e-3 && shift < 1e-6);
        let [.., shift] = geometry(&[1.0, 0.0, 0.2, 0.0, 1.0, 0.0], &UNMOVED, sizes);
        assert!((shift - 0.2).abs() < 1e-6);
    }
}
