//! The edge, fallback and providers against scripted providers: no sockets, a paused clock.

mod dialects;
mod failures;
mod passing;
mod prompts;
mod refusals;
mod support;
mod surfaces;
mod usage;
