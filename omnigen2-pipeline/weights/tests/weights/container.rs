//! A format of this file's own: lines of names and axes, a blank one, and numbers.

use std::path::{Path, PathBuf};

use burn::prelude::*;
use burn::tensor::DType;
use omnigen2_files::Medium;
use omnigen2_weights::{
    Archive, Container, Element, MappedFile, Storage, StoredTensor, WeightsError, inventory,
};
use tempfile::tempdir;

use crate::toy::{TOY, Toy, values};

/// `NAME AXIS AXIS …`, a line a tensor; an empty line; then all numbers as BF16, tensor by tensor.
pub(crate) struct PlainText {
    path: PathBuf,
    file: MappedFile,
}

impl PlainText {
    fn open(path: &Path) -> Result<Self, WeightsError> {
        Ok(Self { path: path.to_owned(), file: MappedFile::open(path)? })
    }

    pub(crate) fn open_on(medium: Medium, path: &Path) -> Result<Self, WeightsError> {
        Ok(Self { path: path.to_owned(), file: MappedFile::open_on(medium, path)? })
    }

    fn wrong(&self, why: &str) -> WeightsError {
        WeightsError::Container { path: self.path.clone(), source: why.into() }
    }

    fn tensor(&self, line: &str, start: &mut usize) -> Option<StoredTensor> {
        let (name, axes) = line.split_once(' ')?;
        let shape = axes.split(' ').map(str::parse).collect::<Result<Vec<usize>, _>>().ok()?;
        let end = *start + 2 * shape.iter().product::<usize>();
        let data = self.file.data(*start..end)?;
        *start = end;
        Some(StoredTensor { name: name.into(), element: Element::Bf16, shape, data })
    }
}

impl Container for PlainText {
    fn path(&self) -> &Path {
        &self.path
    }

    fn tensors(&self) -> Result<Vec<StoredTensor>, WeightsError> {
        let bytes = self.file.bytes();
        let end =
            bytes.windows(2).position(|pair| pair == b"\n\n").ok_or(self.wrong("it has no empty line"))?;
        let header = std::str::from_utf8(&bytes[..end]).map_err(|_| self.wrong("it begins with no text"))?;
        let mut start = end + 2;
        let tensors = header.lines().map(|line| self.tensor(line, &mut start).ok_or(self.wrong(line)));
        tensors.collect()
    }
}

/// Ones for each parameter of a [`Toy`].
pub(crate) fn save(path: &Path) {
    let mut header = String::new();
    let mut numbers = 0;
    for parameter in inventory(&Toy::new(1)) {
        let axes: Vec<String> = parameter.shape.iter().map(usize::to_string).collect();
        header += &format!("{} {}\n", parameter.path, axes.join(" "));
        numbers += parameter.shape.iter().product::<usize>();
    }
    std::fs::write(path, [format!("{header}\n").as_bytes(), &[0x80, 0x3f].repeat(numbers)].concat()).unwrap();
}

#[test]
fn a_module_is_loaded_from_a_format_of_the_callers_own() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("toy.txt");
    save(&path);
    let archive = Archive::from_container(&PlainText::open(&path).unwrap()).unwrap();
    assert_eq!(archive.path(), path);
    let toy = archive.load(Toy::new(1), &TOY, Storage::AsStored).unwrap();
    assert_eq!(toy.conv.val().dtype(), DType::BF16);
    let values = values(&toy);
    assert_eq!(values.len(), 7);
    assert!(values.values().flatten().all(|&value| value == 1.0));

    let report = archive.check(&Toy::new(2), &TOY);
    assert_eq!((report.missing.len(), report.unexpected.len()), (4, 0));
}

#[test]
fn what_is_wrong_in_a_format_of_the_callers_own_is_told() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("toy.txt");
    std::fs::write(&path, "weight 2 2\n\nnumbers").unwrap();
    let error = Archive::from_container(&PlainText::open(&path).unwrap()).unwrap_err();
    assert!(matches!(&error, WeightsError::Container { path: found, .. } if *found == path), "{error}");
}

struct InMemory(Vec<StoredTensor>);

impl Container for InMemory {
    fn path(&self) -> &Path {
        Path::new("memory")
    }

    fn tensors(&self) -> Result<Vec<StoredTensor>, WeightsError> {
        Ok(self.0.clone())
    }
}

fn stored(name: &str, element: Element, shape: &[usize], bytes: usize) -> StoredTensor {
    StoredTensor { name: name.into(), element, shape: shape.into(), data: vec![0; bytes].into() }
}

#[test]
fn tensors_that_contradict_themselves_or_each_other_are_refused() {
    let refused =
        |tensors: Vec<StoredTensor>| Archive::from_container(&InMemory(tensors)).unwrap_err().to_string();
    let size = refused(vec![stored("weight", Element::F32, &[2, 3], 20)]);
    assert!(size.contains("weight in memory has 20 bytes, which are not those of F32"), "{size}");
    let huge = refused(vec![stored("weight", Element::Other("Q4_K".into()), &[usize::MAX, 3], 20)]);
    assert!(huge.contains("weight in memory has 20 bytes"), "{huge}");
    let twice =
        refused(vec![stored("weight", Element::F16, &[1], 2), stored("weight", Element::F16, &[1], 2)]);
    assert!(twice.contains("weight is both in memory"), "{twice}");

    let blocks = InMemory(vec![stored("weight", Element::Other("Q4_K".into()), &[2, 3], 20)]);
    let archive = Archive::from_container(&blocks).unwrap();
    let error = archive.tensor::<2>("weight", Storage::F32, &Device::flex()).unwrap_err().to_string();
    assert!(error.contains("has the type Q4_K: expected F32, F16 or BF16; get"), "{error}");
}
