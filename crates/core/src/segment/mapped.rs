//! A file as memory.
//!
//! `unsafe` because the system cannot promise that nobody changes the file meanwhile.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;

use memmap2::{Mmap, MmapOptions};

/// The bytes of a file, read when they are looked at.
#[derive(Debug)]
pub struct Mapped(Mmap);

impl Mapped {
    /// Maps a file, for reading in no order.
    pub fn new(file: &File) -> io::Result<Mapped> {
        // SAFETY: segments are never changed: they are written under another name and renamed when complete, and one
        // that is replaced stays as it was for those who have it open. Readers check each offset that they find.
        let map = unsafe { MmapOptions::new().map(file)? };
        Ok(Mapped(map))
    }
}

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
