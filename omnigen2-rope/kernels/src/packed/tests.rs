use proptest::prelude::*;

use super::activations::rounded;
use super::*;

/// Sums of F32 over blocks in whatever order, against F64.
const TOLERANCE: f64 = 1e-5;

struct Owned {
    layout: Layout,
    values: Vec<u8>,
    scales: Vec<u8>,
    offsets: Vec<u8>,
}

impl Owned {
    fn fill(layout: Layout, fill: impl FnOnce(PackedMut<'_>)) -> Self {
        let mut values = vec![1; layout.value_bytes()];
        let mut scales = vec![1; layout.scale_bytes()];
        let mut offsets = vec![1; layout.offset_bytes()];
        fill(PackedMut::new(layout, &mut values, &mut scales, &mut offsets).unwrap());
        Self { layout, values, scales, offsets }
    }

    fn view(&self) -> PackedWeight<'_> {
        PackedWeight::new(self.layout, &self.values, &self.scales, &self.offsets).unwrap()
    }
}

fn kernels() -> impl Iterator<Item = Kernels> {
    Instructions::ALL.into_iter().filter_map(|instructions| Kernels::of(instructions).ok())
}

fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// What a product means, and `Σ |x| |w|`.
fn defined(x: &[f32], weight: &PackedWeight<'_>) -> Vec<[f64; 2]> {
    let layout = weight.layout();
    let w = weight.unpack_rows(0..layout.output);
    let mut out = Vec::new();
    for row in x.chunks(layout.input) {
        let begins = (0..layout.phases()).map(|phase| {
            let begin = layout.begin(phase);
            rounded(&[&vec![0.0; begin], row].concat(), layout.block).split_off(begin)
        });
        let rounded: Vec<Vec<f32>> = begins.collect();
        for (at, column) in w.chunks(layout.input).enumerate() {
            let row = &rounded[at % rounded.len()];
            let products = row.iter().zip(column).map(|(&x, &w)| f64::from(x) * f64::from(w));
            let norm = row.iter().zip(column).map(|(x, w)| f64::from(x.abs()) * f64::from(w.abs()));
            out.push([products.sum(), norm.sum()]);
        }
    }
    out
}

fn check(x: &[f32], rows: usize, weight: &PackedWeight<'_>) {
    let layout = weight.layout();
    let defined = defined(x, weight);
    for kernels in kernels() {
        let out = kernels.project(x, rows, weight);
        assert_eq!(out.len(), defined.len());
        for (at, (&ours, [sum, norm])) in out.iter().zip(&defined).enumerate() {
            let error = (f64::from(ours) - sum).abs();
            assert!(
                error <= TOLERANCE * norm + f64::from(f32::MIN_POSITIVE),
                "{kernels:?} {layout:?} {rows} rows, {at}: {ours} for {sum}, norm {norm}"
            );
        }
    }
}

fn layouts() -> impl Strategy<Value = Layout> {
    let axes = (1_usize..70, prop_oneof![1_usize..140, 1000_usize..1100, Just(2520)]);
    let forms = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (axes, forms).prop_map(|((output, input), (four, small, half, has_offsets))| Layout {
        output,
        input,
        bits: if four { Bits::Four } else { Bits::Eight },
        block: if small { Block::Of16 } else { Block::Of32 },
        scales: if half { ScaleType::F16 } else { ScaleType::F32 },
        has_offsets,
        runs_on: false,
    })
}

/// Matrices of whole blocks which run on from row to row.
fn running() -> impl Strategy<Value = Layout> {
    (layouts(), 1_usize..5).prop_map(|(layout, output)| Layout {
        output: 32 * output,
        runs_on: true,
        ..layout
    })
}

/// Integers of every value, and scales of either sign.
fn ready(layout: Layout, seed: u64) -> Owned {
    let count = (0..layout.output).map(|row| layout.blocks_of(row).end).max().unwrap_or(0);
    let [values, scales] = [layout.output * layout.input, count].map(|count| numbers(count, seed));
    let most = f32::from(layout.most());
    let values: Vec<u8> =
        values.iter().map(|x| ((x + 1.0) / 2.0 * (most + 1.0)).floor().min(most) as u8).collect();
    let offsets = if layout.has_offsets { numbers(count, seed + 1) } else { vec![] };
    Owned::fill(layout, |all| all.pack(Integers { values: &values, scales: &scales, offsets: &offsets }))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 60 } else { 400 }))]

    #[test]
    fn products_of_ready_integers_are_as_defined(layout in layouts(), rows in 1_usize..30, seed: u32) {
        let weight = ready(layout, seed.into());
        check(&numbers(rows * layout.input, u64::from(seed) + 9), rows, &weight.view());
    }

    #[test]
    fn products_of_blocks_that_run_on_are_as_defined(layout in running(), rows in 1_usize..16, seed: u32) {
        let weight = ready(layout, seed.into());
        check(&numbers(rows * layout.input, u64::from(seed) + 9), rows, &weight.view());
    }

    #[test]
    fn blocks_that_run_on_are_those_of_all_numbers_in_a_row(layout in running(), seed: u32) {
        let line = Layout { output: 1, input: layout.output * layout.input, runs_on: false, ..layout };
        let [line, matrix] = [line, layout].map(|layout| ready(layout, seed.into()));
        let unpacked = matrix.view().unpack_rows(0..layout.output);
        prop_assert!(unpacked == line.view().unpack_rows(0..1));
    }

    #[test]
    fn products_of_quantised_rows_are_as_defined(layout in layouts(), rows in 1_usize..14, seed: u32) {
        let rows_of = numbers(layout.output * layout.input, seed.into());
        let weight = Owned::fill(layout, |all| all.quantise(&rows_of));
        check(&numbers(rows * layout.input, u64::from(seed) + 9), rows, &weight.view());
    }

    #[test]
    fn quantised_rows_are_near(layout in layouts(), seed: u32, size in -12_i32..4) {
        let size = 10.0_f32.powi(size);
        let rows: Vec<f32> = numbers(layout.output * layout.input, seed.into()).iter().map(|x| x * size).collect();
        let weight = Owned::fill(layout, |all| all.quantise(&rows));
        let unpacked = weight.view().unpack_rows(0..layout.output);
        // Of the span: half a step, or where the largest number of the other sign is clipped, a whole one.
        let share = match (layout.bits, layout.has_offsets) {
            (Bits::Eight, _) => 0.51 / 254.0,
            (Bits::Four, true) => 0.51 / 15.0,
            (Bits::Four, false) => 1.01 / 16.0,
        };
        // The smallest F16 number, by which a scale may be off.
        let floor = if layout.scales == ScaleType::F16 { 130.0 * 6e-8 } else { 0.0 };
        let length = layout.block.count();
        let rows = rows.chunks(layout.input).zip(unpacked.chunks(layout.input));
        for (row, ours) in rows.flat_map(|(x, y)| x.chunks(length).zip(y.chunks(length))) {
            let span = 2.0 * row.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
            let errors: f32 = row.iter().zip(ours).map(|(x, y)| (x - y) * (x - y)).sum();
            let most = span * share + floor;
            prop_assert!(errors <= length as f32 * most * most, "{row:?} became {ours:?}");
        }
    }

    #[test]
    fn bands_make_the_whole(layout in layouts(), seed: u32, groups in 1_usize..4) {
        let rows = numbers(layout.output * layout.input, seed.into());
        let whole = Owned::fill(layout, |all| all.quantise(&rows));
        let bands = Owned::fill(layout, |all| {
            let mut at = 0;
            for band in all.bands(groups) {
                let count = band.layout().output * layout.input;
                band.quantise(&rows[at..at + count]);
                at += count;
            }
        });
        prop_assert!(whole.values == bands.values && whole.scales == bands.scales && whole.offsets == bands.offsets);
    }
}

fn form(bits: Bits, output: usize, input: usize) -> Layout {
    Layout {
        output,
        input,
        bits,
        block: Block::Of32,
        scales: ScaleType::F32,
        has_offsets: false,
        runs_on: false,
    }
}

#[test]
fn ready_integers_unpack_exactly() {
    for (bits, has_offsets, expected) in [
        (Bits::Eight, false, 2.0 * -125.0),
        (Bits::Four, false, 2.0 * -5.0),
        (Bits::Four, true, 2.0 * 3.0 + 0.5),
    ] {
        let layout = Layout { has_offsets, ..form(bits, 17, 33) };
        let (scales, offsets) = (vec![2.0; 34], vec![0.5; if has_offsets { 34 } else { 0 }]);
        let values = vec![3; 17 * 33];
        let weight = Owned::fill(layout, |all| {
            all.pack(Integers { values: &values, scales: &scales, offsets: &offsets })
        });
        assert_eq!(weight.view().unpack_rows(3..17), vec![expected; 14 * 33]);
    }
}

#[test]
fn the_largest_products_do_not_saturate() {
    for (bits, sign) in [Bits::Four, Bits::Eight].into_iter().flat_map(|bits| [(bits, 1.0), (bits, -1.0)]) {
        for value in [0, form(bits, 1, 1).most()] {
            for rows in [1, 2, 3, 4, 7, 12, 25] {
                let layout = form(bits, 31, 2520);
                let (values, scales) = (vec![value; 31 * 2520], vec![1.0; 31 * 79]);
                let weight = Owned::fill(layout, |all| {
                    all.pack(Integers { values: &values, scales: &scales, offsets: &[] });
                });
                check(&vec![sign; rows * 2520], rows, &weight.view());
            }
        }
    }
}

#[test]
fn whole_numbers_multiply_exactly() {
    let layout = form(Bits::Eight, 40, 96);
    let weight = ready(layout, 3);
    let scales = vec![1.0; 40 * 3];
    let values: Vec<u8> = (0..40 * 96).map(|i| (i * 37 % 256) as u8).collect();
    let weight = Owned::fill(*weight.view().layout(), |all| {
        all.pack(Integers { values: &values, scales: &scales, offsets: &[] });
    });
    let x: Vec<f32> =
        (0..30 * 96).map(|i| if i % 16 == 0 { 127.0 } else { (i * 29 % 255) as f32 - 127.0 }).collect();
    let mut expected = Vec::new();
    for row in x.chunks(96) {
        for column in values.chunks(96) {
            expected.push(row.iter().zip(column).map(|(x, &q)| x * (f32::from(q) - 128.0)).sum::<f32>());
        }
    }
    for kernels in kernels() {
        assert_eq!(kernels.project(&x, 30, &weight.view()), expected, "{kernels:?}");
    }
}

#[test]
fn numbers_that_are_none_stay_in_their_row() {
    for (bits, bad) in [Bits::Four, Bits::Eight]
        .into_iter()
        .flat_map(|bits| [f32::NAN, f32::INFINITY, f32::NEG_INFINITY].map(|bad| (bits, bad)))
    {
        let layout = Layout { has_offsets: bits == Bits::Four, ..form(bits, 33, 100) };
        let weight = ready(layout, 5);
        for rows in [2, 15, 26] {
            let mut x = numbers(rows * 100, 1);
            let good: Vec<Vec<f32>> =
                kernels().map(|kernels| kernels.project(&x, rows, &weight.view())).collect();
            x[150] = bad;
            for (kernels, good) in kernels().zip(good) {
                let out = kernels.project(&x, rows, &weight.view());
                for (row, (out, good)) in out.chunks(33).zip(good.chunks(33)).enumerate() {
                    assert!(
                        if row == 1 { out.iter().all(|x| !x.is_finite()) } else { out == good },
                        "{kernels:?} {row}"
                    );
                }
            }
        }
    }
}

#[test]
fn small_and_large_activations_keep_their_size() {
    for size in [0.0, 1e-38, 1e-30, 1e-20, 1e20, 1e33] {
        for layout in [form(Bits::Eight, 20, 70), form(Bits::Four, 20, 70)] {
            let weight = ready(layout, 11);
            let x: Vec<f32> = numbers(14 * 70, 2).iter().map(|x| x * size).collect();
            check(&x, 14, &weight.view());
        }
    }
}

#[test]
fn extreme_weights_are_quantised() {
    for size in [0.0, 1e-45, 1e-38, 1e-7, 1e6, 1e30, 1e38] {
        for bits in [Bits::Four, Bits::Eight] {
            for (has_offsets, scales) in
                [false, true].into_iter().flat_map(|o| [(o, ScaleType::F16), (o, ScaleType::F32)])
            {
                let layout = Layout { has_offsets, scales, ..form(bits, 17, 40) };
                let rows: Vec<f32> = numbers(17 * 40, 2).iter().map(|x| x * size).collect();
                let weight = Owned::fill(layout, |all| all.quantise(&rows));
                assert!(weight.view().unpack_rows(0..17).iter().all(|x| x.is_finite()), "{size} {layout:?}");
            }
        }
    }
}

#[test]
fn nothing_has_products() {
    for kernels in kernels() {
        for [rows, output, input] in [[0, 3, 4], [2, 0, 4], [2, 3, 0]] {
            let layout = form(Bits::Eight, output, input);
            let weight = ready(layout, 1);
            let out = kernels.project(&vec![1.0; rows * input], rows, &weight.view());
            assert_eq!(out, vec![0.0; rows * output]);
        }
    }
}

#[test]
fn instructions_have_names() {
    for instructions in Instructions::ALL {
        assert_eq!(instructions.name().parse(), Ok(instructions));
    }
    assert!(matches!("sse9".parse::<Instructions>(), Err(InstructionsError::Unknown(_))));
    let error = "sse9".parse::<Instructions>().unwrap_err().to_string();
    assert!(error.contains("sse9") && error.contains("avx512vnni"), "{error}");
}

#[test]
fn lengths_that_do_not_fit_are_refused() {
    let layout = form(Bits::Four, 17, 33);
    let weight = ready(layout, 1);
    assert!(PackedWeight::new(layout, &weight.values[1..], &weight.scales, &[]).is_none());
    assert!(PackedWeight::new(layout, &weight.values, &weight.scales, &[0]).is_none());
}
