//! The `gateway` command: what its arguments mean and how it ends.
//!
//! Exit codes: 0 fine, 2 bad usage or bad config, 1 failure at run time (and, for
//! `check --strict`, warnings). What a command was asked for goes to standard output; everything
//! else, errors first of all, to standard error.

mod args;
mod check;
mod console;
mod explain;
mod init;
mod mock;
mod models;
mod routes;
mod schema;
mod serve;
mod table;

use std::{ffi::OsString, process::ExitCode};

use clap::Parser as _;

use self::args::{Cli, Command};
pub use self::console::Console;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It did what it was asked to.
    Ok = 0,
    /// It failed while it ran.
    Failed = 1,
    /// It was not started: bad usage or bad config.
    Usage = 2,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Runs the command of `args`, the name of the program being the first of them.
pub fn run<I, A>(args: I, console: &mut Console<'_>) -> Exit
where
    I: IntoIterator<Item = A>,
    A: Into<OsString> + Clone,
{
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        // Help and version come as errors too, but were asked for.
        Err(error) if error.exit_code() == 0 => {
            console.out(error.render());
            return Exit::Ok;
        }
        Err(error) => {
            console.err(error.render());
            return Exit::Usage;
        }
    };
    match cli.command {
        Command::Run(args) => serve::run(&args, console),
        Command::Check(args) => check::run(&args, console),
        Command::Schema(args) => schema::run(&args, console),
        Command::Init(args) => init::run(&args, console),
        Command::Models(args) => models::run(&args, console),
        Command::Routes(args) => routes::run(&args, console),
        Command::Explain(args) => explain::run(&args, console),
        Command::Mock(args) => mock::run(&args, console),
    }
}

#[cfg(test)]
mod tests;
