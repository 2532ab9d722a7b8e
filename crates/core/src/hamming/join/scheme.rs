//! How a part of the codes is to be split, decided on a sample of it.
//!
//! Manku, Jain and Das Sarma (2007): if two codes differ in at most r bits, and bits are dealt into r + 1 blocks, then
//! they agree in one of the blocks. So codes are dealt out by each block in turn, and only what agrees is compared. We
//! apply it again to what is left, on the bits in which it may still differ: that is their choice of several blocks,
//! but for each part as it needs it. A part is swept as soon as that is cheaper.
//!
//! A pair that agrees in several blocks is found in the first of them: further on, it has to differ in each earlier
//! one. So it differs there in one bit at least, and the later blocks share what remains of the radius.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::engine::Engine;
use super::items::{Code, Items, bits_of, difference, meet, set_bit};
use super::sweep::Wanted;

/// Nanoseconds to compare a word of two codes, and to move a code, with one more for each word.
const COMPARE: f64 = 0.15;
const MOVE: f64 = 7.0;
/// Nanoseconds to find a pair that is near, in each block in which it agrees.
const FOUND: f64 = 25.0;
/// Splitting that leaves more than this share of the pairs to be compared would not end.
const WORTH: f64 = 0.7;
/// The power of two of the least parts that are split as others of their size.
const LEAST: u32 = 8;
/// Codes of a part that are looked at before it is split as others were.
const TRIED: usize = 12;
/// Classes of bits, the last of which are those that all codes of a sample have in common.
const CLASSES: usize = 5;
const DEAD: usize = CLASSES - 1;
/// A sample of so many codes tells bits apart that are nearly even.
const SURE: usize = 1024;

/// What is known of all pairs to be found in a part.
#[derive(Debug)]
pub struct State<const W: usize> {
    /// The block in which they agree, to be split by.
    pub bits: Vec<u16>,
    /// Bits in which they may differ.
    open: Code<W>,
    /// Some of these, in which they differ by `budget` bits at most.
    free: Code<W>,
    budget: u32,
    /// Blocks without common bits, and outside `free`, in each of which they differ.
    skipped: Vec<Code<W>>,
    /// All blocks in which they differ: what agrees in one was found there.
    apart: Vec<Code<W>>,
    /// How parts were split where all bits of the block agree, by their size: others of the size are split alike.
    shared: Shared<W>,
}

/// For sizes from 2^[`LEAST`], doubling: the states to split into, and the share of pairs that is then compared.
type Shared<const W: usize> = [OnceLock<(Arc<[State<W>]>, f64)>; 6];

impl<const W: usize> State<W> {
    /// Nothing is known but the radius.
    pub fn new(open: Code<W>, radius: u32) -> Self {
        let (skipped, apart) = (Vec::new(), Vec::new());
        State { bits: Vec::new(), open, free: open, budget: radius, skipped, apart, shared: Shared::default() }
    }

    /// The pairs that are to be found in this state, and so in no other.
    ///
    /// Parts are swept before they are split by all bits of a block: so this asks for all that is known.
    pub fn wanted(&self, radius: u32) -> Wanted<'_, W> {
        Wanted { radius, same: self.open.map(|word| !word), apart: &self.apart }
    }

    /// As [`State::split`], but a small part is split as the first of its size was, if that suits it about as well.
    pub fn split_alike(&self, engine: &Engine, items: &Items<W>, part: &Range<usize>) -> Option<Arc<[State<W>]>> {
        let size = part.len().ilog2().checked_sub(LEAST);
        let Some(shared) = size.and_then(|size| self.shared.get(size as usize)) else {
            return Some(self.split(engine, items, part)?.0.into());
        };
        if let Some((states, share)) = shared.get()
            && suits(engine, items, part, states, *share)
        {
            return Some(Arc::clone(states));
        }
        let (states, share) = self.split(engine, items, part)?;
        let states: Arc<[State<W>]> = states.into();
        // If another thread was first, its states stay.
        let _ = shared.set((Arc::clone(&states), share));
        Some(states)
    }

    /// The cheapest way to split a part, as one state for each block, with the share of pairs that is then compared;
    /// none if it is to be swept.
    pub fn split(&self, engine: &Engine, items: &Items<W>, part: &Range<usize>) -> Option<(Vec<State<W>>, f64)> {
        let sample = Sample::new(engine, items, part);
        let count = part.len() as f64;
        let pairs = if engine.cross { count * count / 4.0 } else { count * count / 2.0 };
        let near = FOUND * sample.near(engine.radius);
        let sweep = pairs * (COMPARE * W as f64 + near);
        let costs = self.bases(engine.radius).into_iter().filter_map(|base| {
            let blocks = sample.blocks(&base.bits, base.budget as usize + 1)?;
            let share = sample.agreeing(&blocks);
            let moves = blocks.len() as f64 * count * (MOVE + W as f64);
            let again = near * sample.finding(&blocks, engine.radius);
            let compare = pairs * (share * COMPARE * W as f64 + again);
            (share <= WORTH).then_some((moves + compare, share, base, blocks))
        });
        let (cost, share, base, blocks) = costs.min_by(|one, other| one.0.total_cmp(&other.0))?;
        (engine.forced || cost < sweep).then(|| (self.children(&base, &blocks), share))
    }

    /// The choices of bits that are worth trying: what is free; that and the largest of the skipped blocks; all.
    fn bases(&self, radius: u32) -> Vec<Base<W>> {
        let mut found = vec![Base { bits: self.free, budget: self.budget, skipped: self.skipped.clone() }];
        let sizes = self.skipped.iter().map(size);
        if let Some((largest, _)) = sizes.enumerate().max_by_key(|(_, size)| *size) {
            let mut skipped = self.skipped.clone();
            let added = skipped.swap_remove(largest);
            let bits = std::array::from_fn(|word| self.free[word] | added[word]);
            found.push(Base { bits, budget: self.budget + 1, skipped });
            found.push(Base { bits: self.open, budget: radius, skipped: Vec::new() });
        }
        found
    }

    fn children(&self, base: &Base<W>, blocks: &[Block<W>]) -> Vec<State<W>> {
        let mut free = std::array::from_fn(|word| blocks.iter().fold(0, |all, block| all | block.mask[word]));
        let (mut budget, mut skipped, mut apart) = (base.budget, base.skipped.clone(), self.apart.clone());
        let mut children = Vec::with_capacity(blocks.len());
        for block in blocks {
            free = difference(&free, &block.mask);
            children.push(State {
                bits: block.bits.clone(),
                open: difference(&self.open, &block.mask),
                free,
                budget,
                skipped: skipped.clone(),
                apart: apart.clone(),
                shared: Shared::default(),
            });
            skipped.push(block.mask);
            apart.push(block.mask);
            budget = budget.saturating_sub(1);
        }
        children
    }

    /// A window of 32 bits of a word, and blocks in it, each of at least so many bits, in one of which the pairs agree.
    ///
    /// The window has as many bits as can be in which pairs may differ. There are no blocks if none are large enough.
    pub fn window(&self, least: u32) -> Window<W> {
        let free = Base { bits: self.free, budget: self.budget, skipped: self.skipped.clone() };
        let others = (0..self.skipped.len()).map(|number| {
            let mut skipped = self.skipped.clone();
            let bits = skipped.swap_remove(number);
            Base { bits, budget: self.budget + 1, skipped }
        });
        let bases: Vec<_> = std::iter::once(free).chain(others).collect();
        let windows = bases.iter().flat_map(|base| (0..64 * W).map(move |bit| (base, bit / 64, bit as u32 % 64)));
        let value = |base: &Base<W>, word: usize, turn: u32| {
            let length = run_at(&base.bits, word, turn);
            let enough = length >= least * (base.budget + 1);
            let open = (self.open[word].rotate_right(turn) as u32).count_ones();
            // A window with blocks in it may have a few bits less.
            open + if enough { 16 + (length / (base.budget + 1)).min(8) } else { 0 }
        };
        let best = windows.max_by_key(|(base, word, turn)| value(base, *word, *turn));
        let (base, word, turn) = best.expect("there are bits");
        let (length, count) = (run_at(&base.bits, word, turn), base.budget + 1);
        let count = if length < least * count { 0 } else { count };
        let cuts: Vec<Range<u32>> = (0..count).map(|n| n * length / count..(n + 1) * length / count).collect();
        let blocks = cuts.iter().map(|cut| Block::of(cut.clone().map(|bit| 64 * word + (turn + bit) as usize % 64)));
        let states = self.children(base, &blocks.collect::<Vec<_>>());
        Window { word, turn, inner: states.into_iter().zip(cuts).collect() }
    }

    /// The block in which the pairs agree.
    fn block(&self) -> Code<W> {
        let mut mask = [0; W];
        self.bits.iter().for_each(|bit| set_bit(&mut mask, usize::from(*bit)));
        mask
    }
}

/// Whether a few pairs of a part agree in the blocks about as seldom as those of the part they were chosen for.
fn suits<const W: usize>(
    engine: &Engine,
    items: &Items<W>,
    part: &Range<usize>,
    states: &[State<W>],
    share: f64,
) -> bool {
    let codes = spread(items, part.clone(), TRIED);
    let blocks: Vec<Code<W>> = states.iter().map(State::block).collect();
    let (mut agreeing, mut near, mut pairs) = (0, 0, 0u32);
    for (number, one) in codes.iter().enumerate() {
        for other in &codes[number + 1..] {
            let apart = difference(one, other);
            agreeing += blocks.iter().filter(|mask| !meet(&apart, mask)).count();
            near += u32::from(size(&apart) <= engine.radius);
            pairs += 1;
        }
    }
    near <= pairs / 16 && agreeing as f64 <= f64::from(pairs) * (2.0 * share + 0.1)
}

/// Bits to be dealt into blocks, with the most in which pairs differ there, and what lies apart from them.
struct Base<const W: usize> {
    bits: Code<W>,
    budget: u32,
    skipped: Vec<Code<W>>,
}

struct Block<const W: usize> {
    mask: Code<W>,
    bits: Vec<u16>,
}

impl<const W: usize> Block<W> {
    fn of(bits: impl Iterator<Item = usize>) -> Self {
        let mut block = Block { mask: [0; W], bits: Vec::new() };
        bits.for_each(|bit| block.add(bit));
        block
    }

    fn add(&mut self, bit: usize) {
        set_bit(&mut self.mask, bit);
        self.bits.push(bit as u16);
    }
}

/// How many bits of a choice follow each other from one on, in a word turned by so many, and in its lower half.
fn run_at<const W: usize>(bits: &Code<W>, word: usize, turn: u32) -> u32 {
    (bits[word].rotate_right(turn) as u32).trailing_ones()
}

/// Bits that stand for a code where most pairs are not near: from `turn` on, in a word.
pub struct Window<const W: usize> {
    pub word: usize,
    pub turn: u32,
    /// States to split into, each by the bits at these places of the window.
    pub inner: Vec<(State<W>, Range<u32>)>,
}

/// Some pairs of a part, and how evenly each bit divides it.
struct Sample<const W: usize> {
    differences: Vec<Code<W>>,
    classes: Vec<usize>,
}

impl<const W: usize> Sample<W> {
    fn new(engine: &Engine, items: &Items<W>, part: &Range<usize>) -> Self {
        let size = match part.len() {
            0..4096 => 32,
            4096..65536 => 64,
            _ => 256,
        };
        let mut differences = Vec::with_capacity(size * size / 2);
        if engine.cross {
            let middle = items.middle(part);
            let right = spread(items, middle..part.end, size / 2);
            for one in spread(items, part.start..middle, size / 2) {
                differences.extend(right.iter().map(|other| difference(&one, other)));
            }
        } else {
            let codes = spread(items, part.clone(), size);
            for (number, one) in codes.iter().enumerate() {
                differences.extend(codes[number + 1..].iter().map(|other| difference(one, other)));
            }
        }
        let many = if size == 256 { 4096 } else { size };
        Sample { differences, classes: classes(&spread(items, part.clone(), many)) }
    }

    /// The share of pairs within the radius.
    fn near(&self, radius: u32) -> f64 {
        let near = self.differences.iter().filter(|pair| size(pair) <= radius).count();
        near as f64 / self.differences.len().max(1) as f64
    }

    /// In how many blocks a pair within the radius agrees.
    fn finding(&self, blocks: &[Block<W>], radius: u32) -> f64 {
        let near: Vec<_> = self.differences.iter().filter(|pair| size(pair) <= radius).collect();
        let agree = |block: &Block<W>| near.iter().filter(|pair| !meet(pair, &block.mask)).count();
        blocks.iter().map(agree).sum::<usize>() as f64 / near.len().max(1) as f64
    }

    /// So many blocks that tell about equally much, each with its best bits first; none if there are too few bits.
    ///
    /// Bits are dealt by neighbours, but those of each class by themselves: if half of all codes share their first
    /// 40 bits, every block gets some of the other 24, or whole blocks would tell nothing of that half.
    fn blocks(&self, bits: &Code<W>, count: usize) -> Option<Vec<Block<W>>> {
        let mut classes: [Vec<usize>; CLASSES] = Default::default();
        bits_of(bits).for_each(|bit| classes[self.classes[bit]].push(bit));
        let live: usize = classes[..DEAD].iter().map(Vec::len).sum();
        // What differs nowhere in the sample is left out, unless too little remains.
        let used = if live < 2 * count { CLASSES } else { DEAD };
        let mut blocks: Vec<Block<W>> = (0..count).map(|_| Block { mask: [0; W], bits: Vec::new() }).collect();
        for class in &classes[..used] {
            for (number, bit) in class.iter().enumerate() {
                let block = &mut blocks[number * count / class.len()];
                block.add(*bit);
            }
        }
        blocks.iter().all(|block| !block.bits.is_empty()).then_some(blocks)
    }

    /// The share of pairs that would be compared: each as often as there are blocks in which it agrees.
    fn agreeing(&self, blocks: &[Block<W>]) -> f64 {
        let agree = |block: &Block<W>| self.differences.iter().filter(|pair| !meet(pair, &block.mask)).count();
        let sum: usize = blocks.iter().map(agree).sum();
        sum as f64 / self.differences.len().max(1) as f64
    }
}

/// How many bits a choice has.
fn size<const W: usize>(mask: &Code<W>) -> u32 {
    mask.iter().map(|word| word.count_ones()).sum()
}

/// At most so many codes, evenly over a range.
fn spread<const W: usize>(items: &Items<W>, part: Range<usize>, count: usize) -> Vec<Code<W>> {
    let count = count.min(part.len());
    (0..count).map(|number| items.codes[part.start + number * part.len() / count]).collect()
}

/// For each bit: 0 if it divides the codes evenly, more the more of them agree, and [`DEAD`] if all do.
fn classes<const W: usize>(codes: &[Code<W>]) -> Vec<usize> {
    let mut having = vec![0u32; 64 * W];
    for code in codes {
        for (word, sums) in code.iter().zip(having.chunks_exact_mut(64)) {
            (0..64).for_each(|bit| sums[bit] += (word >> bit & 1) as u32);
        }
    }
    // In a small sample chance alone makes even bits uneven, and bits in a row are quicker to collect.
    let even = if codes.len() < SURE { 0.2 } else { 0.35 };
    let class = |having: u32| {
        let share = having as f32 / codes.len() as f32;
        let rarer = share.min(1.0 - share);
        [even, 0.15, 0.05, f32::MIN_POSITIVE].iter().take_while(|least| rarer < **least).count()
    };
    having.into_iter().map(class).collect()
}
