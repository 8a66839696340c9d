use std::collections::BTreeMap;
use std::path::Path;

use crate::{Data, Element, WeightsError};

/// A file of tensors, or anything else that holds some, whatever its format: what [`Archive`](crate::Archive) reads
/// names, shapes and types from without knowing how they are stored.
///
/// ```
/// use std::path::Path;
/// use omnigen2_weights::{Archive, Container, Element, StoredTensor, WeightsError};
///
/// struct Ones;
///
/// impl Container for Ones {
///     fn path(&self) -> &Path {
///         Path::new("ones")
///     }
///
///     fn tensors(&self) -> Result<Vec<StoredTensor>, WeightsError> {
///         let data = [1.0f32; 6].map(f32::to_le_bytes).concat();
///         Ok(vec![StoredTensor {
///             name: "weight".into(),
///             element: Element::F32,
///             shape: vec![2, 3],
///             data: data.into(),
///         }])
///     }
/// }
///
/// let archive = Archive::from_container(&Ones)?;
/// assert_eq!(archive.summary().parameters, 6);
/// # Ok::<(), WeightsError>(())
/// ```
pub trait Container {
    /// The file, as errors call it.
    fn path(&self) -> &Path;

    /// The tensors, each of another name. Data stay where they are, and need not be read for it.
    ///
    /// # Errors
    /// If the container is not sound; [`WeightsError::Container`] is for whatever a format has of its own.
    fn tensors(&self) -> Result<Vec<StoredTensor>, WeightsError>;

    /// The texts about the whole, by their keys.
    ///
    /// # Errors
    /// As [`tensors`](Self::tensors).
    fn metadata(&self) -> Result<BTreeMap<String, String>, WeightsError> {
        Ok(BTreeMap::new())
    }
}

/// A tensor as a container has it.
#[derive(Clone, Debug)]
pub struct StoredTensor {
    /// The name.
    pub name: String,
    /// The type of the elements.
    pub element: Element,
    /// The axes, the last one contiguous.
    pub shape: Vec<usize>,
    /// The elements, floats in little-endian order.
    pub data: Data,
}
