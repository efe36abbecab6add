use std::{
    fmt::{self, Display},
    io::{self, Write},
};

/// Where a command writes.
///
/// A reader that has gone away – `gateway routes | head -1` – is no failure, so write errors end
/// here.
pub struct Console<'a> {
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
}

impl<'a> Console<'a> {
    /// Writes results to `out` and everything else to `err`.
    pub fn new(out: &'a mut dyn Write, err: &'a mut dyn Write) -> Self {
        Self { out, err }
    }

    pub(super) fn out(&mut self, text: impl Display) {
        print(self.out, &text);
    }

    pub(super) fn err(&mut self, text: impl Display) {
        print(self.err, &text);
    }

    /// A one-line error.
    pub(super) fn error(&mut self, text: impl Display) {
        print(self.err, &format_args!("error: {text}\n"));
    }
}

impl fmt::Debug for Console<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console").finish_non_exhaustive()
    }
}

fn print(to: &mut dyn Write, text: &dyn Display) {
    let written: io::Result<()> = write!(to, "{text}").and_then(|()| to.flush());
    drop(written);
}
