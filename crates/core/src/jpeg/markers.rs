//! The markers of a file up to each scan: tables, frame, and what tells the colours.

use super::bits::{EOI, next_marker, next_marker_but_restarts};
use super::frame::{Frame, Scan, color_of, corrupt};
use super::huffman::Spec;
use super::{Color, standard};
use crate::error::{Error, Result};

/// The order in which a file gives the coefficients of a block: their places in row-major order.
///
/// Sixteen more than there are: a broken file can run that far over the end.
pub(super) const ZIGZAG: [u8; 80] = {
    let mut order = [63; 80];
    let (mut n, mut diagonal) = (0, 0);
    while diagonal < 15 {
        let mut step = 0;
        while step <= diagonal {
            let (row, column) = if diagonal % 2 == 0 { (diagonal - step, step) } else { (step, diagonal - step) };
            if row < 8 && column < 8 {
                order[n] = (row * 8 + column) as u8;
                n += 1;
            }
            step += 1;
        }
        diagonal += 1;
    }
    order
};

/// The tables in force, by their numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    /// In row-major order.
    pub quant: [Option<[u16; 64]>; 4],
    pub dc: [Option<Spec>; 4],
    pub ac: [Option<Spec>; 4],
    /// Units between restart markers, 0 if there are none.
    pub interval: usize,
}

/// Reads markers, scan by scan.
pub(super) struct Markers<'a> {
    file: &'a [u8],
    next: usize,
    pub tables: Tables,
    pub frame: Option<Frame>,
    /// A JFIF marker was there; the transform of an Adobe marker that was there.
    jfif: bool,
    adobe: Option<u8>,
    /// Payloads of application markers 1: EXIF and XMP.
    pub application: Vec<&'a [u8]>,
    /// The file ended without an end marker.
    pub cut: bool,
}

impl<'a> Markers<'a> {
    /// # Errors
    /// [`Error::Corrupt`] if the file does not begin as a JPEG does.
    pub fn new(file: &'a [u8]) -> Result<Markers<'a>> {
        if !file.starts_with(&[0xFF, 0xD8]) {
            return Err(corrupt("a JPEG, which begins with FF D8", "something else"));
        }
        Ok(Markers {
            file,
            next: 2,
            tables: Tables::default(),
            frame: None,
            jfif: false,
            adobe: None,
            application: Vec::new(),
            cut: false,
        })
    }

    /// Goes on behind a scan whose data was read up to here.
    pub fn resume(&mut self, at: usize) {
        self.next = at;
    }

    /// Goes on behind a scan whose data nobody read.
    pub fn step_over(&mut self) {
        match next_marker_but_restarts(self.file, self.next) {
            Some((_, next)) => self.next = next - 2,
            None => self.next = self.file.len(),
        }
    }

    /// Reads up to the next scan; `None` at the end of the picture.
    pub fn next_scan(&mut self) -> Result<Option<Scan>> {
        loop {
            let Some((marker, next)) = next_marker(self.file, self.next) else {
                self.cut = true;
                return Ok(None);
            };
            self.next = next;
            match marker {
                EOI => return Ok(None),
                0x01 | 0xD0..=0xD7 => continue, // no payload
                0xD8 => return Err(corrupt("one picture", "a second start of image within it")),
                _ => {}
            }
            let Some(payload) = self.payload() else {
                self.cut = true;
                return Ok(None);
            };
            if marker == 0xDA {
                let frame = self.frame.as_ref().ok_or_else(|| corrupt("a frame before the first scan", "none"))?;
                return frame.parse_scan(payload, self.next).map(Some);
            }
            self.read(marker, payload)?;
        }
    }

    /// What the components mean.
    pub fn color(&self) -> Option<Color> {
        self.frame.as_ref().map(|frame| color_of(frame, self.jfif, self.adobe))
    }

    fn payload(&mut self) -> Option<&'a [u8]> {
        let rest = self.file.get(self.next..)?;
        let length = usize::from(u16::from_be_bytes(*rest.first_chunk::<2>()?));
        let payload = rest.get(2..length.max(2))?;
        self.next += length.max(2);
        Some(payload)
    }

    fn read(&mut self, marker: u8, payload: &'a [u8]) -> Result<()> {
        match marker {
            0xC0..=0xC2 => self.start_frame(payload, marker == 0xC2),
            0xC4 => self.read_huffman(payload),
            0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => Err(Error::Unsupported(format!(
                "expected a sequential or progressive JPEG in Huffman codes, got another sort (marker {marker:02X})"
            ))),
            0xDB => self.read_quantisation(payload),
            0xDD => {
                let interval = payload.try_into().map_err(|_| corrupt("a restart interval of 2 bytes", "another"))?;
                self.tables.interval = usize::from(u16::from_be_bytes(interval));
                Ok(())
            }
            0xE0 => {
                self.jfif |= payload.len() >= 14 && payload.starts_with(b"JFIF\0");
                Ok(())
            }
            0xE1 => {
                self.application.push(payload);
                Ok(())
            }
            0xEE if payload.len() >= 12 && payload.starts_with(b"Adobe") => {
                self.adobe = Some(payload[11]);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn start_frame(&mut self, payload: &[u8], progressive: bool) -> Result<()> {
        if self.frame.is_some() {
            return Err(corrupt("one frame", "two"));
        }
        self.frame = Some(Frame::parse(payload, progressive)?);
        Ok(())
    }

    fn read_quantisation(&mut self, mut rest: &[u8]) -> Result<()> {
        while let [head, after @ ..] = rest {
            let (wide, number) = (head >> 4 != 0, usize::from(head & 15));
            let length = if wide { 128 } else { 64 };
            let table = self.tables.quant.get_mut(number).ok_or_else(|| corrupt("tables 0 to 3", "another"))?;
            let values = after.get(..length).ok_or_else(|| corrupt("a quantisation table", "a part of one"))?;
            let mut order = [0; 64];
            for (n, &place) in ZIGZAG[..64].iter().enumerate() {
                order[usize::from(place)] =
                    if wide { u16::from_be_bytes([values[2 * n], values[2 * n + 1]]) } else { u16::from(values[n]) };
            }
            *table = Some(order);
            rest = &after[length..];
        }
        Ok(())
    }

    fn read_huffman(&mut self, mut rest: &[u8]) -> Result<()> {
        while let [head, after @ ..] = rest {
            let kind = if head & 0x10 != 0 { &mut self.tables.ac } else { &mut self.tables.dc };
            let table = kind.get_mut(usize::from(head & !0x10)).ok_or_else(|| corrupt("tables 0 to 3", "another"))?;
            let (counts, after) = after.split_first_chunk::<16>().ok_or_else(|| corrupt("a table", "a part of one"))?;
            let length: usize = counts.iter().map(|&count| usize::from(count)).sum();
            if length > 256 || length > after.len() {
                return Err(corrupt("a Huffman table of up to 256 codes", &format!("{length} codes")));
            }
            *table = Some(Spec { counts: *counts, symbols: after[..length].to_vec() });
            rest = &after[length..];
        }
        Ok(())
    }
}

impl Tables {
    /// A DC table: of the file, or the standard's own, which motion JPEG leaves out.
    pub fn dc(&self, number: usize, progressive: bool) -> Result<&Spec> {
        self.dc
            .get(number)
            .and_then(Option::as_ref)
            .or_else(|| standard::dc(number).filter(|_| !progressive))
            .ok_or_else(missing)
    }

    /// An AC table, likewise.
    pub fn ac(&self, number: usize, progressive: bool) -> Result<&Spec> {
        self.ac
            .get(number)
            .and_then(Option::as_ref)
            .or_else(|| standard::ac(number).filter(|_| !progressive))
            .ok_or_else(missing)
    }
}

fn missing() -> Error {
    corrupt("a Huffman table for each component", "none")
}
