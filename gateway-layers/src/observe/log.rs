use std::{
    cell::RefCell,
    fmt, io,
    path::Path,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use super::{
    Counter, Record,
    line::{Format, Query},
};

/// An access log: lines in a bounded buffer, written out by one thread of its own.
///
/// Cloning it shares the buffer and the thread. Appending never blocks on the writer: when the
/// buffer is full the line is dropped and counted ([`dropped`](Self::dropped)). The thread wakes at
/// most every 50 ms or when 256 KiB are waiting, so a busy log costs no system call per request;
/// lines may be that late. It ends when the last clone is gone; [`close`](Self::close) waits for it.
#[derive(Clone)]
pub struct AccessLog {
    owner: Arc<Owner>,
    format: Format,
    query: Query,
}

/// Tells the thread to end when nobody can append any more.
struct Owner {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    dropped: AtomicU64,
    metric: OnceLock<Counter>,
}

#[derive(Default)]
struct State {
    lines: Vec<u8>,
    idle: bool,
    closed: bool,
}

thread_local! {
    /// Lines are composed outside the lock; the allocation is kept for the next line.
    static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl AccessLog {
    /// Writes to standard output.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn stdout(format: Format) -> io::Result<Self> {
        Self::to_writer(format, io::stdout())
    }

    /// Appends to a file, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened, or the system gives no thread.
    pub fn to_file(format: Format, path: &Path) -> io::Result<Self> {
        let file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)?;
        Self::to_writer(format, file)
    }

    /// Writes to `writer`.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn to_writer<W>(format: Format, writer: W) -> io::Result<Self>
    where
        W: io::Write + Send + 'static,
    {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            wake: Condvar::new(),
            dropped: AtomicU64::new(0),
            metric: OnceLock::new(),
        });
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || for_thread.run(writer))?;
        Ok(Self {
            owner: Arc::new(Owner {
                shared,
                thread: Mutex::new(Some(thread)),
            }),
            format,
            query: Query::default(),
        })
    }

    /// Sets what of the query string is shown. Defaults to [`Query::Omit`].
    #[must_use]
    pub const fn query(mut self, query: Query) -> Self {
        self.query = query;
        self
    }

    /// How many lines were lost: the buffer was full, or the writer failed.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.owner.shared.dropped.load(Ordering::Relaxed)
    }

    /// Writes out what is waiting and ends the thread. Blocks; later lines are dropped.
    pub fn close(&self) {
        self.owner.shared.close();
        let thread = lock(&self.owner.thread).take();
        if let Some(thread) = thread {
            // The thread catches nothing: if the writer panicked there is nothing left to write.
            let _ = thread.join();
        }
    }

    /// Counts lost lines there as well. The first call decides.
    pub(super) fn count_losses(&self, metric: Counter) {
        let _ = self.owner.shared.metric.set(metric);
    }

    pub(super) fn append(&self, record: &Record<'_>) {
        // The thread's storage is gone only while the thread ends; no request runs there then.
        let _ = LINE.try_with(|line| {
            let mut line = line.borrow_mut();
            line.clear();
            self.format.write(self.query, record, &mut line);
            self.owner.shared.append(&line);
        });
    }
}

impl Shared {
    fn append(&self, line: &[u8]) {
        let mut state = lock(&self.state);
        let before = state.lines.len();
        if state.closed || before + line.len() > CAPACITY {
            self.lose(1);
            return;
        }
        state.lines.extend_from_slice(line);
        let urgent = before < URGENT && before + line.len() >= URGENT;
        if std::mem::take(&mut state.idle) || urgent {
            drop(state);
            self.wake.notify_one();
        }
    }

    fn lose(&self, lines: u64) {
        self.dropped.fetch_add(lines, Ordering::Relaxed);
        if let Some(metric) = self.metric.get() {
            metric.add(lines);
        }
    }

    fn close(&self) {
        lock(&self.state).closed = true;
        self.wake.notify_one();
    }

    fn run(&self, mut writer: impl io::Write) {
        let mut batch = Vec::new();
        loop {
            let closed = self.gather(&mut batch);
            if let Err(_error) = writer.write_all(&batch).and_then(|()| writer.flush()) {
                let lines = batch.iter().filter(|&&byte| byte == b'\n').count();
                self.lose(lines as u64);
            }
            if closed {
                return;
            }
            batch.clear();
            // A burst must not pin the largest buffer it ever needed.
            batch.shrink_to(URGENT);
        }
    }

    /// Waits for lines, then a little for more, and swaps them into `batch`.
    fn gather(&self, batch: &mut Vec<u8>) -> bool {
        let mut state = lock(&self.state);
        while state.lines.is_empty() && !state.closed {
            state.idle = true;
            state = self
                .wake
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.idle = false;
        if !state.closed && state.lines.len() < URGENT {
            (state, _) = self
                .wake
                .wait_timeout(state, DELAY)
                .unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::swap(&mut state.lines, batch);
        state.closed
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessLog")
            .field("format", &self.format)
            .field("query", &self.query)
            .field("dropped", &self.dropped())
            .finish()
    }
}

/// Bytes are appended whole, so a panic elsewhere leaves no half line: poison is ignored.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Bytes that may wait for the writer.
const CAPACITY: usize = 4 << 20;
/// Bytes at which the writer is woken early.
const URGENT: usize = 256 << 10;
/// How long the writer gathers.
const DELAY: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            lock(&self.0).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn close_writes_what_is_waiting_and_later_lines_are_counted() {
        let sink = Sink::default();
        let log = AccessLog::to_writer(Format::Json, sink.clone()).unwrap();
        for _ in 0..1000 {
            log.owner.shared.append(b"line\n");
        }
        log.close();
        assert_eq!(lock(&sink.0).len(), 5000);
        log.owner.shared.append(b"late\n");
        assert_eq!(log.dropped(), 1);
    }

    #[test]
    fn a_full_buffer_drops_and_counts() {
        let shared = Shared {
            state: Mutex::default(),
            wake: Condvar::new(),
            dropped: AtomicU64::new(0),
            metric: OnceLock::new(),
        };
        let line = vec![b'x'; 1 << 20];
        for _ in 0..6 {
            shared.append(&line);
        }
        assert_eq!(shared.dropped.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_failing_writer_is_counted() {
        struct Full;
        impl io::Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let log = AccessLog::to_writer(Format::Json, Full).unwrap();
        log.owner.shared.append(b"line\n");
        log.owner.shared.append(b"line\n");
        log.close();
        assert_eq!(log.dropped(), 2);
    }
}
