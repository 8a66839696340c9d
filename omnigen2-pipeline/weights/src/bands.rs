use crate::{Entry, WeightsError};

/// The numbers of a tensor in F32, from first to last, some at a time: see [`Entry::bands`].
#[derive(Debug)]
pub struct Bands<'a> {
    entry: &'a Entry,
    source: bytes::Bytes,
    /// Bytes of a band in the file.
    step: usize,
    read: usize,
}

impl Entry {
    /// The numbers in F32, from first to last, `numbers` at a time, or as many more as make whole blocks of the file.
    /// What was read leaves memory, so that a tensor is never there as a whole.
    ///
    /// # Errors
    /// If it is of a type that is not read, or its file was cut off.
    pub fn bands(&self, numbers: usize) -> Result<Bands<'_>, WeightsError> {
        let [count, bytes] = self.element().block().ok_or_else(|| self.unread())?;
        Ok(Bands {
            entry: self,
            source: self.source()?,
            step: numbers.div_ceil(count).max(1) * bytes,
            read: 0,
        })
    }
}

impl Iterator for Bands<'_> {
    type Item = Vec<f32>;

    fn next(&mut self) -> Option<Vec<f32>> {
        let read = self.read..(self.read + self.step).min(self.source.len());
        if read.is_empty() {
            return None;
        }
        self.read = read.end;
        let numbers = self.entry.widened(&self.source[read.clone()]);
        self.entry.give_back(read);
        Some(numbers)
    }
}
