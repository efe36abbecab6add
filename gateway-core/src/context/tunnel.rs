use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// The end of a tunnel: of an upgraded connection, or of what `CONNECT` opened.
///
/// The answer that opens a tunnel has no body, so that nothing ends with its body. Whoever carries
/// the tunnel puts this into the response's extensions and tells it the [`end`](Self::end); an
/// observer outside says what is then to be done.
#[derive(Clone, Default)]
pub struct TunnelEnd {
    state: Arc<Mutex<State>>,
}

/// Bytes that a tunnel has carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TunnelBytes {
    /// From the client.
    pub received: u64,
    /// To the client.
    pub sent: u64,
}

#[derive(Default)]
enum State {
    #[default]
    Open,
    Watched(Box<dyn FnOnce(TunnelBytes) + Send>),
    Ended(TunnelBytes),
}

impl TunnelEnd {
    /// The end of a tunnel that is about to open.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls `then` at the end, or now if it is over. There is one observer: a later one replaces
    /// an earlier. If the tunnel is dropped without an end, so is `then`.
    pub fn on_end(&self, then: impl FnOnce(TunnelBytes) + Send + 'static) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Ended(bytes) = *state {
            drop(state);
            then(bytes);
        } else {
            *state = State::Watched(Box::new(then));
        }
    }

    /// The tunnel is over.
    pub fn end(&self, bytes: TunnelBytes) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *state, State::Ended(bytes));
        drop(state);
        if let State::Watched(then) = before {
            then(bytes);
        }
    }
}

impl fmt::Debug for TunnelEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TunnelEnd").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_observer_hears_of_the_end_whichever_is_first() {
        let bytes = TunnelBytes {
            received: 1,
            sent: 2,
        };
        for observer_first in [true, false] {
            let heard = Arc::new(Mutex::new(None));
            let end = TunnelEnd::new();
            if !observer_first {
                end.end(bytes);
            }
            let hears = Arc::clone(&heard);
            end.on_end(move |bytes| *hears.lock().unwrap() = Some(bytes));
            if observer_first {
                assert_eq!(*heard.lock().unwrap(), None);
                end.end(bytes);
            }
            assert_eq!(*heard.lock().unwrap(), Some(bytes));
        }
    }
}
