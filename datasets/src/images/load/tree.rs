//! Files in folders, on disk or in an archive: one view of both.
//!
//! An archive is read once, into memory, up to [`MAX_ARCHIVE_BYTES`]; files on disk are opened when they are asked for.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use lzma_rust2::XzReader;

use super::LoadError;
use super::jpeg::JPEG_MAGIC;
use crate::text::TextError;
use crate::text::folder::{Entry, listed};
use crate::text::gzip::{Gunzip, MAGIC as GZIP_MAGIC};

/// Depth of the folders below the root that are searched: `root/train/class/images/`, and one more around it.
const MAX_DEPTH: usize = 4;
/// The limit on files; ImageNet has 1.3 million.
const MAX_FILES: usize = 20_000_000;
/// Bytes of files that an archive may have.
const MAX_ARCHIVE_BYTES: u64 = 4 << 30;
/// Parts of a name in an archive, and bytes of each: the limits of file systems, and above those of data sets.
const MAX_NAME_PARTS: usize = 16;
const MAX_PART_BYTES: usize = 255;
/// Bytes of a file that an archive's header is believed before they are there.
const MAX_RESERVED_BYTES: u64 = 1 << 20;
/// Memory that unpacking xz may take, in KiB.
const XZ_MEMORY_KIB: u32 = 1 << 20;
/// Endings of images' names.
const IMAGE_ENDINGS: [&str; 11] = ["jpg", "jpeg", "jpe", "jfif", "png", "gif", "bmp", "webp", "tif", "tiff", "ppm"];
const XZ_MAGIC: &[u8] = b"\xfd7zXZ\0";
/// Position and content of the magic of a tar header.
const TAR_MAGIC_AT: usize = 257;
const TAR_MAGIC: &[u8] = b"ustar";

/// Files below a root, sorted by name.
pub(super) struct Tree {
    /// The folder or archive.
    pub(super) root: PathBuf,
    pub(super) files: Vec<File>,
    /// Names of all folders, sorted.
    pub(super) folders: Vec<String>,
    /// Skipped entries of the root folder, each with its kind.
    others: Vec<String>,
}

/// A file of a tree.
#[derive(Clone)]
pub(super) struct File {
    /// Below the root, with `/` between the parts.
    pub(super) name: String,
    pub(super) bytes: u64,
    content: Content,
}

#[derive(Clone)]
enum Content {
    OnDisk(PathBuf),
    InMemory(std::sync::Arc<[u8]>),
}

impl Tree {
    /// The tree below a folder. Names that begin with a dot are skipped; so are broken links, links
    /// to a parent folder (see [`crate::text::folder`]), and entries that are neither files nor folders.
    pub(super) fn of_folder(root: &Path) -> Result<Tree, LoadError> {
        Tree::down_to(root, MAX_DEPTH)
    }

    /// The files right in a folder.
    pub(super) fn of_files(root: &Path) -> Result<Tree, LoadError> {
        Tree::down_to(root, 0)
    }

    fn empty(root: &Path) -> Tree {
        Tree { root: root.to_owned(), files: Vec::new(), folders: Vec::new(), others: Vec::new() }
    }

    fn down_to(root: &Path, depth: usize) -> Result<Tree, LoadError> {
        let open = |source| TextError::Open { path: root.to_owned(), nearest: None, source };
        let mut way = vec![fs::canonicalize(root).map_err(open)?];
        let mut tree = Tree::empty(root);
        tree.add_folder(root, "", depth, &mut way)?;
        tree.sort();
        Ok(tree)
    }

    fn sort(&mut self) {
        self.files.sort_by(|a, b| a.name.cmp(&b.name));
        self.folders.sort();
        self.folders.dedup();
        self.others.sort();
    }

    /// Adds the entries of `folder`, down to `depth` levels below it. `way`: the folders down to it, without links.
    fn add_folder(
        &mut self,
        folder: &Path,
        prefix: &str,
        depth: usize,
        way: &mut Vec<PathBuf>,
    ) -> Result<(), LoadError> {
        let open = |source| TextError::Open { path: folder.to_owned(), nearest: None, source };
        for entry in fs::read_dir(folder).map_err(open)? {
            let entry = entry.map_err(open)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            let (path, name) = (entry.path(), format!("{prefix}{name}"));
            match Entry::at(&path, way) {
                Entry::Folder => {
                    if depth > 0 {
                        way.push(fs::canonicalize(&path).map_err(open)?);
                        self.add_folder(&path, &format!("{name}/"), depth - 1, way)?;
                        way.pop();
                    }
                    self.folders.push(name);
                }
                Entry::File { bytes } => self.files.push(File { name, bytes, content: Content::OnDisk(path) }),
                Entry::Other(what) if prefix.is_empty() => self.others.push(format!("{name} ({what})")),
                Entry::Other(_) | Entry::Nowhere => {}
            }
            if self.files.len() > MAX_FILES {
                return Err(TextError::TooMany { folder: self.root.clone(), limit: MAX_FILES }.into());
            }
        }
        Ok(())
    }

    /// The tree in an archive.
    pub(super) fn of_archive(path: &Path) -> Result<Tree, LoadError> {
        let damaged = |source| LoadError::Archive { file: path.to_owned(), source };
        let mut tree = Tree::empty(path);
        let mut archive = tar::Archive::new(unpacked(path)?);
        let mut total = 0u64;
        for entry in archive.entries().map_err(damaged)? {
            let mut entry = entry.map_err(damaged)?;
            let name = entry.path().map_err(damaged)?.to_string_lossy().replace('\\', "/");
            let name = name.trim_start_matches("./").trim_end_matches('/').to_owned();
            if name.is_empty() || name.split('/').any(|part| part.starts_with('.')) {
                continue;
            }
            if name.split('/').count() > MAX_NAME_PARTS || name.split('/').any(|part| part.len() > MAX_PART_BYTES) {
                return Err(damaged(io::Error::new(io::ErrorKind::InvalidData, long_name())));
            }
            if entry.header().entry_type().is_dir() {
                tree.folders.push(name);
            } else if entry.header().entry_type().is_file() {
                total = total.saturating_add(entry.size());
                if total > MAX_ARCHIVE_BYTES {
                    return Err(LoadError::LargeArchive { file: path.to_owned(), limit: MAX_ARCHIVE_BYTES });
                }
                let mut content = Vec::with_capacity(entry.size().min(MAX_RESERVED_BYTES) as usize);
                entry.read_to_end(&mut content).map_err(damaged)?;
                if (content.len() as u64) < entry.size() {
                    return Err(damaged(io::ErrorKind::UnexpectedEof.into()));
                }
                tree.files.push(File { name, bytes: content.len() as u64, content: Content::InMemory(content.into()) });
            }
        }
        tree.add_implied_folders();
        tree.sort();
        Ok(tree)
    }

    /// The folders that files lie in: an archive need not list them.
    fn add_implied_folders(&mut self) {
        let mut implied: BTreeSet<&str> = BTreeSet::new();
        for file in &self.files {
            let mut name = file.name.as_str();
            while let Some((folder, _)) = name.rsplit_once('/') {
                if !implied.insert(folder) {
                    break;
                }
                name = folder;
            }
        }
        self.folders.extend(implied.into_iter().map(str::to_owned));
    }

    /// The files whose names begin with `prefix`.
    pub(super) fn below(&self, prefix: &str) -> &[File] {
        let from = self.files.partition_point(|file| file.name.as_str() < prefix);
        let count = self.files[from..].partition_point(|file| file.name.starts_with(prefix));
        &self.files[from..from + count]
    }

    /// The file of this name.
    pub(super) fn file(&self, name: &str) -> Option<&File> {
        self.files.binary_search_by(|file| file.name.as_str().cmp(name)).ok().map(|at| &self.files[at])
    }

    /// Whether there is a folder of this name.
    pub(super) fn has_folder(&self, name: &str) -> bool {
        self.folders.binary_search_by(|folder| folder.as_str().cmp(name)).is_ok()
    }

    /// The path of a name, for messages; the root's for an empty name.
    pub(super) fn place(&self, name: &str) -> String {
        let place = if name.is_empty() { self.root.clone() } else { self.root.join(name) };
        place.display().to_string()
    }

    /// A folder of the tree as it is called in it.
    pub(super) fn relative(&self, folder: &str) -> String {
        if folder.is_empty() { "the files right in it".to_owned() } else { format!("{folder}/") }
    }

    /// The error about more than one set.
    pub(super) fn ambiguous(&self, sets: Vec<String>) -> LoadError {
        let advice = if self.root.is_dir() { "name one of them" } else { "unpack it and name one of them" };
        LoadError::Ambiguous { place: self.root.clone(), sets, advice }
    }

    /// The first names, for messages.
    pub(super) fn has(&self) -> String {
        let top = |name: &&str| !name.contains('/');
        let folders = self.folders.iter().map(String::as_str).filter(top).map(|name| format!("{name}/"));
        let files = self.files.iter().map(|file| file.name.as_str()).filter(top).map(str::to_owned);
        listed(&folders.chain(files).chain(self.others.iter().cloned()).collect::<Vec<_>>())
    }

    /// Images by their names that are in no set, for a message; `None` means that most files are something else.
    pub(super) fn loose_images(&self) -> Option<String> {
        const NAMED: usize = 8;
        let images = || self.files.iter().filter(|file| file.is_named_image());
        let count = images().count();
        if count == 0 || 2 * count < self.files.len() {
            return None;
        }
        let is_jpeg = images().take(NAMED).any(File::is_jpeg);
        let kind = match (is_jpeg, count) {
            (true, _) => "in no folders by class",
            (false, 1) => "that is no JPEG",
            (false, _) => "that are no JPEG",
        };
        let names: Vec<&str> = images().take(NAMED).map(|file| file.name.as_str()).collect();
        let more = if count > NAMED { format!(" and {} more", count - NAMED) } else { String::new() };
        let s = if count == 1 { "" } else { "s" };
        Some(format!("{count} image{s} {kind} ({}{more})", names.join(", ")))
    }
}

impl File {
    /// All of its bytes.
    pub(super) fn read(&self) -> io::Result<Vec<u8>> {
        match &self.content {
            Content::OnDisk(path) => fs::read(path),
            Content::InMemory(bytes) => Ok(bytes.to_vec()),
        }
    }

    /// Its first bytes, at most `most`.
    pub(super) fn head(&self, most: usize) -> io::Result<Vec<u8>> {
        self.head_of(most, false)
    }

    /// Its first bytes, at most `most`, unpacked when it is gzip.
    pub(super) fn unpacked_head(&self, most: usize) -> io::Result<Vec<u8>> {
        let is_gzip = self.head(GZIP_MAGIC.len())? == GZIP_MAGIC;
        self.head_of(most, is_gzip)
    }

    fn head_of(&self, most: usize, is_gzip: bool) -> io::Result<Vec<u8>> {
        let reader: Box<dyn Read + '_> = match &self.content {
            Content::OnDisk(path) => Box::new(fs::File::open(path)?),
            Content::InMemory(bytes) => Box::new(io::Cursor::new(bytes)),
        };
        let mut head = Vec::new();
        if is_gzip {
            Gunzip::new(io::BufReader::new(reader)).take(most as u64).read_to_end(&mut head)?;
        } else {
            reader.take(most as u64).read_to_end(&mut head)?;
        }
        Ok(head)
    }

    /// All of its bytes, unpacked when it is gzip; at most `most` and one more.
    pub(super) fn read_unpacked(&self, most: u64) -> io::Result<Vec<u8>> {
        let packed = self.read()?;
        if !packed.starts_with(&GZIP_MAGIC) {
            return Ok(packed);
        }
        let mut bytes = Vec::new();
        Gunzip::new(&packed[..]).take(most.saturating_add(1)).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Whether it is called as images are.
    pub(super) fn is_named_image(&self) -> bool {
        let ending = self.last_name().rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
        ending.is_some_and(|ending| IMAGE_ENDINGS.contains(&ending.as_str()))
    }

    /// Whether it begins as a JPEG does.
    pub(super) fn is_jpeg(&self) -> bool {
        self.head(JPEG_MAGIC.len()).is_ok_and(|head| head == JPEG_MAGIC)
    }

    /// Its name without folders.
    pub(super) fn last_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }

    /// The folder that it lies in; empty for the root.
    pub(super) fn folder(&self) -> &str {
        self.name.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Its path on disk; `None` means that it is in an archive.
    pub(super) fn path(&self) -> Option<&Path> {
        match &self.content {
            Content::OnDisk(path) => Some(path),
            Content::InMemory(_) => None,
        }
    }
}

/// A file's name without the marks that systems and browsers add to copies: ` (1)`, ` - Copy`, `Copy of `, ` copy`.
pub(super) fn without_copy_mark(name: &str) -> String {
    let mut plain = name.to_owned();
    for mark in [" - Copy", "Copy of ", " copy"] {
        plain = plain.replace(mark, "");
    }
    while let Some(open) = plain.find('(') {
        let digits = plain[open + 1..].bytes().take_while(u8::is_ascii_digit).count();
        let close = open + 1 + digits;
        if digits == 0 || plain.as_bytes().get(close) != Some(&b')') {
            break;
        }
        plain.replace_range(plain[..open].trim_end().len()..=close, "");
    }
    plain
}

fn long_name() -> String {
    format!("a name of more than {MAX_NAME_PARTS} parts, or with a part of more than {MAX_PART_BYTES} bytes")
}

/// Whether a file is an archive, by content.
pub(super) fn is_archive(path: &Path) -> io::Result<bool> {
    let mut head = Vec::new();
    let Ok(reader) = unpacked(path) else { return Ok(false) };
    // A file that cannot be unpacked is reported when it is read; by its name it is meant to be an archive.
    let whole = reader.take((TAR_MAGIC_AT + TAR_MAGIC.len()) as u64).read_to_end(&mut head).is_ok();
    Ok(head.get(TAR_MAGIC_AT..) == Some(TAR_MAGIC) || (!whole && is_named_archive(path)))
}

fn is_named_archive(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    [".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz"].iter().any(|ending| name.ends_with(ending))
}

/// The bytes of a file, decompressed according to its magic.
fn unpacked(path: &Path) -> Result<Box<dyn Read>, LoadError> {
    let open = |source| TextError::Open { path: path.to_owned(), nearest: None, source };
    let head = crate::text::folder::head(path, XZ_MAGIC.len())?;
    let file = io::BufReader::with_capacity(1 << 18, fs::File::open(path).map_err(open)?);
    Ok(if head.starts_with(&GZIP_MAGIC) {
        Box::new(Gunzip::new(file))
    } else if head == XZ_MAGIC {
        Box::new(XzReader::new_mem_limit(file, true, XZ_MEMORY_KIB))
    } else {
        Box::new(file)
    })
}
