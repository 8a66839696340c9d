use std::collections::VecDeque;
use std::io::{self, Write};

use crate::plan::Pending;

/// Zeros between tensors, written so many at a time.
const ZEROS: [u8; 64] = [0; 64];

/// A file that is being written, from front to back: see [`Plan`](crate::Plan).
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    tensors: VecDeque<Pending>,
    written: u64,
    alignment: u64,
}

impl<W: Write> Writer<W> {
    pub(crate) fn begin(mut out: W, head: &[u8], tensors: Vec<Pending>, alignment: u64) -> io::Result<Self> {
        out.write_all(head)?;
        let mut writer = Self { out, tensors: tensors.into(), written: head.len() as u64, alignment };
        writer.pad()?;
        Ok(writer)
    }

    /// Writes the bytes of the next tensor, or a part of them that follows on the last.
    ///
    /// # Errors
    /// If the writer fails.
    ///
    /// # Panics
    /// If another tensor is the next one, or has fewer bytes.
    pub fn write(&mut self, name: &str, part: &[u8]) -> io::Result<()> {
        let next = self.tensors.front().map(|tensor| tensor.name.as_str());
        assert_eq!(Some(name), next, "the tensor that is written, and the one planned");
        self.out.write_all(part)?;
        self.written += part.len() as u64;
        let bytes = self.tensors.front().map_or(0, |tensor| tensor.bytes);
        assert!(self.written <= bytes, "{} bytes of `{name}`, planned are {bytes}", self.written);
        if self.written == bytes {
            self.pad()?;
            self.tensors.pop_front();
        }
        Ok(())
    }

    /// Ends the file and gives the writer back, flushed.
    ///
    /// # Errors
    /// If the writer fails.
    ///
    /// # Panics
    /// If a tensor was not written, or not whole.
    pub fn finish(mut self) -> io::Result<W> {
        let next = self.tensors.front().map(|tensor| tensor.name.as_str());
        assert_eq!(next, None, "the tensor that is still to be written");
        self.out.flush()?;
        Ok(self.out)
    }

    /// Fills what was written up to where the next tensor begins.
    fn pad(&mut self) -> io::Result<()> {
        let mut left = self.written.next_multiple_of(self.alignment) - self.written;
        while left > 0 {
            let zeros = left.min(ZEROS.len() as u64);
            self.out.write_all(&ZEROS[..zeros as usize])?;
            left -= zeros;
        }
        self.written = 0;
        Ok(())
    }
}
