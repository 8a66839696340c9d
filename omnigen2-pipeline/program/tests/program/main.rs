//! The program `omnigen2`, run as its users run it, on the tiny checkpoint.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

mod bad_checkpoint;
mod bad_request;
mod bench;
mod chat;
mod convert;
mod describe;
mod draw;
mod inspect;
mod interrupt;
mod lora;
mod place;
mod pull;
mod reflect;
#[allow(dead_code, reason = "the tests of the hub look at more of it")]
#[path = "../../../hub/tests/hub/server.rs"]
mod server;
mod shapes;
#[cfg(unix)]
mod terminal;
