//! The autoencoder with the weights of the workspace's tiny checkpoint.

mod goldens;
mod properties;
#[cfg(test)]
mod support;
