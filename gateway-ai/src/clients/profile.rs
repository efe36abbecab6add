use http::HeaderMap;

use super::{Client, detect::detect};
use crate::dialect::Dialect;

/// Where the proofs of reasoning go that a client is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Keeping {
    /// Into the field the client's dialect has for them, where it has one: the client sends them
    /// back. What has no field is kept in the store.
    InBand,
    /// Into that field and into the store: the client may lose them.
    Store,
    /// Into that field alone, and nothing is ever put back.
    Off,
}

/// What is known of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    client: Client,
    keeping: Keeping,
    comments: bool,
}

impl Profile {
    const fn new(client: Client) -> Self {
        Self {
            client,
            keeping: match client {
                Client::ClaudeCode | Client::Codex => Keeping::InBand,
                _ => Keeping::Store,
            },
            comments: !matches!(client, Client::GeminiCli | Client::GoogleGenAi),
        }
    }

    /// Which client it is.
    #[must_use]
    pub const fn client(self) -> Client {
        self.client
    }

    /// Where proofs of reasoning go.
    #[must_use]
    pub const fn keeping(self) -> Keeping {
        self.keeping
    }

    /// Whether its streams may have comments.
    #[must_use]
    pub const fn has_comments(self) -> bool {
        self.comments
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::new(Client::Other)
    }
}

/// What is known of all clients, and how to tell them apart.
///
/// See the [module docs](crate::clients) for an example.
#[derive(Clone, Debug)]
pub struct Profiles {
    all: [Profile; Client::ALL.len()],
    agents: Vec<(Box<str>, Client)>,
}

impl Profiles {
    /// Also takes those for `client` whose `user-agent` names this product: what stands before the
    /// slash. It goes before the names that are known.
    #[must_use]
    pub fn user_agent(mut self, product: &str, client: Client) -> Self {
        self.agents.push((product.into(), client));
        self
    }

    /// Where this client's proofs go. Defaults to the [table](crate::clients#the-profiles).
    #[must_use]
    pub const fn keeping(mut self, client: Client, keeping: Keeping) -> Self {
        self.all[client as usize].keeping = keeping;
        self
    }

    /// Whether this client's streams may have comments. Defaults to the
    /// [table](crate::clients#the-profiles).
    #[must_use]
    pub const fn comments(mut self, client: Client, comments: bool) -> Self {
        self.all[client as usize].comments = comments;
        self
    }

    /// What is known of whoever sent these headers.
    #[must_use]
    pub fn of(&self, headers: &HeaderMap, dialect: Dialect) -> Profile {
        self.all[detect(headers, dialect, &self.agents) as usize]
    }
}

impl Default for Profiles {
    fn default() -> Self {
        Self {
            all: Client::ALL.map(Profile::new),
            agents: Vec::new(),
        }
    }
}
