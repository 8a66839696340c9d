#![doc = include_str!("../README.md")]

mod check;
mod choice;
mod joint_layer;
mod need;
mod numbers;
mod reply;
mod setting;
mod timing;

pub use check::{WholeAndLayers, whole_and_layers};
pub use choice::{MOST_ERROR, Row, StepTime, choose};
pub use joint_layer::{
    BRANCHES, JointLayer, JointLayers, LayerTime, TEXT, Velocity, layers_of_step, seconds_of_step,
};
pub use need::Need;
pub use numbers::Numbers;
pub use reply::{Decoders, Reading};
pub use setting::{Setting, instructions};
