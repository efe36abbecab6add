use super::{AwsCredentials, EntraApp, GoogleAccount, IbmKey};

/// Who calls a provider, where that is not said by a key alone.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Credentials {
    /// An AWS access key: every request is signed.
    Aws(AwsCredentials),
    /// A Google account: every request carries an access token.
    Google(GoogleAccount),
    /// An application of Microsoft Entra: every request carries an access token.
    Entra(EntraApp),
    /// A key of IBM Cloud: every request carries an access token.
    Ibm(IbmKey),
}

impl Credentials {
    /// Where the account's calls go, where it alone says so: AWS has an address for each region.
    pub(crate) fn base_url(&self) -> Option<String> {
        match self {
            Self::Aws(account) => Some(bedrock_url(account.region())),
            Self::Google(_) | Self::Entra(_) | Self::Ibm(_) => None,
        }
    }
}

/// The address of Bedrock's runtime in a region.
pub(crate) fn bedrock_url(region: &str) -> String {
    let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
    format!("https://bedrock-runtime.{region}.amazonaws.com{suffix}")
}

/// What precedes the publishers' models of a Google project.
#[cfg(feature = "config")]
pub(crate) fn vertex_url(project: &str, location: &str) -> String {
    let host = match location {
        "global" => "aiplatform.googleapis.com".to_owned(),
        regional => format!("{regional}-aiplatform.googleapis.com"),
    };
    format!("https://{host}/v1/projects/{project}/locations/{location}")
}

/// Why credentials cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// They are not the JSON a Google tool writes.
    #[error("not the credentials of a Google account: {0}")]
    Google(String),
    /// The private key of a service account cannot be read.
    #[error("the private key of the service account cannot be read")]
    PrivateKey,
    /// The address of a token endpoint is no URL.
    #[error("`{0}` is not an absolute http or https URL")]
    TokenUrl(String),
    /// This build cannot use them.
    #[error("this build lacks the feature `{0}`")]
    Feature(&'static str),
}

impl From<AwsCredentials> for Credentials {
    fn from(account: AwsCredentials) -> Self {
        Self::Aws(account)
    }
}

impl From<GoogleAccount> for Credentials {
    fn from(account: GoogleAccount) -> Self {
        Self::Google(account)
    }
}

impl From<IbmKey> for Credentials {
    fn from(key: IbmKey) -> Self {
        Self::Ibm(key)
    }
}

impl From<EntraApp> for Credentials {
    fn from(app: EntraApp) -> Self {
        Self::Entra(app)
    }
}
