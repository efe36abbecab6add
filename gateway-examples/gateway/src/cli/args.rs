use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use gateway_core::config::Style;

use crate::doubles::Kind;

/// An API gateway and AI gateway.
#[derive(Debug, Parser)]
#[command(name = "gateway", version, about, max_term_width = 100)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serve a config file, or the demo.
    Run(RunArgs),
    /// Check a config file without running it; show everything that is wrong with it.
    Check(CheckArgs),
    /// Say what would happen to a request: the route, why not the others, and what is on the way.
    Explain(ExplainArgs),
    /// Write a commented config file to begin with.
    Init(InitArgs),
    /// List the model aliases and prompts of a config file, with what answers.
    Models(FileArgs),
    /// List the routes of a config file.
    Routes(FileArgs),
    /// Print the JSON Schema of the config file, or of one section of it.
    Schema(SchemaArgs),
    /// Serve a double of what a gateway talks to, on this machine only.
    Mock(MockArgs),
}

#[derive(Debug, Args)]
pub(super) struct FileArgs {
    /// The config file.
    #[arg(default_value = DEFAULT_FILE)]
    pub(super) file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// The config file.
    #[arg(default_value = DEFAULT_FILE)]
    pub(super) file: PathBuf,
    /// Serve mock upstreams, an identity provider and mock models, all of them on this machine: no
    /// keys, no network, no files.
    #[arg(long, conflicts_with = "file")]
    pub(super) demo: bool,
    /// Listen here and not where the config says; port 0 picks a free one.
    #[arg(long, value_name = "ADDR")]
    pub(super) listen: Option<SocketAddr>,
    /// Listen for operators here and not where the config says.
    #[arg(long, value_name = "ADDR")]
    pub(super) admin: Option<SocketAddr>,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    pub(super) file: FileArgs,
    /// How findings are printed.
    #[arg(long, value_enum, default_value_t = FormatArg::Human)]
    pub(super) format: FormatArg,
    /// Exit with 1 if there are warnings.
    #[arg(long)]
    pub(super) strict: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FormatArg {
    /// Source lines with carets.
    Human,
    /// One JSON document.
    Json,
    /// Annotations for GitHub Actions.
    Github,
}

impl From<FormatArg> for Style {
    fn from(format: FormatArg) -> Self {
        match format {
            FormatArg::Human => Self::Human,
            FormatArg::Json => Self::Json,
            FormatArg::Github => Self::Github,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// The method of the request.
    pub(super) method: http::Method,
    /// Its URL, or just the path.
    pub(super) url: http::Uri,
    /// A header of the request, `Name: value`.
    #[arg(short = 'H', long = "header", value_name = "NAME:VALUE")]
    pub(super) headers: Vec<String>,
    /// The config file.
    #[arg(long, value_name = "FILE", default_value = DEFAULT_FILE)]
    pub(super) config: PathBuf,
    /// The config file, where the other commands have it.
    #[arg(value_name = "FILE", conflicts_with = "config")]
    pub(super) file: Option<PathBuf>,
}

impl ExplainArgs {
    /// The config file, whichever way it was named.
    pub(super) fn config(&self) -> &Path {
        self.file.as_deref().unwrap_or(&self.config)
    }
}

#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// What the gateway is for.
    #[arg(long, value_enum, default_value_t = Template::Api)]
    pub(super) template: Template,
    /// The file to write.
    #[arg(default_value = DEFAULT_FILE)]
    pub(super) file: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Template {
    /// HTTP services: routing, authentication, limits, caching.
    Api,
    /// Models of several providers, with fallback and prompts.
    Ai,
    /// Everything.
    Full,
}

#[derive(Debug, Args)]
pub(super) struct SchemaArgs {
    /// A section, such as `upstreams` or `layers.rate_limit`. Defaults to the whole file.
    pub(super) section: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct MockArgs {
    /// `model`, `upstream` or `idp`.
    #[arg(value_parser = |text: &str| text.parse::<Kind>())]
    pub(super) kind: Kind,
    /// The loopback address to listen on; port 0 picks a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(super) listen: SocketAddr,
    /// What goes wrong, such as `status=429,retry_after=2`; may be given several times.
    #[arg(long, value_name = "FAULT")]
    pub(super) fault: Vec<String>,
}

pub(super) const DEFAULT_FILE: &str = "gateway.yaml";
