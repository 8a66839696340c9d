use std::path::Path;
use std::time::{Duration, Instant};

use burn::prelude::*;
use burn::tensor::DType;
use omnigen2_rope::ops::Linear;
use omnigen2_weights::{Archive, Naming, Storage, WeightsError, inventory};
use safetensors::Dtype;
use tempfile::tempdir;

use crate::memory::peak_of;
use crate::toy::{TOY, Tensors, Toy, save_raw, values};

/// Far above what a thousand names take, far below what is felt.
const CHECK_LIMIT: Duration = Duration::from_secs(1);
/// Bookkeeping of a load: names, parameters, the header. Not the weights.
const BOOKKEEPING: usize = 64 * 1024;
/// The side of a square matrix that no bookkeeping hides: 4 MiB in F32.
const SIDE: usize = 1024;

fn tiny(component: &str) -> Archive {
    Archive::open(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/tiny-checkpoint").join(component),
    )
    .unwrap()
}

#[test]
fn files_of_every_type_and_storage_give_the_same_module() {
    let folder = tempdir().unwrap();
    let mut all = Vec::new();
    for stored in [Dtype::F32, Dtype::F16, Dtype::BF16] {
        let file = folder.path().join(format!("{stored}.safetensors"));
        Tensors::of(&Toy::new(2), stored).save(&file);
        let archive = Archive::open(&file).unwrap();
        for storage in [Storage::Auto, Storage::AsStored, Storage::F32, Storage::F16, Storage::Bf16] {
            let toy = archive.load(Toy::new(2), &TOY, storage).unwrap();
            let [matrix, vector] = match (storage, stored) {
                (Storage::Auto, Dtype::F32) => [DType::BF16, DType::F32],
                (Storage::F32, _) | (Storage::AsStored, Dtype::F32) => [DType::F32; 2],
                (Storage::F16, _) | (Storage::Auto | Storage::AsStored, Dtype::F16) => [DType::F16; 2],
                _ => [DType::BF16; 2],
            };
            assert_eq!(toy.conv.val().dtype(), matrix);
            assert_eq!(toy.blocks[0].norm.weight.val().dtype(), vector);
            all.push(values(&toy));
        }
    }
    assert_eq!(all[0].len(), 11);
    assert!(all.iter().all(|values| *values == all[0]));
}

#[test]
fn one_file_and_shards_give_the_same_module() {
    let folder = tempdir().unwrap();
    let (one, many) = (folder.path().join("one.safetensors"), folder.path().join("many"));
    std::fs::create_dir(&many).unwrap();
    let tensors = Tensors::of(&Toy::new(2), Dtype::F32);
    tensors.save(&one);
    tensors.save_shards(&many);
    std::fs::write(many.join("not-named-by-the-index.safetensors"), "no weights").unwrap();

    let load = |path: &Path| {
        let archive = Archive::open(path).unwrap();
        values(&archive.load(Toy::new(2), &TOY, Storage::AsStored).unwrap())
    };
    assert_eq!(load(&one), load(&many));
    assert_eq!(load(&one), load(&many.join("model.safetensors.index.json")));
}

#[test]
fn weights_rest_in_the_mapped_file() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("large.safetensors");
    for stored in [Dtype::F32, Dtype::BF16, Dtype::F16] {
        let mut tensors = Tensors::default();
        tensors.add("weight", stored, &[SIDE, SIDE]);
        tensors.save(&file);
        let load = || {
            let archive = Archive::open(&file).unwrap();
            let linear = Linear::new(SIDE, SIDE, &Device::flex());
            let linear = archive.load(linear, &TOY, Storage::AsStored).unwrap();
            (archive, linear)
        };
        let ((archive, linear), peak) = peak_of(load);
        assert!(peak < BOOKKEEPING, "{peak} bytes were allocated");
        let value = linear.weight.val();
        drop(linear);
        let data = value.into_data();
        assert_eq!(data.as_bytes().as_ptr(), archive.get("weight").unwrap().bytes().as_ptr());
    }
}

/// Bytes of a file's maps that are in this process.
#[cfg(target_os = "linux")]
fn resident(file: &Path) -> usize {
    let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
    let mut within = false;
    let mut kib = 0;
    for line in maps.lines() {
        match line.strip_prefix("Rss:") {
            Some(rest) if within => kib += rest.trim_end_matches("kB").trim().parse::<usize>().unwrap(),
            _ if line.split(' ').next().unwrap().contains('-') => {
                within = line.ends_with(file.to_str().unwrap())
            }
            _ => {}
        }
    }
    kib * 1024
}

#[cfg(target_os = "linux")]
#[test]
fn pages_go_back_once_their_numbers_are_in_another_type() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("large.safetensors");
    let mut tensors = Tensors::default();
    tensors.add("weight", Dtype::F32, &[SIDE, 4 * SIDE]);
    tensors.save(&file);
    let bytes = 16 * SIDE * SIDE;

    let archive = Archive::open(&file).unwrap();
    let all = |storage| archive.tensor::<2>("weight", storage, &Device::flex()).unwrap();
    let narrow = all(Storage::Bf16);
    assert!(resident(&file) < bytes / 8, "{} bytes are still there", resident(&file));
    let wide = all(Storage::AsStored);
    assert!(wide.clone().equal(narrow.cast(DType::F32)).all().into_scalar::<bool>());
    assert!(resident(&file) > bytes / 2, "{} bytes are used in place", resident(&file));
    drop((wide, archive));
    assert_eq!(resident(&file), 0);
}

#[test]
fn casts_hold_one_tensor_of_the_new_type_at_a_time() {
    const LAYERS: usize = 8;
    let folder = tempdir().unwrap();
    let file = folder.path().join("large.safetensors");
    let device = Device::flex();
    let layers = || (0..LAYERS).map(|_| Linear::new(SIDE, SIDE, &device)).collect::<Vec<_>>();
    Tensors::of(&layers(), Dtype::F32).save(&file);

    let archive = Archive::open(&file).unwrap();
    let (_layers, peak) = peak_of(|| archive.load(layers(), &TOY, Storage::Bf16).unwrap());
    let weights = LAYERS * SIDE * SIDE * 2;
    assert!(peak < weights + BOOKKEEPING, "{peak} bytes were held for weights of {weights}");
}

#[test]
fn automatic_storage_rounds_to_the_nearest_and_keeps_what_bf16_cannot_hold() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("close.safetensors");
    let bits = [0x3f80_8000_u32, 0x3f81_8000, 0x3f80_8001, 0x3f80_7fff, 0xbf80_8000, 0x7f7f_ffff];
    let data = bits.map(u32::to_le_bytes).concat();
    let header = |shape: &str, length| {
        format!(r#"{{"weight":{{"dtype":"F32","shape":{shape},"data_offsets":[0,{length}]}}}}"#)
    };
    let load = || {
        let archive = Archive::open(&file).unwrap();
        let weight: Tensor<2> = archive.tensor("weight", Storage::Auto, &Device::flex()).unwrap();
        (weight.dtype(), weight.try_into_vec_as::<f32>().unwrap())
    };
    save_raw(&file, &header("[1,5]", 20), &data[..20]);
    let rounded = [0x3f80_0000_u32, 0x3f82_0000, 0x3f81_0000, 0x3f80_0000, 0xbf80_0000].map(f32::from_bits);
    assert_eq!(load(), (DType::BF16, rounded.to_vec()));
    save_raw(&file, &header("[2,3]", 24), &data);
    assert_eq!(load(), (DType::F32, bits.map(f32::from_bits).to_vec()));
}

#[test]
fn misaligned_weights_are_copied() {
    let folder = tempdir().unwrap();
    let data = [1.5f32, -2.0, 3.0, 4.0, 5.0, 6.0].map(f32::to_le_bytes).concat();
    for padding in 0..8 {
        let file = folder.path().join(format!("{padding}.safetensors"));
        let header = r#"{"weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}"#;
        save_raw(&file, &format!("{header}{}", " ".repeat(padding)), &data);
        let archive = Archive::open(&file).unwrap();
        let weight: Tensor<2> = archive.tensor("weight", Storage::AsStored, &Device::flex()).unwrap();
        assert_eq!(weight.into_data().try_into_vec::<f32>().unwrap(), [1.5, -2.0, 3.0, 4.0, 5.0, 6.0]);
    }
}

#[test]
fn numbers_too_large_for_a_type_are_refused_by_name() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("large.safetensors");
    let data = [1.0f32, 70_000.0].map(f32::to_le_bytes).concat();
    save_raw(&file, r#"{"scale":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, &data);
    let archive = Archive::open(&file).unwrap();
    let device = Device::flex();
    let error = archive.tensor::<1>("scale", Storage::F16, &device).unwrap_err();
    assert!(error.to_string().contains("scale in"), "{error}");
    assert!(matches!(error, WeightsError::Overflow { value: 70_000.0, to: DType::F16, .. }));
    assert!(archive.tensor::<1>("scale", Storage::Bf16, &device).is_ok());
}

#[test]
fn what_is_not_finite_in_the_file_stays_so() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("nan.safetensors");
    let data = [f32::NAN, f32::INFINITY].map(f32::to_le_bytes).concat();
    save_raw(&file, r#"{"scale":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, &data);
    let archive = Archive::open(&file).unwrap();
    let scale: Tensor<1> = archive.tensor("scale", Storage::F16, &Device::flex()).unwrap();
    let scale = scale.try_into_vec_as::<f32>().unwrap();
    assert!(scale[0].is_nan() && scale[1] == f32::INFINITY);
}

#[test]
fn a_thousand_names_are_checked_at_once_and_nothing_is_initialised() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("toy.safetensors");
    let toy = Toy::new(250);
    assert_eq!(inventory(&toy).len(), 1003);
    Tensors::of(&toy, Dtype::BF16).save(&file);

    let start = Instant::now();
    assert!(Archive::open(&file).unwrap().check(&toy, &TOY).is_empty());
    assert!(start.elapsed() < CHECK_LIMIT, "{:?}", start.elapsed());
    assert!(!toy.conv.is_initialized() && !toy.embed.weight.is_initialized());
}

#[test]
fn summaries_come_from_headers() {
    let vae = tiny("vae").summary();
    assert_eq!(vae.tensors, 240);
    assert_eq!(vae.bytes, 4 * vae.parameters);
    assert_eq!(vae.types.into_iter().collect::<Vec<_>>(), [("F32".to_owned(), vae.parameters)]);

    let mllm = tiny("mllm");
    let part = |prefix| mllm.with_prefix(prefix).count();
    assert_eq!(part("model.") + part("visual."), mllm.summary().tensors);
    assert_eq!(mllm.summary().bytes, 738_624); // as its index says
}

#[test]
fn parts_of_the_tiny_checkpoint_load() {
    let device = Device::flex();
    let (transformer, vae) = (tiny("transformer"), tiny("vae"));
    let embed = Naming { prefixes: &["x_embedder."], ..TOY };
    let embed = transformer.load(Linear::with_bias(64, 72, &device), &embed, Storage::AsStored).unwrap();
    assert_eq!(embed.weight.val().dims(), [72, 64]);
    assert!(vae.contains("decoder.conv_in.weight") && !vae.has_prefix("decoder.up."));
    assert_eq!(
        vae.tensor::<4>("decoder.conv_in.weight", Storage::F32, &device).unwrap().dims(),
        [16, 16, 3, 3]
    );
}
