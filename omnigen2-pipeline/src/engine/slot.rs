//! A part that can be put away and loaded again.

use omnigen2_files::UsedFiles;

use crate::weights::WeightsError;
use crate::{Error, Result};

type Load<T> = Box<dyn Fn() -> Result<Box<T>> + Send>;

/// Holds a part of the pipeline, or knows how to load it.
pub struct Slot<T: ?Sized> {
    name: &'static str,
    part: Option<Box<T>>,
    load: Option<Load<T>>,
    /// The files that the part was loaded from.
    files: UsedFiles,
}

impl<T: ?Sized> Slot<T> {
    /// A part that stays.
    pub fn ready(name: &'static str, part: Box<T>) -> Self {
        Self { name, part: Some(part), load: None, files: UsedFiles::default() }
    }

    /// A part that is loaded when it is first needed.
    pub fn lazy(name: &'static str, load: impl Fn() -> Result<Box<T>> + Send + 'static) -> Self {
        Self { name, part: None, load: Some(Box::new(load)), files: UsedFiles::default() }
    }

    /// The part, loaded if it is not there.
    ///
    /// # Errors
    /// What loading it says.
    pub fn get(&mut self) -> Result<&T> {
        self.get_mut().map(|part| &*part)
    }

    /// Returns the part, loaded if it is not there, so that it can change as it works.
    ///
    /// # Errors
    /// What loading it says, or if a file with weights in use was cut off.
    pub fn get_mut(&mut self) -> Result<&mut T> {
        if self.part.is_some() {
            self.files.check().map_err(WeightsError::from)?;
        } else {
            let load = self.load.as_ref().ok_or(Error::PartGone { part: self.name })?;
            tracing::debug!(part = self.name, "loading");
            let (part, files) = UsedFiles::of(load);
            (self.part, self.files) = (Some(part?), files);
        }
        self.part.as_deref_mut().ok_or(Error::PartGone { part: self.name })
    }

    /// Returns whether the part is in memory.
    pub fn is_loaded(&self) -> bool {
        self.part.is_some()
    }

    /// Returns whether the part can be loaded, and is none of the caller's own.
    pub fn is_lazy(&self) -> bool {
        self.load.is_some()
    }

    /// Puts away a part that can be loaded again, and keeps one that cannot.
    pub fn release(&mut self) {
        if self.is_lazy() {
            self.part = None;
        }
    }
}

impl<T: ?Sized> std::fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slot").field("name", &self.name).field("loaded", &self.is_loaded()).finish()
    }
}
