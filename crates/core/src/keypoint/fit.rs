//! Maps by least squares from pairs of points.
//!
//! Points are centred and scaled first (Hartley, 1997), so that the normal equations are well conditioned. The
//! homography minimises what is linear in its numbers, with each pair weighted by its last `w`, which makes that the
//! distance in the other picture.

use super::map::Map;
use super::tentative::apart;

/// Two points that should be the same, and how much that counts.
#[derive(Debug, Clone, Copy)]
pub struct Tie {
    pub from: [f64; 2],
    pub to: [f64; 2],
    pub weight: f64,
}

/// Sorts of maps, from stiff to supple.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Model {
    /// Moved, turned and scaled.
    Similarity,
    /// And sheared.
    Affine,
    /// And seen from the side.
    Homography,
}

impl Model {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Model::Similarity => "similarity",
            Model::Affine => "affine",
            Model::Homography => "homography",
        }
    }
}

/// The map of a sort that brings the ties nearest to each other; `None` if they do not tell. `before` is a map that
/// is about right.
pub fn fit(model: Model, ties: &[Tie], before: &Map) -> Option<Map> {
    let from = Frame::of(ties, |tie| tie.from)?;
    let to = Frame::of(ties, |tie| tie.to)?;
    let ties: Vec<Tie> =
        ties.iter().map(|tie| Tie { from: from.inside(tie.from), to: to.inside(tie.to), ..*tie }).collect();
    let map = match model {
        Model::Similarity => similarity(&ties),
        Model::Affine => affine(&ties),
        Model::Homography => homography(&ties, &from.outwards().then(before).then(&to.inwards())),
    }?;
    from.inwards().then(&map).then(&to.outwards()).normed()
}

/// Centre and scale of points.
struct Frame {
    centre: [f64; 2],
    scale: f64,
}

impl Frame {
    fn of(ties: &[Tie], point: impl Fn(&Tie) -> [f64; 2]) -> Option<Frame> {
        let weight: f64 = ties.iter().map(|tie| tie.weight).sum();
        let centre = [0, 1].map(|axis| ties.iter().map(|tie| tie.weight * point(tie)[axis]).sum::<f64>() / weight);
        let square = ties.iter().map(|tie| tie.weight * apart(point(tie), centre)).sum::<f64>() / weight;
        (weight > 0.0 && square > 1e-6).then(|| Frame { centre, scale: square.sqrt() })
    }

    fn inside(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [(x - self.centre[0]) / self.scale, (y - self.centre[1]) / self.scale]
    }

    fn inwards(&self) -> Map {
        Map::similarity(1.0 / self.scale, 0.0, self.centre.map(|centre| -centre / self.scale))
    }

    fn outwards(&self) -> Map {
        Map::similarity(self.scale, 0.0, self.centre)
    }
}

/// Centred points need no shift.
fn similarity(ties: &[Tie]) -> Option<Map> {
    let sum = |term: &dyn Fn(&Tie) -> f64| ties.iter().map(|tie| tie.weight * term(tie)).sum::<f64>();
    let a = sum(&|tie| tie.from[0] * tie.to[0] + tie.from[1] * tie.to[1]);
    let b = sum(&|tie| tie.from[0] * tie.to[1] - tie.from[1] * tie.to[0]);
    let square = sum(&|tie| tie.from[0] * tie.from[0] + tie.from[1] * tie.from[1]);
    (square > 0.0).then(|| Map::similarity(a / square, b / square, [0.0; 2]))
}

fn affine(ties: &[Tie]) -> Option<Map> {
    let mut rows = [Normal::<3>::default(), Normal::default()];
    for tie in ties {
        for (axis, normal) in rows.iter_mut().enumerate() {
            normal.add([tie.from[0], tie.from[1], 1.0], tie.to[axis], tie.weight);
        }
    }
    let [[a, b, c], [d, e, f]] = [rows[0].solve()?, rows[1].solve()?];
    Some(Map([a, b, c, d, e, f, 0.0, 0.0, 1.0]))
}

fn homography(ties: &[Tie], before: &Map) -> Option<Map> {
    let mut map = before.normed()?;
    for _ in 0..3 {
        let mut normal = Normal::<8>::default();
        for Tie { from: [x, y], to: [u, v], weight } in ties {
            let w = map.0[6] * x + map.0[7] * y + 1.0;
            let weight = weight / (w * w).max(1e-3);
            normal.add([*x, *y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y], *u, weight);
            normal.add([0.0, 0.0, 0.0, *x, *y, 1.0, -v * x, -v * y], *v, weight);
        }
        let [a, b, c, d, e, f, g, h] = normal.solve()?;
        map = Map([a, b, c, d, e, f, g, h, 1.0]);
    }
    Some(map)
}

/// Normal equations of a linear least-squares problem.
struct Normal<const N: usize> {
    matrix: [[f64; N]; N],
    right: [f64; N],
}

impl<const N: usize> Default for Normal<N> {
    fn default() -> Self {
        Normal { matrix: [[0.0; N]; N], right: [0.0; N] }
    }
}

impl<const N: usize> Normal<N> {
    fn add(&mut self, terms: [f64; N], value: f64, weight: f64) {
        for (i, row) in self.matrix.iter_mut().enumerate() {
            row.iter_mut().zip(terms).for_each(|(sum, term)| *sum += weight * terms[i] * term);
            self.right[i] += weight * terms[i] * value;
        }
    }

    /// Gauss's elimination; `None` if the equations do not tell.
    fn solve(&self) -> Option<[f64; N]> {
        let (mut matrix, mut right) = (self.matrix, self.right);
        for column in 0..N {
            let pivot = (column..N).max_by(|&i, &j| matrix[i][column].abs().total_cmp(&matrix[j][column].abs()))?;
            matrix.swap(column, pivot);
            right.swap(column, pivot);
            if matrix[column][column].abs() < 1e-9 {
                return None;
            }
            for row in column + 1..N {
                let factor = matrix[row][column] / matrix[column][column];
                let above = matrix[column];
                matrix[row].iter_mut().zip(above).for_each(|(number, above)| *number -= factor * above);
                right[row] -= factor * right[column];
            }
        }
        let mut solved = [0.0; N];
        for row in (0..N).rev() {
            let known: f64 = (row + 1..N).map(|i| matrix[row][i] * solved[i]).sum();
            solved[row] = (right[row] - known) / matrix[row][row];
        }
        solved.iter().all(|x| x.is_finite()).then_some(solved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ties(map: &Map) -> Vec<Tie> {
        (0..25)
            .map(|i| {
                let from = [20.0 + 90.0 * f64::from(i % 5) + f64::from(i), 10.0 + 70.0 * f64::from(i / 5)];
                Tie { from, to: map.apply(from).unwrap(), weight: 1.0 + f64::from(i % 3) }
            })
            .collect()
    }

    #[test]
    fn exact_ties_give_their_map() {
        let rough = Map::similarity(1.0, 0.0, [0.0; 2]);
        for (model, map) in [
            (Model::Similarity, Map::similarity(0.7, -0.4, [30.0, 90.0])),
            (Model::Affine, Map([0.9, -0.3, 20.0, 0.25, 1.1, -5.0, 0.0, 0.0, 1.0])),
            (Model::Homography, Map([0.9, -0.3, 20.0, 0.25, 1.1, -5.0, 0.0004, -0.0002, 1.0])),
        ] {
            let fitted = fit(model, &ties(&map), &rough).unwrap();
            let off = fitted.0.iter().zip(map.0).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(off < 1e-6, "{model:?}: {fitted:?}");
        }
    }

    #[test]
    fn ties_that_do_not_tell_give_none() {
        let rough = Map::similarity(1.0, 0.0, [0.0; 2]);
        let line: Vec<Tie> =
            (0..9).map(|i| Tie { from: [f64::from(i); 2], to: [f64::from(i); 2], weight: 1.0 }).collect();
        assert!(fit(Model::Similarity, &line, &rough).is_some());
        assert_eq!(fit(Model::Affine, &line, &rough), None);
        assert_eq!(fit(Model::Homography, &line, &rough), None);
        assert_eq!(fit(Model::Similarity, &line[..1], &rough), None);
        assert_eq!(fit(Model::Similarity, &[], &rough), None);
    }
}
