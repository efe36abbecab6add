use std::{
    cell::RefCell,
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
    time::Duration,
};

use gateway_core::turn;
use tokio::{
    io::{
        AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf, duplex,
    },
    task::JoinSet,
    time::{Instant, timeout},
};

use super::{Batched, before_park, flush_older};

/// Says what was written, and in how many writes.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<Vec<u8>>>>);

impl Log {
    fn writes(&self) -> Vec<Vec<u8>> {
        self.0.lock().unwrap().clone()
    }
}

impl AsyncWrite for Log {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.lock().unwrap().push(buf.to_vec());
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.lock().unwrap().push(b"shutdown".to_vec());
        Poll::Ready(Ok(()))
    }
}

/// Takes nothing and fails.
struct Broken;

impl AsyncWrite for Broken {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Broken {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// What is ready at once.
async fn write(batched: &mut Batched<Log>, text: &str) {
    batched.write_all(text.as_bytes()).await.unwrap();
    batched.flush().await.unwrap();
}

#[tokio::test]
async fn a_thread_that_never_parks_writes_at_once() {
    let log = Log::default();
    let mut batched = Batched::new(log.clone());
    write(&mut batched, "one").await;
    assert_eq!(log.writes(), [b"one"]);
}

#[tokio::test]
async fn several_writes_are_one_and_connections_keep_their_order() {
    before_park();
    let (one, other) = (Log::default(), Log::default());
    let (mut first, mut second) = (Batched::new(one.clone()), Batched::new(other.clone()));
    write(&mut first, "a").await;
    write(&mut second, "b").await;
    write(&mut first, "c").await;
    assert!(one.writes().is_empty() && other.writes().is_empty());
    before_park();
    assert_eq!(one.writes(), [b"ac"]);
    assert_eq!(other.writes(), [b"b"]);
    before_park();
    assert_eq!(one.writes().len(), 1, "once");
}

#[tokio::test]
async fn much_is_written_at_once_behind_what_was_held() {
    before_park();
    let log = Log::default();
    let mut batched = Batched::new(log.clone());
    write(&mut batched, "head").await;
    let much = vec![b'x'; 20 << 10];
    batched.write_all(&much).await.unwrap();
    assert_eq!(log.writes(), [b"head".to_vec(), much]);
    before_park();
    assert_eq!(log.writes().len(), 2);
}

#[tokio::test]
async fn sixty_four_connections_are_written_without_a_park() {
    before_park();
    let logs: Vec<_> = (0..64).map(|_| Log::default()).collect();
    let mut all: Vec<_> = logs.iter().cloned().map(Batched::new).collect();
    for batched in &mut all {
        assert!(logs[0].writes().is_empty());
        write(batched, "x").await;
    }
    assert!(logs.iter().all(|log| log.writes().len() == 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_old_is_written_without_a_park() {
    before_park();
    let log = Log::default();
    let mut batched = Batched::new(log.clone());
    let began = Instant::now();
    let mut cx = Context::from_waker(Waker::noop());
    let (polled, _) = turn::run(&mut cx, began, |cx| {
        Pin::new(&mut batched).poll_write(cx, b"x")
    });
    assert!(polled.is_ready());
    let most = Duration::from_millis(1);
    flush_older(began + most / 2, most);
    assert!(log.writes().is_empty());
    flush_older(began + most, most);
    assert_eq!(log.writes(), [b"x"]);
}

#[tokio::test]
async fn dropped_or_shut_down_it_writes_what_it_has() {
    before_park();
    let (dropped, shut) = (Log::default(), Log::default());
    let mut batched = Batched::new(dropped.clone());
    write(&mut batched, "last").await;
    drop(batched);
    assert_eq!(dropped.writes(), [b"last"]);
    let mut batched = Batched::new(shut.clone());
    write(&mut batched, "last").await;
    batched.shutdown().await.unwrap();
    assert_eq!(shut.writes(), [b"last".to_vec(), b"shutdown".to_vec()]);
    before_park();
    assert_eq!(dropped.writes().len() + shut.writes().len(), 3);
}

#[tokio::test]
async fn that_a_write_failed_is_told_at_the_next() {
    before_park();
    let mut batched = Batched::new(Broken);
    batched.write_all(b"x").await.unwrap();
    before_park();
    let error = batched.write_all(b"y").await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}

/// A connection whose peer has room for four bytes, and ten bytes on their way.
async fn stuck() -> (Batched<DuplexStream>, DuplexStream) {
    before_park();
    let (near, far) = duplex(4);
    let mut batched = Batched::new(near);
    batched.write_all(b"0123456789").await.unwrap();
    before_park();
    (batched, far)
}

#[tokio::test(start_paused = true)]
async fn what_the_socket_does_not_take_is_waited_for() {
    let (mut batched, mut far) = stuck().await;
    let patience = Duration::from_secs(1);
    assert!(timeout(patience, batched.flush()).await.is_err());
    assert!(timeout(patience, batched.write_all(b"x")).await.is_err());
    let mut read = [0; 10];
    far.read_exact(&mut read).await.unwrap();
    assert_eq!(&read, b"0123456789", "though nobody asks for it");
    timeout(patience, batched.flush()).await.unwrap().unwrap();
    batched.write_all(b"next").await.unwrap();
    before_park();
    far.read_exact(&mut read[..4]).await.unwrap();
    assert_eq!(&read[..4], b"next");
}

#[tokio::test(start_paused = true)]
async fn a_writer_waits_for_what_is_stuck_and_is_woken() {
    let (mut batched, mut far) = stuck().await;
    let writer = async move {
        batched.write_all(b"more").await.unwrap();
        batched.shutdown().await.unwrap();
    };
    let mut read = Vec::new();
    let (_, read_all) = tokio::join!(writer, far.read_to_end(&mut read));
    read_all.unwrap();
    assert_eq!(read, b"0123456789more");
}

#[tokio::test(start_paused = true)]
async fn what_is_stuck_goes_with_its_connection() {
    let (batched, mut far) = stuck().await;
    tokio::task::yield_now().await;
    drop(batched);
    let mut read = Vec::new();
    timeout(Duration::from_secs(1), far.read_to_end(&mut read))
        .await
        .expect("the socket is closed")
        .unwrap();
    assert_eq!(read, b"0123");
}

/// Many connections on two workers, with sockets that are full half of the time: what arrives is what
/// was written, and nobody waits for ever.
#[test]
fn tasks_that_move_between_threads_lose_and_mix_nothing() {
    const CONNECTIONS: usize = 24;
    const CHUNKS: usize = 120;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .on_thread_park(before_park)
        .enable_all()
        .build()
        .unwrap();
    let length = |connection: usize, chunk: usize| (connection * 7 + chunk * 977) % 21_000 + 1;
    let mark = |connection: usize, chunk: usize| u8::try_from((connection + chunk) % 251).unwrap();
    let write = move |connection: usize, near: DuplexStream| async move {
        let mut batched = Batched::new(near);
        for chunk in 0..CHUNKS {
            let chunk = vec![mark(connection, chunk); length(connection, chunk)];
            batched.write_all(&chunk).await.unwrap();
            tokio::task::yield_now().await;
        }
        batched.shutdown().await.unwrap();
    };
    let read = move |connection: usize, mut far: DuplexStream| async move {
        for chunk in 0..CHUNKS {
            let mut read = vec![0; length(connection, chunk)];
            far.read_exact(&mut read).await.unwrap();
            let mark = mark(connection, chunk);
            assert!(read.iter().all(|byte| *byte == mark), "chunk {chunk}");
        }
        assert_eq!(far.read(&mut [0]).await.unwrap(), 0);
    };
    runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for connection in 0..CONNECTIONS {
            let (near, far) = duplex(9_000);
            tasks.spawn(write(connection, near));
            tasks.spawn(read(connection, far));
        }
        while let Some(ended) = timeout(Duration::from_secs(60), tasks.join_next())
            .await
            .expect("no stall")
        {
            ended.unwrap();
        }
    });
}

#[test]
fn a_thread_that_ends_may_drop_a_connection() {
    thread_local! {
        static KEPT: RefCell<Option<Batched<Log>>> = const { RefCell::new(None) };
    }
    let log = Log::default();
    let kept = log.clone();
    let thread = std::thread::spawn(move || {
        // What was used first is destroyed last.
        KEPT.with_borrow(|_| ());
        before_park();
        let mut batched = Batched::new(kept);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut batched).poll_write(&mut cx, b"x").is_ready());
        KEPT.with_borrow_mut(|kept| *kept = Some(batched));
    });
    thread.join().expect("no panic");
    assert_eq!(log.writes(), [b"x"]);
}
