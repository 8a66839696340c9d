//! Prints how fast blocks of each type are taken apart, as bytes of what comes out in a second on one core.

use std::hint::black_box;
use std::time::Instant;

use omnigen2_gguf::{BlockType, Integers};

/// More numbers than any cache near the processor holds.
const NUMBERS: usize = 1 << 22;
const TIMES: usize = 8;

fn main() {
    println!("{:8} {:>10} {:>10}", "GB/s", "numbers", "integers");
    for kind in BlockType::ALL {
        let bytes = vec![0x25; NUMBERS / kind.block_len() * kind.block_bytes()];
        let mut numbers = vec![0.0f32; NUMBERS];
        let whole = fastest(|| kind.dequantise(&bytes, black_box(&mut numbers)), 4 * NUMBERS);
        let parts = kind.integer_view().map_or(f64::NAN, |view| {
            let mut values = vec![0; NUMBERS];
            let mut scales = vec![0.0; NUMBERS / view.run()];
            let mut offsets = vec![0.0; if view.has_offsets() { scales.len() } else { 0 }];
            let written = NUMBERS + 4 * (scales.len() + offsets.len());
            let fill = || {
                let into = Integers { values: &mut values, scales: &mut scales, offsets: &mut offsets };
                view.fill(black_box(&bytes), into);
            };
            fastest(fill, written)
        });
        println!("{kind:8} {whole:10.2} {parts:10.2}");
    }
}

fn fastest(mut work: impl FnMut(), bytes: usize) -> f64 {
    let seconds = (0..TIMES).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    });
    bytes as f64 / seconds.fold(f64::INFINITY, f64::min) / 1e9
}
