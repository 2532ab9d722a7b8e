//! Which keypoints of two pictures look the same, by their codes alone.
//!
//! Each keypoint and its nearest in the other picture make a pair, from both sides. How good a pair is follows from
//! how many bits differ and from how much nearer it is than the second nearest (Lowe, 2004), that is, the nearest of
//! those that are not in the same place: a corner is found at several sizes.

use super::blob::{Blob, Place};
use super::pair::Tuning;
use crate::hamming::Level;
use crate::hamming::distance::{Columns, table};

/// Keypoints within so many units are in the same place.
const SAME_PLACE: f64 = 12.0;
/// The logarithm of how much likelier a pair is in pictures that show the same thing than in others: a logistic
/// regression over pairs of edited photographs with their originals, and with others. A constant, a bit that differs,
/// distance over that of the query's second nearest, and of the other's.
const QUALITY: [f64; 4] = [12.5, -0.063, -6.05, -4.27];

/// Two keypoints that may be the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tentative {
    /// Number of the query's.
    pub query: u16,
    /// Number of the other's.
    pub other: u16,
    /// Bits that differ.
    pub distance: u16,
    /// How much more it is than chance, a natural logarithm.
    pub quality: f64,
    /// The query's place.
    pub from: Place,
    /// The other's.
    pub to: Place,
}

impl Tentative {
    /// 32 times the logarithm to base 2 of how much larger the other is.
    pub fn growth(&self) -> f64 {
        self.to.size - self.from.size
    }

    /// By how much the other is turned, in 256ths.
    pub fn turn(&self) -> u8 {
        self.to.angle.wrapping_sub(self.from.angle)
    }
}

/// A query that is compared with many pictures.
#[derive(Debug)]
pub struct Query<'a> {
    pub blob: Blob<'a>,
    pub places: Vec<Place>,
    columns: Columns,
    level: Level,
    rows: Vec<u16>,
    turned: Vec<u16>,
}

impl<'a> Query<'a> {
    /// A query's keypoints.
    pub fn new(blob: Blob<'a>, level: Level) -> Self {
        let columns = Columns::new(blob.codes());
        Query { blob, places: blob.places(), columns, level, rows: Vec::new(), turned: Vec::new() }
    }

    /// Pairs of keypoints, the best first and at most `tuning.most` of them.
    pub fn tentative(&mut self, other: &Blob<'_>, places: &[Place], tuning: &Tuning) -> Vec<Tentative> {
        if self.places.is_empty() || places.is_empty() {
            return Vec::new();
        }
        table(self.level, self.blob.codes(), &Columns::new(other.codes()), &mut self.rows);
        table(self.level, other.codes(), &self.columns, &mut self.turned);
        let [own, others] = [self.places.len(), places.len()];
        let nearest = |row: &[u16]| {
            let least = row.iter().copied().min().filter(|&least| least <= tuning.limit)?;
            row.iter().position(|&distance| distance == least)
        };
        let forth = self.rows.chunks_exact(others).map(nearest).enumerate();
        let forth = forth.filter_map(|(query, other)| Some((query, other?)));
        let back = self.turned.chunks_exact(own).map(nearest).enumerate();
        let back = back.filter_map(|(other, query)| Some((query?, other)));
        let mut found: Vec<(usize, usize)> = forth.chain(back).collect();
        found.sort_unstable();
        found.dedup();
        let pairs = found.into_iter().map(|(query, other)| self.pair(query, other, places));
        let mut pairs: Vec<Tentative> = pairs.filter(|pair| pair.quality >= tuning.quality).collect();
        pairs.sort_by(|a, b| b.quality.total_cmp(&a.quality));
        pairs.truncate(tuning.most);
        pairs
    }

    fn pair(&self, query: usize, other: usize, places: &[Place]) -> Tentative {
        let [row, column] = [(&self.rows, query, places.len()), (&self.turned, other, self.places.len())]
            .map(|(table, index, width)| &table[index * width..][..width]);
        let distance = row[other];
        let ratios = [(row, places, other), (column, &self.places[..], query)]
            .map(|(row, places, index)| f64::from(distance.max(1)) / f64::from(elsewhere(row, places, index).max(1)));
        let [constant, bit, forth, back] = QUALITY;
        let quality = constant + bit * f64::from(distance) + forth * ratios[0] + back * ratios[1];
        let (from, to) = (self.places[query], places[other]);
        Tentative { query: query as u16, other: other as u16, distance, quality, from, to }
    }
}

/// The least distance of those that are not in the same place as one of them.
fn elsewhere(distances: &[u16], places: &[Place], index: usize) -> u16 {
    let at = places[index].at;
    distances.iter().zip(places).fold(256, |least, (&distance, place)| {
        let counts = distance < least && apart(place.at, at) > SAME_PLACE * SAME_PLACE;
        if counts { distance } else { least }
    })
}

/// The square of a distance.
pub fn apart(a: [f64; 2], b: [f64; 2]) -> f64 {
    let [x, y] = [a[0] - b[0], a[1] - b[1]];
    x * x + y * y
}
