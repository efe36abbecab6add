//! Real nginx processes as backends.

use std::{
    io::ErrorKind,
    net::SocketAddr,
    path::PathBuf,
    process::Stdio,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    time::sleep,
};

/// One process that answers everything with its name in `x-replica`; killed when dropped.
#[derive(Debug)]
pub(crate) struct Nginx {
    child: Child,
    address: SocketAddr,
    directory: PathBuf,
}

impl Nginx {
    /// One for each name. `None`, and a line that says so, on a machine without nginx.
    pub(crate) async fn start_all(names: &[&str]) -> Option<Vec<Self>> {
        let found = Command::new(PROGRAM).arg("-v").output().await;
        if found.is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            eprintln!("SKIPPED: nginx is not installed, and backends are our own doubles alone");
            return None;
        }
        let mut servers = Vec::new();
        for name in names {
            let free = TcpListener::bind("127.0.0.1:0").await;
            let address = free.and_then(|listener| listener.local_addr());
            servers.push(Self::start(name, address.expect("a free port")).await);
        }
        Some(servers)
    }

    /// Starts one and waits until it listens.
    pub(crate) async fn start(name: &str, address: SocketAddr) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let process = std::process::id();
        let directory = std::env::temp_dir().join(format!("gateway-nginx-{process}-{number}"));
        std::fs::create_dir_all(&directory).expect("a directory of its own");
        let config = directory.join("nginx.conf");
        std::fs::write(&config, text(name, address)).expect("its config");
        let child = Command::new(PROGRAM)
            .arg("-p")
            .arg(&directory)
            .arg("-c")
            .arg(&config)
            .args(["-e", "stderr"])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("nginx starts");
        let server = Self {
            child,
            address,
            directory,
        };
        for _ in 0..500 {
            if TcpStream::connect(address).await.is_ok() {
                return server;
            }
            sleep(Duration::from_millis(10)).await;
        }
        unreachable!("nginx does not listen on {address}")
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Kills it, with whatever it is doing.
    pub(crate) async fn stop(mut self) {
        let killed = self.child.kill().await;
        killed.expect("it is ours");
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // What cannot be removed is in the directory for such things.
        _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn text(name: &str, address: SocketAddr) -> String {
    format!(
        "daemon off;
master_process off;
pid nginx.pid;
error_log stderr crit;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  server {{
    listen {address};
    location / {{ add_header x-replica {name}; return 200 \"nginx {name}\"; }}
  }}
}}
"
    )
}

const PROGRAM: &str = "nginx";
