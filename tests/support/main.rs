//! The `gateway` command, for tests that need a process: signals, exit codes, standard output.
#![forbid(unsafe_code)]

use std::{io, process::ExitCode};

use gateway::cli::{self, Console};

fn main() -> ExitCode {
    let (mut out, mut err) = (io::stdout(), io::stderr());
    cli::run(std::env::args_os(), &mut Console::new(&mut out, &mut err)).into()
}
