//! Examples as the reference has them: lines of JSON, and mixtures of such files in YAML.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::Result;
use super::error::TrainError;
use super::example::{Example, Output};
use super::random::{Generator, Purpose};
use omnigen2_pipeline::files::read_text_bounded;
use omnigen2_pipeline::pixels;

/// The most bytes of a file of examples, which is read whole.
const MOST_BYTES: u64 = 4 << 30;

/// A line of a file. Paths of pictures are relative to it.
#[derive(Deserialize)]
struct Line {
    instruction: String,
    #[serde(default)]
    input_images: Option<Vec<PathBuf>>,
    #[serde(default)]
    output_image: Option<PathBuf>,
    /// A reply, in place of a picture.
    #[serde(default)]
    output_text: Option<String>,
}

/// A mixture of files.
#[derive(Deserialize)]
struct Mixture {
    data: Vec<Share>,
}

#[derive(Deserialize)]
struct Share {
    path: PathBuf,
    /// How large a part of the file's lines is taken in each pass; above 1, some come more than once.
    #[serde(default = "whole")]
    ratio: f64,
}

fn whole() -> f64 {
    1.0
}

/// One line, of which pictures are opened when its turn comes.
#[derive(Clone, Debug)]
struct Place {
    folder: PathBuf,
    file: PathBuf,
    number: usize,
    text: String,
}

/// The examples of a file over and over, in another order each time.
#[derive(Clone, Debug)]
pub struct Passes {
    places: Vec<Place>,
    seed: u64,
    pass: u64,
    order: Vec<usize>,
}

/// Opens a file of JSON lines, or of YAML that names several: `data: [{path: FILE, ratio: 0.5}, …]`.
///
/// # Errors
/// If a file cannot be read, holds nothing, or a line is no example. Pictures are opened later.
pub(crate) fn open(path: &Path, seed: u64) -> Result<Passes> {
    let is_mixture = path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
    let places = if is_mixture { mixture(path, seed)? } else { lines(path)? };
    if places.is_empty() {
        return Err(wrong(path, "there is no example in it".into()));
    }
    Ok(Passes { places, seed, pass: 0, order: Vec::new() })
}

fn mixture(path: &Path, seed: u64) -> Result<Vec<Place>> {
    let mixture: Mixture =
        serde_yaml_ng::from_str(&text(path)?).map_err(|error| wrong(path, error.to_string()))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut places = Vec::new();
    for (index, Share { path: file, ratio }) in (0..).zip(mixture.data) {
        if !(0.0..=1000.0).contains(&ratio) {
            return Err(wrong(
                path,
                format!("the ratio of {} is {ratio}, expected 0 to 1000", file.display()),
            ));
        }
        let all = lines(&folder.join(file))?;
        let wanted = (all.len() as f64 * ratio).round() as usize;
        let mut order: Vec<usize> = (0..all.len()).collect();
        Generator::new(seed, Purpose::Order, index).shuffle(&mut order);
        places.extend(order.iter().cycle().take(wanted).map(|&line| all[line].clone()));
    }
    Ok(places)
}

fn lines(path: &Path) -> Result<Vec<Place>> {
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let text = text(path)?;
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let place = |(number, line): (usize, &str)| {
        let place = Place { folder: folder.clone(), file: path.to_owned(), number, text: line.to_owned() };
        place.line().map(|_| place)
    };
    lines.map(place).collect()
}

fn text(path: &Path) -> Result<String> {
    read_text_bounded(path, MOST_BYTES).map_err(|error| wrong(path, error.to_string()))
}

fn wrong(path: &Path, why: String) -> TrainError {
    TrainError::Data { path: path.to_owned(), why }
}

impl Place {
    fn line(&self) -> Result<Line> {
        let at = |why: String| wrong(&self.file, format!("line {}: {why}", self.number));
        let line: Line = serde_json::from_str(&self.text).map_err(|error| at(error.to_string()))?;
        if line.output_image.is_some() == line.output_text.is_some() {
            return Err(at("expected `output_image` or `output_text`, and one of them alone".into()));
        }
        Ok(line)
    }

    fn example(&self) -> Result<Example> {
        let line = self.line()?;
        let open = |path: &PathBuf| Ok(pixels::open(self.folder.join(path))?);
        let pictures = line.input_images.iter().flatten().map(open).collect::<Result<_>>()?;
        let output = match (line.output_image, line.output_text) {
            (Some(path), _) => Output::Picture(open(&path)?),
            (None, text) => Output::Text(text.unwrap_or_default()),
        };
        Ok(Example { instruction: line.instruction, pictures, output })
    }
}

impl Passes {
    /// Leaves out so many examples without opening them.
    pub(crate) fn skip_over(&mut self, skipped: usize) {
        if let Some(last) = skipped.checked_sub(1) {
            self.advance(last);
        }
    }

    /// The place that comes after `skipped` others.
    fn advance(&mut self, mut skipped: usize) -> Option<usize> {
        loop {
            if self.order.is_empty() {
                let whole = self.places.len();
                self.pass += (skipped / whole) as u64;
                skipped %= whole;
                self.order = (0..whole).collect();
                Generator::new(self.seed, Purpose::Pass, self.pass).shuffle(&mut self.order);
                self.pass += 1;
            }
            if skipped < self.order.len() {
                self.order.truncate(self.order.len() - skipped);
                return self.order.pop();
            }
            skipped -= self.order.len();
            self.order.clear();
        }
    }
}

impl Iterator for Passes {
    type Item = Result<Example>;

    fn next(&mut self) -> Option<Self::Item> {
        self.nth(0)
    }

    fn nth(&mut self, skipped: usize) -> Option<Self::Item> {
        self.advance(skipped).map(|place| self.places[place].example())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use image::{Rgb, RgbImage};

    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        RgbImage::from_pixel(8, 8, Rgb([9, 0, 0])).save(folder.path().join("a.png")).unwrap();
        let lines = (0..5).map(|i| {
            format!("{{\"task_type\": \"t2i\", \"instruction\": \"{i}\", \"output_image\": \"a.png\"}}\n")
        });
        fs::write(folder.path().join("draw.jsonl"), lines.collect::<String>()).unwrap();
        let talk = "{\"instruction\": \"what?\", \"input_images\": [\"a.png\"], \"output_text\": \"red\"}\n";
        fs::write(folder.path().join("talk.jsonl"), talk).unwrap();
        let mixture = "data:\n- {path: draw.jsonl, ratio: 0.4}\n- {path: talk.jsonl, ratio: 3}\n";
        fs::write(folder.path().join("mixture.yaml"), mixture).unwrap();
        folder
    }

    fn names(examples: impl Iterator<Item = Result<Example>>) -> Vec<String> {
        examples.map(|example| example.unwrap().instruction).collect()
    }

    #[test]
    fn every_line_comes_once_a_pass() {
        let folder = folder();
        let passes = || open(&folder.path().join("draw.jsonl"), 1).unwrap();
        let mut two = names(passes().take(10));
        assert_ne!(two[..5], two[5..]);
        two[..5].sort();
        two[5..].sort();
        assert_eq!(two[..5], ["0", "1", "2", "3", "4"]);
        assert_eq!(two[..5], two[5..]);
    }

    #[test]
    fn skipping_is_reading_without_looking() {
        let folder = folder();
        let passes = || open(&folder.path().join("draw.jsonl"), 1).unwrap();
        let all = names(passes().take(40));
        for skipped in [1, 4, 5, 7, 23] {
            assert_eq!(names(passes().skip(skipped).take(6)), all[skipped..skipped + 6]);
        }
    }

    #[test]
    fn a_mixture_takes_parts_and_repeats() {
        let folder = folder();
        let mut found = names(open(&folder.path().join("mixture.yaml"), 1).unwrap().take(5));
        found.sort();
        assert_eq!(found[2..], ["what?", "what?", "what?"]);
        assert_ne!(found[0], found[1]);
    }

    #[test]
    fn what_is_no_example_is_named_with_its_line() {
        let folder = folder();
        let path = folder.path().join("wrong.jsonl");
        for (text, expected) in [
            ("{\"instruction\": \"a\", \"output_text\": \"b\"}\n{", "line 2"),
            ("{\"instruction\": \"a\"}", "one of them alone"),
            ("\n", "no example"),
        ] {
            fs::write(&path, text).unwrap();
            let error = open(&path, 1).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("wrong.jsonl"), "{error}");
        }
        fs::write(&path, "{\"instruction\": \"a\", \"output_image\": \"none.png\"}").unwrap();
        let error = open(&path, 1).unwrap().next().unwrap().unwrap_err();
        assert!(format!("{error:?}").contains("none.png"));
    }
}
