/// A metadata value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// 8 bits without sign.
    U8(u8),
    /// 8 bits with sign.
    I8(i8),
    /// 16 bits without sign.
    U16(u16),
    /// 16 bits with sign.
    I16(i16),
    /// 32 bits without sign.
    U32(u32),
    /// 32 bits with sign.
    I32(i32),
    /// Single precision.
    F32(f32),
    /// A truth value.
    Bool(bool),
    /// Text.
    String(String),
    /// Values of one type.
    Array(Array),
    /// 64 bits without sign.
    U64(u64),
    /// 64 bits with sign.
    I64(i64),
    /// Double precision.
    F64(f64),
}

/// Values of one type, as an array has them.
#[derive(Clone, Debug, PartialEq)]
pub enum Array {
    /// 8 bits without sign.
    U8(Vec<u8>),
    /// 8 bits with sign.
    I8(Vec<i8>),
    /// 16 bits without sign.
    U16(Vec<u16>),
    /// 16 bits with sign.
    I16(Vec<i16>),
    /// 32 bits without sign.
    U32(Vec<u32>),
    /// 32 bits with sign.
    I32(Vec<i32>),
    /// Single precision.
    F32(Vec<f32>),
    /// Truth values.
    Bool(Vec<bool>),
    /// Texts.
    String(Vec<String>),
    /// Arrays, each with a type of its own.
    Array(Vec<Array>),
    /// 64 bits without sign.
    U64(Vec<u64>),
    /// 64 bits with sign.
    I64(Vec<i64>),
    /// Double precision.
    F64(Vec<f64>),
}

impl Value {
    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}
