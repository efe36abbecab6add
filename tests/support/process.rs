use std::{
    net::SocketAddr,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

/// A running gateway; killed when dropped.
#[derive(Debug)]
pub struct Gateway {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// Where it serves.
    pub address: SocketAddr,
    /// Where its admin listener is.
    pub admin: SocketAddr,
}

/// How a command ended.
#[derive(Debug)]
pub struct Output {
    /// The exit code.
    pub code: Option<i32>,
    /// Standard error.
    pub stderr: String,
}

impl Gateway {
    /// Starts `program` with `arguments` and waits until it says where it listens.
    ///
    /// # Panics
    ///
    /// If it does not within 20 s.
    pub async fn start(program: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .expect("the program is built with the tests");
        let stdout = child.stdout.take().expect("it is piped");
        let mut lines = BufReader::new(stdout).lines();
        let address = listening(&mut lines, "listening http://").await;
        let admin = listening(&mut lines, "admin http://").await;
        Self {
            child,
            lines,
            address,
            admin,
        }
    }

    /// The lines it prints until `last` is one of them.
    ///
    /// # Panics
    ///
    /// If that takes more than 20 s.
    pub async fn lines_until(&mut self, last: &str) -> Vec<String> {
        let mut read = Vec::new();
        loop {
            let line = timeout(PATIENCE, self.lines.next_line()).await;
            let line = line.expect("it prints in time").expect("it prints text");
            let Some(line) = line else { return read };
            let over = line.contains(last);
            read.push(line);
            if over {
                return read;
            }
        }
    }

    /// The process.
    ///
    /// # Panics
    ///
    /// If it has ended already.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id().expect("it is running")
    }

    /// Sends a signal by name: `TERM`, `HUP`.
    ///
    /// # Panics
    ///
    /// If it has ended already.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().expect("it is running").to_string();
        let sent = std::process::Command::new("kill")
            .args([&format!("-{name}"), &pid])
            .status();
        assert!(sent.is_ok_and(|status| status.success()), "kill -{name}");
    }

    /// Waits until it has ended.
    ///
    /// # Panics
    ///
    /// If it does not within 20 s.
    pub async fn ended(&mut self) -> ExitStatus {
        let ended = timeout(PATIENCE, self.child.wait()).await;
        ended
            .expect("it ends in time")
            .expect("it can be waited for")
    }
}

impl Output {
    /// Runs `program` to its end.
    ///
    /// # Panics
    ///
    /// If that takes more than 20 s.
    pub async fn of(program: &str, arguments: &[&str]) -> Self {
        let output = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = timeout(PATIENCE, output)
            .await
            .expect("it ends in time")
            .expect("it starts");
        Self {
            code: output.status.code(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

async fn listening(lines: &mut Lines<BufReader<ChildStdout>>, prefix: &str) -> SocketAddr {
    loop {
        let line = timeout(PATIENCE, lines.next_line())
            .await
            .expect("it starts in time");
        let line = line
            .expect("it prints text")
            .expect("it says where it listens");
        if let Some(address) = line.strip_prefix(prefix) {
            return address.parse().expect("an address");
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(20);
