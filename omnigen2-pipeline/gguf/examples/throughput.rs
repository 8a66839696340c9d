//! Prints how many billions of numbers of each type one core makes blocks of, and makes of blocks, in a second.

use std::hint::black_box;
use std::time::Instant;

use omnigen2_gguf::{BlockType, Integers};

/// Numbers beyond the caches that are near the processor.
const NUMBERS: usize = 1 << 22;
const TIMES: usize = 3;

fn main() {
    println!("{:8} {:>10} {:>10} {:>10}", "", "numbers", "integers", "blocks");
    let mut numbers: Vec<f32> = (0..NUMBERS).map(|at| (at as f32).sin()).collect();
    let (mut values, mut scales) = (vec![0; NUMBERS], vec![0.0; NUMBERS / 16]);
    let mut offsets = scales.clone();
    for kind in BlockType::ALL {
        let mut bytes = vec![0; NUMBERS / kind.block_len() * kind.block_bytes()];
        let blocks = kind.quantises().then(|| fastest(|| kind.quantise(&numbers, &mut bytes)));
        let whole = fastest(|| kind.dequantise(black_box(&bytes), &mut numbers));
        let parts = kind.integer_view().map(|view| {
            let runs = NUMBERS / view.run();
            let scales = &mut scales[..runs];
            let offsets = &mut offsets[..if view.has_offsets() { runs } else { 0 }];
            fastest(|| view.fill(black_box(&bytes), Integers { values: &mut values, scales, offsets }))
        });
        let [parts, blocks] = [parts, blocks].map(|speed| speed.unwrap_or(f64::NAN));
        println!("{kind:8} {whole:10.2} {parts:10.2} {blocks:10.3}");
    }
}

fn fastest<T>(mut work: impl FnMut() -> T) -> f64 {
    (0..TIMES).fold(0.0, |fastest: f64, _| {
        let start = Instant::now();
        black_box(work());
        fastest.max(NUMBERS as f64 / start.elapsed().as_secs_f64() / 1e9)
    })
}
