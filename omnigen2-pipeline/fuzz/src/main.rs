//! The fuzzing program: libFuzzer around the target that the environment names. `cargo xtask fuzz` builds and runs it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use omnigen2_fuzz::{CHOICE, Failure, Reader, Target};

/// Libraries whose panics become errors: see `PromptTokenizer`.
const GUARDED: [&str; 2] = ["/tokenizers-", "/spm_precompiled-"];

thread_local! {
    static READER: Reader = chosen().unwrap_or_else(|failure| give_up(&failure));
}

fuzz_target!(init: watch_panics(), |bytes: &[u8]| {
    READER.with(|read| read(bytes).unwrap_or_else(|failure| give_up(&failure)));
});

/// A panic is a finding where it happens, but for those of libraries that our code is ready for; of them, one that is
/// not caught is.
fn watch_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let is_guarded = |file: &str| GUARDED.iter().any(|library| file.contains(library));
        if !panic.location().is_some_and(|place| is_guarded(place.file())) {
            eprintln!("{panic}");
            std::process::abort();
        }
    }));
}

fn chosen() -> Result<Reader, Failure> {
    Target::named(&std::env::var(CHOICE).unwrap_or_default())?.begin()
}

fn give_up(failure: &Failure) -> ! {
    eprintln!("error: {failure}");
    std::process::exit(1)
}
