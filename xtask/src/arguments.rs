//! What the command lines of several commands have in common.

use std::slice::Iter;

use crate::Failure;

/// The value that follows an option.
pub(crate) fn value<'a>(option: &str, rest: &mut Iter<'a, String>) -> Result<&'a String, Failure> {
    rest.next().ok_or_else(|| usage(format!("{option} needs a value")))
}

/// The one of `all` whose name is an option's value.
pub(crate) fn one_of<T>(
    option: &str,
    value: &str,
    all: &'static [T],
    name: fn(&T) -> &'static str,
) -> Result<&'static T, Failure> {
    let names = || all.iter().map(name).collect::<Vec<_>>().join(", ");
    let found = all.iter().find(|one| name(one) == value);
    found.ok_or_else(|| usage(format!("{option} is one of {}, not {value}", names())))
}

pub(crate) fn usage(message: String) -> Failure {
    Failure::Usage(message)
}

/// What a parser makes of arguments, or its message.
#[cfg(test)]
pub(crate) fn parsed<T>(parse: fn(&[String]) -> Result<T, Failure>, arguments: &[&str]) -> Result<T, String> {
    let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
    parse(&arguments).map_err(|failure| match failure {
        Failure::Usage(message) | Failure::Work(message) => message,
    })
}
