//! The load client: raw HTTP/1.1 over keep-alive connections, so that it costs less than any peer.

use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::{Buf as _, Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
    time::Instant,
};

/// What a run has measured.
#[derive(Debug, Default)]
pub(crate) struct Sample {
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    pub(crate) bytes: u64,
    pub(crate) elapsed: Duration,
    /// Latency of each request, or time to the first body byte for streams; µs.
    pub(crate) latencies: Vec<u32>,
    pub(crate) first_error: Option<String>,
}

impl Sample {
    fn merge(&mut self, other: Self) {
        self.requests += other.requests;
        self.errors += other.errors;
        self.bytes += other.bytes;
        self.latencies.extend(other.latencies);
        self.first_error = self.first_error.take().or(other.first_error);
    }

    pub(crate) fn percentile(&mut self, share: f64) -> f64 {
        if self.latencies.is_empty() {
            return 0.0;
        }
        self.latencies.sort_unstable();
        let last = self.latencies.len() - 1;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index"
        )]
        let at = (last as f64 * share).round() as usize;
        f64::from(self.latencies[at.min(last)])
    }
}

/// How requests are sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// Each connection sends the next request when the last is answered.
    Closed,
    /// Together this many a second, measured from the time each was due.
    Open(u32),
}

/// Sends `requests` in turn over `connections` connections for `seconds`.
pub(crate) async fn run(
    port: u16,
    connections: usize,
    pace: Pace,
    seconds: Duration,
    requests: &[Bytes],
) -> Sample {
    let start = Instant::now();
    let until = start + seconds;
    let mut tasks = JoinSet::new();
    for number in 0..connections {
        let requests = requests.to_vec();
        let every = match pace {
            Pace::Closed => None,
            Pace::Open(rate) => Some(Duration::from_secs_f64(
                connections as f64 / f64::from(rate),
            )),
        };
        tasks.spawn(async move {
            // Spread the start, so that an open loop is a steady stream and not bursts.
            let offset = every.map(|every| every.mul_f64(number as f64 / connections as f64));
            connection(
                port,
                number,
                start + offset.unwrap_or_default(),
                every,
                until,
                &requests,
            )
            .await
        });
    }
    let mut sample = Sample::default();
    while let Some(joined) = tasks.join_next().await {
        match joined {
            Ok(part) => sample.merge(part),
            Err(_) => sample.errors += 1,
        }
    }
    sample.elapsed = start.elapsed();
    sample
}

async fn connection(
    port: u16,
    number: usize,
    start: Instant,
    every: Option<Duration>,
    until: Instant,
    requests: &[Bytes],
) -> Sample {
    let mut sample = Sample::default();
    let mut due = start;
    let mut next = number;
    let mut stream: Option<Connection> = None;
    while Instant::now() < until {
        if let Some(every) = every {
            tokio::time::sleep_until(due).await;
            due += every;
        }
        let began = if every.is_some() {
            due - every.unwrap_or_default()
        } else {
            Instant::now()
        };
        let request = &requests[next % requests.len()];
        next += 1;
        match exchange(&mut stream, port, request, began).await {
            Ok((first_byte, bytes)) => {
                sample.requests += 1;
                sample.bytes += bytes;
                let micros = u32::try_from(first_byte.as_micros()).unwrap_or(u32::MAX);
                sample.latencies.push(micros);
            }
            Err(error) => {
                sample.errors += 1;
                sample
                    .first_error
                    .get_or_insert_with(|| format!("{error:#}"));
                stream = None;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }
    sample
}

struct Connection {
    io: TcpStream,
    buffer: BytesMut,
}

async fn exchange(
    stream: &mut Option<Connection>,
    port: u16,
    request: &Bytes,
    began: Instant,
) -> anyhow::Result<(Duration, u64)> {
    if stream.is_none() {
        let io = TcpStream::connect(("127.0.0.1", port))
            .await
            .context("connect")?;
        io.set_nodelay(true)?;
        *stream = Some(Connection {
            io,
            buffer: BytesMut::with_capacity(64 << 10),
        });
    }
    let connection = stream.as_mut().context("connected above")?;
    connection.io.write_all(request).await.context("write")?;
    let head = read_head(connection).await?;
    if head.status != 200 {
        bail!("status {}", head.status);
    }
    read_body(connection, &head, began).await
}

struct Head {
    status: u16,
    length: Option<u64>,
}

async fn read_head(connection: &mut Connection) -> anyhow::Result<Head> {
    loop {
        if let Some(end) = find(&connection.buffer, b"\r\n\r\n") {
            let head = connection.buffer.split_to(end + 4);
            let text = std::str::from_utf8(&head)
                .context("head is not text")?
                .to_ascii_lowercase();
            let status = text
                .get(9..12)
                .context("short head")?
                .parse()
                .context("status")?;
            let length = text
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .map(|value| value.trim().parse())
                .transpose()?;
            return Ok(Head { status, length });
        }
        if connection
            .io
            .read_buf(&mut connection.buffer)
            .await
            .context("read head")?
            == 0
        {
            bail!("closed before the head");
        }
    }
}

/// Reads to the end of the body; the time is that of its first byte.
async fn read_body(
    connection: &mut Connection,
    head: &Head,
    began: Instant,
) -> anyhow::Result<(Duration, u64)> {
    let mut first = (!connection.buffer.is_empty()).then(|| began.elapsed());
    let mut seen = 0;
    let mut tail = [0_u8; 5];
    loop {
        let fresh = connection.buffer.len();
        seen += fresh as u64;
        remember(&mut tail, &connection.buffer);
        connection.buffer.advance(fresh);
        let over = match head.length {
            Some(length) => seen >= length,
            None => &tail == b"0\r\n\r\n",
        };
        if over {
            return Ok((first.unwrap_or_else(|| began.elapsed()), seen));
        }
        if connection
            .io
            .read_buf(&mut connection.buffer)
            .await
            .context("read body")?
            == 0
        {
            bail!("closed in the body");
        }
        first.get_or_insert_with(|| began.elapsed());
    }
}

fn remember(tail: &mut [u8; 5], fresh: &[u8]) {
    if fresh.len() >= tail.len() {
        tail.copy_from_slice(&fresh[fresh.len() - 5..]);
    } else {
        tail.rotate_left(fresh.len());
        let keep = tail.len() - fresh.len();
        tail[keep..].copy_from_slice(fresh);
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

/// The bytes of a request.
pub(crate) fn request(method: &str, path: &str, headers: &str, body: &Bytes) -> Bytes {
    let length = if body.is_empty() {
        String::new()
    } else {
        format!("content-length: {}\r\n", body.len())
    };
    let mut text = BytesMut::from(
        format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{headers}{length}\r\n").as_bytes(),
    );
    text.extend_from_slice(body);
    text.freeze()
}
