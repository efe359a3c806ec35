//! The heap while a model is loaded.

/// While it lives, glibc's heap gives freed blocks of a megabyte and more back to the system. By itself it begins to
/// keep such blocks once it has seen one, so that the most memory that the program ever has would be larger by a tenth.
/// Other heaps are left alone.
pub(crate) struct Loading(());

impl Loading {
    pub(crate) fn begin() -> Self {
        set(1 << 20, 128 << 10);
        Self(())
    }
}

impl Drop for Loading {
    fn drop(&mut self) {
        // What glibc would have come to by itself: see M_MMAP_THRESHOLD in mallopt(3).
        set(32 << 20, 64 << 20);
    }
}

/// From which size on blocks are mapped each for itself, and how much free memory the heap may keep at its end.
#[cfg_attr(not(all(target_os = "linux", target_env = "gnu")), expect(unused_variables))]
fn set(mapped: i32, kept: i32) {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: only what happens to later blocks changes; any thread may call it at any time.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, mapped);
        libc::mallopt(libc::M_TRIM_THRESHOLD, kept);
    }
}
