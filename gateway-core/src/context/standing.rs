use std::{fmt, future::Future, pin::Pin, sync::Arc};

use super::Identity;

/// Asks again whether a caller would be let in, for what outlives the request that let it in.
///
/// A WebSocket is open for as long as its peers like, while keys are revoked and tokens expire.
/// Whoever authenticates puts this into the request's extensions; whoever carries the connection
/// asks now and then whether the caller [still has](Self::has) what it came with.
#[derive(Clone)]
pub struct Standing {
    ask: Arc<dyn Fn() -> Asking + Send + Sync>,
}

type Asking = Pin<Box<dyn Future<Output = Admission> + Send>>;

/// What would be said to a request that came again.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Admission {
    /// It would be let in, as this caller if as any.
    Admitted(Option<Identity>),
    /// It would be refused.
    Refused,
    /// The gateway is ending: nobody is let in any more, and whoever is in should leave.
    Leaving,
    /// Nobody can tell now.
    Unknown,
}

impl Standing {
    /// Asks with `ask`, each time anew.
    pub fn new<F>(ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Admission> + Send + 'static,
    {
        Self {
            ask: Arc::new(move || Box::pin(ask())),
        }
    }

    /// What would be said to the request now.
    pub async fn admission(&self) -> Admission {
        (self.ask)().await
    }

    /// Whether the request would still be let in as `caller`, with the same rights. Where nobody can
    /// tell it is believed: an issuer that cannot be reached ends no connection.
    pub async fn has(&self, caller: Option<&Identity>) -> bool {
        self.admission().await.holds(caller)
    }
}

impl Admission {
    /// Whether this is no reason to send `caller` away. Nobody's fault is none.
    #[must_use]
    pub fn holds(&self, caller: Option<&Identity>) -> bool {
        match self {
            Self::Admitted(now) => now.as_ref() == caller,
            Self::Refused => false,
            Self::Leaving | Self::Unknown => true,
        }
    }
}

impl fmt::Debug for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Standing").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::IdentityKind;

    #[tokio::test]
    async fn who_has_lost_a_right_stands_no_more() {
        let caller = Identity::new(IdentityKind::ApiKey, "keys", "a").with_scopes(["r", "w"]);
        let lesser = caller.clone().with_scopes(["r"]);
        let same = Identity::new(IdentityKind::ApiKey, "keys", "a").with_scopes(["r", "w"]);
        for (now, stands) in [
            (Admission::Admitted(Some(same)), true),
            (Admission::Admitted(Some(lesser)), false),
            (Admission::Admitted(None), false),
            (Admission::Refused, false),
            (Admission::Unknown, true),
            (Admission::Leaving, true),
        ] {
            let standing = Standing::new(move || std::future::ready(now.clone()));
            assert_eq!(standing.has(Some(&caller)).await, stands);
        }
    }
}
