//! The target that is a GGUF file.

use omnigen2_gguf::{Header, Integers, Plan, Tensor, TensorPlan};

use crate::{Failure, Reader, Scratch};

/// The most numbers of a tensor that are looked at: flattened or not, an input holds few.
const MOST: usize = 1 << 17;

/// Headers, what the tensors are made of, and the same header once more.
pub(crate) fn gguf(_: Scratch) -> Result<Reader, Failure> {
    Ok(Box::new(|bytes| {
        let Ok(header) = Header::parse(bytes) else { return Ok(()) };
        for tensor in header.tensors().values().filter(|tensor| tensor.numbers() <= MOST) {
            take_apart(tensor, &bytes[tensor.range()]);
        }
        let plan = |(name, tensor): (&String, &Tensor)| {
            TensorPlan::new(name, tensor.stored_shape(), tensor.block_type())
        };
        let metadata = header.metadata().clone().into_iter().collect();
        Plan::new(metadata, header.tensors().iter().map(plan).collect())?;
        Ok(())
    }))
}

fn take_apart(tensor: &Tensor, bytes: &[u8]) {
    let count = tensor.numbers();
    tensor.block_type().dequantise(bytes, &mut vec![0.0; count]);
    if let Some(view) = tensor.block_type().integer_view() {
        let runs = count / view.run();
        let mut offsets = vec![0.0; if view.has_offsets() { runs } else { 0 }];
        let (values, scales) = (&mut vec![0; count], &mut vec![0.0; runs]);
        view.fill(bytes, Integers { values, scales, offsets: &mut offsets });
    }
}
