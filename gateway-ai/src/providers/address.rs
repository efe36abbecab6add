//! Where a provider is.

use http::{Uri, uri::Scheme};

use super::{ProviderBuilder, ProviderError};
use crate::auth::Credentials;

impl ProviderBuilder {
    /// The base URL: the operator's, that of the account's region, or the vendor's with what the
    /// account says in it.
    pub(super) fn address(&self) -> Result<String, ProviderError> {
        let title = self.spec.title;
        let given = self.variables.keys();
        let mut unknown = given.filter(|name| self.spec.variables().all(|known| known != **name));
        if let Some(name) = unknown.next() {
            return Err(fault(name, format!("{title} has no `{name}`")));
        }
        if let Some(own) = &self.base_url {
            return Ok(own.clone());
        }
        if let Some(regional) = self.credentials.as_ref().and_then(Credentials::base_url) {
            return Ok(regional);
        }
        let template = self.spec.base_url.ok_or_else(|| {
            ProviderError::BaseUrl(format!(
                "a provider of kind `{}` needs a base URL",
                self.spec.kind
            ))
        })?;
        let mut url = template.to_owned();
        for name in self.spec.variables() {
            let value = self.variables.get(name);
            let value = value.ok_or_else(|| fault(name, format!("{title} needs `{name}`")))?;
            // Whatever goes into a host name decides where keys are sent.
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
            if value.is_empty() || !value.bytes().all(plain) || value.contains("..") {
                return Err(fault(name, format!("`{value}` is no {name}")));
            }
            url = url.replace(&format!("{{{name}}}"), value);
        }
        Ok(url)
    }
}

fn fault(name: &str, message: String) -> ProviderError {
    ProviderError::Variable {
        name: name.to_owned(),
        message,
    }
}

/// `scheme://host:port` of a base URL.
pub(super) fn endpoint<'a>(base: &'a str, uri: &Uri) -> &'a str {
    uri.authority().map_or(base, |authority| {
        let end = base
            .find(authority.as_str())
            .map_or(0, |at| at + authority.as_str().len());
        &base[..end]
    })
}

pub(super) fn parse(base: &str) -> Result<Uri, ProviderError> {
    let wrong = |why: &str| ProviderError::BaseUrl(format!("`{base}` {why}"));
    let uri: Uri = base.parse().map_err(|_| wrong("is not a URL"))?;
    let known = uri.scheme() == Some(&Scheme::HTTP) || uri.scheme() == Some(&Scheme::HTTPS);
    if !known || uri.host().is_none_or(str::is_empty) {
        return Err(wrong("is not an absolute http or https URL"));
    }
    if uri.query().is_some() {
        return Err(wrong(
            "has a query: only what precedes the path of a call belongs here",
        ));
    }
    if uri
        .authority()
        .is_some_and(|authority| authority.as_str().contains('@'))
    {
        return Err(wrong("has credentials: keys belong under `keys`"));
    }
    Ok(uri)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::{HttpClient, Provider, table};

    fn build(kind: &str, variables: &[(&str, &str)]) -> Result<String, ProviderError> {
        let builder = Provider::builder(kind, table::find(kind).unwrap()).key("k");
        let builder = variables.iter().fold(builder, |builder, (name, value)| {
            builder.variable(*name, *value)
        });
        let provider = builder.build(HttpClient::default())?;
        Ok(format!("{provider:?}"))
    }

    #[test]
    fn what_the_account_says_goes_into_the_address() {
        let snowflake = build("snowflake", &[("account", "my-org")]).unwrap();
        assert!(
            snowflake.contains("https://my-org.snowflakecomputing.com"),
            "{snowflake}"
        );
        let databricks = build("databricks", &[("workspace", "dbc-1.cloud.databricks.com")]);
        assert!(
            databricks
                .unwrap()
                .contains("https://dbc-1.cloud.databricks.com")
        );
        assert!(build("cloudflare", &[("account", "0123abcd")]).is_ok());
        assert!(build("azure", &[("resource", "mine")]).is_ok());
    }

    #[test]
    fn what_is_missing_unknown_or_no_name_is_refused() {
        for (kind, variables, name) in [
            ("snowflake", &[][..], "account"),
            ("openai", &[("account", "a")][..], "account"),
            (
                "snowflake",
                &[("account", "a"), ("region", "b")][..],
                "region",
            ),
            ("snowflake", &[("account", "")][..], "account"),
            ("snowflake", &[("account", "evil.example/")][..], "account"),
            ("snowflake", &[("account", "a@b")][..], "account"),
            ("snowflake", &[("account", "a..b")][..], "account"),
            ("databricks", &[("workspace", "h:80")][..], "workspace"),
        ] {
            match build(kind, variables) {
                Err(ProviderError::Variable { name: found, .. }) => assert_eq!(found, name),
                other => panic!("{kind} {variables:?}: {other:?}"),
            }
        }
    }
}
