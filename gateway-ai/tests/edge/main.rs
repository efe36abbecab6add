//! The edge, fallback and providers against scripted providers: no sockets, a paused clock.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod calls;
mod catalog;
mod clients;
mod clouds;
mod converse;
mod dialects;
mod embeddings;
mod exceptions;
mod failures;
mod files;
mod gemini;
mod given;
mod guardian;
mod hostile;
mod invoked;
mod keeper;
mod lossy;
mod passing;
mod platforms;
mod prompts;
mod realtime;
mod refusals;
mod responses;
mod socket;
mod stored;
mod support;
mod surfaces;
mod traffic;
mod usage;
mod websocket;
