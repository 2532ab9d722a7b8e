//! Which way up a picture is, from its EXIF data or else its XMP data, as Pillow's `getexif` reads them.
//!
//! Sources of the rules: the TIFF 6.0 specification for the directory, Pillow 12.3 for what happens to
//! broken ones: tags before the damage count; a block that is no TIFF at all also keeps the XMP data from being
//! asked; a tag that is there but is no whole number means upright.

/// The tag's number.
const TAG: u16 = 0x0112;
const PREFIX: &[u8] = b"Exif\0\0";
/// What stands before the XMP data in an APP1 segment of JPEG.
const XMP_PREFIX: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const UPRIGHT: u8 = 1;

/// The EXIF and XMP data of a JPEG file, as its APP1 segments come.
#[derive(Debug, Default)]
pub struct App1 {
    exif: Option<Vec<u8>>,
    xmp: Option<Vec<u8>>,
}

impl App1 {
    /// Takes the payload of one APP1 segment. EXIF data can be in several; the last XMP data count.
    pub fn push(&mut self, payload: &[u8]) {
        if payload.starts_with(PREFIX) {
            match &mut self.exif {
                Some(exif) => exif.extend_from_slice(&payload[PREFIX.len()..]),
                None => self.exif = Some(payload.to_vec()),
            }
        } else if let Some(xmp) = payload.strip_prefix(XMP_PREFIX) {
            self.xmp = Some(xmp.to_vec());
        }
    }

    /// The orientation, 1 to 8.
    pub fn orientation(&self) -> u8 {
        orientation(self.exif.as_deref(), self.xmp.as_deref())
    }
}

/// The orientation, 1 to 8: from an EXIF block, with or without `Exif\0\0` before it, or from an XMP text
/// if the block has no such tag.
pub fn orientation(exif: Option<&[u8]>, xmp: Option<&[u8]>) -> u8 {
    let value = match in_exif(exif.unwrap_or_default()) {
        Found::Value(value) => value,
        Found::Nothing => xmp.map_or(u64::from(UPRIGHT), in_xmp),
        Found::Broken => u64::from(UPRIGHT),
    };
    u8::try_from(value).ok().filter(|value| (1..=8).contains(value)).unwrap_or(UPRIGHT)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Value(u64),
    Nothing,
    Broken,
}

/// The first digit behind `tiff:Orientation="` or `tiff:Orientation>`; 1 if there is none.
fn in_xmp(xmp: &[u8]) -> u64 {
    const NAME: &[u8] = b"tiff:Orientation";
    let digits = xmp.windows(NAME.len()).enumerate().filter(|(_, name)| *name == NAME).filter_map(|(at, _)| {
        let rest = &xmp[at + NAME.len()..];
        let value = rest.strip_prefix(b"=\"").or_else(|| rest.strip_prefix(b">"))?;
        value.first().filter(|digit| digit.is_ascii_digit()).map(|digit| u64::from(digit - b'0'))
    });
    digits.take(1).next().unwrap_or(u64::from(UPRIGHT))
}

fn in_exif(mut block: &[u8]) -> Found {
    while let Some(rest) = block.strip_prefix(PREFIX) {
        block = rest;
    }
    if block.is_empty() {
        return Found::Nothing;
    }
    let Some(head) = block.first_chunk::<8>() else { return Found::Broken };
    let numbers = match &head[..4] {
        // Pillow also takes the version in the wrong byte order, and BigTIFF's 43 where it does not see
        // that it is BigTIFF.
        b"MM\0*" | b"MM*\0" | b"MM\0+" => Numbers { block, highest_first: true },
        b"II*\0" | b"II\0*" => Numbers { block, highest_first: false },
        _ => return Found::Broken,
    };
    match numbers.get(4, 4) {
        Some(directory) => in_directory(&numbers, directory as usize),
        None => Found::Broken,
    }
}

fn in_directory(numbers: &Numbers<'_>, start: usize) -> Found {
    let mut found = Found::Nothing;
    let Some(count) = numbers.get(start, 2) else { return found };
    for entry in (0..count as usize).map(|n| start + 2 + 12 * n) {
        let Some((tag, value)) = numbers.entry(entry) else { break };
        // Of two such tags the last counts, and one without a value is as none.
        if tag == TAG && value != Found::Nothing {
            found = value;
        }
    }
    found
}

struct Numbers<'a> {
    block: &'a [u8],
    highest_first: bool,
}

impl Numbers<'_> {
    /// A number of up to eight bytes.
    fn get(&self, at: usize, size: usize) -> Option<u64> {
        let bytes = self.block.get(at..at.checked_add(size)?)?;
        let join = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(if self.highest_first { bytes.iter().fold(0, join) } else { bytes.iter().rev().fold(0, join) })
    }

    /// The tag of an entry, and its first value if it is a whole number. `None` if Pillow stops there: the
    /// entry or its values are not all in the block.
    fn entry(&self, at: usize) -> Option<(u16, Found)> {
        self.block.get(at..at.checked_add(12)?)?;
        let tag = self.get(at, 2)? as u16;
        let kind = self.get(at + 2, 2)?;
        let Some(size) = size_of(kind) else { return Some((tag, Found::Nothing)) };
        let length = size * self.get(at + 4, 4)? as usize;
        let place = if length > 4 { self.get(at + 8, 4)? as usize } else { at + 8 };
        if length > 0 {
            self.block.get(place..place.checked_add(length)?)?;
        }
        Some((tag, if length == 0 { Found::Nothing } else { self.value(kind, place, size)? }))
    }

    fn value(&self, kind: u64, place: usize, size: usize) -> Option<Found> {
        let value = self.get(place, size)?;
        Some(match kind {
            3 | 4 | 13 | 16 => Found::Value(value),
            // A signed one below zero turns nothing, and is far above 8 when read so.
            6 | 8 | 9 => Found::Value(value),
            _ => Found::Broken,
        })
    }
}

/// Bytes of one value of a type that Pillow knows.
fn size_of(kind: u64) -> Option<usize> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 | 13 => Some(4),
        5 | 10 | 12 | 16 => Some(8),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(kind: u8, count: u8, value: [u8; 4]) -> Vec<u8> {
        let mut block = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0".to_vec();
        block.extend([kind, 0, 0, 0, count]);
        block.extend(value);
        block.extend([0; 4]);
        block
    }

    fn of(block: &[u8]) -> u8 {
        orientation(Some(block), Some(b"<a tiff:Orientation=\"3\"/>"))
    }

    #[test]
    fn the_tag_is_found_with_and_without_its_prefix() {
        let block = block(3, 1, [0, 6, 0, 0]);
        assert_eq!(of(&block), 6);
        assert_eq!(of(&[PREFIX, PREFIX, &block].concat()), 6);
    }

    #[test]
    fn both_byte_orders() {
        let mut little = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x08\0\0\0".to_vec();
        little.extend([0; 4]);
        assert_eq!(of(&little), 8);
    }

    #[test]
    fn xmp_counts_only_where_the_tag_is_missing() {
        assert_eq!(of(b""), 3);
        assert_eq!(of(b"MM\0*\0\0\0\x08\0\0\0\0\0\0"), 3);
        assert_eq!(of(b"MM\0*\0\0\0\x63"), 3, "a directory outside the block is empty");
        assert_eq!(of(b"nonsense"), 1);
        assert_eq!(of(&block(2, 1, [b'6', 0, 0, 0])), 1, "a text is no orientation");
        assert_eq!(of(&block(3, 0, [0, 6, 0, 0])), 3, "no value is as no tag");
        assert_eq!(of(&block(99, 1, [0, 6, 0, 0])), 3, "an unknown type is skipped");
        assert_eq!(orientation(None, Some(b"tiff:Orientation=1 tiff:Orientation>7<")), 7);
        assert_eq!(orientation(None, None), 1);
    }

    #[test]
    fn values_out_of_range_are_upright() {
        for value in [0, 9, 255] {
            assert_eq!(of(&block(3, 1, [0, value, 0, 0])), 1);
        }
        assert_eq!(of(&block(3, 1, [1, 6, 0, 0])), 1);
        assert_eq!(of(&block(8, 1, [255, 250, 0, 0])), 1);
    }

    #[test]
    fn a_cut_block_never_panics() {
        let whole = block(3, 3, [0, 0, 0, 26]);
        for length in 0..whole.len() {
            of(&whole[..length]);
        }
    }

    #[test]
    fn segments_of_a_jpeg_file_are_joined() {
        let (head, tail) = (block(3, 1, [0, 5, 0, 0]), block(3, 1, [0, 5, 0, 0]).split_off(10));
        let mut app1 = App1::default();
        app1.push(&[PREFIX, &head[..10]].concat());
        app1.push(&[XMP_PREFIX, b"tiff:Orientation=\"2\""].concat());
        assert_eq!(app1.orientation(), 2, "the tag is cut off");
        app1.push(&[PREFIX, &tail].concat());
        assert_eq!(app1.orientation(), 5);
    }
}
