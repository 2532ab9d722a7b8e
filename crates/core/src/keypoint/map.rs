//! Maps of a plane onto another, as matrices of three by three.

/// Row by row; `[x, y, 1]` goes to `[x', y', w]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Map(pub [f64; 9]);

impl Map {
    /// `x' = a x - b y + x0`, `y' = b x + a y + y0`.
    pub fn similarity(a: f64, b: f64, [x0, y0]: [f64; 2]) -> Map {
        Map([a, -b, x0, b, a, y0, 0.0, 0.0, 1.0])
    }

    /// Scales the axes.
    pub fn scaling([x, y]: [f64; 2]) -> Map {
        Map([x, 0.0, 0.0, 0.0, y, 0.0, 0.0, 0.0, 1.0])
    }

    /// The similarity that takes two points to two points; `None` for a point twice.
    pub fn of_two(from: [[f64; 2]; 2], to: [[f64; 2]; 2]) -> Option<Map> {
        let [x, y] = [from[1][0] - from[0][0], from[1][1] - from[0][1]];
        let [u, v] = [to[1][0] - to[0][0], to[1][1] - to[0][1]];
        let square = x * x + y * y;
        let (a, b) = ((x * u + y * v) / square, (x * v - y * u) / square);
        let at = [to[0][0] - a * from[0][0] + b * from[0][1], to[0][1] - b * from[0][0] - a * from[0][1]];
        (square > 0.0).then(|| Map::similarity(a, b, at))
    }

    /// Where a point goes; `None` at the horizon or behind it.
    #[inline]
    pub fn apply(&self, [x, y]: [f64; 2]) -> Option<[f64; 2]> {
        let [a, b, c, d, e, f, g, h, i] = self.0;
        let w = g * x + h * y + i;
        (w > 1e-9).then(|| [(a * x + b * y + c) / w, (d * x + e * y + f) / w])
    }

    /// The derivative at a point: `[dx'/dx, dx'/dy, dy'/dx, dy'/dy]`.
    pub fn slope(&self, at: [f64; 2]) -> Option<[f64; 4]> {
        let [a, b, _, d, e, _, g, h, i] = self.0;
        let [u, v] = self.apply(at)?;
        let w = g * at[0] + h * at[1] + i;
        Some([(a - u * g) / w, (b - u * h) / w, (d - v * g) / w, (e - v * h) / w])
    }

    /// First `self`, then `next`.
    pub fn then(&self, next: &Map) -> Map {
        let (a, b) = (next.0, self.0);
        Map(std::array::from_fn(|i| (0..3).map(|k| a[i / 3 * 3 + k] * b[k * 3 + i % 3]).sum()))
    }

    /// The way back; `None` if there is none.
    pub fn inverse(&self) -> Option<Map> {
        let [a, b, c, d, e, f, g, h, i] = self.0;
        let minors = [
            e * i - f * h,
            c * h - b * i,
            b * f - c * e,
            f * g - d * i,
            a * i - c * g,
            c * d - a * f,
            d * h - e * g,
            b * g - a * h,
            a * e - b * d,
        ];
        let determinant = a * minors[0] + b * minors[3] + c * minors[6];
        let back = Map(minors.map(|minor| minor / determinant));
        // So that what lies before the horizon has a positive w there too.
        let back = if back.0[8] < 0.0 { Map(back.0.map(|x| -x)) } else { back };
        back.0.iter().all(|x| x.is_finite()).then_some(back)
    }

    /// The same map with 1 as its last number, if it can be.
    pub fn normed(&self) -> Option<Map> {
        let last = self.0[8];
        let map = Map(self.0.map(|x| x / last));
        (last > 0.0 && map.0.iter().all(|x| x.is_finite())).then_some(map)
    }
}

/// The larger and the smaller singular value of a slope, and its determinant.
pub fn stretch([a, b, c, d]: [f64; 4]) -> (f64, f64, f64) {
    let determinant = a * d - b * c;
    let sum = a * a + b * b + c * c + d * d;
    let root = (sum * sum - 4.0 * determinant * determinant).max(0.0).sqrt();
    (((sum + root) / 2.0).sqrt(), ((sum - root) / 2.0).max(0.0).sqrt(), determinant)
}

/// The corners of a frame, clockwise as shown.
pub fn corners([width, height]: [f64; 2]) -> [[f64; 2]; 4] {
    [[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: [f64; 2], b: [f64; 2]) -> bool {
        (a[0] - b[0]).abs() < 1e-9 && (a[1] - b[1]).abs() < 1e-9
    }

    #[test]
    fn there_and_back() {
        let map = Map([0.9, -0.3, 20.0, 0.25, 1.1, -5.0, 0.0004, -0.0002, 1.0]);
        let back = map.inverse().unwrap();
        for point in corners([512.0, 384.0]) {
            assert!(near(back.apply(map.apply(point).unwrap()).unwrap(), point));
            assert!(near(map.then(&back).apply(point).unwrap(), point));
        }
        assert_eq!(Map([0.0; 9]).inverse(), None);
    }

    #[test]
    fn two_points_make_a_similarity() {
        let (from, to) = ([[1.0, 2.0], [5.0, -1.0]], [[10.0, 10.0], [16.0, 18.0]]);
        let map = Map::of_two(from, to).unwrap();
        assert!(near(map.apply(from[0]).unwrap(), to[0]) && near(map.apply(from[1]).unwrap(), to[1]));
        let (large, small, determinant) = stretch(map.slope(from[0]).unwrap());
        assert!((large - 2.0).abs() < 1e-9 && (small - 2.0).abs() < 1e-9 && (determinant - 4.0).abs() < 1e-9);
        assert_eq!(Map::of_two([[1.0, 2.0]; 2], to), None);
    }

    #[test]
    fn slope_is_the_difference_of_near_points() {
        let map = Map([0.9, -0.3, 20.0, 0.25, 1.1, -5.0, 0.0004, -0.0002, 1.0]);
        let (at, step) = ([100.0, 50.0], 1e-6);
        let slope = map.slope(at).unwrap();
        let [here, right] = [at, [at[0] + step, at[1]]].map(|point| map.apply(point).unwrap());
        assert!((slope[0] - (right[0] - here[0]) / step).abs() < 1e-6);
        assert!((slope[2] - (right[1] - here[1]) / step).abs() < 1e-6);
    }
}
