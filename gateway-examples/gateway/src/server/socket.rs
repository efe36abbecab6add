use std::{fmt, io, net::SocketAddr, path::PathBuf};

use gateway_layers::transport::batch::Batched;
use tokio::net::{TcpListener, TcpSocket};

use super::io::Socket;

/// A listening socket.
#[derive(Debug)]
pub struct Listener {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(unix::Listener),
}

/// Where a socket listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// An address and port of this machine.
    Tcp(SocketAddr),
    /// A file, for programs on this machine.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl Listener {
    /// Where it really listens: port 0 has become a port.
    ///
    /// # Errors
    ///
    /// If the system does not say.
    pub fn address(&self) -> io::Result<Address> {
        match &self.kind {
            Kind::Tcp(listener) => listener.local_addr().map(Address::Tcp),
            #[cfg(unix)]
            Kind::Unix(listener) => Ok(Address::Unix(listener.path().to_owned())),
        }
    }

    pub(super) async fn accept(&self) -> io::Result<(Socket, Option<SocketAddr>)> {
        match &self.kind {
            Kind::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // An answer's last segment must not wait for the acknowledgement of the one before.
                stream.set_nodelay(true)?;
                Ok((Socket::Tcp(Batched::new(stream)), Some(peer)))
            }
            #[cfg(unix)]
            Kind::Unix(listener) => {
                let stream = listener.accept().await?;
                Ok((Socket::Unix(Batched::new(stream)), None))
            }
        }
    }
}

/// Opens a listening socket.
///
/// A restart takes over an address whose old connections linger (`SO_REUSEADDR`); two gateways on
/// one address are an error.
///
/// # Errors
///
/// If the address is in use or not one of this machine.
pub fn bind(address: SocketAddr) -> io::Result<Listener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let kind = Kind::Tcp(socket.listen(BACKLOG)?);
    Ok(Listener { kind })
}

/// Opens a Unix socket at `path`, with these permissions or those of the process's umask.
///
/// The file of a gateway that is gone is replaced, one that somebody listens on is not. The file is
/// removed when the listener is dropped.
///
/// # Errors
///
/// If the path is taken, or cannot be written.
#[cfg(unix)]
pub fn bind_unix(path: &std::path::Path, mode: Option<u32>) -> io::Result<Listener> {
    let kind = Kind::Unix(unix::Listener::bind(path, mode)?);
    Ok(Listener { kind })
}

#[cfg(unix)]
mod unix {
    use std::{
        fs, io,
        os::unix::{
            fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _},
            net::UnixStream as StdStream,
        },
        path::{Path, PathBuf},
    };

    use socket2::{Domain, SockAddr, Socket, Type};
    use tokio::net::{UnixListener, UnixStream};

    #[derive(Debug)]
    pub(super) struct Listener {
        listener: UnixListener,
        path: PathBuf,
        /// Device and inode: a successor may have put its own file in the place of ours.
        file: (u64, u64),
    }

    impl Listener {
        pub(super) fn bind(path: &Path, mode: Option<u32>) -> io::Result<Self> {
            make_room(path)?;
            let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
            socket.bind(&SockAddr::unix(path)?)?;
            // Before it listens: nobody gets in between the two.
            if let Some(mode) = mode {
                fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
            }
            let metadata = fs::symlink_metadata(path)?;
            socket.listen(i32::try_from(super::BACKLOG).unwrap_or(i32::MAX))?;
            socket.set_nonblocking(true)?;
            let listener = UnixListener::from_std(socket.into())?;
            Ok(Self {
                listener,
                path: path.to_owned(),
                file: (metadata.dev(), metadata.ino()),
            })
        }

        pub(super) fn path(&self) -> &Path {
            &self.path
        }

        pub(super) async fn accept(&self) -> io::Result<UnixStream> {
            let (stream, _) = self.listener.accept().await?;
            Ok(stream)
        }
    }

    impl Drop for Listener {
        fn drop(&mut self) {
            let ours = fs::symlink_metadata(&self.path)
                .is_ok_and(|metadata| (metadata.dev(), metadata.ino()) == self.file);
            if ours {
                _ = fs::remove_file(&self.path);
            }
        }
    }

    fn make_room(path: &Path) -> io::Result<()> {
        let found = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            found => found?,
        };
        if !found.file_type().is_socket() {
            let message = "there is a file that is not a socket";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
        }
        match StdStream::connect(path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(_) => Err(io::ErrorKind::AddrInUse.into()),
        }
    }
}

/// Connections that wait to be accepted; the kernel caps it at `somaxconn`.
const BACKLOG: u32 = 4096;

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[tokio::test]
    async fn a_stale_file_is_replaced_and_a_live_one_is_not() {
        let dir = std::env::temp_dir().join(format!("gateway-unix-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let path = dir.join("s");
        let first = bind_unix(&path, Some(0o600)).unwrap();
        assert_eq!(first.address().unwrap(), Address::Unix(path.clone()));
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let taken = bind_unix(&path, None).unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
        // As a gateway leaves it that was killed.
        let stale = dir.join("stale");
        drop(std::os::unix::net::UnixListener::bind(&stale).unwrap());
        assert!(stale.exists());
        drop(bind_unix(&stale, None).unwrap());
        assert!(!stale.exists(), "it cleans up after itself");
        std::fs::write(&stale, "a file of somebody's").unwrap();
        assert!(bind_unix(&stale, None).is_err() && stale.exists());
        // The successor's file stays.
        std::fs::remove_file(&path).unwrap();
        let second = bind_unix(&path, None).unwrap();
        drop(first);
        assert!(path.exists());
        drop(second);
        assert!(!path.exists());
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
