//! When a WebSocket ends that neither side has ended.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use gateway_core::{Admission, Identity, Standing};
use http::Extensions;
use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    error::{AiError, AiErrorKind},
    websocket::Close,
};

/// How long a WebSocket is open at most.
#[derive(Clone, Copy, Debug)]
pub(in crate::edge) struct Limits {
    /// In silence.
    pub(in crate::edge) idle: Duration,
    pub(in crate::edge) total: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            idle: IDLE,
            total: TOTAL,
        }
    }
}

/// What ends a WebSocket from outside.
pub(super) struct Watch {
    limits: Limits,
    activity: Activity,
    standing: Option<Standing>,
    caller: Option<Identity>,
}

impl Watch {
    /// Over the WebSocket that a request has opened.
    pub(super) fn new(limits: Limits, opened: &Extensions) -> Self {
        Self {
            limits,
            activity: Activity::new(),
            standing: opened.get().cloned(),
            caller: opened.get().cloned(),
        }
    }

    /// To be told whenever something moves.
    pub(super) fn activity(&self) -> Activity {
        self.activity.clone()
    }

    /// Resolves when the caller would no longer be let in as who it was, or the gateway ends – then as
    /// soon as nothing is under way: an answer that is being given has the time there is to drain.
    async fn sent_away(&self) -> Over {
        let Some(standing) = &self.standing else {
            return std::future::pending().await;
        };
        loop {
            sleep(ASK).await;
            match standing.admission().await {
                Admission::Leaving => {
                    self.activity.rest().await;
                    return Over::Leaving;
                }
                said if said.holds(self.caller.as_ref()) => {}
                _ => return Over::Dismissed,
            }
        }
    }

    /// Waits until there is a reason to close, and says which.
    pub(super) async fn over(self) -> Over {
        tokio::select! {
            () = self.activity.silence(self.limits.idle) => Over::Silent,
            () = sleep(self.limits.total) => Over::Expired,
            over = self.sent_away() => over,
        }
    }
}

/// Why a WebSocket ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// Nobody says anything.
    Silent,
    /// It is as old as it may be.
    Expired,
    /// The caller would no longer be let in.
    Dismissed,
    /// The gateway ends.
    Leaving,
}

impl Over {
    /// The close frame of it (RFC 6455 §7.4.1).
    pub(super) fn close(self) -> Close {
        match self {
            Self::Silent => Close::new(1001, "silent for too long"),
            Self::Expired => Close::new(1001, "open for too long"),
            Self::Dismissed => Close::new(1008, DISMISSED),
            Self::Leaving => Close::new(1001, "the gateway is going away"),
        }
    }

    /// What the client is told before, in its API's words; `expired` is the code for what is too old.
    pub(super) fn error(self, expired: &str) -> Option<AiError> {
        match self {
            Self::Silent | Self::Leaving => None,
            Self::Expired => {
                Some(AiError::invalid("the WebSocket was open for too long").with_code(expired))
            }
            Self::Dismissed => Some(AiError::new(AiErrorKind::Authentication, DISMISSED)),
        }
    }
}

/// When something has moved last, on either side.
#[derive(Clone, Debug)]
pub(super) struct Activity {
    begun: Instant,
    /// Milliseconds since then.
    last: Arc<AtomicU64>,
    /// Answers that are being given.
    under_way: Arc<AtomicU64>,
}

/// An answer that is being given, until this is dropped.
pub(super) struct UnderWay(Activity);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Relaxed);
        self.0.note();
    }
}

impl Activity {
    pub(super) fn new() -> Self {
        Self {
            begun: Instant::now(),
            last: Arc::default(),
            under_way: Arc::default(),
        }
    }

    /// An answer begins, which may be silent for as long as it likes.
    pub(super) fn begin(&self) -> UnderWay {
        self.under_way.fetch_add(1, Relaxed);
        UnderWay(self.clone())
    }

    /// Waits until no answer is being given and nothing has moved for a moment.
    async fn rest(&self) {
        loop {
            self.silence(QUIET).await;
            if self.under_way.load(Relaxed) == 0 {
                return;
            }
            sleep(ASK).await;
        }
    }

    pub(super) fn note(&self) {
        let now = u64::try_from(self.begun.elapsed().as_millis());
        self.last.store(now.unwrap_or(u64::MAX), Relaxed);
    }

    async fn silence(&self, idle: Duration) {
        loop {
            let last = self.begun + Duration::from_millis(self.last.load(Relaxed));
            if last + idle <= Instant::now() {
                return;
            }
            sleep_until(last + idle).await;
        }
    }
}

pub(crate) const IDLE: Duration = Duration::from_secs(10 * 60);
/// What OpenAI allows a connection.
pub(crate) const TOTAL: Duration = Duration::from_secs(60 * 60);
const DISMISSED: &str = "the caller is no longer admitted";
/// How soon who was dismissed is gone.
const ASK: Duration = Duration::from_secs(2);
/// How long nothing moves where nothing is under way.
const QUIET: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use std::{pin::pin, sync::atomic::AtomicBool};

    use super::*;

    fn watch(standing: Option<Standing>) -> Watch {
        let mut extensions = Extensions::new();
        if let Some(standing) = standing {
            extensions.insert(standing);
        }
        Watch::new(Limits::default(), &extensions)
    }

    #[tokio::test(start_paused = true)]
    async fn silence_and_age_end_it() {
        let began = Instant::now();
        assert_eq!(watch(None).over().await, Over::Silent);
        assert_eq!(began.elapsed().as_secs(), 600);

        let busy = watch(None);
        let activity = busy.activity();
        let work = async {
            loop {
                sleep(Duration::from_secs(599)).await;
                activity.note();
            }
        };
        let began = Instant::now();
        let over = tokio::select! {
            over = busy.over() => over,
            () = work => unreachable!("it never ends"),
        };
        assert_eq!(over, Over::Expired);
        assert_eq!(began.elapsed().as_secs(), 3600);
    }

    #[tokio::test(start_paused = true)]
    async fn a_gateway_that_ends_waits_for_what_is_under_way() {
        let standing = Standing::new(|| std::future::ready(Admission::Leaving));
        let idle = watch(Some(standing.clone())).over().await;
        assert_eq!((idle, idle.close().code), (Over::Leaving, 1001));
        assert!(idle.error("expired").is_none());

        let watch = watch(Some(standing));
        let activity = watch.activity();
        let began = Instant::now();
        let answer = async {
            for _ in 0..20 {
                sleep(Duration::from_secs(1)).await;
                activity.note();
            }
        };
        let (over, ()) = tokio::join!(watch.over(), answer);
        assert_eq!((over, began.elapsed().as_secs()), (Over::Leaving, 23));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_long_in_coming_is_under_way() {
        let watch = watch(Some(Standing::new(|| {
            std::future::ready(Admission::Leaving)
        })));
        let under_way = watch.activity().begin();
        let began = Instant::now();
        let answer = async {
            sleep(Duration::from_secs(20)).await;
            drop(under_way);
        };
        let (over, ()) = tokio::join!(watch.over(), answer);
        let took = began.elapsed().as_secs();
        assert!(
            over == Over::Leaving && (23..=26).contains(&took),
            "{took} s"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_dismissed_is_gone_within_seconds() {
        let admitted = Arc::new(AtomicBool::new(true));
        let asked = Arc::clone(&admitted);
        let standing = Standing::new(move || {
            std::future::ready(match asked.load(Relaxed) {
                true => Admission::Admitted(None),
                false => Admission::Refused,
            })
        });
        let mut over = pin!(watch(Some(standing)).over());
        let early = tokio::time::timeout(Duration::from_secs(60), &mut over);
        assert!(early.await.is_err());
        admitted.store(false, Relaxed);
        let began = Instant::now();
        let over = over.await;
        assert!(began.elapsed() <= ASK);
        assert_eq!((over, over.close().code), (Over::Dismissed, 1008));
    }
}
