use std::borrow::Cow;

use memchr::memchr2;

/// Cuts a byte stream into server-sent events.
#[derive(Debug)]
pub struct Framer {
    limit: usize,
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    /// The event so far, of which some lines have come.
    event: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    id: String,
    /// Whether the last byte was a `CR`: an `LF` next belongs to it.
    after_cr: bool,
    /// Whether no line has been read yet: only there is a byte order mark one.
    first_line: bool,
}

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Its name; empty means `message`.
    pub event: &'a [u8],
    /// Its data, lines joined by `LF`.
    pub data: &'a [u8],
    /// The last id the stream has named.
    pub id: &'a str,
    /// How many bytes of the pushed chunk were read when the event was complete.
    pub end: usize,
}

/// An event is larger than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a server-sent event is larger than {limit} bytes")]
pub struct TooLong {
    /// The limit in bytes.
    pub limit: usize,
}

/// The event being gathered: borrowed from the chunk while it lies within it.
#[derive(Default)]
struct Gathered<'c> {
    event: Cow<'c, [u8]>,
    data: Cow<'c, [u8]>,
    has_data: bool,
}

impl Default for Framer {
    fn default() -> Self {
        Self::new(Self::LIMIT)
    }
}

impl Framer {
    /// The default limit: generous, since images and whole answers come as one event.
    pub const LIMIT: usize = 16 * 1024 * 1024;

    /// A framer that refuses events larger than `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            line: Vec::new(),
            event: Vec::new(),
            data: Vec::new(),
            has_data: false,
            id: String::new(),
            after_cr: false,
            first_line: true,
        }
    }

    /// Takes bytes and hands out the events they complete.
    ///
    /// # Errors
    ///
    /// When an event grows over the limit. The framer is of no use afterwards.
    pub fn push(&mut self, chunk: &[u8], mut sink: impl FnMut(Frame<'_>)) -> Result<(), TooLong> {
        self.read(chunk, |frame| frame.into_iter().for_each(&mut sink))
    }

    /// Takes bytes and hands out the events they complete, and `None` for every comment: servers
    /// write them to show that they are alive.
    pub(crate) fn read(
        &mut self,
        chunk: &[u8],
        mut sink: impl FnMut(Option<Frame<'_>>),
    ) -> Result<(), TooLong> {
        let mut gathered = Gathered {
            event: Cow::Owned(std::mem::take(&mut self.event)),
            data: Cow::Owned(std::mem::take(&mut self.data)),
            has_data: self.has_data,
        };
        let mut from = usize::from(self.after_cr && chunk.first() == Some(&b'\n'));
        if !chunk.is_empty() {
            self.after_cr = false;
        }
        while let Some(length) = memchr2(b'\n', b'\r', &chunk[from..]) {
            let end = from + length;
            let mut next = end + 1;
            if chunk[end] == b'\r' {
                match chunk.get(next) {
                    Some(b'\n') => next += 1,
                    Some(_) => {}
                    None => self.after_cr = true,
                }
            }
            self.line(&chunk[from..end], next, &mut gathered, &mut sink);
            self.check(gathered.data.len())?;
            from = next;
        }
        self.line.extend_from_slice(&chunk[from..]);
        self.event = gathered.event.into_owned();
        self.data = gathered.data.into_owned();
        self.has_data = gathered.has_data;
        self.check(self.line.len() + self.data.len())
    }

    /// Says that no more bytes come, and hands out the event that lacks its blank line.
    pub fn finish(&mut self, mut sink: impl FnMut(Frame<'_>)) {
        let mut sink = |frame: Option<Frame<'_>>| frame.into_iter().for_each(&mut sink);
        let mut gathered = Gathered {
            event: Cow::Owned(std::mem::take(&mut self.event)),
            data: Cow::Owned(std::mem::take(&mut self.data)),
            has_data: std::mem::take(&mut self.has_data),
        };
        if !self.line.is_empty() {
            self.line(b"", 0, &mut gathered, &mut sink);
        }
        self.line(b"", 0, &mut gathered, &mut sink);
    }

    fn check(&self, size: usize) -> Result<(), TooLong> {
        if size > self.limit {
            Err(TooLong { limit: self.limit })
        } else {
            Ok(())
        }
    }

    /// Reads a line of which `tail` lies in the chunk and the rest was carried over.
    fn line<'c>(
        &mut self,
        tail: &'c [u8],
        end: usize,
        gathered: &mut Gathered<'c>,
        sink: &mut impl FnMut(Option<Frame<'_>>),
    ) {
        let mut line = if self.line.is_empty() {
            Cow::Borrowed(tail)
        } else {
            let mut line = std::mem::take(&mut self.line);
            line.extend_from_slice(tail);
            Cow::Owned(line)
        };
        if std::mem::take(&mut self.first_line) && line.starts_with(BOM) {
            line = drop_front(line, BOM.len());
        }
        match line.first() {
            Some(b':') => return sink(None),
            Some(_) => return self.field(line, gathered),
            None => {}
        }
        if gathered.has_data {
            let Gathered { event, data, .. } = gathered;
            sink(Some(Frame {
                event,
                data,
                id: &self.id,
                end,
            }));
        }
        *gathered = Gathered::default();
    }

    fn field<'c>(&mut self, line: Cow<'c, [u8]>, gathered: &mut Gathered<'c>) {
        let colon = memchr::memchr(b':', &line).unwrap_or(line.len());
        let value = match line.get(colon + 1) {
            Some(b' ') => colon + 2,
            Some(_) => colon + 1,
            None => line.len(),
        };
        match &line[..colon] {
            b"data" if gathered.has_data => {
                let data = gathered.data.to_mut();
                data.push(b'\n');
                data.extend_from_slice(&line[value..]);
            }
            b"data" => {
                gathered.has_data = true;
                gathered.data = drop_front(line, value);
            }
            b"event" => gathered.event = drop_front(line, value),
            b"id" if !line[value..].contains(&0) => {
                self.id.clear();
                self.id.push_str(&String::from_utf8_lossy(&line[value..]));
            }
            // `retry`, an id with a NUL and fields nobody knows.
            _ => {}
        }
    }
}

fn drop_front(line: Cow<'_, [u8]>, count: usize) -> Cow<'_, [u8]> {
    match line {
        Cow::Borrowed(line) => Cow::Borrowed(&line[count..]),
        Cow::Owned(mut line) => {
            line.drain(..count);
            Cow::Owned(line)
        }
    }
}

const BOM: &[u8] = b"\xef\xbb\xbf";
