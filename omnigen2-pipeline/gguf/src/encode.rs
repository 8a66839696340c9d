//! Values as the bytes of a file.

use crate::cursor::DEPTH;
use crate::error::Fault;
use crate::value::{Array, Value};

/// Appends a value, after the number of its type.
pub(crate) fn value(value: &Value, out: &mut Vec<u8>) -> Result<(), Fault> {
    match value {
        Value::U8(number) => tagged(0, number, out),
        Value::I8(number) => tagged(1, number, out),
        Value::U16(number) => tagged(2, number, out),
        Value::I16(number) => tagged(3, number, out),
        Value::U32(number) => tagged(4, number, out),
        Value::I32(number) => tagged(5, number, out),
        Value::F32(number) => tagged(6, number, out),
        Value::Bool(is_true) => tagged(7, is_true, out),
        Value::String(text) => tagged(8, text, out),
        Value::Array(values) => {
            9u32.append(out);
            return array(values, DEPTH, out);
        }
        Value::U64(number) => tagged(10, number, out),
        Value::I64(number) => tagged(11, number, out),
        Value::F64(number) => tagged(12, number, out),
    }
    Ok(())
}

fn array(values: &Array, depth: usize, out: &mut Vec<u8>) -> Result<(), Fault> {
    match values {
        Array::U8(items) => all(0, items, out),
        Array::I8(items) => all(1, items, out),
        Array::U16(items) => all(2, items, out),
        Array::I16(items) => all(3, items, out),
        Array::U32(items) => all(4, items, out),
        Array::I32(items) => all(5, items, out),
        Array::F32(items) => all(6, items, out),
        Array::Bool(items) => all(7, items, out),
        Array::String(items) => all(8, items, out),
        Array::Array(_) if depth == 1 => return Err(Fault::Nesting { limit: DEPTH }),
        Array::Array(items) => {
            9u32.append(out);
            (items.len() as u64).append(out);
            return items.iter().try_for_each(|item| array(item, depth - 1, out));
        }
        Array::U64(items) => all(10, items, out),
        Array::I64(items) => all(11, items, out),
        Array::F64(items) => all(12, items, out),
    }
    Ok(())
}

fn tagged(kind: u32, item: &impl Append, out: &mut Vec<u8>) {
    kind.append(out);
    item.append(out);
}

fn all<T: Append>(kind: u32, items: &[T], out: &mut Vec<u8>) {
    kind.append(out);
    (items.len() as u64).append(out);
    for item in items {
        item.append(out);
    }
}

/// A value that stands in a file by itself.
pub(crate) trait Append {
    fn append(&self, out: &mut Vec<u8>);
}

macro_rules! numbers {
    ($($number:ty)*) => {
        $(impl Append for $number {
            fn append(&self, out: &mut Vec<u8>) {
                out.extend(self.to_le_bytes());
            }
        })*
    };
}

numbers!(u8 i8 u16 i16 u32 i32 f32 u64 i64 f64);

impl Append for bool {
    fn append(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
}

impl Append for String {
    fn append(&self, out: &mut Vec<u8>) {
        (self.len() as u64).append(out);
        out.extend(self.as_bytes());
    }
}
