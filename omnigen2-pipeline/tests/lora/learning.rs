use burn::module::Module;
use burn::prelude::*;
use omnigen2_dit::Dit;
use omnigen2_pipeline::lora::{Adapter, LoraConfig, attach, fresh, save};
use omnigen2_train::{AdamW, Gradients, Optimiser};

use crate::place::{Place, batch, difference, tiny, velocity};

const RATE: f64 = 1e-2;

fn learn(mut dit: Dit, device: &Device) -> (Dit, Vec<f32>) {
    let mut optimiser = Optimiser::new(AdamW::default());
    let mut losses = Vec::new();
    for _ in 0..8 {
        let loss = dit.flow_loss(batch(device)).unwrap();
        losses.push(loss.clone().into_scalar::<f32>());
        let gradients = Gradients::of(&dit, loss.backward());
        let norm = gradients.norm();
        dit = optimiser.step(dit, gradients.clipped(norm, 1.0), RATE);
    }
    (dit, losses)
}

#[test]
fn factors_alone_learn_and_are_saved() {
    let place = Place::new();
    let device = Device::flex().autodiff();
    let dit = tiny(&device);
    let bare = velocity(&dit.valid());
    let config = LoraConfig { rank: 4, alpha: 8.0, ..LoraConfig::default() };
    let begun = fresh(dit.clone(), &config, 5).unwrap();
    let gradients = Gradients::of(&begun, begun.flow_loss(batch(&device)).unwrap().backward());
    assert!(gradients.get("layers.0.attn.to_q.weight").is_none());
    assert!(gradients.get("layers.0.attn.to_q.weight.lora.up").is_some());
    assert!(gradients.get("layers.0.attn.to_q.weight.lora.scale").is_none());
    assert!(gradients.get("layers.0.norm2.weight").is_none());

    let (learnt, losses) = learn(begun, &device);
    assert!(losses[7] < losses[0], "{losses:?}");
    assert_eq!(velocity(&dit.valid()), bare);
    let path = place.file("learnt.safetensors");
    save(&learnt, &path).unwrap();
    let adapter = Adapter::open(&path).unwrap();
    let again = attach(dit.valid(), std::slice::from_ref(&adapter)).unwrap();
    assert!(difference(&velocity(&again), &velocity(&learnt.valid())) < 1e-5);
    assert!(difference(&velocity(&learnt.valid().materialize()), &velocity(&again)) < 1e-5);

    let (_, further) = learn(attach(dit, &[adapter]).unwrap(), &device);
    assert!(further[0] < losses[0] && further[7] < further[0], "{losses:?} {further:?}");
}
