use std::{io, num::NonZero};

use gateway_layers::transport::batch;
use tokio::runtime::{Builder, Runtime};

/// The runtime for as many CPUs as this process may use.
///
/// One CPU: everything on one thread, which saves the queues and wake-ups between threads (strace,
/// proxied request of 13 bytes: 4.3 system calls an answer instead of 4.5). More: the work-stealing
/// runtime with a worker for each, which keeps long streams and short requests from sharing a core
/// while another is idle.
///
/// # Errors
///
/// If the system gives no threads or no event queue.
pub fn runtime() -> io::Result<Runtime> {
    let workers = std::thread::available_parallelism().map_or(1, NonZero::get);
    let mut builder = match workers {
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    if workers > 1 {
        builder.worker_threads(workers);
    }
    // What is written waits until a thread has nothing left to run.
    builder.on_thread_park(batch::before_park);
    builder.enable_all().build()
}
