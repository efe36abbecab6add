use std::time::Duration;

use tokio::task::JoinHandle;

use super::TlsAcceptor;

/// Keeps the certificates of a [`TlsAcceptor`] up to date until it is dropped.
#[must_use = "files are watched for as long as this lives"]
#[derive(Debug)]
pub struct Watch {
    task: JoinHandle<()>,
}

impl Watch {
    pub(super) fn new(acceptor: TlsAcceptor, every: Duration) -> Self {
        Self {
            task: spawn(run(acceptor, every.max(SHORTEST))),
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(acceptor: TlsAcceptor, every: Duration) {
    let mut said = String::new();
    loop {
        tokio::time::sleep(every).await;
        let reading = acceptor.clone();
        let Ok(read) = tokio::task::spawn_blocking(move || reading.reload()).await else {
            return;
        };
        match read {
            Ok(changed) => {
                if changed {
                    tracing::info!("new certificates are in use");
                }
                said.clear();
            }
            // Chain and key are two files: between the two writes they do not fit, and once is enough
            // to say so.
            Err(error) => {
                let text = error.to_string();
                if text != said {
                    tracing::warn!(%error, "changed certificates cannot be used; those before stay");
                    said = text;
                }
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the handle is kept and aborted on drop"
)]
fn spawn(task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(task)
}

const SHORTEST: Duration = Duration::from_millis(10);
