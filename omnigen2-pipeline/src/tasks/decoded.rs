use burn::prelude::*;
use burn::tensor::DType;

use crate::pixels::{Planes, Size};
use crate::{Error, Result};

/// A decoded picture on the host, in the size asked for.
pub(super) fn planes(decoded: Tensor<4>, size: Size) -> Result<Planes> {
    let [_, channels, height, width] = decoded.dims();
    let data = decoded.cast(DType::F32).try_into_data().map_err(|e| Error::Read(format!("{e:?}")))?;
    let values = data.try_into_vec::<f32>().map_err(|e| Error::Read(format!("{e:?}")))?;
    if !values.iter().all(|v| v.is_finite()) {
        return Err(Error::NonFinitePicture);
    }
    let drawn = Size::new(width as u32, height as u32);
    let planes = Planes::new(values, channels, drawn);
    Ok(if drawn == size { planes } else { planes.resize_bilinear(size) })
}
