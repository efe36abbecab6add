use crate::dialect::{Dialect, MaxTokensField, ReasoningHistory, Target};

/// A provider as data: everything about it that does not change between two accounts.
///
/// The [table](super::table) holds one per known vendor; a server of one's own is a known kind with
/// another base URL.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ProviderSpec {
    /// The name in the configuration (`kind`), in metrics and in logs.
    pub kind: &'static str,
    /// The name for humans.
    pub title: &'static str,
    /// What it speaks.
    pub dialect: Dialect,
    /// What precedes the dialect's own path; absent where every account has its own. A word in
    /// braces is a [variable](Self::variables) of the account.
    pub base_url: Option<&'static str>,
    /// How it wants its credentials.
    pub auth: Auth,
    /// The environment variable its own tools read the key from.
    pub key_env: Option<&'static str>,
    /// Whether it answers without a key.
    pub keyless: bool,
    /// Where it differs from the dialect it speaks.
    pub quirks: Quirks,
    /// How its models' names begin: for documentation and listings, never for routing.
    pub families: &'static [&'static str],
}

/// How a provider wants its credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Auth {
    /// `Authorization: Bearer KEY`.
    Bearer,
    /// The key alone in a header of this name.
    Header(&'static str),
    /// AWS Signature Version 4 with [`AwsCredentials`](crate::auth::AwsCredentials), or a key of
    /// the service as a bearer token.
    Aws {
        /// The name of the service in the signature's scope.
        service: &'static str,
    },
    /// An access token of a [`GoogleAccount`](crate::auth::GoogleAccount) as a bearer token.
    Google,
    /// `api-key: KEY`, or an access token of an [`EntraApp`](crate::auth::EntraApp) as a bearer
    /// token.
    Azure,
    /// An access token that IBM Cloud gives for an [`IbmKey`](crate::auth::IbmKey), as a bearer token.
    Ibm,
}

/// Where a provider differs from the dialect it speaks. `None` leaves the decision to the model's
/// name, see [`Target::new`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quirks {
    /// Chat: whether OpenAI's Responses are spoken as well.
    pub responses: bool,
    /// Chat: whether `stream_options.include_usage` may be sent. Where it may not, the provider
    /// counts on its own account, or not at all.
    pub stream_usage: bool,
    /// Chat: which field limits the output.
    pub max_tokens_field: Option<MaxTokensField>,
    /// Chat: whether `developer` is understood.
    pub developer_role: Option<bool>,
    /// Chat: how earlier reasoning is sent back.
    pub reasoning_history: Option<ReasoningHistory>,
    /// Whether a JSON Schema is followed natively.
    pub structured_output: Option<bool>,
    /// Chat: whether cache marks on parts are understood.
    pub cache_marks: bool,
    /// Fields the provider refuses or misreads. Where the gateway writes a body they are left out
    /// and reported as lost; a body that passes as it is keeps them.
    pub unsupported: &'static [&'static str],
    /// Fields the provider has under another name, and that name.
    pub renamed: &'static [(&'static str, &'static str)],
}

impl Quirks {
    /// None at all.
    pub const NONE: Self = Self {
        responses: false,
        stream_usage: true,
        max_tokens_field: None,
        developer_role: None,
        reasoning_history: None,
        structured_output: None,
        cache_marks: false,
        unsupported: &[],
        renamed: &[],
    };

    /// What nearly every imitation of the Chat dialect shares: the older name of the output limit
    /// and no `developer` role, whatever the model is called.
    pub const IMITATION: Self = Self {
        max_tokens_field: Some(MaxTokensField::MaxTokens),
        developer_role: Some(false),
        ..Self::NONE
    };

    /// The target that a request printer needs for `model`.
    #[must_use]
    pub fn target(&self, dialect: Dialect, model: &str) -> Target {
        let mut target = Target::new(dialect, model);
        target.stream_usage = self.stream_usage;
        target.cache_marks = self.cache_marks;
        if let Some(field) = self.max_tokens_field {
            target.max_tokens_field = field;
        }
        if let Some(understood) = self.developer_role {
            target.developer_role = understood;
        }
        if let Some(history) = self.reasoning_history {
            target.reasoning_history = history;
        }
        if let Some(native) = self.structured_output {
            target.structured_output = native;
        }
        target
    }
}

impl ProviderSpec {
    /// What an account must say before its address is known.
    pub fn variables(&self) -> impl Iterator<Item = &'static str> + use<> {
        let parts = self.base_url.unwrap_or_default().split('{').skip(1);
        parts.filter_map(|part| part.split_once('}').map(|(name, _)| name))
    }

    /// A vendor that imitates the Chat dialect and takes its key as a bearer token.
    pub(super) const fn chat(
        kind: &'static str,
        title: &'static str,
        base_url: &'static str,
        key_env: &'static str,
        families: &'static [&'static str],
    ) -> Self {
        Self {
            kind,
            title,
            dialect: Dialect::Chat,
            base_url: Some(base_url),
            auth: Auth::Bearer,
            key_env: Some(key_env),
            keyless: false,
            quirks: Quirks::IMITATION,
            families,
        }
    }

    /// A server on one's own machine: the Chat dialect, usually without a key.
    pub(super) const fn local(
        kind: &'static str,
        title: &'static str,
        base_url: &'static str,
    ) -> Self {
        Self {
            key_env: None,
            keyless: true,
            ..Self::chat(kind, title, base_url, "", &[])
        }
    }

    /// The same vendor with other quirks.
    pub(super) const fn with_quirks(mut self, quirks: Quirks) -> Self {
        self.quirks = quirks;
        self
    }
}
