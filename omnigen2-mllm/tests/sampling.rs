//! How tokens are chosen from logits.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use omnigen2_mllm::{GenerationConfig, Sampler, Sampling};

const DRAWS: usize = 20_000;
/// Four standard deviations of a share of [`DRAWS`].
const CHANCE: f64 = 0.015;

const LOGITS: [f32; 5] = [1.0, 3.0, -1.0, 2.0, 0.0];

fn sampling() -> Sampling {
    Sampling { temperature: 1.0, ..Sampling::greedy() }
}

/// How often each token is drawn.
fn shares(sampling: Sampling) -> Vec<f64> {
    let mut counts = [0usize; LOGITS.len()];
    for seed in 0..DRAWS {
        counts[Sampler::new(sampling, seed as u64).choose(&LOGITS).unwrap() as usize] += 1;
    }
    counts.iter().map(|&count| count as f64 / DRAWS as f64).collect()
}

fn softmax(logits: &[f64]) -> Vec<f64> {
    let all: f64 = logits.iter().map(|l| l.exp()).sum();
    logits.iter().map(|l| l.exp() / all).collect()
}

fn assert_shares(found: &[f64], expected: &[f64]) {
    let far = found.iter().zip(expected).any(|(f, e)| (f - e).abs() > CHANCE);
    assert!(!far, "{found:?} instead of {expected:?}");
}

#[test]
fn tokens_are_drawn_as_often_as_they_are_likely() {
    let logits: Vec<f64> = LOGITS.iter().map(|&l| f64::from(l)).collect();
    assert_shares(&shares(sampling()), &softmax(&logits));
    let halved: Vec<f64> = logits.iter().map(|l| l / 2.0).collect();
    assert_shares(&shares(Sampling { temperature: 2.0, ..sampling() }), &softmax(&halved));
}

#[test]
fn unlikely_tokens_are_cut_off() {
    let two = softmax(&[3.0, 2.0]);
    assert_shares(&shares(Sampling { top_k: 2, ..sampling() }), &[0.0, two[0], 0.0, two[1], 0.0]);
    // The likeliest has 0.64 of the probability, the next 0.23.
    assert_shares(&shares(Sampling { top_p: 0.6, ..sampling() }), &[0.0, 1.0, 0.0, 0.0, 0.0]);
    assert_shares(&shares(Sampling { top_p: 0.7, ..sampling() }), &[0.0, two[0], 0.0, two[1], 0.0]);
}

#[test]
fn hardly_any_temperature_is_none() {
    assert_shares(&shares(Sampling { temperature: 1e-6, ..sampling() }), &[0.0, 1.0, 0.0, 0.0, 0.0]);
}

#[test]
fn repetition_makes_tokens_less_likely() {
    let mut sampler = Sampler::new(Sampling { repetition_penalty: 2.0, ..Sampling::greedy() }, 0);
    let chosen: Vec<_> = (0..3).map(|_| sampler.choose(&LOGITS).unwrap()).collect();
    assert_eq!(chosen, [1, 3, 1]); // 3, then 2 against 3/2, then 3/2 against 2/2
    let mut sampler = Sampler::new(Sampling { repetition_penalty: 2.0, ..Sampling::greedy() }, 0);
    sampler.note(&[0]);
    assert_eq!(sampler.choose(&[-1.0, -1.5]), Some(1)); // −1 · 2 is less than −1.5
}

#[test]
fn barred_tokens_are_never_chosen() {
    assert_eq!(Sampler::new(Sampling::greedy(), 0).barring(vec![1, 3]).choose(&LOGITS), Some(0));
    let mut sampler = Sampler::new(sampling(), 0).barring(vec![1]);
    assert!((0..1000).all(|_| sampler.choose(&LOGITS) != Some(1)));
    assert_eq!(Sampler::new(sampling(), 0).barring(vec![0]).choose(&[1.0]), None);
}

#[test]
fn what_is_no_number_is_not_chosen_from() {
    for broken in [&[1.0, f32::NAN][..], &[f32::NEG_INFINITY; 2], &[]] {
        assert_eq!(Sampler::new(Sampling::greedy(), 0).choose(broken), None);
        assert_eq!(Sampler::new(sampling(), 0).choose(broken), None);
    }
}

#[test]
fn the_first_of_equals_is_the_likeliest() {
    assert_eq!(Sampler::new(Sampling::greedy(), 0).choose(&[0.0, 1.0, 1.0]), Some(1));
}

#[test]
fn settings_that_make_no_sense_are_named() {
    let refused = |sampling: Sampling| sampling.validate().unwrap_err().to_string();
    assert!(refused(Sampling { temperature: -1.0, ..sampling() }).contains("temperature is -1"));
    assert!(refused(Sampling { temperature: f64::NAN, ..sampling() }).contains("temperature"));
    assert!(refused(Sampling { top_p: 1.5, ..sampling() }).contains("top-p is 1.5"));
    assert!(refused(Sampling { repetition_penalty: 0.0, ..sampling() }).contains("penalty is 0"));
    sampling().validate().unwrap();
    Sampling::greedy().validate().unwrap();
}

#[test]
fn a_checkpoint_says_how() {
    let read = |json| serde_json::from_str::<GenerationConfig>(json).unwrap();
    let published = read(
        r#"{"bos_token_id": 151643, "do_sample": true, "eos_token_id": [151645, 151643], "pad_token_id": 151643,
            "repetition_penalty": 1.05, "temperature": 1e-06}"#,
    );
    let expected = Sampling { temperature: 1e-6, top_k: 50, top_p: 1.0, repetition_penalty: 1.05 };
    assert_eq!(published.sampling(), expected);
    assert_eq!((published.stop_tokens(), published.pad_token()), (vec![151_645, 151_643], Some(151_643)));
    assert_eq!(read("{}").sampling(), Sampling::greedy());
    let ignored = read(r#"{"do_sample": null, "temperature": 0.3, "top_k": null, "eos_token_id": 7}"#);
    assert_eq!((ignored.sampling(), ignored.stop_tokens()), (Sampling::greedy(), vec![7]));
}
