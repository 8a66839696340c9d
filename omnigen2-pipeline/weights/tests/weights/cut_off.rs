use std::fs::OpenOptions;

use burn::prelude::*;
use omnigen2_files::{FilesError, Medium, UsedFiles};
use omnigen2_weights::{Archive, Storage, WeightsError};
use safetensors::Dtype;
use tempfile::tempdir;

use crate::container::{PlainText, save};
use crate::toy::{TOY, Tensors, Toy, values};

#[test]
fn a_file_that_is_cut_off_while_it_is_in_use_is_an_error() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("toy.safetensors");
    Tensors::of(&Toy::new(1), Dtype::F32).save(&path);
    let archive = Archive::open(&path).unwrap();
    let from = path.clone();
    let (loaded, used) = UsedFiles::of(|| Archive::open(&from)?.load(Toy::new(1), &TOY, Storage::AsStored));
    assert!(loaded.is_ok() && used.check().is_ok());

    let whole = path.metadata().unwrap().len();
    OpenOptions::new().write(true).open(&path).unwrap().set_len(100).unwrap();
    for storage in [Storage::AsStored, Storage::Bf16] {
        let error = archive.tensor::<2>("embed.weight", storage, &Device::flex()).unwrap_err();
        assert!(
            matches!(&error, WeightsError::File(FilesError::CutOff { found: 100, expected, .. }) if *expected == whole),
            "{error}"
        );
    }
    let error = used.check().unwrap_err().to_string();
    assert!(error.contains("toy.safetensors has 100 bytes and had"), "{error}");
    drop((loaded, archive));
    assert!(used.check().is_ok());
}

#[test]
fn what_was_loaded_from_a_network_outlives_its_file() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("toy.txt");
    for storage in [Storage::AsStored, Storage::F32] {
        save(&path);
        let container = PlainText::open_on(Medium::Network, &path).unwrap();
        let archive = Archive::from_container(&container).unwrap();
        let toy = archive.load(Toy::new(1), &TOY, storage).unwrap();

        // To read a byte of a map of it would end the test by SIGBUS.
        OpenOptions::new().write(true).open(&path).unwrap().set_len(0).unwrap();
        let values = values(&toy);
        assert!(values.len() == 7 && values.values().flatten().all(|&value| value == 1.0));
        let error = archive.load(Toy::new(1), &TOY, storage).unwrap_err().to_string();
        assert!(error.contains("toy.txt has 0 bytes and had"), "{error}");
    }
}
