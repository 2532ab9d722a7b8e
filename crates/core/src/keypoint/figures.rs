//! What tells a true pair of pictures from a chance one.

use super::blob::Place;
use super::hypothesis::Candidates;
use super::map::Map;
use super::tentative::Query;

/// How often the better half of the pairs is asked alone.
const SIFTED: u32 = 5;

/// How sure a map is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Figures {
    /// Inliers, one in each cell of eight units.
    pub cells: f64,
    /// The expected number of maps that chance would give so many inliers, as -log10.
    pub surprise: f64,
    /// The sum of how much likelier than by chance the cells' pairs are, natural logarithms.
    pub quality: f64,
    /// Keypoints of the query that the map puts into the other picture.
    pub query_inside: f64,
    /// Keypoints of the other that the map takes from the query.
    pub other_inside: f64,
    /// Root of the mean square of how far off the inliers are, in units of the other picture.
    pub residual: f64,
    /// The mean of the bits that differ.
    pub distance: f64,
    /// The smaller standard deviation of the inliers' positions in the query, in units.
    pub query_spread: f64,
    /// The same in the other picture.
    pub other_spread: f64,
    /// Area of the inliers' convex hull as a share of the query.
    pub query_hull: f64,
    /// The same in the other picture.
    pub other_hull: f64,
}

impl Figures {
    /// All numbers, in the order of their names.
    pub fn numbers(&self) -> [f64; 11] {
        [
            self.cells,
            self.surprise,
            self.quality,
            self.query_inside,
            self.other_inside,
            self.residual,
            self.distance,
            self.query_spread,
            self.other_spread,
            self.query_hull,
            self.other_hull,
        ]
    }
}

/// How many keypoints of each picture lie in the region that both show.
pub fn inside(query: &Query<'_>, places: &[Place], frame: [f64; 2], map: &Map) -> [f64; 2] {
    let lies = |map: &Map, place: &Place, [width, height]: [f64; 2]| {
        map.apply(place.at).is_some_and(|[x, y]| (0.0..=width).contains(&x) && (0.0..=height).contains(&y))
    };
    let own = query.places.iter().filter(|place| lies(map, place, frame)).count();
    let back = map.inverse();
    let others = back.map_or(0, |back| places.iter().filter(|place| lies(&back, place, query.blob.frame())).count());
    [own as f64, others as f64]
}

/// The expected number of chance maps with as many inliers (Desolneux, Moisan and Morel, 2000), as -log10: two pairs
/// make the map, and each of the others would agree with it by chance. As good pairs mean more than poor ones, the
/// same is asked of only the best half of all pairs, a quarter of them and so on, and the least number counts.
pub fn surprise(candidates: &Candidates, counted: &[usize], frame: [f64; 2], agreeing: f64) -> f64 {
    let count = candidates.all.len();
    let mean = candidates.all.iter().map(|pair| pair.tolerance).sum::<f64>() / count.max(1) as f64;
    let share = (std::f64::consts::PI * mean / (frame[0] * frame[1]).max(1.0) * agreeing).clamp(1e-12, 0.999);
    let factorials = log_factorials(count);
    let parts = (0..SIFTED).map(|times| count >> times);
    let sifted = parts.map(|best| {
        let hits = counted.iter().filter(|&&number| number < best).count();
        chance(best, hits, share, &factorials)
    });
    let least = sifted.fold(0.0, f64::min) + libm::log(f64::from(SIFTED));
    (-least / std::f64::consts::LN_10).max(0.0)
}

/// The logarithm of the expected number of maps with `hits` of `count` pairs, if each agrees by chance with `share`.
fn chance(count: usize, hits: usize, share: f64, factorials: &[f64]) -> f64 {
    if hits <= 2 || count < hits {
        return 0.0;
    }
    let (hit, miss) = (libm::log(share), libm::log1p(-share));
    let term = |k: usize| {
        let choices = factorials[count - 2] - factorials[k] - factorials[count - 2 - k];
        choices + k as f64 * hit + (count - 2 - k) as f64 * miss
    };
    let terms: Vec<f64> = (hits - 2..=count - 2).map(term).collect();
    let largest = terms.iter().copied().fold(f64::MIN, f64::max);
    let tail = largest + libm::log(terms.iter().map(|term| libm::exp(term - largest)).sum());
    tail.min(0.0) + libm::log((count * (count - 1)) as f64)
}

fn log_factorials(count: usize) -> Vec<f64> {
    let mut sum = 0.0;
    let logs = (1..=count).map(|i| {
        sum += libm::log(i as f64);
        sum
    });
    std::iter::once(0.0).chain(logs).collect()
}

/// The smaller standard deviation of points along any direction.
pub fn spread(points: &[[f64; 2]]) -> f64 {
    let count = points.len().max(1) as f64;
    let [x, y] = [0, 1].map(|axis| points.iter().map(|point| point[axis]).sum::<f64>() / count);
    let moment = |term: &dyn Fn(f64, f64) -> f64| points.iter().map(|p| term(p[0] - x, p[1] - y)).sum::<f64>() / count;
    let (xx, yy, xy) = (moment(&|x, _| x * x), moment(&|_, y| y * y), moment(&|x, y| x * y));
    let root = ((xx - yy) * (xx - yy) + 4.0 * xy * xy).sqrt();
    ((xx + yy - root) / 2.0).max(0.0).sqrt()
}

/// Area of the convex hull (Andrew, 1979).
pub fn hull_area(points: &[[f64; 2]]) -> f64 {
    let mut points = points.to_vec();
    points.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    let half = |points: &mut dyn Iterator<Item = [f64; 2]>| {
        let mut chain: Vec<[f64; 2]> = Vec::new();
        for point in points {
            while let [.., a, b] = chain[..]
                && cross(a, b, point) <= 0.0
            {
                chain.pop();
            }
            chain.push(point);
        }
        chain
    };
    let (mut lower, mut upper) = (half(&mut points.iter().copied()), half(&mut points.iter().rev().copied()));
    lower.pop();
    upper.pop();
    lower.extend(upper);
    let next = lower.iter().cycle().skip(1);
    lower.iter().zip(next).map(|(a, b)| a[0] * b[1] - a[1] * b[0]).sum::<f64>().abs() / 2.0
}

/// Twice the signed area of a triangle.
pub fn cross(a: [f64; 2], b: [f64; 2], c: [f64; 2]) -> f64 {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_and_spreads() {
        let square = [[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0], [2.0, 1.0], [4.0, 2.0]];
        assert_eq!(hull_area(&square), 16.0);
        assert_eq!(hull_area(&square[..2]), 0.0);
        assert_eq!(hull_area(&[[3.0, 3.0]; 3]), 0.0);
        assert_eq!(hull_area(&[]), 0.0);
        assert_eq!(spread(&square[..4]), 2.0);
        assert!(spread(&[[1.0, 1.0], [2.0, 2.0], [7.0, 7.0]]) < 1e-6);
    }
}
