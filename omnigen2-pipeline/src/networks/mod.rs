//! OmniGen2's own networks as parts of the pipeline.

mod autoencoder;
mod denoiser;

pub use self::autoencoder::TiledVae;
pub(crate) use self::autoencoder::usual_tile;
pub use self::denoiser::DitDenoiser;
