//! What a search is estimated to take, in the time of comparing one word in a scan (about a third of a nanosecond).
//!
//! The figures were measured at 10 million codes; only their proportions matter, and only for speed.

/// Looking up a bucket: its offsets and its first line of memory are somewhere else, but announced ahead.
pub const PROBE: u64 = 90;
/// Comparing one code of a bucket where the codes themselves lie in it, for each word.
pub const SWEPT: u64 = 3;
/// Comparing one code that lies somewhere else.
pub const PICKED: u64 = 25;
/// Finding out the number of a code that is near, and whether an earlier step has met it.
pub const HIT: u64 = 100;
/// So many queries and more share what a scan reads, which divides its cost by [`SHARED`].
pub const SHARED_FROM: usize = 4;
/// See [`SHARED_FROM`].
pub const SHARED: u64 = 2;
/// A radius that an index is laid out for, as a share of the bits: 8 of 64.
const USUAL_SHARE: u32 = 8;
/// The most bits of a part: 16 million buckets.
const MOST_LEN: u32 = 24;
/// The fewest bits, but for codes that have fewer: small indexes do not need many tables.
const FEWEST_LEN: u32 = 8;

/// `n` over `k`, or the largest number if it is larger.
pub fn choose(n: u32, k: u32) -> u64 {
    if k > n {
        return 0;
    }
    let k = k.min(n - k);
    let mut value: u128 = 1;
    for i in 0..u128::from(k) {
        value = value * (u128::from(n) - i) / (i + 1);
        if value > u128::from(u64::MAX) {
            return u64::MAX;
        }
    }
    value as u64
}

/// Lengths of the parts of a code, as even as they can be.
pub fn split(bits: u32, tables: u32) -> Vec<u32> {
    (0..tables).map(|t| bits / tables + u32::from(t < bits % tables)).collect()
}

/// How many tables are best for so many distinct codes: the number with which a search by the usual radius is
/// estimated cheapest, if the codes were random.
pub fn tables(bits: u32, distinct: usize) -> u32 {
    // More than four buckets for each code would be memory for nothing.
    let len = (distinct.max(2).ilog2() + 2).clamp(FEWEST_LEN, MOST_LEN);
    let fewest = bits.div_ceil(len);
    let most = bits.div_ceil(FEWEST_LEN).max(fewest);
    let radius = (bits / USUAL_SHARE).max(1);
    (fewest..=most).min_by_key(|&m| search(bits, distinct, &split(bits, m), radius)).unwrap_or(fewest)
}

/// The estimated cost of a search among random codes, whatever the parts are.
pub fn search(bits: u32, distinct: usize, lens: &[u32], radius: u32) -> u64 {
    let each = entry(bits);
    let mut shells = vec![0; lens.len()];
    let mut total = 0u64;
    for _ in 0..=radius {
        let cost = |t: usize| shell(lens[t], shells[t], (distinct as u64) >> lens[t], each);
        let Some(t) = (0..lens.len()).filter(|&t| shells[t] <= lens[t]).min_by_key(|&t| cost(t)) else { break };
        total = total.saturating_add(cost(t));
        shells[t] += 1;
    }
    total
}

/// The cost of comparing one entry of a bucket.
pub fn entry(bits: u32) -> u64 {
    if bits <= 64 { SWEPT } else { PICKED }
}

/// The cost of all buckets whose part differs in `shell` of `len` bits, with so many codes each on average.
pub fn shell(len: u32, shell: u32, codes: u64, each: u64) -> u64 {
    choose(len, shell).saturating_mul(PROBE.saturating_add(codes.saturating_mul(each)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binomials_are_right_and_do_not_overflow() {
        assert_eq!([choose(22, 2), choose(5, 0), choose(5, 5), choose(3, 4)], [231, 1, 1, 0]);
        assert_eq!(choose(64, 32), 1_832_624_140_942_590_534);
        assert_eq!(choose(1024, 512), u64::MAX);
    }

    #[test]
    fn parts_make_the_whole_code() {
        for bits in 1..=1024 {
            for distinct in [0, 1, 1000, 1 << 20, 1 << 30] {
                let lens = split(bits, tables(bits, distinct));
                assert_eq!(lens.iter().sum::<u32>(), bits);
                assert!(
                    lens.iter().all(|&len| (1..=MOST_LEN).contains(&len)),
                    "{bits} bits, {distinct} codes: {lens:?}"
                );
            }
        }
    }

    #[test]
    fn ten_million_codes_have_three_tables() {
        assert_eq!(split(64, tables(64, 10_000_000)), [22, 21, 21]);
        assert_eq!(split(64, tables(64, 100_000_000)), [22, 21, 21]);
    }
}
