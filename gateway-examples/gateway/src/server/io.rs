use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use gateway_layers::{proxy_protocol::Rewound, tls::TlsStream, transport::batch::Batched};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// A connection as the system gave it.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(Batched<TcpStream>),
    #[cfg(unix)]
    Unix(Batched<tokio::net::UnixStream>),
}

/// A connection as HTTP is spoken on it. One type for all: each would be another copy of hyper. TLS
/// state is large and boxed, so that connections in the clear stay small.
#[derive(Debug)]
pub(super) enum Io {
    Clear(Socket),
    Announced(Rewound<Socket>),
    Tls(Box<TlsStream<Rewound<Socket>>>),
}

macro_rules! each {
    ($type:ident { $($(#[$cfg:meta])* $variant:ident),* }) => {
        impl AsyncRead for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                match self.get_mut() {
                    $($(#[$cfg])* Self::$variant(io) => Pin::new(io).poll_read(cx, buf),)*
                }
            }
        }

        impl AsyncWrite for $type {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &[u8],
            ) -> Poll<io::Result<usize>> {
                match self.get_mut() {
                    $($(#[$cfg])* Self::$variant(io) => Pin::new(io).poll_write(cx, buf),)*
                }
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                match self.get_mut() {
                    $($(#[$cfg])* Self::$variant(io) => Pin::new(io).poll_flush(cx),)*
                }
            }

            fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                match self.get_mut() {
                    $($(#[$cfg])* Self::$variant(io) => Pin::new(io).poll_shutdown(cx),)*
                }
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                match self.get_mut() {
                    $($(#[$cfg])* Self::$variant(io) => {
                        Pin::new(io).poll_write_vectored(cx, bufs)
                    })*
                }
            }

            fn is_write_vectored(&self) -> bool {
                match self {
                    $($(#[$cfg])* Self::$variant(io) => io.is_write_vectored(),)*
                }
            }
        }
    };
}

each!(Socket {
    Tcp,
    #[cfg(unix)]
    Unix
});
each!(Io {
    Clear,
    Announced,
    Tls
});
