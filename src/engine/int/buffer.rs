//! Memory for the engine: aligned to pages, allocated once, shared by the threads of a pool.
//!
//! The memory is mapped, not taken from the heap: weights that are read, transformed and dropped would leave holes in
//! the heap of a quarter of the engine's size. Pages that are never touched take no memory.

use std::marker::PhantomData;
use std::ops::Range;

use bytemuck::Pod;
use memmap2::MmapMut;

/// Bytes of a large page, on most processors; smaller mappings have no room for one.
#[cfg(target_os = "linux")]
const LARGE: usize = 2 << 20;

/// `count` values, at first 0.
pub(super) struct Buffer<T> {
    pages: MmapMut,
    count: usize,
    values: PhantomData<T>,
}

// SAFETY: shared access is either to memory that nobody writes, or through `write`, whose contract
// keeps threads apart.
unsafe impl<T: Send> Sync for Buffer<T> {}

impl<T: Pod> Buffer<T> {
    /// Allocates.
    ///
    /// # Panics
    /// The system has no memory left.
    pub(super) fn new(count: usize) -> Self {
        let bytes = count * size_of::<T>();
        let pages =
            MmapMut::map_anon(bytes.max(1)).unwrap_or_else(|e| panic!("no memory for {bytes} bytes: {e}"));
        // Large pages spare the processor most look-ups of addresses; where there are none, it works without.
        #[cfg(target_os = "linux")]
        if bytes >= LARGE {
            pages.advise(memmap2::Advice::HugePage).ok();
        }
        Self { pages, count, values: PhantomData }
    }

    /// All values, with exclusive access.
    pub(super) fn get_mut(&mut self) -> &mut [T] {
        let first = self.first();
        // SAFETY: the pages hold at least `count` values, any bits are a `T`, and nobody else has them.
        unsafe { std::slice::from_raw_parts_mut(first, self.count) }
    }

    /// Values to read.
    ///
    /// # Safety
    /// While the slice lives, nobody writes into the range.
    ///
    /// # Panics
    /// The range is not within the buffer.
    pub(super) unsafe fn read(&self, range: Range<usize>) -> &[T] {
        assert!(range.start <= range.end && range.end <= self.count);
        // SAFETY: within the buffer; any bits are a `T`; by this function's contract nobody writes.
        unsafe { std::slice::from_raw_parts(self.first().add(range.start), range.len()) }
    }

    /// Values to write, while other threads use other ranges.
    ///
    /// # Safety
    /// While the slice lives, nobody else reads or writes anything in the range.
    ///
    /// # Panics
    /// The range is not within the buffer.
    #[expect(clippy::mut_from_ref, reason = "the contract keeps the slices apart")]
    pub(super) unsafe fn write(&self, range: Range<usize>) -> &mut [T] {
        assert!(range.start <= range.end && range.end <= self.count);
        // SAFETY: within the buffer; any bits are a `T`; by this function's contract nobody else is there.
        unsafe { std::slice::from_raw_parts_mut(self.first().add(range.start), range.len()) }
    }

    /// The mapping's own pointer, which may write: no reference to what it points to is made on the way.
    fn first(&self) -> *mut T {
        self.pages.as_ptr().cast_mut().cast()
    }
}

/// A read-only [`Buffer`], for weights.
pub(super) struct Frozen<T>(Buffer<T>);

impl<T: Pod> From<Buffer<T>> for Frozen<T> {
    fn from(buffer: Buffer<T>) -> Self {
        Self(buffer)
    }
}

impl<T: Pod> std::ops::Deref for Frozen<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: the buffer is private, and nothing here writes to it.
        unsafe { self.0.read(0..self.0.count) }
    }
}
