//! Joins against comparing all with all, one by one.

use std::sync::atomic::AtomicBool;

use super::items::lowest_bits;
use super::{Options, Pair, Plan, cross_join, self_join};
use crate::error::Error;
use crate::hamming::Codes;

static NEVER: AtomicBool = AtomicBool::new(false);
static AT_ONCE: AtomicBool = AtomicBool::new(true);

fn options(radius: u32, plan: Plan, threads: usize) -> Options<'static> {
    Options { radius, limit: 1 << 30, threads, plan, cancel: &NEVER }
}

/// Codes of so many bytes that agree in most bits, from a linear congruence.
fn skewed(count: usize, bytes: usize) -> Vec<u8> {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    (0..count * bytes).map(|_| next() & next() & next()).collect()
}

fn apart(one: &[u64], other: &[u64]) -> u32 {
    one.iter().zip(other).map(|(one, other)| (one ^ other).count_ones()).sum()
}

#[test]
fn each_plan_finds_each_pair_once() {
    for bits in [8, 24, 64, 72, 136, 264, 520] {
        let codes = Codes::from_packed(&skewed(700, bits as usize / 8), bits).unwrap();
        let found = self_join(&codes, &options(5, Plan::Auto, 1)).unwrap();
        let first = |number| codes.code(found.distinct.members_of(number)[0] as usize);
        let count = found.distinct.len() as u32;
        let mut expected = Vec::new();
        for left in 0..count {
            for right in left + 1..count {
                let distance = apart(first(left), first(right)) as u16;
                if distance <= 5 {
                    expected.push(Pair { left, right, distance });
                }
            }
        }
        assert_eq!(found.pairs, expected);
        for (plan, threads) in [(Plan::Blocks, 1), (Plan::Blocks, 3), (Plan::Sweep, 2)] {
            assert_eq!(self_join(&codes, &options(5, plan, threads)).unwrap().pairs, expected);
        }
    }
}

/// Uniform codes, every third of them one of 97 but for some bits.
fn clustered(count: usize, bytes: usize, flips: usize) -> Vec<u8> {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    let mut codes: Vec<u8> = (0..count * bytes).map(|_| next() as u8).collect();
    for number in (97..count).step_by(3) {
        codes.copy_within(number % 97 * bytes..(number % 97 + 1) * bytes, number * bytes);
        (0..next() % (flips + 1)).for_each(|_| codes[number * bytes + next() % bytes] ^= 1 << (next() % 8));
    }
    codes
}

#[test]
fn marks_find_each_pair_once() {
    for (bits, radius, flips) in [(64, 1, 2), (64, 2, 9), (64, 4, 4), (64, 4, 12), (64, 8, 9), (40, 3, 5), (136, 6, 9)]
    {
        let codes = Codes::from_packed(&clustered(3000, bits as usize / 8, flips), bits).unwrap();
        let swept = self_join(&codes, &options(radius, Plan::Sweep, 1)).unwrap().pairs;
        assert!(swept.len() > 100, "{bits} bits, radius {radius}: only {} pairs", swept.len());
        for threads in [1, 2] {
            assert_eq!(self_join(&codes, &options(radius, Plan::Blocks, threads)).unwrap().pairs, swept);
        }
    }
}

#[test]
fn two_sets_are_joined_by_position() {
    let (left, right) = (skewed(300, 2), skewed(500, 2));
    let (left, right) = (Codes::from_packed(&left, 16).unwrap(), Codes::from_packed(&right, 16).unwrap());
    let mut expected = Vec::new();
    for one in 0..left.len() {
        for other in 0..right.len() {
            let distance = apart(left.code(one), right.code(other)) as u16;
            if distance <= 2 {
                expected.push(Pair { left: one as u32, right: other as u32, distance });
            }
        }
    }
    for plan in [Plan::Auto, Plan::Blocks, Plan::Sweep] {
        assert_eq!(cross_join(&left, &right, &options(2, plan, 2)).unwrap(), expected);
    }
}

#[test]
fn it_stops_when_told() {
    let codes = Codes::from_packed(&skewed(10, 8), 64).unwrap();
    let stopped = Options { cancel: &AT_ONCE, ..options(4, Plan::Auto, 1) };
    assert_eq!(self_join(&codes, &stopped).unwrap_err(), Error::Cancelled);
}

#[test]
fn too_many_pairs_are_an_error() {
    let codes = Codes::from_packed(&(0..=255).collect::<Vec<u8>>(), 8).unwrap();
    let few = Options { limit: 100, ..options(8, Plan::Auto, 2) };
    assert!(matches!(self_join(&codes, &few), Err(Error::Limit(_))));
}

#[test]
fn bits_go_on_in_the_next_word() {
    assert_eq!(lowest_bits::<2>(70), [u64::MAX, 63]);
}
