//! Libraries that panic, kept quiet.

use std::any::Any;
use std::sync::{Mutex, PoisonError};

static HOOK: Mutex<()> = Mutex::new(());

/// Does some work whose panics, which the work itself catches, are not printed.
pub(crate) fn quietly<T>(work: impl FnOnce() -> T) -> T {
    let _one_at_a_time = HOOK.lock().unwrap_or_else(PoisonError::into_inner);
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let result = work();
    std::panic::set_hook(hook);
    result
}

/// The first line of what a panic says.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> Option<String> {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    Some(text?.lines().next()?.to_owned())
}
