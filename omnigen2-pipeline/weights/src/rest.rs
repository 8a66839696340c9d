use std::iter::Sum;
use std::ops::Add;

use serde::Serialize;

/// The room that weights take once they are loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rest {
    /// Bytes that the process or the device holds.
    pub held: u64,
    /// Bytes of mapped files, which the system may drop when memory is short and read again when they are needed.
    pub mapped: u64,
}

impl Rest {
    /// All of it.
    pub fn total(self) -> u64 {
        self.held + self.mapped
    }
}

impl Add for Rest {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { held: self.held + other.held, mapped: self.mapped + other.mapped }
    }
}

impl Sum for Rest {
    fn sum<I: Iterator<Item = Self>>(rests: I) -> Self {
        rests.fold(Self::default(), Self::add)
    }
}
