//! Memory for weights, in large pages where the system has them: a product of one row is as fast as weights are read,
//! and small pages end every stream after 4 KiB.

use std::ops::{Deref, DerefMut};

use burn::tensor::Bytes;
#[cfg(target_os = "linux")]
use memmap2::{Advice, MmapMut};

/// Bytes of a large page; less is asked of the allocator.
#[cfg(target_os = "linux")]
const LARGE: usize = 2 << 20;

/// Bytes to be filled before a tensor takes them.
#[derive(Debug)]
pub struct Room(Memory);

#[derive(Debug)]
enum Memory {
    Allocated(Vec<u32>),
    #[cfg(target_os = "linux")]
    Mapped(MmapMut),
}

impl Room {
    /// Zeros: whole words.
    pub(super) fn zeros(bytes: usize) -> Self {
        #[cfg(target_os = "linux")]
        if let Some(map) = (bytes >= LARGE).then(|| MmapMut::map_anon(bytes).ok()).flatten() {
            // Where there are no large pages, small ones do.
            let _ = map.advise(Advice::HugePage);
            return Self(Memory::Mapped(map));
        }
        Self(Memory::Allocated(vec![0; bytes / size_of::<u32>()]))
    }

    /// The bytes as a tensor takes them, where they are.
    pub fn into_bytes(self) -> Bytes {
        match self.0 {
            Memory::Allocated(words) => Bytes::from_elems(words),
            #[cfg(target_os = "linux")]
            Memory::Mapped(map) => {
                let map = bytes::Bytes::from_owner(map);
                Bytes::from_shared(map, burn::tensor::AllocationProperty::Other)
            }
        }
    }
}

impl Deref for Room {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Memory::Allocated(words) => bytemuck::cast_slice(words),
            #[cfg(target_os = "linux")]
            Memory::Mapped(map) => map,
        }
    }
}

impl DerefMut for Room {
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.0 {
            Memory::Allocated(words) => bytemuck::cast_slice_mut(words),
            #[cfg(target_os = "linux")]
            Memory::Mapped(map) => map,
        }
    }
}
