use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use burn::prelude::*;

use super::error::Result;

/// The most bytes that are kept.
const MOST: usize = 1 << 30;

/// What a frozen encoder made of its inputs, kept in the machine's memory. Once it is full nothing more is kept.
#[derive(Debug)]
pub(super) struct Cache<K> {
    kept: Mutex<Kept<K>>,
}

#[derive(Debug)]
struct Kept<K> {
    values: BTreeMap<K, TensorData>,
    bytes: usize,
}

impl<K: Ord> Default for Cache<K> {
    fn default() -> Self {
        Self { kept: Mutex::new(Kept { values: BTreeMap::new(), bytes: 0 }) }
    }
}

impl<K: Ord> Cache<K> {
    /// What `make` makes of an input, or made of it before.
    pub(super) fn get<const D: usize>(
        &self,
        key: K,
        device: &Device,
        make: impl FnOnce() -> Result<Tensor<D>>,
    ) -> Result<Tensor<D>> {
        // What is kept is whole even if a thread that kept something panicked.
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept().values.get(&key) {
            return Ok(Tensor::from_data(known.clone(), device));
        }
        let made = make()?;
        let data = made.to_data();
        let mut kept = kept();
        if kept.bytes + data.bytes().len() <= MOST {
            kept.bytes += data.bytes().len();
            kept.values.insert(key, data);
        }
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn an_input_is_encoded_once() {
        let (cache, device, mut made) = (Cache::default(), Device::flex(), 0);
        for key in [1, 2, 1, 2] {
            let make = || {
                made += 1;
                Ok(Tensor::<2>::full([1, 2], key, &device))
            };
            let value = cache.get(key, &device, make).unwrap();
            assert_eq!(value.into_data().try_into_vec::<f32>().unwrap(), [key as f32; 2]);
        }
        assert_eq!(made, 2);
    }
}
