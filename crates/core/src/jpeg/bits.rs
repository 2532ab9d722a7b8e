//! Bits of entropy-coded data, and the data itself taken out of a file piece by piece.

use memchr::memchr;

/// The marker at the end of a picture; it also stands for the end of the data.
pub(super) const EOI: u8 = 0xD9;
const RST0: u8 = 0xD0;
const RST7: u8 = 0xD7;
/// The first marker that means a frame: all below it are invalid inside a scan.
const SOF0: u8 = 0xC0;

/// Zeros behind the data, so that whole words can be read up to its end.
const PADDING: usize = 8;

/// A window on bits, first bit highest. Beyond the end of the data there are zeros.
///
/// It is small and copied freely: hot loops keep it in registers, which they could not if its address went
/// to a function that is not inlined.
#[derive(Clone, Copy)]
pub(super) struct Bits<'a> {
    data: &'a [u8],
    next: usize,
    window: u64,
    /// How many bits of the window are ready: the lowest six bits say it, the others mean nothing.
    left: u32,
}

impl<'a> Bits<'a> {
    fn new(padded: &'a [u8]) -> Bits<'a> {
        Bits { data: padded, next: 0, window: 0, left: 0 }
    }

    /// Makes at least 56 bits ready, without branches but for the end of the data.
    ///
    /// Whole words are read, and only as many bytes counted as were wanted: the others are read once more,
    /// and come to lie upon themselves.
    #[inline(always)]
    pub fn refill(&mut self) {
        let word = match self.data.get(self.next..).and_then(|rest| rest.first_chunk::<8>()) {
            Some(bytes) => u64::from_be_bytes(*bytes),
            None => 0,
        };
        let left = self.left & 63;
        self.window |= word >> left;
        self.next += ((63 - left) >> 3) as usize;
        self.left = left | 56;
    }

    /// The next `count` bits, 1 to 56, if they are ready.
    #[inline(always)]
    pub fn peek(&self, count: u32) -> usize {
        (self.window >> (64 - count)) as usize
    }

    /// Steps over bits that are ready. Of `count` the lowest six bits count.
    #[inline(always)]
    pub fn skip(&mut self, count: u32) {
        self.window <<= count & 63;
        self.left = self.left.wrapping_sub(count);
    }

    /// The first half of [`Bits::skip`]: `settle` has to come before the next refill.
    #[inline(always)]
    pub fn shift(&mut self, count: u32) {
        self.window <<= count & 63;
    }

    /// The second half, for all shifts since.
    #[inline(always)]
    pub fn settle(&mut self, count: u32) {
        self.left = self.left.wrapping_sub(count);
    }

    /// Takes `count` bits, 0 to 56, if they are ready.
    #[inline(always)]
    pub fn take(&mut self, count: u32) -> u32 {
        // In two steps: a shift by 64 is none.
        let value = (self.window >> 1 >> (63 - count)) as u32;
        self.skip(count);
        value
    }

    /// How many bits of the data are taken.
    #[inline(always)]
    pub fn position(&self) -> usize {
        self.next * 8 - (self.left & 63) as usize
    }

    /// How many bytes of the data nobody has looked at.
    pub fn bytes_left(&self) -> usize {
        (self.data.len() - PADDING).saturating_sub(self.next)
    }

    /// Whether all bytes before this one have been looked at.
    #[inline(always)]
    pub fn is_behind(&self, byte: usize) -> bool {
        self.next >= byte
    }

    /// The same data from this byte on.
    pub fn at(&self, byte: usize) -> Bits<'a> {
        Bits { next: byte, ..Bits::new(self.data) }
    }

    /// Whether more bits were taken than there were.
    #[inline(always)]
    pub fn is_overrun(&self) -> bool {
        self.next * 8 > (self.data.len() - PADDING) * 8 + (self.left & 63) as usize
    }
}

/// The value that `size` extra bits stand for: the upper half as it is, the lower half negative.
#[inline(always)]
pub(super) fn extended(bits: u32, size: u32) -> i32 {
    let half = (1 << size) >> 1;
    let below = if (bits as i32) < half { (1 << size) - 1 } else { 0 };
    bits as i32 - below
}

/// The entropy-coded data of one scan, one segment (between restart markers) at a time.
///
/// What happens at missing, doubled and foreign markers is what libjpeg does (`jpeg_resync_to_restart`).
pub(super) struct Segments<'a> {
    file: &'a [u8],
    /// Where the file goes on behind this segment and its marker.
    next: usize,
    segment: Vec<u8>,
    /// The marker that ended the segment, until it is used up.
    pending: Option<u8>,
    expected: u8,
    /// The file ended without a marker.
    cut: bool,
}

impl<'a> Segments<'a> {
    /// Opens the scan whose data begins at `start`.
    pub fn new(file: &'a [u8], start: usize) -> Segments<'a> {
        let mut segments =
            Segments { file, next: start, segment: Vec::new(), pending: None, expected: RST0, cut: false };
        segments.load();
        segments
    }

    /// The present segment's bits.
    pub fn bits(&self) -> Bits<'_> {
        Bits::new(&self.segment)
    }

    /// Goes to the next segment. False if there are no more bits in this scan: a foreign marker stands there.
    pub fn restart(&mut self) -> bool {
        let mut marker = self.pending.take().unwrap_or(EOI);
        let expected = self.expected;
        self.expected = RST0 | (expected + 1) & 7;
        let next = |steps: u8| RST0 | (expected + steps) & 7;
        let prior = |steps: u8| RST0 | expected.wrapping_sub(steps) & 7;
        while marker != expected {
            let foreign = marker >= SOF0 && !(RST0..=RST7).contains(&marker);
            if foreign || marker == next(1) || marker == next(2) {
                // It is left for later, and this segment is empty.
                self.pending = Some(marker);
                self.segment.clear();
                self.segment.resize(PADDING, 0);
                return false;
            }
            if marker >= SOF0 && marker != prior(1) && marker != prior(2) {
                break; // too far from what was expected to say more: it is taken for it
            }
            marker = self.step();
        }
        self.load();
        true
    }

    /// Whether no restart can bring more bits.
    pub fn is_over(&self) -> bool {
        self.pending.is_some_and(|marker| marker >= SOF0 && !(RST0..=RST7).contains(&marker))
    }

    /// Whether the file ended in this scan, without a marker.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// Where the marker stands that ended the scan (or where the file ends).
    pub fn end(&self) -> usize {
        if self.pending.is_some() && !self.cut { self.next - 2 } else { self.next }
    }

    /// Reads up to the next marker, and takes the zeros out that are stuffed behind each 255.
    fn load(&mut self) {
        self.segment.clear();
        let file = self.file;
        loop {
            let rest = &file[self.next.min(file.len())..];
            let Some(length) = memchr(0xFF, rest) else {
                self.segment.extend_from_slice(rest);
                self.end_of_file();
                break;
            };
            let fill = rest[length..].iter().take_while(|&&byte| byte == 0xFF).count();
            self.next += length + fill + 1;
            match rest.get(length + fill) {
                Some(0) => self.segment.extend_from_slice(&rest[..=length]),
                Some(&marker) => {
                    self.segment.extend_from_slice(&rest[..length]);
                    self.pending = Some(marker);
                    break;
                }
                None => {
                    self.segment.extend_from_slice(&rest[..length]);
                    self.end_of_file();
                    break;
                }
            }
        }
        self.segment.resize(self.segment.len() + PADDING, 0);
    }

    /// The next marker, whatever stands before it.
    fn step(&mut self) -> u8 {
        match next_marker(self.file, self.next) {
            Some((marker, next)) => {
                self.next = next;
                marker
            }
            None => {
                self.end_of_file();
                self.pending.take().unwrap_or(EOI)
            }
        }
    }

    fn end_of_file(&mut self) {
        self.next = self.file.len();
        self.pending = Some(EOI);
        self.cut = true;
    }
}

/// The first marker at or behind `start`, and where the file goes on behind it.
pub(super) fn next_marker(file: &[u8], start: usize) -> Option<(u8, usize)> {
    let mut at = start;
    loop {
        at += memchr(0xFF, file.get(at..)?)?;
        at += file[at..].iter().take_while(|&&byte| byte == 0xFF).count();
        match *file.get(at)? {
            0 => at += 1,
            marker => return Some((marker, at + 1)),
        }
    }
}

/// The first marker that ends a scan: neither a restart nor, as libjpeg takes them within one, one below the frames'.
pub(super) fn next_marker_but_restarts(file: &[u8], start: usize) -> Option<(u8, usize)> {
    let mut at = start;
    loop {
        let (marker, next) = next_marker(file, at)?;
        if marker >= SOF0 && !(RST0..=RST7).contains(&marker) {
            return Some((marker, next));
        }
        at = next;
    }
}
