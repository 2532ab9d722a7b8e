//! The second look: is the query a copy of this picture of the library, and how does one lie on the other?
//!
//! A try is one turn of the library's picture and one start. Most tries are over before anything is aligned: those
//! whose coarse planes have nothing in common, and those that agree as they lie.

use super::align::align;
use super::grids::{Affine, Picture, Template, UNMOVED, composed, warp};
use super::score::{Circumstances, Evidence, FEATURES, confidence, correlation, evidence};
use super::sides::{COARSE, Candidate, Frame, LOOK, Query, Seen, turned_back};
use crate::error::{Error, Result};
use crate::simd::{self, Level};

/// Bytes of a try: number of a look (u32), turn, start, two zeros.
pub const TRY: usize = 8;
/// Numbers of an answer: confidence, overlap, the map, gain, bias, agreement, 0.
pub const ANSWER: usize = 12;

/// Less correlation than this of the coarse planes as they lie: no alignment will help.
const HOPELESS: f32 = 0.3;
/// The same after coarse alignment.
const UNALIGNED: f32 = 0.65;
/// With so much correlation of the coarse planes as they lie, they may not need alignment; or alignment may lead
/// astray, as with strong changes of tone.
const LIKELY: f32 = 0.8;
/// As sure as this without alignment, none is needed.
const OBVIOUS: f32 = 0.99;
const COARSE_STEPS: usize = 6;
const FINE_STEPS: usize = 5;

/// What a try came to.
#[derive(Clone, Copy, Debug)]
pub struct Verdict {
    /// 0 to 1.
    pub confidence: f32,
    /// From the query to the library's picture as it is.
    pub map: Affine,
    /// How it was reached; `None` if the pictures have nothing in common.
    pub evidence: Option<Evidence>,
}

impl Verdict {
    /// As the border hands it over.
    pub fn numbers(&self) -> [f32; ANSWER] {
        let mut out = [0.0; ANSWER];
        out[0] = self.confidence;
        out[2..8].copy_from_slice(&self.map);
        if let Some(evidence) = &self.evidence {
            out[1] = evidence.overlap();
            out[8] = evidence.tone.gain;
            out[9] = evidence.tone.bias;
            out[10] = evidence.agreement();
        }
        out
    }

    /// The figures alone; zeros if the pictures have nothing in common.
    pub fn features(&self) -> [f32; FEATURES] {
        self.evidence.map_or([0.0; FEATURES], |evidence| evidence.features)
    }
}

/// The verdicts on some tries. Tries of one look do best to stand together: its planes are made once then.
///
/// # Errors
/// For looks of another length or version, and tries that name what is not there.
pub fn confirm(query: &[u8], looks: &[u8], tries: &[u8]) -> Result<Vec<Verdict>> {
    let [query] = split(query)? else {
        return Err(Error::Argument("expected one look as the query, got others".into()));
    };
    checked(query)?;
    let looks = split(looks)?;
    let (tries, rest) = tries.as_chunks::<TRY>();
    if !rest.is_empty() {
        return Err(Error::Argument(format!("expected {TRY} bytes a try, got {} beyond them", rest.len())));
    }
    let mut desk = Desk { level: Level::best(), query, turns: [const { None }; 8], last: None };
    tries
        .iter()
        .map(|&[a, b, c, d, turn, start, ..]| desk.tried(looks, u32::from_le_bytes([a, b, c, d]), turn, start))
        .collect()
}

/// Looks, as yet of any version.
fn split(looks: &[u8]) -> Result<&[[u8; LOOK]]> {
    let (looks, rest) = looks.as_chunks::<LOOK>();
    if rest.is_empty() {
        return Ok(looks);
    }
    Err(Error::Argument(format!("expected looks of {LOOK} bytes, got {} bytes beyond them", rest.len())))
}

fn checked(look: &[u8; LOOK]) -> Result<&[u8; LOOK]> {
    if look[0] == 1 {
        return Ok(look);
    }
    Err(Error::Argument(format!("expected looks of version 1, got version {}", look[0])))
}

/// What has been prepared so far.
struct Desk<'a> {
    level: Level,
    query: &'a [u8; LOOK],
    turns: [Option<Box<Query>>; 8],
    last: Option<(u32, Box<Candidate<'a>>)>,
}

impl<'a> Desk<'a> {
    fn tried(&mut self, looks: &'a [[u8; LOOK]], number: u32, turn: u8, start: u8) -> Result<Verdict> {
        if !(1..=8).contains(&turn) || start > 3 {
            let text = format!("expected a turn of 1 to 8 and a start of 0 to 3, got {turn} and {start}");
            return Err(Error::Argument(text));
        }
        let level = self.level;
        if self.last.as_ref().is_none_or(|(last, _)| *last != number) {
            let count = looks.len();
            let look = usize::try_from(number).ok().and_then(|at| looks.get(at));
            let look = look.ok_or_else(|| Error::Argument(format!("expected a number below {count}, got {number}")))?;
            let look = checked(look)?;
            let candidate = simd::run(
                level,
                #[inline(always)]
                || Candidate::new(look),
            );
            self.last = Some((number, Box::new(candidate)));
        }
        let slot = &mut self.turns[usize::from(turn) - 1];
        let whole = self.query;
        let query = slot.get_or_insert_with(|| {
            Box::new(simd::run(
                level,
                #[inline(always)]
                || Query::new(whole, turn),
            ))
        });
        let Some((_, candidate)) = &mut self.last else { unreachable!("a candidate was put there above") };
        let verdict = simd::run(
            level,
            #[inline(always)]
            || judge(query, candidate, start),
        );
        Ok(Verdict { map: composed(&verdict.map, &turned_back(turn)), ..verdict })
    }
}

/// Where the query's thumb lies on the library's, as a start has it.
#[inline(always)]
fn begin(query: &Frame, library: &Frame, start: u8) -> Affine {
    let of_query = |i: usize| if start == 0 || start == 3 { (query.half[i], query.middle[i]) } else { (1.0, 0.0) };
    let of_library =
        |i: usize| if start == 0 || start == 2 { (library.half[i], library.middle[i]) } else { (1.0, 0.0) };
    let [(scale_x, shift_x), (scale_y, shift_y)] = [0, 1].map(|i| {
        let ((scale, shift), (half, middle)) = (of_query(i), of_library(i));
        (scale / half, (shift - middle) / half)
    });
    [scale_x, 0.0, shift_x, 0.0, scale_y, shift_y]
}

#[inline(always)]
fn judge(query: &Query, candidate: &mut Candidate<'_>, start: u8) -> Verdict {
    let frame = candidate.frame;
    let from = begin(&query.frame, &frame, start);
    let nothing = Verdict { confidence: 0.0, map: from, evidence: None };
    let before = if from == UNMOVED {
        correlation(&query.coarse.value, &candidate.coarse, &[[1.0; COARSE]; COARSE])
    } else {
        agreement(&query.coarse, &candidate.seen().coarse, &from)
    };
    if before < HOPELESS {
        return nothing;
    }
    let library = candidate.seen();
    let mut unmoved = None;
    if before >= LIKELY {
        let verdict = looked(query, library, &frame, &from, from);
        if verdict.confidence >= OBVIOUS {
            return verdict;
        }
        unmoved = Some(verdict);
    }
    let coarse = align(&query.coarse, &library.coarse, &from, from, COARSE_STEPS);
    let after = agreement(&query.coarse, &library.coarse, &coarse);
    if after.max(before) < UNALIGNED {
        return unmoved.unwrap_or(nothing);
    }
    // Stickers and the like may have led astray: the finer plane has another chance.
    let coarse = if after < before { from } else { coarse };
    let fine = align(&query.fine, &library.fine, &from, coarse, FINE_STEPS);
    let aligned = looked(query, library, &frame, &from, fine);
    match unmoved {
        Some(unmoved) if unmoved.confidence > aligned.confidence => unmoved,
        _ => aligned,
    }
}

/// How the pictures agree under a map.
#[inline(always)]
fn looked(query: &Query, library: &Seen, frame: &Frame, begin: &Affine, map: Affine) -> Verdict {
    let others = Circumstances {
        colours: [&query.colours, &library.colours],
        sizes: [query.frame.size, frame.size],
        begin: *begin,
        quality: query.frame.quality.min(frame.quality),
    };
    let evidence = evidence(&query.fine, &library.fine, &map, &others);
    Verdict { confidence: confidence(&evidence), map, evidence: Some(evidence) }
}

/// Correlation of the coarse planes under a map.
#[inline(always)]
fn agreement(query: &Template<COARSE>, library: &Picture<COARSE>, map: &Affine) -> f32 {
    let warped = warp(library, map);
    correlation(&query.value, &warped.value, &warped.inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(seed: usize) -> Vec<u8> {
        let mut look = vec![1, 100, 0, 0, 0, 0, 255, 255, 255, 255, 90, 0, 0, 0, 60, 0, 0, 0];
        look.extend([128; 128]);
        let smooth = |x: usize, y: usize| {
            let (x, y, phase) = (x as f32 / 5.0, y as f32 / 4.0, seed as f32);
            128.0 + 60.0 * libm::sinf(x + phase) * libm::cosf(y * 1.3 + 2.0 * phase) + 50.0 * libm::sinf(x * y / 3.0)
        };
        look.extend((0..1024).map(|i| smooth(i % 32, i / 32) as u8));
        look
    }

    fn tries(tries: &[(u32, u8, u8)]) -> Vec<u8> {
        tries.iter().flat_map(|&(n, turn, start)| [&n.to_le_bytes()[..], &[turn, start, 0, 0]].concat()).collect()
    }

    #[test]
    fn turned_looks_are_found_by_their_turn() {
        let library = look(1);
        for turn in 1..=8 {
            let mut query = library[..146].to_vec();
            query.extend(crate::orient::turned(&library[146..], 32, turn));
            if turn > 4 {
                query.copy_within(14..18, 10);
                query[14..18].copy_from_slice(&90u32.to_le_bytes());
            }
            let all: Vec<_> = (1..=8).map(|turn| (0, turn, 0)).collect();
            let verdicts = confirm(&query, &library, &tries(&all)).unwrap();
            let sure: Vec<_> = (1..=8).filter(|&n| verdicts[n - 1].confidence > 0.9).collect();
            assert_eq!(sure, [usize::from(turn)]);
            assert_eq!(verdicts[usize::from(turn) - 1].map, turned_back(turn));
        }
    }

    #[test]
    fn other_pictures_are_hopeless() {
        let looks = [look(1), look(4)].concat();
        let [own, other] = confirm(&look(1), &looks, &tries(&[(0, 1, 0), (1, 1, 0)])).unwrap()[..] else { panic!() };
        assert!(own.confidence > 0.99 && other.confidence < 0.01);
        assert_eq!(other.numbers()[2..8], UNMOVED);
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        let one = look(1);
        for bad in [(1, 1, 0), (0, 0, 0), (0, 9, 0), (0, 1, 4)] {
            assert!(confirm(&one, &one, &tries(&[bad])).is_err(), "{bad:?}");
        }
        assert!(confirm(&one[1..], &one, &[]).is_err() && confirm(&[], &one, &[]).is_err());
        assert!(confirm(&one, &one[..7], &[]).is_err() && confirm(&one, &one, &[0; 9]).is_err());
        let mut newer = one.clone();
        newer[0] = 2;
        assert!(confirm(&newer, &one, &[]).is_err() && confirm(&one, &newer, &tries(&[(0, 1, 0)])).is_err());
    }

    #[test]
    fn starts_follow_the_boxes() {
        let frame = |middle: [f32; 2], half: [f32; 2]| Frame { middle, half, size: [1.0; 2], quality: 1.0 };
        let (boxed, whole) = (frame([0.5, 0.0], [0.5, 1.0]), frame([0.0; 2], [1.0; 2]));
        assert_eq!(begin(&boxed, &whole, 0), [0.5, 0.0, 0.5, 0.0, 1.0, 0.0]);
        assert_eq!(begin(&whole, &boxed, 0), [2.0, 0.0, -1.0, 0.0, 1.0, 0.0]);
        assert_eq!((begin(&boxed, &whole, 1), begin(&boxed, &whole, 2)), (UNMOVED, UNMOVED));
        assert_eq!(begin(&boxed, &boxed, 3), begin(&boxed, &whole, 0));
        assert_eq!(begin(&boxed, &boxed, 2), begin(&whole, &boxed, 0));
    }
}
