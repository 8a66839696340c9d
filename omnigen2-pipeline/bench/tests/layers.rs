//! Layers of small widths, timed and held against each other; nothing here depends on how long they take.

use burn::prelude::Device;
use omnigen2_bench::{
    Decoders, JointLayers, Need, Setting, TEXT, instructions, layers_of_step, seconds_of_step,
    whole_and_layers,
};
use omnigen2_dit::DitConfig;
use omnigen2_pipeline::memory::Fit;
use omnigen2_pipeline::pixels::Size;
use omnigen2_pipeline::weights::Storage;
use omnigen2_pipeline::{Checkpoint, Error, Precision};

const SIZE: Size = Size::new(64, 64);

fn setting(weights: Storage) -> Setting {
    Setting { weights, compute: Precision::F32 }
}

#[test]
fn a_layer_of_narrow_weights_is_off_by_what_they_are_rounded() -> Result<(), Error> {
    let device = Device::flex();
    let layers = JointLayers::of(&omnigen2_shapes::checkpoint(), &device)?;
    let exact = layers.exact()?.velocity(SIZE)?;
    let error = |weights| Ok::<_, Error>(layers.at(setting(weights))?.velocity(SIZE)?.error(&exact));
    let [f32, bf16, q8, q4] =
        [error(Storage::F32)?, error(Storage::Bf16)?, error(Storage::Q8)?, error(Storage::Q4)?];
    assert_eq!(f32, 0.0);
    assert!(0.0 < bf16 && bf16 < q8 && q8 < q4 && q4 < 0.2, "{bf16} {q8} {q4}");
    Ok(())
}

#[test]
fn tokens_are_those_of_the_text_and_the_picture() -> Result<(), Error> {
    let (checkpoint, device) = (omnigen2_shapes::checkpoint(), Device::flex());
    let cell = checkpoint.vae_config()?.downscale() * checkpoint.dit_config()?.patch_size;
    let layer = JointLayers::of(&checkpoint, &device)?.at(setting(Storage::F32))?;
    let timed = layer.time(Size::new(64, 32))?;
    assert_eq!(timed.tokens, TEXT + (64 / cell) * (32 / cell));
    assert!(timed.seconds > 0.0);
    let odd = layer.time(Size::new(65, 3)).map_err(|error| error.to_string());
    assert!(odd.is_err());
    Ok(())
}

#[test]
fn a_step_is_worth_all_layers_of_two_branches_and_the_refiners_once() {
    let config = DitConfig::omnigen2();
    assert_eq!(layers_of_step(&config), 2 * 32 + 2);
    assert_eq!(seconds_of_step(&config, 0.5), 33.0);
}

#[test]
fn replies_and_whole_networks_are_timed() -> Result<(), Error> {
    let (checkpoint, device) = (omnigen2_shapes::checkpoint(), Device::flex());
    let reading = Decoders::of(&checkpoint, &device)?.time(setting(Storage::Q8))?;
    assert!(reading.layers > 0.0 && reading.vocabulary > 0.0 && reading.tokens_per_second() > 0.0);
    let check = whole_and_layers(&checkpoint, setting(Storage::F32), SIZE, &device)?;
    assert!(check.whole > 0.0 && check.layers > 0.0 && check.ratio() > 0.0);
    Ok(())
}

#[test]
fn memory_is_planned_without_files() -> Result<(), Error> {
    let device = Device::flex();
    let need = |weights| Need::of(&Checkpoint::published(), setting(weights), Size::new(256, 256), &device);
    let (wide, narrow) = (need(Storage::F32)?, need(Storage::Q4)?);
    assert!(narrow.resident < wide.resident / 3 && narrow.staged < narrow.resident);
    assert_ne!(need(Storage::Q4)?.fit, Fit::Unknown, "a CPU's memory is known on Linux");
    Ok(())
}

#[test]
fn a_processor_names_its_instructions() -> Result<(), Error> {
    assert!(instructions(&Device::flex())?.is_some());
    Ok(())
}
