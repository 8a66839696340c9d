use std::path::Path;

use omnigen2_weights::{Archive, Storage, WeightsError};
use safetensors::Dtype;
use tempfile::{TempDir, tempdir};

use crate::toy::{TOY, Tensors, Toy, save_raw};

/// The error of opening `path`, whose message must contain each of `parts`.
fn error(path: &Path, parts: &[&str]) -> WeightsError {
    said(Archive::open(path).unwrap_err(), parts)
}

fn said(error: WeightsError, parts: &[&str]) -> WeightsError {
    let message = error.to_string();
    assert!(parts.iter().all(|part| message.contains(part)), "{parts:?} are not in: {message}");
    error
}

fn sharded() -> TempDir {
    let folder = tempdir().unwrap();
    Tensors::of(&Toy::new(1), Dtype::F32).save_shards(folder.path());
    folder
}

fn index(folder: &TempDir, text: &str) {
    std::fs::write(folder.path().join("model.safetensors.index.json"), text).unwrap();
}

#[test]
fn what_is_not_there_says_what_was_looked_for() {
    let folder = tempdir().unwrap();
    error(&folder.path().join("nowhere"), &["nowhere", "*.safetensors", "download"]);
    let error = error(folder.path(), &["holds no weights", "index.json"]);
    assert!(matches!(error, WeightsError::NoWeights { .. }));
}

#[test]
fn of_several_files_the_usual_one_is_taken() {
    let folder = tempdir().unwrap();
    let tensors = Tensors::of(&Toy::new(1), Dtype::F32);
    tensors.save(&folder.path().join("a.safetensors"));
    tensors.save(&folder.path().join("b.safetensors"));
    error(folder.path(), &["a.safetensors, b.safetensors", "name the one"]);
    tensors.save(&folder.path().join("diffusion_pytorch_model.safetensors"));
    assert!(Archive::open(folder.path()).is_ok());
}

#[test]
fn all_that_does_not_fit_is_reported() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("toy.safetensors");
    let mut tensors = Tensors::of(&Toy::new(3), Dtype::F32);
    for block in 0..3 {
        tensors.0.remove(&format!("blocks.{block}.norm.weight")).unwrap();
        tensors.0.remove(&format!("blocks.{block}.gate.bias")).unwrap();
    }
    tensors.add("conv", Dtype::F32, &[3, 2, 3, 3]);
    tensors.add("surplus", Dtype::I64, &[1]);
    tensors.save(&file);

    let archive = Archive::open(&file).unwrap();
    let report = archive.check(&Toy::new(3), &TOY);
    assert_eq!((report.missing.len(), report.unexpected.len(), report.mismatched.len()), (6, 1, 1));
    let error = archive.load(Toy::new(3), &TOY, Storage::AsStored).unwrap_err();
    let parts = [
        "toy.safetensors does not fit the toy",
        "6 missing: blocks.0.norm.weight, blocks.0.gate.bias,",
        "and 1 more",
        "1 unexpected: surplus",
        "1 of another shape: conv (expected [2, 3, 3, 3], found [3, 2, 3, 3])",
    ];
    said(error, &parts);
}

#[test]
fn types_that_are_not_read_matter_only_when_asked_for() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("toy.safetensors");
    let mut tensors = Tensors::of(&Toy::new(1), Dtype::F32);
    tensors.add("conv", Dtype::I64, &[2, 3, 3, 3]);
    tensors.save(&file);
    let archive = Archive::open(&file).unwrap();
    assert_eq!(archive.summary().types["I64"], 54);
    let error = archive.load(Toy::new(1), &TOY, Storage::AsStored).unwrap_err();
    said(error, &["conv in", "I64", "expected F32, F16 or BF16"]);
}

#[test]
fn a_missing_shard_is_named_with_its_index() {
    let folder = sharded();
    std::fs::remove_file(folder.path().join("model-00002.safetensors")).unwrap();
    error(folder.path(), &["model-00002.safetensors is missing", "index.json names it", "download it again"]);
}

#[test]
fn a_truncated_shard_says_how_much_is_missing() {
    let folder = sharded();
    let shard = folder.path().join("model-00001.safetensors");
    let bytes = std::fs::read(&shard).unwrap();
    for length in [0, 7, 8, 20, bytes.len() - 1] {
        std::fs::write(&shard, &bytes[..length]).unwrap();
        error(
            folder.path(),
            &["model-00001.safetensors", &format!("has {length} bytes"), "download it again"],
        );
    }
    std::fs::write(&shard, [&bytes[..], &[0]].concat()).unwrap();
    let WeightsError::Length { expected, found, .. } = error(folder.path(), &["model-00001"]) else {
        panic!()
    };
    assert_eq!((expected, found), (bytes.len() as u64, bytes.len() as u64 + 1));
}

#[test]
fn an_index_and_its_shards_must_agree() {
    let folder = sharded();
    index(&folder, r#"{"weight_map":{"conv":"model-00000.safetensors"}}"#);
    error(folder.path(), &["conv is in", "model-00000.safetensors, but it is not"]);

    index(&folder, r#"{"weight_map":{"a":"model-00000.safetensors","b":"copy.safetensors"}}"#);
    std::fs::copy(folder.path().join("model-00000.safetensors"), folder.path().join("copy.safetensors"))
        .unwrap();
    error(folder.path(), &["is both in", "copy.safetensors", "model-00000.safetensors"]);
}

#[test]
fn shards_stay_in_the_folder_of_their_index() {
    let folder = sharded();
    for shard in ["../model.safetensors", "/etc/passwd", "a/../../b", "a\\\\..\\\\b", ".", ""] {
        index(&folder, &format!(r#"{{"weight_map":{{"conv":"{shard}"}}}}"#));
        let error = error(folder.path(), &["index.json names the shard", "expected a file in or below"]);
        assert!(matches!(error, WeightsError::Outside { .. }));
    }
}

#[test]
fn an_index_that_is_none_is_an_error() {
    let folder = sharded();
    let deep = "[".repeat(100_000);
    for text in ["", "nonsense", "[]", "{}", r#"{"weight_map":{"a":1}}"#, r#"{"weight_map":[]}"#, &deep] {
        index(&folder, text);
        let error = error(folder.path(), &["index.json is not an index", "weight_map"]);
        assert!(matches!(error, WeightsError::Index { .. }));
    }
}

#[test]
fn headers_that_contradict_themselves_are_errors() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("hostile.safetensors");
    let tensor =
        |shape: &str, offsets: &str| format!(r#"{{"dtype":"F32","shape":{shape},"data_offsets":{offsets}}}"#);
    let headers = [
        "".to_owned(),
        "not JSON".to_owned(),
        "[".repeat(100_000),
        format!("{}{}", r#"{"a":"#.repeat(100_000), "}".repeat(100_000)),
        format!(r#"{{"a":{}}}"#, tensor("[2]", "[0,4]")),
        format!(r#"{{"a":{}}}"#, tensor("[1]", "[4,8]")),
        format!(r#"{{"a":{}}}"#, tensor("[1]", "[4,0]")),
        format!(r#"{{"a":{}}}"#, tensor("[-1]", "[0,4]")),
        format!(r#"{{"a":{}}}"#, tensor("[4294967296,4294967296]", "[0,0]")),
        format!(r#"{{"a":{}}}"#, tensor("[4611686018427387904]", "[0,0]")),
        format!(r#"{{"a":{},"b":{}}}"#, tensor("[2]", "[0,8]"), tensor("[2]", "[4,12]")),
        format!(r#"{{"a":{},"b":{}}}"#, tensor("[1]", "[0,4]"), tensor("[1]", "[8,12]")),
        r#"{"a":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}}"#.to_owned(),
    ];
    for header in headers {
        save_raw(&file, &header, &[0; 12]);
        let error = error(&file, &["hostile.safetensors is not a sound safetensors file"]);
        assert!(matches!(error, WeightsError::Header { .. }));
    }
}

#[test]
fn a_header_longer_than_its_file_is_an_error() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("hostile.safetensors");
    for length in [9, 1 << 40, u64::MAX] {
        std::fs::write(&file, [&length.to_le_bytes()[..], b"{}"].concat()).unwrap();
        assert!(matches!(error(&file, &["has 10 bytes"]), WeightsError::Length { .. }));
    }
    let end =
        r#"{"a":{"dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,18446744073709551615]}}"#;
    save_raw(&file, end, &[]);
    error(&file, &["hostile.safetensors"]);
}

#[test]
fn a_file_that_is_not_one_is_an_error() {
    let folder = tempdir().unwrap();
    let inside = folder.path().join("model.safetensors");
    std::fs::create_dir(&inside).unwrap();
    assert!(matches!(error(folder.path(), &["model.safetensors"]), WeightsError::Io { .. }));
    #[cfg(unix)]
    assert!(matches!(error(Path::new("/dev/zero"), &["/dev/zero"]), WeightsError::Io { .. }));
}

#[cfg(unix)]
#[test]
fn what_never_ends_is_not_waited_for() {
    use std::error::Error as _;
    let folder = tempdir().unwrap();
    for name in ["model.safetensors", "model.safetensors.index.json"] {
        let pipe = folder.path().join(name);
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let error = error(&pipe, &[name]);
        assert_eq!(error.source().unwrap().to_string(), "it is a named pipe; expected a file");
    }
}

#[test]
fn long_names_are_shortened() {
    use std::error::Error as _;
    let folder = tempdir().unwrap();
    let path = folder.path().join("long.safetensors");
    let name = "n".repeat(1 << 20);
    let most = 1000;
    save_raw(&path, &format!(r#"{{"{name}":{{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}}}"#), &[0; 4]);
    let archive = Archive::open(&path).unwrap();
    let report = archive.load(Toy::new(1), &TOY, Storage::F32).unwrap_err().to_string();
    assert!(report.len() < most && report.contains("n (1048576 bytes)"), "{}", report.len());
    save_raw(&path, &format!(r#"{{"a":{{"dtype":"{name}","shape":[1],"data_offsets":[0,4]}}}}"#), &[0; 4]);
    let error = Archive::open(&path).unwrap_err();
    assert!(error.source().unwrap().to_string().len() < most);
    index(&folder, &format!(r#"{{"weight_map": "{name}"}}"#));
    let error = Archive::open(folder.path()).unwrap_err();
    assert!(error.source().unwrap().to_string().len() < most);
}
