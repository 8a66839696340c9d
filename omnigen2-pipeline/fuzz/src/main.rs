//! The fuzzing program: libFuzzer around the target that the environment names. `cargo xtask fuzz` builds and runs it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use omnigen2_fuzz::{CHOICE, Failure, Reader, Target};

thread_local! {
    static READER: Reader = chosen().unwrap_or_else(|failure| give_up(&failure));
}

fuzz_target!(|bytes: &[u8]| {
    READER.with(|read| read(bytes).unwrap_or_else(|failure| give_up(&failure)));
});

fn chosen() -> Result<Reader, Failure> {
    Target::named(&std::env::var(CHOICE).unwrap_or_default())?.begin()
}

fn give_up(failure: &Failure) -> ! {
    eprintln!("error: {failure}");
    std::process::exit(1)
}
