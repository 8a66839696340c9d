//! Bytes that are read from front to back, never more of them than there are.

use crate::error::Fault;
use crate::value::{Array, Value};

/// The depth to which arrays may be within each other.
pub(crate) const DEPTH: usize = 8;

pub(crate) struct Cursor<'f> {
    bytes: &'f [u8],
    at: usize,
}

impl<'f> Cursor<'f> {
    pub(crate) fn new(bytes: &'f [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    fn take(&mut self, needed: u64) -> Result<&'f [u8], Fault> {
        let rest = &self.bytes[self.at..];
        let found = usize::try_from(needed).ok().and_then(|needed| rest.get(..needed));
        let found = found.ok_or(Fault::CutOff { at: self.at, needed, left: rest.len() })?;
        self.at += found.len();
        Ok(found)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N as u64)?);
        Ok(bytes)
    }

    pub(crate) fn read<T: Item>(&mut self) -> Result<T, Fault> {
        T::read(self)
    }

    /// Items up to a number that a file claims, and for which no memory is taken before they are there.
    pub(crate) fn items<T: Item>(&mut self, count: u64) -> Result<Vec<T>, Fault> {
        (0..count).map(|_| self.read()).collect()
    }

    pub(crate) fn value(&mut self) -> Result<Value, Fault> {
        Ok(match self.read::<u32>()? {
            0 => Value::U8(self.read()?),
            1 => Value::I8(self.read()?),
            2 => Value::U16(self.read()?),
            3 => Value::I16(self.read()?),
            4 => Value::U32(self.read()?),
            5 => Value::I32(self.read()?),
            6 => Value::F32(self.read()?),
            7 => Value::Bool(self.read()?),
            8 => Value::String(self.read()?),
            9 => Value::Array(self.values(DEPTH)?),
            10 => Value::U64(self.read()?),
            11 => Value::I64(self.read()?),
            12 => Value::F64(self.read()?),
            found => return Err(Fault::ValueType { found }),
        })
    }

    fn values(&mut self, depth: usize) -> Result<Array, Fault> {
        let (kind, count) = (self.read::<u32>()?, self.read()?);
        Ok(match kind {
            0 => Array::U8(self.items(count)?),
            1 => Array::I8(self.items(count)?),
            2 => Array::U16(self.items(count)?),
            3 => Array::I16(self.items(count)?),
            4 => Array::U32(self.items(count)?),
            5 => Array::I32(self.items(count)?),
            6 => Array::F32(self.items(count)?),
            7 => Array::Bool(self.items(count)?),
            8 => Array::String(self.items(count)?),
            9 if depth == 1 => return Err(Fault::Nesting { limit: DEPTH }),
            9 => Array::Array((0..count).map(|_| self.values(depth - 1)).collect::<Result<_, _>>()?),
            10 => Array::U64(self.items(count)?),
            11 => Array::I64(self.items(count)?),
            12 => Array::F64(self.items(count)?),
            found => return Err(Fault::ValueType { found }),
        })
    }
}

/// A value that stands in a file by itself.
pub(crate) trait Item: Sized {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, Fault>;
}

macro_rules! numbers {
    ($($number:ty)*) => {
        $(impl Item for $number {
            fn read(cursor: &mut Cursor<'_>) -> Result<Self, Fault> {
                cursor.array().map(Self::from_le_bytes)
            }
        })*
    };
}

numbers!(u8 i8 u16 i16 u32 i32 f32 u64 i64 f64);

impl Item for bool {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, Fault> {
        match cursor.read()? {
            0 => Ok(false),
            1 => Ok(true),
            found => Err(Fault::Bool { found }),
        }
    }
}

impl Item for String {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, Fault> {
        let length = cursor.read()?;
        let at = cursor.at();
        let bytes = cursor.take(length)?;
        str::from_utf8(bytes).map(Self::from).map_err(|_| Fault::NotUtf8 { at })
    }
}
