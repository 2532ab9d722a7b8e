//! Numbers at places in a file. A place that is not there is [`Error::Unsupported`](crate::Error), as all damage.

use super::other;
use crate::error::Result;

/// `length` bytes from `at` on.
pub fn slice(bytes: &[u8], at: usize, length: usize) -> Result<&[u8]> {
    let end = at.checked_add(length);
    end.and_then(|end| bytes.get(at..end)).ok_or_else(|| other(format_args!("no {length} bytes at {at}")))
}

/// Exactly `N` bytes from `at` on.
pub fn array<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N]> {
    let found = bytes.get(at..).and_then(|rest| rest.first_chunk());
    found.copied().ok_or_else(|| other(format_args!("no {N} bytes at {at}")))
}

/// Two bytes, lowest first.
pub fn le16(bytes: &[u8], at: usize) -> Result<usize> {
    Ok(usize::from(u16::from_le_bytes(array(bytes, at)?)))
}

/// Four bytes, lowest first.
pub fn le32(bytes: &[u8], at: usize) -> Result<usize> {
    Ok(u32::from_le_bytes(array(bytes, at)?) as usize)
}

/// Three bytes, lowest first.
pub fn le24(bytes: &[u8], at: usize) -> Result<usize> {
    let [a, b, c] = array(bytes, at)?;
    Ok(u32::from_le_bytes([a, b, c, 0]) as usize)
}

/// Two bytes, highest first.
pub fn be16(bytes: &[u8], at: usize) -> Result<usize> {
    Ok(usize::from(u16::from_be_bytes(array(bytes, at)?)))
}

/// Four bytes, highest first.
pub fn be32(bytes: &[u8], at: usize) -> Result<usize> {
    Ok(u32::from_be_bytes(array(bytes, at)?) as usize)
}
