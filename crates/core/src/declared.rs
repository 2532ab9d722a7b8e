//! How many pixels a file says it has: enough to know, before it is decoded, how much memory that will take.

/// Pixels of a PNG, GIF, BMP, WebP or TIFF file as its head declares them; 0 if it does not, or if the file is
/// of another format. Nothing is checked: that is the reader's task.
pub fn pixels(bytes: &[u8]) -> u64 {
    let (width, height) = match bytes {
        [0x89, b'P', b'N', b'G', ..] => (big(bytes, 16), big(bytes, 20)),
        [b'G', b'I', b'F', ..] => (little(bytes, 6, 2), little(bytes, 8, 2)),
        [b'B', b'M', ..] => (little(bytes, 18, 4), signed(little(bytes, 22, 4))),
        [b'R', b'I', b'F', b'F', ..] => webp(bytes),
        [b'I', b'I', 42, 0, ..] => tiff(bytes, little),
        [b'M', b'M', 0, 42, ..] => tiff(bytes, |bytes, at, size| {
            let wide = big(bytes, at);
            if size == 2 { wide >> 16 } else { wide }
        }),
        _ => (0, 0),
    };
    width.saturating_mul(height)
}

fn little(bytes: &[u8], at: usize, size: usize) -> u64 {
    let found = bytes.get(at..at + size).unwrap_or_default();
    found.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

fn big(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 4).unwrap_or_default().iter().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

/// A bitmap's height is negative if its rows come from the top.
fn signed(height: u64) -> u64 {
    u64::from((height as u32).cast_signed().unsigned_abs())
}

fn webp(bytes: &[u8]) -> (u64, u64) {
    match bytes.get(12..16) {
        Some(b"VP8X") => (little(bytes, 24, 3) + 1, little(bytes, 27, 3) + 1),
        Some(b"VP8L") => {
            let sides = little(bytes, 21, 4);
            ((sides & 0x3fff) + 1, (sides >> 14 & 0x3fff) + 1)
        }
        Some(b"VP8 ") => (little(bytes, 26, 2) & 0x3fff, little(bytes, 28, 2) & 0x3fff),
        _ => (0, 0),
    }
}

/// The sides are tags 256 and 257 of the first directory, as numbers of 2 or 4 bytes.
fn tiff(bytes: &[u8], number: impl Fn(&[u8], usize, usize) -> u64) -> (u64, u64) {
    let directory = number(bytes, 4, 4) as usize;
    if directory > bytes.len() {
        return (0, 0);
    }
    let entries = (0..number(bytes, directory, 2) as usize).map(|n| directory + 2 + 12 * n);
    let side = |tag| {
        let mut entries = entries.clone().take_while(|at| at + 12 <= bytes.len());
        let at = entries.find(|&at| number(bytes, at, 2) == tag);
        at.map_or(0, |at| number(bytes, at + 8, if number(bytes, at + 2, 2) == 3 { 2 } else { 4 }))
    };
    (side(256), side(257))
}

#[cfg(test)]
mod tests {
    use super::pixels;

    #[test]
    fn sides_are_found_in_each_format() {
        let mut bitmap = [0; 26];
        bitmap[..2].copy_from_slice(b"BM");
        bitmap[18] = 30;
        bitmap[22..].copy_from_slice(&(-20i32).to_le_bytes());
        assert_eq!(pixels(&bitmap), 600);
        assert_eq!(pixels(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0\0\0\0\x03"), 768);
        assert_eq!(pixels(b"GIF89a\x05\0\x02\0"), 10);
        assert_eq!(pixels(b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\x09\0\0\x04\0\0"), 50);
        assert_eq!(pixels(b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\x09\0\x01\0"), 50);
        let tiff = b"II*\0\x08\0\0\0\x02\0\0\x01\x03\0\x01\0\0\0\x07\0\0\0\x01\x01\x04\0\x01\0\0\0\x03\0\0\0";
        assert_eq!(pixels(tiff), 21);
        let tiff = b"MM\0*\0\0\0\x08\0\x02\x01\0\0\x03\0\0\0\x01\0\x07\0\0\x01\x01\0\x04\0\0\0\x01\0\0\0\x03";
        assert_eq!(pixels(tiff), 21);
    }

    #[test]
    fn what_breaks_off_has_none() {
        for bytes in
            [&b"II*\0\xff\xff\xff\xff"[..], b"MM\0*\0\0\0\x08\xff\xff", b"BM", b"RIFF", b"\x89PNG", b"hello", b""]
        {
            assert_eq!(pixels(bytes), 0);
        }
    }
}
