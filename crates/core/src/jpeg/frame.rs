//! The geometry of a picture: its components and their blocks.

use super::Color;
use crate::error::{Error, Result};

/// Pixels along the side of a block.
pub(super) const SIDE: usize = 8;
/// The most blocks that a scan may interleave, by the standard.
const MOST_BLOCKS: usize = 10;

/// One colour component.
#[derive(Debug, Clone)]
pub(super) struct Component {
    pub id: u8,
    /// Blocks of it in an interleaved unit, across and down.
    pub h: usize,
    pub v: usize,
    /// Which quantisation table it wants.
    pub table: usize,
    /// Blocks that cover the picture, across and down; those that only fill up units do not count.
    pub columns: usize,
    pub rows: usize,
}

/// What the start-of-frame marker tells.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub width: usize,
    pub height: usize,
    pub progressive: bool,
    pub components: Vec<Component>,
    pub h_max: usize,
    pub v_max: usize,
}

/// What a start-of-scan marker tells.
#[derive(Debug, Clone)]
pub(super) struct Scan {
    /// Indices of components, and of their DC and AC tables.
    pub parts: Vec<Part>,
    /// The first and last coefficient, in zigzag order.
    pub first: usize,
    pub last: usize,
    /// Lowest bit that was sent before, and that is sent now.
    pub high: u32,
    pub low: u32,
    /// Where the data begins.
    pub start: usize,
}

/// A component in a scan.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub component: usize,
    pub dc: usize,
    pub ac: usize,
}

impl Frame {
    /// Reads the payload of a start-of-frame marker.
    pub fn parse(payload: &[u8], progressive: bool) -> Result<Frame> {
        let [precision, h1, h0, w1, w0, count, rest @ ..] = payload else {
            return Err(corrupt("a frame header", "a short one"));
        };
        if *precision != 8 {
            return Err(Error::Unsupported(format!("expected a JPEG of 8 bits a sample, got {precision}")));
        }
        let (width, height) = (word(*w1, *w0), word(*h1, *h0));
        let count = usize::from(*count);
        if !(1..=4).contains(&count) || rest.len() != 3 * count {
            return Err(corrupt("1 to 4 components", &format!("{count} in {} bytes", rest.len())));
        }
        let mut frame = Frame { width, height, progressive, components: Vec::new(), h_max: 1, v_max: 1 };
        for part in rest.chunks_exact(3) {
            let (h, v) = (usize::from(part[1] >> 4), usize::from(part[1] & 15));
            if !(1..=4).contains(&h) || !(1..=4).contains(&v) {
                return Err(corrupt("sampling factors from 1 to 4", &format!("{h} x {v}")));
            }
            let table = usize::from(part[2]);
            frame.components.push(Component { id: part[0], h, v, table, columns: 0, rows: 0 });
        }
        frame.measure();
        Ok(frame)
    }

    fn measure(&mut self) {
        self.h_max = self.components.iter().map(|c| c.h).max().unwrap_or(1);
        self.v_max = self.components.iter().map(|c| c.v).max().unwrap_or(1);
        for component in &mut self.components {
            component.columns = (self.width * component.h).div_ceil(self.h_max * SIDE);
            component.rows = (self.height * component.v).div_ceil(self.v_max * SIDE);
        }
    }

    /// Interleaved units across and down.
    pub fn units(&self) -> (usize, usize) {
        (self.width.div_ceil(self.h_max * SIDE), self.height.div_ceil(self.v_max * SIDE))
    }

    /// Reads the payload of a start-of-scan marker.
    pub fn parse_scan(&self, payload: &[u8], start: usize) -> Result<Scan> {
        let (Some(&count), length) = (payload.first(), payload.len()) else {
            return Err(corrupt("a scan header", "an empty one"));
        };
        let count = usize::from(count);
        if !(1..=4).contains(&count) || length != 2 * count + 4 {
            return Err(corrupt("a scan of 1 to 4 components", &format!("{count} in {length} bytes")));
        }
        let (pairs, rest) = payload[1..].split_at(2 * count);
        let mut parts: Vec<Part> = Vec::with_capacity(count);
        for pair in pairs.chunks_exact(2) {
            // Components that share an id are told apart by their order, as libjpeg does.
            let found = (parts.len()..self.components.len()).find(|&c| self.components[c].id == pair[0]);
            let component = found.ok_or_else(|| corrupt("a component of the frame", &format!("{}", pair[0])))?;
            if parts.iter().any(|part| part.component == component) {
                return Err(corrupt("each component once in a scan", &format!("{} twice", pair[0])));
            }
            parts.push(Part { component, dc: usize::from(pair[1] >> 4), ac: usize::from(pair[1] & 15) });
        }
        let blocks: usize = parts.iter().map(|p| self.components[p.component].h * self.components[p.component].v).sum();
        if parts.len() > 1 && blocks > MOST_BLOCKS {
            return Err(corrupt("at most 10 blocks in a unit", &format!("{blocks}")));
        }
        let (high, low) = (u32::from(rest[2] >> 4), u32::from(rest[2] & 15));
        Ok(Scan { parts, first: usize::from(rest[0]), last: usize::from(rest[1]), high, low, start })
    }
}

/// What the components mean: the guesses of libjpeg's `default_decompress_parms`.
pub(super) fn color_of(frame: &Frame, jfif: bool, adobe: Option<u8>) -> Color {
    let ids: Vec<u8> = frame.components.iter().map(|c| c.id).collect();
    match (ids.len(), adobe) {
        (3, _) if jfif => Color::YCbCr,
        (3, Some(0)) => Color::Rgb,
        (3, None) if ids == *b"RGB" => Color::Rgb,
        (3, _) => Color::YCbCr,
        (4, None | Some(0)) => Color::Cmyk,
        (4, _) => Color::Ycck,
        _ => Color::Grey,
    }
}

fn word(high: u8, low: u8) -> usize {
    usize::from(u16::from_be_bytes([high, low]))
}

/// An error about the file.
pub(super) fn corrupt(expected: &str, got: &str) -> Error {
    Error::Corrupt(format!("expected {expected}, got {got}"))
}
