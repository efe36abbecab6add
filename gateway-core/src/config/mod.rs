//! Config files: YAML, TOML and JSON into typed values, and messages that help.
//!
//! The pieces, in the order a file goes through them:
//!
//! 1. [`Source`] is the text; [`Tree::parse`] turns it into a tree in which every key and value
//!    knows its line and column. A key that stands twice is an error that names both places.
//! 2. [`Tree::resolve`] replaces `${env:NAME}` and `${file:/path}` in texts.
//! 3. [`Reader`] reads a `serde::Deserialize` type out of the tree and reports **all** mistakes:
//!    unknown fields with the name that was probably meant, wrong types, missing fields.
//! 4. The program checks what types cannot say, and places its findings with [`Tree::location`];
//!    a layer's builder answers with a [`ConfigError`] that names the option.
//! 5. [`Diagnostics::render`] prints them for people, programs or a pull request.
//!
//! The values themselves carry units ([`Duration`], [`ByteSize`], [`Rate`], [`Percent`]), never
//! print secrets ([`Secret`]) and have short forms ([`Flex`], [`OneOrMany`]).
//!
//! ```
//! use gateway_core::config::{Diagnostics, Duration, Format, Named, Reader, Source, System, Tree};
//!
//! #[derive(Debug, serde::Deserialize)]
//! struct Config { routes: Named<Route> }
//!
//! #[derive(Debug, serde::Deserialize)]
//! struct Route { timeout: Duration }
//!
//! fn load(text: &str) -> Result<Config, Diagnostics> {
//!     let mut findings = Diagnostics::new();
//!     let source = Source::new("gateway.yaml", text);
//!     let config = Tree::parse(source, Format::Yaml, &mut findings).and_then(|mut tree| {
//!         tree.resolve(&System::new("."), &mut findings);
//!         Reader::new(&tree).read(&mut findings)
//!     });
//!     config.filter(|_| !findings.has_errors()).ok_or(findings)
//! }
//!
//! assert_eq!(load("routes: { a: { timeout: 30s } }")?.routes.len(), 1);
//!
//! let findings = load("routes:\n  a: { timeout: 30 }\n  b: { timout: 5s }\n").unwrap_err();
//! assert_eq!(findings.len(), 2);
//! # Ok::<(), Diagnostics>(())
//! ```

mod de;
pub mod diagnostic;
mod error;
mod reference;
mod secret;
mod shape;
mod source;
mod suggest;
mod units;
pub mod value;

pub use self::{
    de::{Reader, Scope},
    diagnostic::{Diagnostic, Diagnostics, Location, Severity, Style, codes},
    error::ConfigError,
    reference::{Lookup, System},
    secret::Secret,
    shape::{Flex, Named, OneOrMany},
    source::Format,
    suggest::closest,
    units::{ByteSize, Duration, Percent, Rate, UnitError},
    value::{Source, Tree},
};
