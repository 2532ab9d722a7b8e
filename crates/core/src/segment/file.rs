//! Files that are complete or not there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, Result};

/// A file under a name of its own, which is removed unless it is put in its place.
#[derive(Debug)]
pub struct Temporary {
    /// To write to.
    pub file: File,
    path: PathBuf,
}

impl Temporary {
    /// A new file beside `target`.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn beside(target: &Path) -> Result<Temporary> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name =
            target.file_name().ok_or_else(|| Error::Argument("expected a file's path, got a folder's".into()))?;
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = target.with_file_name(format!(".{}.{}-{number}.tmp", name.to_string_lossy(), process::id()));
            match OpenOptions::new().write(true).read(true).create_new(true).open(&path) {
                Ok(file) => return Ok(Temporary { file, path }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(&error, &path)),
            }
        }
    }

    /// Its name for now.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it the name of `target`, once all of it is on the disk.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn place(mut self, target: &Path) -> Result<()> {
        self.file.flush().and_then(|()| self.file.sync_all()).map_err(|error| failed(&error, &self.path))?;
        fs::rename(&self.path, target).map_err(|error| failed(&error, target))?;
        drop(std::mem::take(&mut self.path));
        sync_folder(target).map_err(|error| failed(&error, target))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty() {
            // Nobody is left to be told.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A name is on the disk when its folder is; only Unix lets one ask for that.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        return File::open(folder)?.sync_all();
    }
    Ok(())
}

/// The system's error, with its number and the file's name.
pub fn failed(error: &io::Error, path: &Path) -> Error {
    let text = error.to_string();
    let what = text.split(" (os error").next().unwrap_or(&text);
    Error::Io(error.raw_os_error(), format!("{what}: {}", path.display()))
}
