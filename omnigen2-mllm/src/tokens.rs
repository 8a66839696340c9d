use serde::Deserialize;

/// One token or several, as files name those that end a reply.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Tokens {
    One(u32),
    Several(Vec<u32>),
}

impl Tokens {
    pub(crate) fn into_vec(self) -> Vec<u32> {
        match self {
            Self::One(token) => vec![token],
            Self::Several(tokens) => tokens,
        }
    }
}
