//! Which matrices rest packed, and how they are packed as they are read.

use burn::prelude::Device;
use burn::tensor::f16;
use omnigen2_gguf::BlockType;
use omnigen2_rope::ops::Packed;
use omnigen2_rope::ops::packed::{Bits, Block, GROUP, Integers, Layout, PackedBytes, PackedMut, ScaleType};
use rayon::prelude::*;

use crate::{Element, Entry, Naming, Storage, WeightsError};

/// Numbers that are widened before they are packed, about.
const BAND: usize = 1 << 22;
/// Numbers that are looked at by one thread at a time.
const TASK: usize = 1 << 16;
/// Groups that the rows of a phase fill at least, so that little is filled up.
const SPARSE: usize = 4;
/// To pack smaller matrices saves nothing that is seen.
const SMALL: usize = 1 << 12;
/// The least numbers of a matrix that makes a network slow: smaller ones are fast enough as they are.
pub const LARGE: usize = 1 << 19;

/// The way in which a matrix is packed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packing {
    layout: Layout,
    /// The blocks of the file whose integers are taken as they are.
    taken: Option<BlockType>,
}

impl Naming<'_> {
    /// The bits of a number of a tensor that rests packed on every device, by its name in checkpoints and its axes.
    pub fn bits(&self, name: &str, shape: &[usize], storage: Storage) -> Option<Bits> {
        let bits = match storage {
            Storage::Q8 => Bits::Eight,
            Storage::Q4 => Bits::Four,
            _ => return None,
        };
        let name = format!(".{name}.");
        let holds = |runs: &[&str]| runs.iter().any(|run| name.contains(&format!(".{run}.")));
        let count = numbers(shape);
        match bits {
            _ if count < SMALL => None,
            Bits::Four if holds(self.float) => (count >= LARGE).then_some(Bits::Eight),
            Bits::Eight if holds(self.float) => None,
            _ if holds(self.fine) => Some(Bits::Eight),
            bits => Some(bits),
        }
    }

    /// Returns what a setting means for a tensor of these axes on a device: where large matrices may rest packed and are
    /// multiplied so, [`Storage::Auto`] is [`Storage::Q8`].
    pub fn settled(&self, storage: Storage, shape: &[usize], device: &Device) -> Storage {
        let is_packed = || self.bears_packing && numbers(shape) >= LARGE && Packed::is_fast_on(device);
        if storage == Storage::Auto && is_packed() { Storage::Q8 } else { storage }
    }
}

/// The numbers of a matrix; none, if it is something else.
fn numbers(shape: &[usize]) -> usize {
    matrix(shape).map_or(0, |[output, input]| output * input)
}

impl Packing {
    /// Bytes of the packed matrix.
    pub(crate) fn bytes(&self) -> usize {
        self.layout.bytes()
    }
}

impl Entry {
    /// The way in which the tensor is packed, if it rests so. Blocks of a file are taken as they are unless another type is
    /// asked for, or so few rows begin at the same place of a block that room is wasted: these are rounded anew to 8 bits.
    pub(crate) fn packing(&self, naming: &Naming<'_>, storage: Storage, device: &Device) -> Option<Packing> {
        let [output, input] = matrix(self.shape())?;
        let rounded = |bits| Packing { layout: Layout::of(output, input, bits), taken: None };
        if let (Element::Blocks(kind), Storage::Auto | Storage::AsStored) = (self.element(), storage) {
            let layout = layout_of(*kind, [output, input])?;
            let is_taken = output >= SPARSE * GROUP * layout.phases() || layout.phases() == 1;
            let taken = Packing { layout, taken: Some(*kind) };
            return Some(if is_taken { taken } else { rounded(Bits::Eight) });
        }
        self.element().float()?;
        naming.bits(self.name(), self.shape(), naming.settled(storage, self.shape(), device)).map(rounded)
    }

    /// The matrix, packed as it is read: it is never widened as a whole. `None` if it has a number that is none, or
    /// infinite.
    pub(crate) fn packed(&self, packing: Packing) -> Result<Option<PackedBytes>, WeightsError> {
        let Packing { layout, taken } = packing;
        let mut packed = PackedBytes::zeros(layout);
        let source = self.source()?;
        if let Some(kind) = taken.filter(|_| layout.runs_on) {
            let is_finite = take(kind, &source, packed.fill());
            self.give_back(0..source.len());
            return Ok(is_finite.then_some(packed));
        }
        if matches!(self.element(), Element::Blocks(kind) if !layout.input.is_multiple_of(kind.block_len())) {
            tracing::info!(tensor = self.name(), "blocks do not end with rows: rounded anew");
            return Ok(self.round(&source, packed.fill()).then_some(packed));
        }
        let row = source.len() / layout.output;
        let groups = (BAND / (GROUP * layout.input).max(1)).max(1);
        let mut read = 0;
        for band in packed.fill().bands(groups) {
            let bytes = read..read + band.layout().output * row;
            read = bytes.end;
            let is_finite = match taken {
                Some(kind) => take(kind, &source[bytes.clone()], band),
                None => self.round(&source[bytes.clone()], band),
            };
            if !is_finite {
                return Ok(None);
            }
            self.give_back(bytes);
        }
        Ok(Some(packed))
    }

    /// Rounds rows; tells whether all numbers are finite.
    fn round(&self, bytes: &[u8], band: PackedMut<'_>) -> bool {
        let numbers = self.widened(bytes);
        let is_finite = numbers.par_chunks(TASK).all(|part| part.iter().all(|number| number.is_finite()));
        if is_finite {
            band.quantise(&numbers);
        }
        is_finite
    }
}

/// The form that holds the integers of blocks exactly, and their scales and offsets too, but for those of the narrow K types:
/// each is a product, which is rounded to half precision, for a bit or two less a number.
fn layout_of(kind: BlockType, [output, input]: [usize; 2]) -> Option<Layout> {
    let view = kind.integer_view()?;
    let (range, has_offsets) = (view.range(), view.has_offsets());
    let is_narrow = if has_offsets {
        *range.start() >= 0 && *range.end() < 16
    } else {
        *range.start() >= -8 && *range.end() < 8
    };
    // The scales of the types with one scale a block are of two bytes in the file too.
    let is_half = is_narrow || kind.block_len() == view.run();
    let scales = if is_half { ScaleType::F16 } else { ScaleType::F32 };
    Some(Layout {
        output,
        input,
        bits: if is_narrow { Bits::Four } else { Bits::Eight },
        block: if view.run() == 16 { Block::Of16 } else { Block::Of32 },
        scales,
        has_offsets,
        runs_on: !input.is_multiple_of(kind.block_len()),
    })
}

/// Takes the integers of rows as they are; tells whether all scales are finite as they rest.
fn take(kind: BlockType, bytes: &[u8], band: PackedMut<'_>) -> bool {
    let layout = *band.layout();
    let Some(view) = kind.integer_view() else { return false };
    let count = layout.output * layout.input;
    let runs = count / view.run();
    let mut values = vec![0_i8; count];
    let (mut scales, mut offsets) = (vec![0.0; runs], vec![0.0; if layout.has_offsets { runs } else { 0 }]);
    view.fill(
        bytes,
        omnigen2_gguf::Integers { values: &mut values, scales: &mut scales, offsets: &mut offsets },
    );
    let zero = layout.zero();
    let values: Vec<u8> = values.into_par_iter().map(|value| zero.wrapping_add_signed(value)).collect();
    band.pack(Integers { values: &values, scales: &scales, offsets: &offsets });
    let most = if layout.scales == ScaleType::F16 { f16::MAX.to_f32() } else { f32::MAX };
    scales.iter().chain(&offsets).all(|number| number.abs() <= most)
}

/// The two axes of a matrix, `[output, input]`; axes of 1 may stand behind them.
pub(crate) fn matrix(shape: &[usize]) -> Option<[usize; 2]> {
    let (&[output, input], rest) = shape.split_first_chunk()?;
    (rest.iter().all(|&axis| axis == 1) && output > 0 && input > 1).then_some([output, input])
}
