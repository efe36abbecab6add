//! The processes that are compared, started on their own core and measured from outside.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, bail};
use tokio::time::Instant;

/// A running process that ends with this value.
pub(crate) struct Process {
    child: Child,
    pub(crate) port: u16,
    pub(crate) start: Duration,
}

impl Drop for Process {
    fn drop(&mut self) {
        // TERM lets nginx end its workers; whatever is left after a moment is killed.
        _ = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        for _ in 0..100 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// CPU time and memory of a process tree.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    pub(crate) cpu: Duration,
    pub(crate) pss_kb: u64,
}

impl Process {
    /// Starts `program` on `core` and waits until `port` accepts.
    pub(crate) async fn start(
        core: u32,
        port: u16,
        program: &Path,
        args: &[String],
    ) -> anyhow::Result<Self> {
        let mut command = Command::new("taskset");
        command
            .args(["-c", &core.to_string()])
            .arg(program)
            .args(args);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let began = Instant::now();
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut process = Self {
            child,
            port,
            start: Duration::ZERO,
        };
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        while TcpStream::connect_timeout(&address, Duration::from_millis(100)).is_err() {
            if let Ok(Some(status)) = process.child.try_wait() {
                bail!("{} ended at once: {status}", program.display());
            }
            if began.elapsed() > Duration::from_secs(20) {
                bail!("{} does not listen on {port}", program.display());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        process.start = began.elapsed();
        Ok(process)
    }

    /// What the process and its children have used so far.
    pub(crate) fn cost(&self) -> Cost {
        let mut cost = Cost::default();
        for pid in tree(self.child.id()) {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let fields: Vec<&str> = stat
                .rsplit(')')
                .next()
                .unwrap_or_default()
                .split_whitespace()
                .collect();
            let ticks = |at: usize| {
                fields
                    .get(at)
                    .and_then(|f| f.parse::<u64>().ok())
                    .unwrap_or(0)
            };
            // Fields 14 and 15 of the line; the clock ticks 100 times a second on Linux.
            cost.cpu += Duration::from_millis(10 * (ticks(11) + ticks(12)));
            let smaps = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
            cost.pss_kb += smaps
                .lines()
                .find_map(|line| line.strip_prefix("Pss:"))
                .and_then(|value| value.trim().trim_end_matches(" kB").parse::<u64>().ok())
                .unwrap_or(0);
        }
        cost
    }
}

fn tree(root: u32) -> Vec<u32> {
    let mut pids = vec![root];
    let mut at = 0;
    while at < pids.len() {
        let path = format!("/proc/{0}/task/{0}/children", pids[at]);
        let children = fs::read_to_string(path).unwrap_or_default();
        pids.extend(
            children
                .split_whitespace()
                .filter_map(|pid| pid.parse::<u32>().ok()),
        );
        at += 1;
    }
    pids
}

/// A free port of this moment.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?
        .local_addr()?
        .port())
}

/// Where nginx is, if it is installed.
pub(crate) fn nginx() -> Option<PathBuf> {
    ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"]
        .into_iter()
        .map(PathBuf::from)
        .find(|path| path.exists())
}

/// An nginx that proxies everything to `upstream`, tuned as its own documentation advises, with an
/// access log like ours.
pub(crate) fn nginx_config(directory: &Path, port: u16, upstream: u16) -> String {
    let directory = directory.display();
    format!(
        "daemon off; worker_processes 1; pid {directory}/nginx.pid; error_log /dev/null;
events {{ worker_connections 8192; }}
http {{
  access_log {directory}/access.log combined buffer=64k;
  client_body_temp_path {directory}; proxy_temp_path {directory}; fastcgi_temp_path {directory};
  uwsgi_temp_path {directory}; scgi_temp_path {directory};
  keepalive_requests 100000000; keepalive_timeout 300s; tcp_nodelay on;
  upstream origin {{ server 127.0.0.1:{upstream}; keepalive 4096; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection \"\";
      proxy_buffering on;
    }}
    location ~ /(chat/completions|messages)$ {{
      proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection \"\";
      proxy_buffering off;
    }}
  }}
}}
"
    )
}
