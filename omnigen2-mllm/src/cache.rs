use burn::prelude::*;

use crate::input::Input;
use crate::mask::Mask;

/// Room is made for this many tokens at a time, and never less than doubled, so that growth costs a constant
/// share of each token.
const BLOCK: usize = 256;

/// Keys and values of what was read, so that what follows need not read it again. One cache belongs to one
/// conversation, or to one batch of them, and to one network. A clone shares them until one of the two reads on.
///
/// ```
/// use burn::prelude::*;
/// use burn::tensor::FloatDType;
/// use omnigen2_mllm::{Input, KvCache, MllmConfig};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mllm = MllmConfig::tiny().init(&Device::flex());
/// let mut cache = KvCache::default();
/// mllm.extend(&Input::text(&mllm, &[1, 2, 3], FloatDType::F32)?, &mut cache)?;
/// let hidden = mllm.extend(&Input::text(&mllm, &[4], FloatDType::F32)?, &mut cache)?;
/// assert_eq!((hidden.dims(), cache.tokens()), ([1, 1, 32], 4));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct KvCache {
    layers: Vec<Layer>,
    mask: Mask,
    reserved: usize,
}

impl KvCache {
    /// The number of tokens that were read, padding among them.
    pub fn tokens(&self) -> usize {
        self.mask.tokens()
    }

    /// The number of tokens that there is room for.
    pub fn capacity(&self) -> usize {
        self.layers.first().map_or(0, Layer::capacity)
    }

    /// The bytes that keys and values take, with the room that is made for more.
    pub fn bytes(&self) -> usize {
        self.layers.iter().map(|layer| layer.keys.bytes() + layer.values.bytes()).sum()
    }

    /// Makes the next growth, if there is one, large enough for `tokens` in all.
    pub fn reserve(&mut self, tokens: usize) {
        self.reserved = self.reserved.max(tokens);
    }

    /// Forgets all but the first `tokens`. The room they took stays.
    pub fn truncate(&mut self, tokens: usize) {
        self.mask.truncate(tokens);
    }

    /// The places of its sequences, and their padding.
    pub(crate) fn mask(&self) -> &Mask {
        &self.mask
    }

    /// Notes that the keys and values of an input are in.
    pub(crate) fn note(&mut self, input: &Input) {
        self.mask.note(input);
    }

    /// Puts new keys and values of a layer behind those there are, and gives all of them.
    pub(crate) fn append(&mut self, layer: usize, new: KeysValues) -> KeysValues {
        let start = self.tokens();
        let end = start + new.keys.dims()[2];
        if self.layers.len() <= layer {
            self.layers.resize_with(layer + 1, Layer::default);
        }
        let Layer { keys, values } = &mut self.layers[layer];
        let span = Span { start, end, room: self.reserved };
        KeysValues { keys: keys.write(new.keys, span), values: values.write(new.values, span) }
    }
}

/// `[batch, kv_heads, seq, head_dim]` each.
pub(crate) struct KeysValues {
    pub(crate) keys: Tensor<4>,
    pub(crate) values: Tensor<4>,
}

#[derive(Clone, Debug, Default)]
struct Layer {
    keys: Room,
    values: Room,
}

impl Layer {
    fn capacity(&self) -> usize {
        self.keys.0.as_ref().map_or(0, |held| held.dims()[2])
    }
}

#[derive(Clone, Copy)]
struct Span {
    start: usize,
    end: usize,
    room: usize,
}

/// `[batch, kv_heads, capacity, head_dim]`, written in place as long as nobody else holds it.
#[derive(Clone, Debug, Default)]
struct Room(Option<Tensor<4>>);

impl Room {
    fn bytes(&self) -> usize {
        self.0.as_ref().map_or(0, |held| held.shape().num_elements() * held.dtype().size())
    }

    fn write(&mut self, new: Tensor<4>, span: Span) -> Tensor<4> {
        let [batch, heads, _, head_dim] = new.dims();
        // What was forgotten may have been of another batch; what was not must fit.
        let fits = |held: &Tensor<4>| {
            let [held_batch, held_heads, _, held_dim] = held.dims();
            [held_batch, held_heads, held_dim] == [batch, heads, head_dim] && held.dtype() == new.dtype()
        };
        let held = self.0.take().filter(|held| span.start > 0 || fits(held));
        let held = match held {
            Some(held) if held.dims()[2] >= span.end => held,
            held => grown(held, &new, span),
        };
        let held = held.slice_assign([0..batch, 0..heads, span.start..span.end, 0..head_dim], new);
        let all = held.clone().narrow(2, 0, span.end);
        self.0 = Some(held);
        all
    }
}

fn grown(held: Option<Tensor<4>>, new: &Tensor<4>, span: Span) -> Tensor<4> {
    let [batch, heads, _, head_dim] = new.dims();
    let doubled = 2 * held.as_ref().map_or(0, |held| held.dims()[2]);
    let room = span.end.next_multiple_of(BLOCK).max(doubled).max(span.room);
    let options = (&new.device(), new.dtype());
    let larger = Tensor::zeros([batch, heads, room, head_dim], options);
    match held {
        Some(held) if span.start > 0 => {
            let kept = [0..batch, 0..heads, 0..span.start, 0..head_dim];
            larger.slice_assign(kept, held.narrow(2, 0, span.start))
        }
        _ => larger,
    }
}
