use futures_util::{StreamExt as _, stream};
use tokio::{task::AbortHandle, time::Instant};

use super::{Resolver, Source, Target, known::Known};
use crate::balance::{Balance, Endpoint};

/// Resolves the names of a balancer's endpoints until it is dropped.
#[derive(Debug)]
#[must_use = "resolving ends when this is dropped"]
pub struct Discovery {
    task: AbortHandle,
}

impl Discovery {
    /// Gives `balance` the endpoints that `make` makes of what `sources` stand for: of each target,
    /// or of no target for a source of which nothing is known yet.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn start<S, M>(
        balance: &Balance<S>,
        sources: Vec<Source>,
        resolver: Resolver,
        make: M,
    ) -> Self
    where
        S: Clone + Send + Sync + 'static,
        M: Fn(&Source, Option<&Target>) -> Option<Endpoint<S>> + Send + Sync + 'static,
    {
        Self::beside(balance, Vec::new(), sources, resolver, make)
    }

    /// Like [`start`](Self::start), with endpoints that are always there.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    #[expect(
        clippy::disallowed_methods,
        reason = "the `Discovery` owns the task and aborts it in `Drop`"
    )]
    pub fn beside<S, M>(
        balance: &Balance<S>,
        fixed: Vec<Endpoint<S>>,
        sources: Vec<Source>,
        resolver: Resolver,
        make: M,
    ) -> Self
    where
        S: Clone + Send + Sync + 'static,
        M: Fn(&Source, Option<&Target>) -> Option<Endpoint<S>> + Send + Sync + 'static,
    {
        let balance = balance.clone();
        let run = async move {
            let (start, mut known) = (Instant::now(), Known::new(sources.len()));
            loop {
                if ask(&sources, &resolver, &mut known, start).await {
                    let found = endpoints(&sources, &known, &make);
                    balance.replace(fixed.iter().cloned().chain(found));
                }
                let Some(wait) = known.wait(start.elapsed()) else {
                    return;
                };
                tokio::time::sleep(wait).await;
            }
        };
        Self {
            task: tokio::spawn(run).abort_handle(),
        }
    }
}

/// Asks for all names that are due. `true` if there is news.
async fn ask(sources: &[Source], resolver: &Resolver, known: &mut Known, start: Instant) -> bool {
    let due = known.due(start.elapsed());
    let mut answers = stream::iter(due)
        .map(|index| async move { (index, resolver.resolve(&sources[index]).await) })
        .buffer_unordered(AT_ONCE);
    let mut news = false;
    while let Some((index, answer)) = answers.next().await {
        let source = &sources[index];
        let now = start.elapsed();
        match answer {
            Ok(answer) => {
                let count = answer.targets.len();
                if known.learn(index, answer.targets, now + answer.good_for) {
                    news = true;
                    tracing::info!(%source, count, "resolved");
                }
            }
            Err(error) => {
                tracing::warn!(%source, %error, "not resolved, what was known stays");
                known.learn(index, Vec::new(), now + resolver.pause());
            }
        }
    }
    news
}

fn endpoints<S>(
    sources: &[Source],
    known: &Known,
    make: &impl Fn(&Source, Option<&Target>) -> Option<Endpoint<S>>,
) -> Vec<Endpoint<S>> {
    let mut endpoints = Vec::new();
    for (source, targets) in sources.iter().zip(known.targets()) {
        match targets {
            Some(targets) => {
                endpoints.extend(
                    targets
                        .iter()
                        .filter_map(|target| make(source, Some(target))),
                );
            }
            None => endpoints.extend(make(source, None)),
        }
    }
    endpoints
}

impl Drop for Discovery {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Names asked for at once.
const AT_ONCE: usize = 10;
