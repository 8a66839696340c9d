//! Settings as they are written on the command line.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use omnigen2_pipeline::Preset;

/// A parser of values that are one word each, which the help lists with what `about` says of them.
pub(crate) fn one_of<T: Copy + FromStr<Err: Error + Send + Sync> + Send + Sync + 'static>(
    all: &[T],
    name: fn(T) -> &'static str,
    about: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> + use<T> {
    let words = all.iter().map(|value| PossibleValue::new(name(*value)).help(about(*value)));
    PossibleValuesParser::new(words).try_map(|word| word.parse::<T>())
}

pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match text[number.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        _ => 0,
    };
    let bytes = number.trim().parse::<f64>().ok().map(|number| number * unit as f64);
    let bytes = bytes.filter(|bytes| bytes.is_finite() && *bytes >= 1.0);
    bytes
        .map(|bytes| bytes as u64)
        .ok_or_else(|| "expected a number of bytes, such as 12GiB or 800MiB".into())
}

/// An adapter, and how strongly it acts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lora {
    pub(crate) path: PathBuf,
    pub(crate) scale: f64,
}

impl fmt::Display for Lora {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path.display(), self.scale)
    }
}

/// Reads `FILE` and `FILE:SCALE`: behind the last colon stands the scale, if it is a number.
pub(crate) fn lora(text: &str) -> Result<Lora, String> {
    let split =
        text.rsplit_once(':').and_then(|(path, scale)| Some((path, scale.trim().parse::<f64>().ok()?)));
    match split.unwrap_or((text, 1.0)) {
        ("", _) => Err("expected FILE or FILE:SCALE, such as fox.safetensors:0.8".into()),
        (_, scale) if !scale.is_finite() => Err("expected a finite scale, such as 0.8".into()),
        (path, scale) => Ok(Lora { path: Path::new(path).into(), scale }),
    }
}

pub(crate) fn range(text: &str) -> Result<[f64; 2], String> {
    let ends = text.split_once("..").or_else(|| text.split_once(','));
    let number = |text: &str| text.trim().parse::<f64>().ok();
    let range = ends.and_then(|(from, to)| Some([number(from)?, number(to)?]));
    range.ok_or_else(|| "expected FROM..TO within 0 to 1, such as 0..0.8".into())
}

pub(crate) fn preset(text: &str) -> Result<&'static Preset, String> {
    Preset::named(text).ok_or_else(|| {
        let names: Vec<_> = Preset::all().iter().map(|preset| preset.name).collect();
        format!("expected one of {}", names.join(", "))
    })
}

pub(crate) fn temperature(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| "expected a number from 0, such as 0.7".into())
}

pub(crate) fn share(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| *number > 0.0 && *number <= 1.0);
    number.ok_or_else(|| "expected a number over 0 and up to 1, such as 0.9".into())
}

pub(crate) fn factor(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "expected a number over 0, such as 1.05".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        assert_eq!(lora("a/b.safetensors:-0.5").unwrap().to_string(), "a/b.safetensors:-0.5");
        assert_eq!(lora("C:\\a"), Ok(Lora { path: "C:\\a".into(), scale: 1.0 }));
        assert_eq!(range("0.1..0.8"), range("0.1,0.8"));
        assert_eq!((bytes("1.5GiB"), bytes("2 mb"), bytes("77")), (Ok(3 << 29), Ok(2_000_000), Ok(77)));
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(
            bytes("GiB").is_err()
                && bytes("-1").is_err()
                && bytes("3 parsecs").is_err()
                && bytes("0").is_err()
        );
        assert!(lora(":0.5").is_err() && lora("a:inf").is_err() && lora("").is_err());
        assert!(range("0.5").is_err() && range("a..b").is_err());
        assert!(preset("slow").is_err());
        assert!(temperature("-1").is_err() && temperature("NaN").is_err() && temperature("0") == Ok(0.0));
        assert!(share("0").is_err() && share("1.1").is_err() && share("1") == Ok(1.0));
        assert!(factor("0").is_err() && factor("inf").is_err() && factor("1.05") == Ok(1.05));
    }
}
