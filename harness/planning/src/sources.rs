//! The sources and the commit that this binary was built from.

/// Hash of the sources of emulator, datasets and gaia-core that this binary was built from: 16 hexadecimal digits.
pub const SOURCES: &str = env!("EXPERIMENTS_SOURCE_HASH");

/// The git commit that this binary was built from. `None` means that it was built outside a repository.
pub fn commit() -> Option<&'static str> {
    Some(env!("EXPERIMENTS_COMMIT")).filter(|commit| !commit.is_empty())
}

/// Whether tracked files differed from [`commit`] when this binary was built. `None` without a commit.
pub fn dirty() -> Option<bool> {
    commit().map(|_| env!("EXPERIMENTS_DIRTY") == "true")
}
