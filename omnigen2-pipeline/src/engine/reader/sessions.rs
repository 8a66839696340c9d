use super::session::{Script, Session};

/// The conversations that were read and may go on, the latest first.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    kept: Vec<Session>,
}

impl Sessions {
    /// The session that a script goes on from: the one that has most of it, cut to what they share. A session of another
    /// conversation, with which only the beginning is shared, is left as it is, and its beginning is copied.
    pub(super) fn begin(&mut self, script: &Script, room: usize) -> Session {
        let shared = self.kept.iter().map(|session| session.shared(script)).enumerate();
        let best = shared.max_by_key(|(index, tokens)| (*tokens, std::cmp::Reverse(*index)));
        let Some((index, tokens)) = best.filter(|(_, tokens)| *tokens > 0) else { return Session::default() };
        let mut session =
            if self.kept[index].goes_on(tokens) { self.kept.remove(index) } else { self.kept[index].clone() };
        session.keep(tokens, room);
        session
    }

    /// Keeps a session, and of the others as many as `bytes` allow: the least recently used go first.
    pub(super) fn keep(&mut self, session: Session, bytes: u64) {
        self.limit_others(bytes);
        self.kept.insert(0, session);
    }

    /// Keeps as many sessions as `bytes` allow beside the one that is in use.
    pub(super) fn limit_others(&mut self, bytes: u64) {
        let mut left = Some(bytes);
        self.kept.retain(|session| {
            left = left.and_then(|left| left.checked_sub(session.bytes()));
            left.is_some()
        });
    }

    #[cfg(test)]
    pub(super) fn shared(&self, script: &Script) -> usize {
        self.kept.iter().map(|session| session.shared(script)).max().unwrap_or(0)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }
}
