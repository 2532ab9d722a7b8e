//! Files: opened only if they are regular, announced to the kernel, and read within a limit.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;

use crate::error::{Error, Result, thousands};

/// Of a longer file, no more is announced: the rest is read ahead while this is read.
const ANNOUNCED: u64 = 16 << 20;

/// By so many bytes a file may grow between its opening and its end.
const GROWTH: u64 = 1 << 20;

/// An open file and its length when it was opened.
#[derive(Debug)]
pub struct Opened {
    file: File,
    /// Bytes, then.
    pub length: u64,
}

/// Opens a regular file of at most `limit` bytes.
///
/// Looked at before, so that a pipe or a device is not opened, and after, for between the two it may have become one, or
/// another file: the length is that of what was opened.
///
/// # Errors
/// [`Error::Corrupt`] for a folder, a device or a pipe (which is not opened: it could block for ever);
/// [`Error::Limit`] if it is longer; [`Error::Io`] if the system refuses it.
pub fn open(path: &Path, limit: u64) -> Result<Opened> {
    checked(&std::fs::metadata(path).map_err(|error| io_error(&error))?, limit)?;
    let file = open_at_once(path).map_err(|error| io_error(&error))?;
    let length = checked(&file.metadata().map_err(|error| io_error(&error))?, limit)?;
    Ok(Opened { file, length })
}

/// The length of what is a regular file of at most `limit` bytes.
fn checked(status: &Metadata, limit: u64) -> Result<u64> {
    if !status.is_file() {
        return Err(Error::Corrupt(format!("expected a file, got {}", species(status))));
    }
    let length = status.len();
    if length > limit {
        return Err(Error::Limit(format!(
            "expected at most {} bytes, got a file of {}; raise Limits.bytes",
            thousands(limit),
            thousands(length)
        )));
    }
    Ok(length)
}

/// Has the kernel begin to read a file that will be wanted soon.
pub fn announce(opened: &Opened) {
    #[cfg(target_os = "linux")]
    {
        use std::num::NonZeroU64;

        use rustix::fs::{Advice, fadvise};

        // A refusal (of a file system that knows no such thing) costs nothing but the time that was to be saved.
        let _ = fadvise(&opened.file, 0, NonZeroU64::new(opened.length.min(ANNOUNCED)), Advice::WillNeed);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (opened, ANNOUNCED);
}

/// Reads the file into `buffer`, in place of what is there.
///
/// What others counted on is the length when it was opened. A file that gives more than [`GROWTH`] bytes above that is
/// refused: it is being written, or has no end, as some of `/proc` whose length is 0.
///
/// # Errors
/// [`Error::Limit`] if it has grown beyond `limit`; [`Error::Corrupt`] if it has grown by much;
/// [`Error::Io`] if the system fails to read it.
pub fn read(opened: &Opened, limit: u64, buffer: &mut Vec<u8>) -> Result<()> {
    buffer.clear();
    let length = usize::try_from(opened.length).unwrap_or(usize::MAX);
    let spare = length.saturating_add(1);
    buffer.try_reserve(spare).map_err(|_| Error::Io(None, format!("no memory for a file of {length} bytes")))?;
    let most = limit.min(opened.length.saturating_add(GROWTH));
    let mut part = (&opened.file).take(most.saturating_add(1));
    part.read_to_end(buffer).map_err(|error| io_error(&error))?;
    if buffer.len() as u64 <= most {
        return Ok(());
    }
    Err(if most == limit {
        Error::Limit(format!(
            "expected at most {} bytes, got a file that has grown longer; raise Limits.bytes",
            thousands(limit)
        ))
    } else {
        Error::Corrupt(format!(
            "expected a file of {} bytes, got more than {}: it grew while it was read",
            thousands(opened.length),
            thousands(most)
        ))
    })
}

/// Without waiting, should the file have become a pipe since it was looked at.
#[cfg(target_os = "linux")]
fn open_at_once(path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, open};

    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    Ok(File::from(open(path, flags, Mode::empty())?))
}

#[cfg(not(target_os = "linux"))]
fn open_at_once(path: &Path) -> io::Result<File> {
    File::open(path)
}

fn io_error(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidInput => Error::missing(),
        _ => Error::Io(error.raw_os_error(), error.to_string()),
    }
}

impl Error {
    /// There is no file of that name (any more).
    fn missing() -> Error {
        const ENOENT: i32 = 2;
        Error::Io(Some(ENOENT), "no such file".into())
    }
}

#[cfg(unix)]
fn species(status: &Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt;

    let kind = status.file_type();
    match () {
        () if kind.is_dir() => "a folder",
        () if kind.is_fifo() => "a named pipe",
        () if kind.is_socket() => "a socket",
        () if kind.is_char_device() || kind.is_block_device() => "a device",
        () => "something that is no regular file",
    }
}

#[cfg(not(unix))]
fn species(status: &Metadata) -> &'static str {
    if status.is_dir() { "a folder" } else { "something that is no regular file" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_is_named() {
        let folder = std::env::temp_dir();
        assert!(matches!(open(&folder, 10), Err(Error::Corrupt(text)) if text.ends_with("a folder")));
        assert!(
            matches!(open(&folder.join("lookalike none"), 10), Err(Error::Io(Some(2), text)) if text == "no such file")
        );
    }

    #[test]
    fn files_are_read_within_the_limit() {
        let path = std::env::temp_dir().join(format!("lookalike-{}-files", std::process::id()));
        std::fs::write(&path, [7; 1000]).unwrap();
        assert!(matches!(open(&path, 999), Err(Error::Limit(_))));
        let opened = open(&path, 1000).unwrap();
        announce(&opened);
        let mut buffer = vec![1, 2, 3];
        read(&opened, 1000, &mut buffer).unwrap();
        assert_eq!(buffer, [7; 1000]);
        let opened = open(&path, 1000).unwrap();
        std::fs::write(&path, [7; 2000]).unwrap();
        assert!(matches!(read(&opened, 1000, &mut buffer), Err(Error::Limit(_))));
        let opened = open(&path, 1 << 30).unwrap();
        std::fs::write(&path, vec![7; 2000 + (1 << 20)]).unwrap();
        read(&opened, 1 << 30, &mut buffer).unwrap();
        std::fs::write(&path, [7; 2000]).unwrap();
        let opened = open(&path, 1 << 30).unwrap();
        std::fs::write(&path, vec![7; 2001 + (1 << 20)]).unwrap();
        assert!(matches!(read(&opened, 1 << 30, &mut buffer), Err(Error::Corrupt(text)) if text.ends_with("was read")));
        std::fs::remove_file(&path).unwrap();
    }
}
