//! Values that are written as one word.

/// Gives an enum of plain variants its words: `ALL`, `name`, `Display` and `FromStr`.
macro_rules! named {
    ($type:ty, { $first:ident => $first_name:literal $(, $variant:ident => $name:literal)* $(,)? }) => {
        impl $type {
            /// All values.
            pub const ALL: &'static [Self] = &[Self::$first $(, Self::$variant)*];

            /// Returns the word that the value is written as.
            pub const fn name(self) -> &'static str {
                match self {
                    Self::$first => $first_name,
                    $(Self::$variant => $name),*
                }
            }
        }

        impl ::std::fmt::Display for $type {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl ::std::str::FromStr for $type {
            type Err = ::omnigen2_dit::ParseError;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                let expected = concat!("one of `", $first_name, "`" $(, ", `", $name, "`")*);
                let mut all = Self::ALL.iter().copied();
                all.find(|value| value.name() == name).ok_or(::omnigen2_dit::ParseError { expected })
            }
        }
    };
}

pub(crate) use named;

#[cfg(test)]
mod tests {
    use std::fmt::{Debug, Display};
    use std::str::FromStr;

    use omnigen2_dit::ParseError;
    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use crate::{Memory, Mend, Precision};

    /// The words are these; they are read as they are written, here and in JSON.
    fn are_written<T>(all: &[T], words: &[&str])
    where
        T: Copy + Debug + PartialEq + Display + FromStr<Err = ParseError> + Serialize + DeserializeOwned,
    {
        assert_eq!(all.iter().map(T::to_string).collect::<Vec<_>>(), words);
        for (value, word) in all.iter().zip(words) {
            assert_eq!(word.parse(), Ok(*value));
            let json = serde_json::to_string(value).unwrap();
            assert_eq!(json, format!("\"{word}\""));
            assert_eq!(serde_json::from_str::<T>(&json).unwrap(), *value);
            assert_eq!(format!("{value:9}|"), format!("{word:9}|"));
        }
        let unknown = "no such".parse::<T>().unwrap_err().to_string();
        assert_eq!(unknown, format!("expected one of `{}`", words.join("`, `")));
        let unknown = serde_json::from_str::<T>("\"no such\"").unwrap_err().to_string();
        assert!(words.iter().all(|word| unknown.contains(&format!("`{word}`"))), "{unknown}");
    }

    #[test]
    fn words_are_read_as_they_are_written() {
        are_written(Precision::ALL, &["auto", "f32", "bf16"]);
        are_written(Mend::ALL, &["edit", "redraw"]);
        are_written(Memory::ALL, &["auto", "resident", "staged"]);
    }
}
