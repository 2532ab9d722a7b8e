//! Words: what codes that are alike have in common, so that they are looked up in lists.
//!
//! `words.bin` is made by `bench/train_vocabulary.py`, which describes it and says why. A code is mapped to a place, 40
//! whole numbers; its word is the nearest of the words of the nearest branches, and its signature tells on which side
//! of the word it lies in each number. Codes of one spot in two pictures often fall to either side of a border between
//! words: so a query asks the lists of several words.
//!
//! All numbers are whole and small enough to be exact as `f32`, whatever the order in which they are added.

use std::sync::LazyLock;

use crate::error::{Error, Result};
use crate::segment::header::Fields;
use crate::simd::{self, Level};

/// The words of this release.
pub static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| {
    let read = Vocabulary::read(include_bytes!("words.bin"));
    read.unwrap_or_else(|error| unreachable!("the program's own words are sound, as a test shows: {error}"))
});

/// Numbers of a place, and bits of a signature.
pub const DIMENSIONS: usize = 40;
const MAGIC: [u8; 8] = *b"LOOKWORD";
const VERSION: u32 = 1;
/// What the numbers of the map are divided by, as a power of 2.
const FRACTION: u32 = 10;
/// Places that are compared at a time.
const LANES: usize = 32;

/// A place of a code.
pub type Place = [f32; DIMENSIONS];

/// Words in branches.
#[derive(Debug)]
pub struct Vocabulary {
    /// For each half of each byte of a code and each of its values, what it adds to the place.
    sums: Vec<[i32; DIMENSIONS]>,
    offset: [i32; DIMENSIONS],
    branches: Places,
    starts: Vec<u32>,
    below: Vec<Places>,
    /// The words' places, one after the other.
    words: Vec<[i8; DIMENSIONS]>,
    evidence: [f32; DIMENSIONS + 1],
    checksum: u32,
}

/// Places to be compared with: blocks of some, number by number.
#[derive(Debug)]
struct Places {
    blocks: Vec<[[f32; LANES]; DIMENSIONS]>,
    /// Half of the square of each one's distance from zero.
    halves: Vec<[f32; LANES]>,
    count: usize,
}

impl Places {
    fn new(places: &[[i8; DIMENSIONS]]) -> Self {
        let number = |block: &[[i8; DIMENSIONS]], lane: usize, axis: usize| {
            block.get(lane).map_or(0.0, |place| f32::from(place[axis]))
        };
        let turned = |block: &[[i8; DIMENSIONS]]| -> [[f32; LANES]; DIMENSIONS] {
            std::array::from_fn(|axis| std::array::from_fn(|lane| number(block, lane, axis)))
        };
        let half = |block: &[[i8; DIMENSIONS]]| {
            let square = |lane| (0..DIMENSIONS).map(|axis| number(block, lane, axis)).map(|x| x * x).sum::<f32>();
            std::array::from_fn(|lane| square(lane) / 2.0)
        };
        Places {
            blocks: places.chunks(LANES).map(turned).collect(),
            halves: places.chunks(LANES).map(half).collect(),
            count: places.len(),
        }
    }

    /// How near each is: the product less half of its own square, which is greatest for the nearest.
    #[inline(always)]
    fn nearness(&self, place: &Place, into: &mut Vec<f32>) {
        into.clear();
        for (block, halves) in self.blocks.iter().zip(&self.halves) {
            let mut sums = halves.map(|half| -half);
            for (numbers, own) in block.iter().zip(place) {
                sums.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += own * number);
            }
            into.extend_from_slice(&sums);
        }
        into.truncate(self.count);
    }
}

impl Vocabulary {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`Error::Corrupt`] or [`Error::Unsupported`].
    pub fn read(bytes: &[u8]) -> Result<Vocabulary> {
        let mut fields = Fields(bytes);
        if fields.take::<8>()? != MAGIC || fields.number()? != VERSION {
            return Err(Error::Unsupported(format!("expected words of version {VERSION}, got another file")));
        }
        let [branches, words] = [fields.number()? as usize, fields.number()? as usize];
        let checksum = fields.number()?;
        let sizes = [2 * 256 * DIMENSIONS, 4 * DIMENSIONS, 4 * (branches + 1), DIMENSIONS * (branches + words)];
        let length = sizes.iter().sum::<usize>() + 2 * (DIMENSIONS + 1);
        let rest = fields.0;
        if rest.len() != length || crc32fast::hash(rest) != checksum {
            let text = format!("expected {length} bytes of words with checksum {checksum:08x}, got {}", rest.len());
            return Err(Error::Corrupt(text));
        }
        let (matrix, rest) = rest.split_at(sizes[0]);
        let (offset, rest) = rest.split_at(sizes[1]);
        let (starts, rest) = rest.split_at(sizes[2]);
        let (places, evidence) = rest.split_at(sizes[3]);
        let starts: Vec<u32> = starts.as_chunks().0.iter().map(|start| u32::from_le_bytes(*start)).collect();
        let ascending = starts.windows(2).all(|pair| pair[0] < pair[1]);
        if !ascending || starts[0] != 0 || starts[branches] as usize != words {
            return Err(Error::Corrupt("expected words in branches, got others".into()));
        }
        let places = places.as_chunks::<DIMENSIONS>().0.iter().map(|place| place.map(|number| number as i8));
        let (tops, words) =
            (places.clone().take(branches).collect::<Vec<_>>(), places.skip(branches).collect::<Vec<_>>());
        let weight = |pair: &[u8; 2]| f32::from(i16::from_le_bytes(*pair)) / 64.0;
        Ok(Vocabulary {
            sums: sums(matrix.as_chunks().0),
            offset: std::array::from_fn(|axis| i32::from_le_bytes(offset.as_chunks().0[axis])),
            branches: Places::new(&tops),
            below: starts.windows(2).map(|pair| Places::new(&words[pair[0] as usize..pair[1] as usize])).collect(),
            starts,
            words,
            evidence: std::array::from_fn(|i| weight(&evidence.as_chunks().0[i])),
            checksum,
        })
    }

    /// How many words.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// CRC-32 of its contents: indexes of other words are of no use.
    pub fn checksum(&self) -> u32 {
        self.checksum
    }

    /// The evidence that two codes are of one spot, if so many bits of their signatures differ: a natural logarithm.
    pub fn evidence(&self, differ: u32) -> f32 {
        self.evidence.get(differ as usize).copied().unwrap_or(f32::MIN)
    }

    /// The most bits that may differ for so much evidence.
    pub fn most(&self, least: f32) -> u32 {
        self.evidence.iter().rposition(|&evidence| evidence >= least).unwrap_or(0) as u32
    }

    /// Where a code lies.
    pub fn place(&self, code: &[u8; 32]) -> Place {
        let mut place = self.offset;
        for (half, values) in self.sums.chunks_exact(16).enumerate() {
            let value = code[half / 2] >> if half % 2 == 0 { 4 } else { 0 } & 15;
            place.iter_mut().zip(&values[usize::from(value)]).for_each(|(sum, more)| *sum += more);
        }
        place.map(|sum| ((sum + (1 << (FRACTION - 1))) >> FRACTION).clamp(-127, 127) as f32)
    }

    /// On which side of a word a place lies: the first number lowest.
    pub fn signature(&self, place: &Place, word: u32) -> u64 {
        let Some(word) = self.words.get(word as usize) else { return 0 };
        let sides = place.iter().zip(word).map(|(own, middle)| *own > f32::from(*middle));
        sides.rev().fold(0, |signature, side| signature << 1 | u64::from(side))
    }
}

/// What each half byte adds: from what each bit adds, the first bit highest.
fn sums(matrix: &[[u8; 2]]) -> Vec<[i32; DIMENSIONS]> {
    let bit = |bit: usize, axis: usize| i32::from(i16::from_le_bytes(matrix[bit * DIMENSIONS + axis]));
    let value = |half: usize, value: usize| -> [i32; DIMENSIONS] {
        let set = move |i: &usize| value >> (3 - i) & 1 == 1;
        std::array::from_fn(|axis| (0..4).filter(set).map(|i| bit(4 * half + i, axis)).sum())
    };
    (0..64).flat_map(|half| (0..16).map(move |number| value(half, number))).collect()
}

/// Looks up words, with memory of its own.
#[derive(Debug)]
pub struct Reader<'a> {
    vocabulary: &'a Vocabulary,
    level: Level,
    nearness: Vec<f32>,
    branches: Vec<(f32, u32)>,
    words: Vec<(f32, u32)>,
}

impl<'a> Reader<'a> {
    /// A reader at a vector level.
    pub fn new(vocabulary: &'a Vocabulary, level: Level) -> Self {
        Reader { vocabulary, level, nearness: Vec::new(), branches: Vec::new(), words: Vec::new() }
    }

    /// The words nearest to a place among those of its `beam` nearest branches, at most `count`, with their nearness,
    /// the nearest first.
    pub fn words(&mut self, place: &Place, beam: usize, count: usize) -> &[(f32, u32)] {
        let Reader { vocabulary, level, nearness, branches, words } = self;
        branches.clear();
        words.clear();
        simd::run(
            *level,
            #[inline(always)]
            || vocabulary.branches.nearness(place, nearness),
        );
        gather(branches, nearness, 0, beam);
        for &(_, branch) in &*branches {
            simd::run(
                *level,
                #[inline(always)]
                || vocabulary.below[branch as usize].nearness(place, nearness),
            );
            gather(words, nearness, vocabulary.starts[branch as usize], count);
        }
        words
    }
}

/// Puts what is near among the `count` nearest so far; of those equally near the first found.
fn gather(best: &mut Vec<(f32, u32)>, nearness: &[f32], first: u32, count: usize) {
    let mut least = if best.len() < count { f32::MIN } else { best[count - 1].0 };
    for (&near, number) in nearness.iter().zip(first..) {
        if near <= least {
            continue;
        }
        let place = best.partition_point(|&(other, _)| other >= near);
        best.insert(place, (near, number));
        best.truncate(count);
        least = if best.len() < count { f32::MIN } else { best[count - 1].0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_words_are_sound() {
        let words = &*VOCABULARY;
        assert!(words.len() > 10_000 && (8..20).contains(&words.most(0.0)), "{} {}", words.len(), words.most(0.0));
        assert!(words.evidence(0) > 1.0 && words.evidence(40) < 0.0);
    }

    /// The same, bit by bit.
    fn slow_place(code: &[u8; 32]) -> Place {
        let file = &include_bytes!("words.bin")[24..];
        let matrix = |bit: usize, axis: usize| {
            let at = 2 * (bit * DIMENSIONS + axis);
            i64::from(i16::from_le_bytes([file[at], file[at + 1]]))
        };
        let offset = |axis: usize| {
            let at = 2 * 256 * DIMENSIONS + 4 * axis;
            i64::from(i32::from_le_bytes(*file[at..].first_chunk().unwrap()))
        };
        let set = |bit: &usize| code[bit / 8] & (0x80 >> (bit % 8)) != 0;
        std::array::from_fn(|axis| {
            let sum = offset(axis) + (0..256).filter(set).map(|bit| matrix(bit, axis)).sum::<i64>();
            (sum as f64 / 1024.0 + 0.5).floor().clamp(-127.0, 127.0) as f32
        })
    }

    #[test]
    fn nearest_words_are_those_of_the_slow_way() {
        let all = &*VOCABULARY;
        let apart = |place: &Place, word: u32| -> f32 {
            place.iter().zip(&all.words[word as usize]).map(|(a, b)| (a - f32::from(*b)).powi(2)).sum()
        };
        for seed in 0..20u8 {
            let code: [u8; 32] = std::array::from_fn(|i| (i as u8).wrapping_mul(seed.wrapping_mul(37)) ^ seed << 3);
            let place = all.place(&code);
            assert_eq!(place, slow_place(&code));
            let mut every: Vec<u32> = (0..all.len() as u32).collect();
            every.sort_by(|&a, &b| apart(&place, a).total_cmp(&apart(&place, b)));
            let wanted: Vec<f32> = every[..5].iter().map(|&word| apart(&place, word)).collect();
            for level in Level::available() {
                let mut reader = Reader::new(all, level);
                let found: Vec<f32> =
                    reader.words(&place, all.below.len(), 5).iter().map(|&(_, word)| apart(&place, word)).collect();
                assert_eq!(found, wanted);
                assert_eq!(reader.words(&place, 2, 3).len(), 3);
            }
        }
    }

    #[test]
    fn damaged_words_are_refused() {
        let mut file = include_bytes!("words.bin").to_vec();
        assert!(Vocabulary::read(&file[..100]).is_err() && Vocabulary::read(&[]).is_err());
        file[5000] ^= 1;
        assert!(matches!(Vocabulary::read(&file), Err(Error::Corrupt(_))));
    }

    #[test]
    fn signatures_are_sides() {
        let words = &*VOCABULARY;
        let mut place = words.words[7].map(f32::from);
        assert_eq!(words.signature(&place, 7), 0);
        place[3] += 1.0;
        assert_eq!(words.signature(&place, 7), 1 << 3);
        assert_eq!(words.signature(&place, u32::MAX), 0);
    }
}
