//! The heap while a model is loaded.

/// While this value lives, glibc's heap returns freed blocks of a megabyte and more to the system. By default it starts
/// to keep such blocks after it has freed one, which would raise the peak memory by a tenth. Other allocators are not
/// changed.
pub(crate) struct Loading(());

impl Loading {
    pub(crate) fn begin() -> Self {
        set(1 << 20, 128 << 10);
        Self(())
    }
}

impl Drop for Loading {
    fn drop(&mut self) {
        // The value that glibc would have reached by itself; see M_MMAP_THRESHOLD in mallopt(3).
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
